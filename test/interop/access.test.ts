// SPDX-License-Identifier: Apache-2.0
// Discovery and login, with and without CHAP, by Debian's libiscsi programs and by the Linux kernel's initiator.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { Gateway, type TargetView } from "./gateway.ts";
import { reportChecks, runGuest } from "./guest.ts";

const run = promisify(execFile);
const secret = "correct-horse-9";
const targetSecret = "battery-staple-7";
const guestName = "iqn.2026-01.example.guest:initiator";
const libiscsiName = "iqn.2026-01.example.host:libiscsi";

let gateway: Gateway;
let targets: readonly TargetView[];

before(async () => {
  gateway = await Gateway.start();
  targets = await gateway.targets("default");
});
after(() => gateway.stop());

function driveTarget(index: number): string {
  const target = targets.filter(({ units }) => units[0]?.kind === "drive")[index];
  assert.ok(target !== undefined);
  return target.name;
}
const portal = (): string => `iscsi://127.0.0.1:${gateway.port}`;

test("iscsi-ls lists every target", async () => {
  const { stdout } = await run("iscsi-ls", [portal()]);
  for (const { name } of targets) assert.ok(stdout.includes(name), `${name} in:\n${stdout}`);
  assert.equal(targets.length, 5, "a changer and four drives");
});

test("iscsi-ls -s logs in everywhere and shows what is there", async () => {
  const { stdout } = await run("iscsi-ls", ["-s", portal()]);
  assert.equal([...stdout.matchAll(/SEQUENTIAL_ACCESS/g)].length, 4, stdout);
  assert.equal([...stdout.matchAll(/MEDIA_CHANGER/g)].length, 1, stdout);
});

test("iscsi-inq reads standard and vital product data", async () => {
  for (const { name } of targets) {
    const url = `${portal()}/${name}/0`;
    const standard = await run("iscsi-inq", [url]);
    assert.match(standard.stdout, /Peripheral Device Type:(SEQUENTIAL_ACCESS|MEDIA_CHANGER)/);
    const pages = await run("iscsi-inq", ["-e", "1", "-c", "0", url]);
    assert.match(pages.stdout, /UNIT_SERIAL_NUMBER/);
    assert.match(pages.stdout, /DEVICE_IDENTIFICATION/);
    for (const code of ["128", "131"]) {
      const page = await run("iscsi-inq", ["-e", "1", "-c", code, url]);
      assert.notEqual(page.stdout.trim(), "");
    }
  }
});

test("CHAP, one-way, by libiscsi", async () => {
  const target = driveTarget(3);
  const set = ["--target", target, "--initiator", libiscsiName, "--user", "host", "--secret", secret];
  await gateway.capstan("access", "chap", "set", ...set);
  const url = (user: string): string => `iscsi://${user}@127.0.0.1:${gateway.port}/${target}/0`;
  const good = await run("iscsi-inq", ["-i", libiscsiName, url(`host%${secret}`)]);
  assert.match(good.stdout, /SEQUENTIAL_ACCESS/);
  await assert.rejects(run("iscsi-inq", ["-i", libiscsiName, url("host%wrong-secret-1")]));
  await assert.rejects(run("iscsi-inq", ["-i", libiscsiName, url(`nobody%${secret}`)]));
  await assert.rejects(run("iscsi-inq", ["-i", libiscsiName, `${portal()}/${target}/0`]));
});

test("the kernel's initiator: without CHAP, one-way, mutual, denied, with digests", async (t) => {
  const [open, oneWay, mutual, denied] = [driveTarget(0), driveTarget(1), driveTarget(2), driveTarget(3)];
  const common = ["--initiator", guestName, "--user", "host", "--secret", secret];
  await gateway.capstan("access", "chap", "set", "--target", oneWay, ...common);
  const proof = ["--mutual-user", "tape", "--mutual-secret", targetSecret];
  await gateway.capstan("access", "chap", "set", "--target", mutual, ...common, ...proof);
  await gateway.capstan("access", "allow", "add", "--target", denied, "--initiator", libiscsiName);
  const names = { OPEN: open, ONE_WAY: oneWay, MUTUAL: mutual, DENIED: denied };
  const variables = { ...names, SECRET: secret, TARGET_USER: "tape", TARGET_SECRET: targetSecret };
  const report = await runGuest({ port: gateway.port, cases: ["access"], login: false, variables });
  await reportChecks(t, report);
});
