// SPDX-License-Identifier: Apache-2.0
// MODE SENSE and MODE SELECT over the pages of a probe: every form, page control and way to be wrong.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesFromHex, concatBytes, hexFromBytes } from "#base/index.ts";
import { ModeSelect10, ModeSelect6, ModeSense10, ModeSense6, senseName } from "#scsi/index.ts";
import { check } from "./outcome.ts";
import { cdbs, probeWithHosts } from "./probe-harness.ts";
import type { Reply, TestHost } from "./test-host.ts";

const answer = ({ status, sense }: Reply): string =>
  sense === undefined ? String(status) : (senseName(sense.key, sense.asc, sense.ascq) ?? "unnamed");

function probe() {
  const { unit, hosts } = probeWithHosts(2);
  const [host, other] = hosts as [TestHost, TestHost];
  return { unit, host, other };
}

const descriptor = "5e000000 00000000";
const control = "0a0a00000040000000000000";
const compression = "0f0e40000000000100000000 00000000";
const subpage = "7e010002aabb";
const hex = (text: string): string => text.replaceAll(" ", "");

interface Asked {
  readonly page: number;
  readonly subpage?: number;
  readonly pc?: number;
  readonly dbd?: boolean;
  readonly length?: number;
}

async function sense6(host: TestHost, asked: Asked): Promise<Reply> {
  return host.send(
    ModeSense6.encode({
      pageCode: asked.page,
      subpageCode: asked.subpage ?? 0,
      pageControl: asked.pc ?? 0,
      disableBlockDescriptors: asked.dbd ?? false,
      allocationLength: asked.length ?? 255,
    }),
  );
}

for (const [name, asked, expected] of [
  ["page 00h is the block descriptor alone", { page: 0 }, `0b881008 ${descriptor}`],
  ["DBD leaves the block descriptor out", { page: 0, dbd: true }, "03881000"],
  ["one page", { page: 0x0f, dbd: true }, `13881000 ${compression}`],
  ["a page behind the block descriptor", { page: 0x0a }, `17881008 ${descriptor} ${control}`],
  [
    "page 3Fh is all pages without subpages, ascending",
    { page: 0x3f, dbd: true },
    `1f881000 ${control} ${compression}`,
  ],
  [
    "page 3Fh with subpage FFh is all pages",
    { page: 0x3f, subpage: 0xff, dbd: true },
    `25881000 ${control} ${compression} ${subpage}`,
  ],
  ["a subpage has the long header", { page: 0x3e, subpage: 1, dbd: true }, `09881000 ${subpage}`],
  ["subpage FFh is all subpages of a page", { page: 0x3e, subpage: 0xff, dbd: true }, `09881000 ${subpage}`],
  [
    "PC=1 is the mask of what can be changed",
    { page: 0x0f, pc: 1, dbd: true },
    "13881000 0f0e8000000000000000000000000000",
  ],
  ["PC=2 is the defaults", { page: 0x0f, pc: 2, dbd: true }, `13881000 ${compression}`],
] as const) {
  test(`MODE SENSE(6): ${name}`, async () => {
    assert.equal(hexFromBytes((await sense6(probe().host, asked)).data), hex(expected));
  });
}

test("MODE SENSE(10) has the header of 8 bytes", async () => {
  const { host } = probe();
  const cdb = ModeSense10.encode({ pageCode: 0x0f, allocationLength: 65_535 });
  assert.equal(hexFromBytes((await host.send(cdb)).data), hex(`001e881000000008 ${descriptor} ${compression}`));
});

test("PC=3 is refused: nothing is saved", async () => {
  assert.equal(answer(await sense6(probe().host, { page: 0x0f, pc: 3 })), "saving-not-supported");
});

for (const [asked, byte] of [
  [{ page: 0x05 }, 2],
  [{ page: 0x3e }, 3],
  [{ page: 0x0f, subpage: 3 }, 3],
  [{ page: 0x3f, subpage: 3 }, 3],
  [{ page: 0, subpage: 1 }, 3],
] as const) {
  test(`page ${JSON.stringify(asked)} is refused with a pointer to byte ${byte}`, async () => {
    const reply = await sense6(probe().host, asked);
    assert.equal(answer(reply), "invalid-field-in-cdb");
    assert.equal(reply.sense?.fieldPointer?.byte, byte);
  });
}

