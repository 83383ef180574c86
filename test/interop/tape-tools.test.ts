// SPDX-License-Identifier: Apache-2.0
// Tools that others wrote, against a drive and a changer of ours, in user space: sg3_utils, mtx and stenc through the SG_IO
// shim, and those families of libiscsi's iscsi-test-cu that need no disk. A skipped test of theirs counts as failed.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { Gateway } from "./gateway.ts";

const run = promisify(execFile);
const initiators = ["iqn.2026-11.io.capstan.test:one", "iqn.2026-11.io.capstan.test:two"] as const;

let folder: string;
let gateway: Gateway;
let target: string;

const unit = (lun: number): string => `iscsi://127.0.0.1:${gateway.port}/${target}/${lun}`;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "capstan-shim-"));
  for (const [name, libraries] of [
    ["sgiscsi", ["-liscsi", "-ldl"]],
    ["fakecap", ["-ldl"]],
  ] as const) {
    const source = join(import.meta.dirname, "shim", `${name}.c`);
    await run("gcc", ["-shared", "-fPIC", "-o", join(folder, `${name}.so`), source, ...libraries]);
  }
  gateway = await Gateway.start();
  const options = ["--preset", "bacula", "--topology", "single-target"];
  await gateway.capstan("library", "create", "tools", ...options);
  await gateway.capstan("cartridge", "create", "--library", "tools", "--size", "256MiB", "--barcode", "TOOL01L8");
  target = (await gateway.targets("tools"))[0]?.name ?? "";
});

after(async () => {
  await gateway.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a tool; `/dev/sg90` is the changer, `/dev/sg91` the first drive. */
async function tool(command: string, ...args: readonly string[]): Promise<string> {
  const SGISCSI = `/dev/sg90=${unit(0)};/dev/sg91=${unit(1)}`;
  const LD_PRELOAD = join(folder, "sgiscsi.so");
  const PATH = `${process.env["PATH"]}:/usr/sbin:/sbin`;
  const env = { ...process.env, PATH, SGISCSI, LD_PRELOAD };
  const { stdout, stderr } = await run(command, args, { env, timeout: 60_000 });
  return stdout + stderr;
}

test("mtx loads a cartridge and shows where it is", async () => {
  await tool("mtx", "-f", "/dev/sg90", "load", "1", "0");
  const status = await tool("mtx", "-f", "/dev/sg90", "status");
  assert.match(status, /Data Transfer Element 0:Full \(Storage Element 1 Loaded\):VolumeTag = TOOL01L8/);
});

for (const [what, args, expected] of [
  ["sg_inq", ["/dev/sg91"], /Protect=1[^]*ULT3580-TD8/],
  ["sg_vpd of block protection", ["-p", "lbpro", "/dev/sg91"], /method: 1, info_len: 4[^]*method: 2, info_len: 4/],
  ["sg_opcodes", ["/dev/sg91"], /8d +16[^]*a2 +12[^]*b5 +12/],
  ["sg_read_attr", ["/dev/sg91"], /Volume identifier: TOOL01L8[^]*Volume change reference: 0x1/],
  ["sg_timestamp", ["/dev/sg91"], /^\d{13}/],
  ["sg_rbuf", ["--quick", "/dev/sg91"], /buffer capacity=65536/],
  ["sg_read_block_limits", ["/dev/sg91"], /Maximum block size: 8388608/],
  ["sg_persist", ["--in", "--report-capabilities", "/dev/sg91"], /Report capabilities response/],
  ["sg_modes", ["-a", "/dev/sg91"], /Data Compression[^]*Medium Partition/],
] as const) {
  test(`${what} understands the drive`, async () => {
    const [command = what] = what.split(" ");
    assert.match(await tool(command, ...args), expected);
  });
}

test("stenc switches encryption on and off, and sees it", async () => {
  const key = join(folder, "key");
  await writeFile(key, "5a".repeat(32));
  assert.match(await tool("stenc", "-f", "/dev/sg91", "-e", "on", "-k", key, "-a", "1"), /Success/);
  const detail = await tool("stenc", "-f", "/dev/sg91", "--detail");
  assert.match(detail, /Drive Encryption: +on[^]*Drive Input: +Encrypting[^]*Encryption Algorithm: +1/);
  assert.match(await tool("stenc", "-f", "/dev/sg91", "-e", "off", "-a", "1"), /Success/);
  assert.match(await tool("stenc", "-f", "/dev/sg91"), /Drive Encryption: +off/);
});

for (const [family, tests] of [
  ["ReportSupportedOpcodes", 4],
  ["PrinReadKeys", 2],
  ["PrinServiceactionRange", 1],
  ["PrinReportCapabilities", 1],
  ["ProutRegister", 1],
  ["ProutClear", 1],
  ["ProutPreempt", 1],
  ["Reserve6", 7],
  ["TestUnitReady", 1],
] as const) {
  test(`libiscsi's ${family} passes on a drive`, async () => {
    const env = { ...process.env, LD_PRELOAD: join(folder, "fakecap.so") };
    const args = ["-i", initiators[0], "-I", initiators[1], "-A", "-d", "-t", `SCSI.${family}.*`, unit(1)];
    const { stdout } = await run("iscsi-test-cu", args, { env, timeout: 120_000 });
    assert.doesNotMatch(stdout, /SKIPPED/, stdout);
    assert.match(stdout, new RegExp(`tests +${tests} +${tests} +${tests} +0`), stdout);
  });
}
