// SPDX-License-Identifier: Apache-2.0
// The manager on a library of somebody else: Debian's tgt, with a changer, a drive and small cartridges. Everything goes over
// iSCSI; tgt runs in user space, on a port of its own.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { defined, milliseconds, silentLog, sleep } from "#base/index.ts";
import { SystemClock } from "#world/index.ts";
import { startInstance } from "../../src/main/instance.ts";
import { readSettings } from "../../src/main/settings.ts";

type Json = Record<string, unknown>;

const clock = new SystemClock();
const target = "iqn.2026-11.test.tgt:library";
const port = 33_261;
const controlPort = "91";
const labels = ["TGT001L8", "TGT002L8", "TGT003L8"];
const cartridgeMegabytes = 40;

/** Runs a command that must succeed. */
function must(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  assert.equal(error, undefined, `${command} is needed: ${error?.message}`);
  assert.equal(status, 0, `${command} ${args.join(" ")}: ${stderr}`);
}

const admin = (...args: readonly string[]): void =>
  must("tgtadm", ["--control-port", controlPort, "--lld", "iscsi", ...args]);

/** Waits until something listens. */
async function listening(): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: "127.0.0.1", port });
      socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (isOpen) return;
    await sleep(clock, milliseconds(100));
  }
  assert.fail("tgtd does not listen");
}

/** A library of tgt in a folder: one drive, four slots, a mail slot. */
async function withLibrary(folder: string, use: () => Promise<void>): Promise<void> {
  const options = ["-f", "--control-port", controlPort, "--iscsi", `portal=127.0.0.1:${port}`];
  const daemon = spawn("tgtd", options, { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => daemon.on("close", () => resolve()));
  try {
    await listening();
    const unit = (lun: number, ...args: readonly string[]): void =>
      admin("--mode", "logicalunit", "--tid", "1", "--lun", String(lun), ...args);
    const update = (params: string): void => unit(2, "--op", "update", "--params", params);
    admin("--mode", "target", "--op", "new", "--tid", "1", "-T", target);
    for (const label of labels) {
      const size = String(cartridgeMegabytes);
      const kind = ["--device-type", "tape", "--type", "data", "--barcode", label, "--size", size];
      must("tgtimg", ["--op", "new", ...kind, "--file", join(folder, label)]);
    }
    unit(1, "--op", "new", "--device-type", "tape", "-b", join(folder, labels[0] ?? ""));
    writeFileSync(join(folder, "changer"), new Uint8Array(1024));
    unit(2, "--op", "new", "--device-type", "changer", "-b", join(folder, "changer"));
    update(`media_home=${folder}`);
    update("element_type=1,start_address=100,quantity=1");
    update("element_type=2,start_address=200,quantity=4");
    update("element_type=3,start_address=300,quantity=1");
    update("element_type=4,start_address=1,quantity=1");
    update("element_type=4,address=1,tid=1,lun=1");
    for (const [index, label] of labels.entries())
      update(`element_type=2,address=${200 + index},barcode=${label},sides=1`);
    admin("--mode", "target", "--op", "bind", "--tid", "1", "-I", "ALL");
    await use();
  } finally {
    daemon.kill("SIGKILL");
    await ended;
  }
}

/** Calls the API of an instance. */
function clientOf(address: string, token: string) {
  const call = async (method: string, path: string, body?: Json): Promise<unknown> => {
    const response = await fetch(`${address}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    assert.ok(response.ok, `${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  };
  const ended = async (path: string, body: Json): Promise<Json> => {
    let record = (await call("POST", path, body)) as Json;
    while (record["endedAt"] === undefined) {
      await sleep(clock, milliseconds(100));
      record = (await call("GET", `/tasks/${String(record["id"])}`)) as Json;
    }
    return record;
  };
  const task = async (path: string, body: Json): Promise<Json> => {
    const record = await ended(path, body);
    assert.equal(record["state"], "done", JSON.stringify(record));
    assert.deepEqual(record["warnings"], []);
    return record["result"] as Json;
  };
  return { call, task, ended };
}

test(
  "the manager works with a library of tgt: labels, moves, erases; and appends nothing where the drive does not tell its place",
  { timeout: 300_000 },
  async () => {
    const work = mkdtempSync(join(tmpdir(), "capstan-tgt-"));
    const media = join(work, "media");
    mkdirSync(media);
    try {
      await withLibrary(media, async () => {
        const home = join(work, "home");
        const given = ["--home", home, "--iscsi", "127.0.0.1:0", "--api", "127.0.0.1:0", "--empty"];
        const instance = await startInstance(defined(await readSettings(given, {}), "there are settings"), silentLog);
        try {
          await journey(work, clientOf(instance.apiAddress, readFileSync(instance.tokenFile, "utf8").trim()));
        } finally {
          await instance.stop();
        }
      });
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  },
);

async function journey(work: string, { call, task, ended }: ReturnType<typeof clientOf>): Promise<void> {
  const units = { driveTarget: target, driveLun: 1, changerTarget: target, changerLun: 2 };
  await call("POST", "/tape/drives", { name: "tgt0", portal: `127.0.0.1:${port}`, ...units });
  await call("POST", "/datastores", { name: "store1", path: join(work, "store1") });
  await call("POST", "/tape/pools", { name: "foreign" });
  const elements = (await call("GET", "/tape/changer-status")) as readonly Json[];
  assert.deepEqual(
    elements.map((element) => [element["entryKind"], element["labelText"]]),
    [
      ["drive", undefined],
      ...labels.map((label) => ["slot", label]),
      ["slot", undefined],
      ["import-export", undefined],
    ],
  );
  assert.deepEqual(await task("/tape/barcode-label", { pool: "foreign" }), { labelled: labels });
  const status = (await call("GET", "/tape/status")) as Json;
  assert.deepEqual([status["vendor"], status["product"], status["hasMedium"]], ["IET", "VIRTUAL-TAPE", true]);
  await task("/tape/load-media", { labelText: labels[1] });
  const read = (await call("POST", "/tape/read-label", {})) as Json;
  assert.deepEqual([read["labelText"], read["pool"]], [labels[1], "foreign"]);
  await task("/tape/unload", { targetSlot: 4 });
  await task("/tape/changer-transfer", { from: 4, to: 2 });
  assert.deepEqual(await task("/tape/inventory", {}), { labels });
  await task("/tape/format", { labelText: labels[2] });
  await task("/tape/label", { labelText: labels[2], pool: "foreign" });
  await task("/tape/export-media", { labelText: labels[2] });
  const after = (await call("GET", "/tape/changer-status")) as readonly Json[];
  assert.equal(after.find((element) => element["labelText"] === labels[2])?.["entryKind"], "import-export");
  await refusesToAppend(work, { call, task, ended });
}

/** tgt answers READ POSITION in its long form with zeros; what cannot be appended safely is not appended. */
async function refusesToAppend(work: string, { task, ended }: ReturnType<typeof clientOf>): Promise<void> {
  const source = join(work, "source");
  mkdirSync(source);
  writeFileSync(join(source, "file"), "content");
  await task("/datastores/store1/snapshots", { source, id: "demo" });
  const record = await ended("/tape/backup", { store: "store1", pool: "foreign" });
  assert.equal(record["state"], "failed");
  assert.match(JSON.stringify(record["error"]), /driver.no-position/);
}
