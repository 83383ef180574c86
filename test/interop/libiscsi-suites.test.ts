// SPDX-License-Identifier: Apache-2.0
// libiscsi's conformance suites for the transport (Debian's libiscsi-bin), against our target with a disk in memory
// behind it: they need a disk to move data. A test that skips something proves nothing and counts as failed here.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { silentLog, milliseconds } from "#base/index.ts";
import { SessionRegistry, TargetPortal } from "#iscsi/index.ts";
import { SystemClock, SystemRandom, TcpNetwork } from "#world/index.ts";
import { directoryOf, RamDisk } from "./ram-disk.ts";

const suites: readonly (readonly [suite: string, tests: number])[] = [
  ["iSCSIcmdsn", 2],
  ["iSCSIdatasn", 1],
  ["iSCSIResiduals", 10],
  ["iSCSITMF", 2],
];

let portal: TargetPortal;

before(async () => {
  portal = await TargetPortal.open(
    { host: "127.0.0.1", port: 0 },
    {
      network: new TcpNetwork(),
      clock: new SystemClock(),
      random: new SystemRandom(),
      log: silentLog,
      directory: directoryOf(new RamDisk(64 * 1024 * 1024)),
      registry: new SessionRegistry(),
    },
  );
});

after(() => portal.close(milliseconds(0)));

for (const [suite, tests] of suites) {
  test(`${suite} of libiscsi passes`, async () => {
    const url = `iscsi://127.0.0.1:${portal.endpoint.port}/iqn.2026-11.io.capstan.test:disk/0`;
    const { stdout } = await promisify(execFile)("iscsi-test-cu", ["-d", "-t", `iSCSI.${suite}`, url], {
      timeout: 60_000,
    });
    const report = stdout.slice(stdout.indexOf("Suite:"));
    const passed = report.match(/^ +Test: \w+ \.\.\.(?:[^]*?)passed/gm) ?? [];
    assert.equal(passed.length, tests, report);
    for (const text of passed) assert.doesNotMatch(text, /SKIPPED/, report);
    assert.match(report, new RegExp(`tests +${tests} +${tests} +${tests} +0`), report);
  });
}