test("the allocation length cuts, the length inside stays", async () => {
  const { host } = probe();
  const whole = (await sense6(host, { page: 0x3f, subpage: 0xff })).data;
  for (let length = 0; length <= whole.byteLength + 1; length++) {
    const reply = await sense6(host, { page: 0x3f, subpage: 0xff, length });
    assert.deepEqual(reply.data, whole.subarray(0, length));
  }
});

const select6 = (host: TestHost, list: Uint8Array, extra: object = {}): Promise<Reply> =>
  host.send(ModeSelect6.encode({ pageFormat: true, parameterListLength: list.byteLength, ...extra }), {
    dataOut: list,
  });
const list6 = (...parts: string[]): Uint8Array => concatBytes(parts.map(bytesFromHex));
const changedCompression = "0f0ec0000000000100000000 00000000";

test("MODE SELECT sets the block descriptor without a page", async () => {
  const { unit, host, other } = probe();
  assert.equal(answer(await select6(host, list6("00001008", "00000000 00000200"))), "good");
  assert.equal(unit.blockDescriptor.blockLength, 512);
  assert.equal(answer(await other.send(cdbs.testUnitReady)), "mode-parameters-changed");
  assert.equal(answer(await host.send(cdbs.testUnitReady)), "good");
});

test("MODE SELECT(10) walks all pages of the list", async () => {
  const { host } = probe();
  const list = list6("0000001000000008", "00000000 00000400", control, changedCompression, subpage);
  const cdb = ModeSelect10.encode({ pageFormat: true, parameterListLength: list.byteLength });
  assert.equal(answer(await host.send(cdb, { dataOut: list })), "good");
  assert.equal(hexFromBytes((await sense6(host, { page: 0x0f, dbd: true })).data.subarray(4)), hex(changedCompression));
});

test("MODE SELECT with the values that are there tells nobody", async () => {
  const { host, other } = probe();
  assert.equal(answer(await select6(host, list6("00001000", compression))), "good");
  assert.equal(answer(await other.send(cdbs.testUnitReady)), "good");
});

test("D_SENSE switches sense data to descriptor format", async () => {
  const { host } = probe();
  assert.equal(answer(await select6(host, list6("00001000", "0a0a04000040000000000000"))), "good");
  const reply = await host.send(cdbs.requestSense);
  assert.equal(reply.data[0], 0x72);
});

for (const [name, list, expected, byte] of [
  ["a header that is cut", "000010", "parameter-list-length", undefined],
  ["a block descriptor that is cut", "00001008 5e0000", "parameter-list-length", undefined],
  ["a page that is cut", `00001000 ${compression.slice(0, 20)}`, "parameter-list-length", undefined],
  ["a page header that is cut", "00001000 0f", "parameter-list-length", undefined],
  ["two block descriptors", `00001010 ${descriptor} ${descriptor}`, "invalid-field-in-parameters", 3],
  ["a page the unit does not have", "00001000 05020000", "invalid-field-in-parameters", 4],
  ["a page of another length", "00001000 0f020000", "invalid-field-in-parameters", 5],
  ["a bit that cannot be changed", "00001000 0f0e40800000000100000000 00000000", "invalid-field-in-parameters", 7],
  ["a header the unit refuses", "00001008 ff000000 00000000", "invalid-field-in-parameters", undefined],
  [
    "a wrong page behind a right one",
    `00001000 ${changedCompression} 0a0a00000000000000000000`,
    "invalid-field-in-parameters",
    25,
  ],
] as const) {
  test(`MODE SELECT refuses ${name} and changes nothing`, async () => {
    const { host, other } = probe();
    const reply = await select6(host, list6(list));
    assert.equal(answer(reply), expected);
    assert.equal(reply.sense?.fieldPointer?.byte, byte);
    const now = await sense6(other, { page: 0x3f, subpage: 0xff });
    assert.equal(hexFromBytes(now.data.subarray(4)), hex(`${descriptor}${control}${compression}${subpage}`));
  });
}

test("what a page refuses is put back, whatever came before it", async () => {
  const { unit, host } = probe();
  unit.refusesPage = check("invalid-field-in-parameters");
  const list = list6("00001000", "0a0a04000040000000000000", changedCompression);
  assert.equal(answer(await select6(host, list)), "invalid-field-in-parameters");
  assert.equal((await host.send(cdbs.requestSense)).data[0], 0x70);
});

test("SP=1 is refused: nothing can be saved", async () => {
  const reply = await select6(probe().host, list6("00001000"), { savePages: true });
  assert.deepEqual(reply.sense?.fieldPointer, { in: "cdb", byte: 1, bit: 0 });
});
