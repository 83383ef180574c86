// SPDX-License-Identifier: Apache-2.0
// LOG SENSE and LOG SELECT over the pages of a probe.

import assert from "node:assert/strict";
import { test } from "node:test";
import { hexFromBytes } from "#base/index.ts";
import { LogSelect, LogSense, logPages, senseName } from "#scsi/index.ts";
import { logParameters } from "./log-pages.ts";
import { cdbs, probeWithHosts } from "./probe-harness.ts";
import type { Reply, TestHost } from "./test-host.ts";

const answer = ({ status, sense }: Reply): string =>
  sense === undefined ? String(status) : (senseName(sense.key, sense.asc, sense.ascq) ?? "unnamed");

function probe() {
  const { unit, hosts } = probeWithHosts(2);
  const [host, other] = hosts as [TestHost, TestHost];
  return { unit, host, other };
}

const sense = (host: TestHost, fields: Parameters<typeof LogSense.encode>[0]): Promise<Reply> =>
  host.send(LogSense.encode({ pageControl: 1, allocationLength: 1024, ...fields }));

for (const [name, fields, expected] of [
  ["page 00h lists the pages", { pageCode: 0 }, "00000002002e"],
  [
    "page 00h with subpage FFh lists pages with subpages",
    { pageCode: 0, subpageCode: 0xff },
    "40ff0008 0000 00ff 1001 2e00",
  ],
  ["a page with its parameters", { pageCode: 0x2e }, "2e00000a 0001030101 0003030107"],
  ["a page as tapeinfo asks for it, PC=0", { pageCode: 0x2e, pageControl: 0 }, "2e00000a 0001030101 0003030107"],
  ["parameters from the pointer on", { pageCode: 0x2e, parameterPointer: 2 }, "2e000005 0003030107"],
  ["a subpage without parameters", { pageCode: 0x10, subpageCode: 1 }, "50010000"],
] as const) {
  test(`LOG SENSE: ${name}`, async () => {
    assert.equal(hexFromBytes((await sense(probe().host, fields)).data), expected.replaceAll(" ", ""));
  });
}

for (const [name, fields, byte, bit] of [
  ["a page the unit does not have", { pageCode: 0x3d }, 2, 5],
  ["a subpage the unit does not have", { pageCode: 0x2e, subpageCode: 1 }, 3, 7],
  ["another subpage of the list", { pageCode: 0, subpageCode: 1 }, 3, 7],
  ["a pointer behind the last parameter", { pageCode: 0x2e, parameterPointer: 4 }, 5, 7],
  ["a pointer into the list of pages", { pageCode: 0, parameterPointer: 1 }, 5, 7],
  ["default thresholds", { pageCode: 0x2e, pageControl: 2 }, 2, 7],
  ["default counters", { pageCode: 0x2e, pageControl: 3 }, 2, 7],
  ["saving", { pageCode: 0x2e, saveParameters: true }, 1, 0],
  ["PPC", { pageCode: 0x2e, parameterPointerControl: true }, 1, 1],
] as const) {
  test(`LOG SENSE refuses ${name}`, async () => {
    const reply = await sense(probe().host, fields);
    assert.equal(answer(reply), "invalid-field-in-cdb");
    assert.deepEqual(reply.sense?.fieldPointer, { in: "cdb", byte, bit });
  });
}

test("the allocation length cuts the page, its length field tells the whole, and the page hears who read it", async () => {
  const { unit, host } = probe();
  const reply = await sense(host, { pageCode: 0x2e, allocationLength: 4 });
  assert.equal(hexFromBytes(reply.data), "2e00000a");
  assert.deepEqual(unit.deliveredTo, [host.nexus.id]);
});

test("LOG SELECT with PCR resets one page or all and tells the others", async () => {
  for (const pageCode of [0, 0x2e]) {
    const { unit, host, other } = probe();
    const cdb = LogSelect.encode({ parameterCodeReset: true, pageControl: 3, pageCode });
    assert.equal(answer(await host.send(cdb)), "good");
    assert.equal(unit.counter, 0);
    assert.equal(answer(await other.send(cdbs.testUnitReady)), "log-parameters-changed");
  }
});

test("LOG SELECT without PCR and without parameters changes nothing", async () => {
  const { unit, host, other } = probe();
  assert.equal(answer(await host.send(LogSelect.encode({ pageControl: 1 }))), "good");
  assert.equal(unit.counter, 7);
  assert.equal(answer(await other.send(cdbs.testUnitReady)), "good");
});

test("LOG SELECT refuses what cannot be: saving, unknown pages, values, lists that are cut", async () => {
  const { host } = probe();
  const select = (fields: object, dataOut?: Uint8Array): Promise<Reply> =>
    host.send(
      LogSelect.encode({ parameterListLength: dataOut?.byteLength ?? 0, ...fields }),
      dataOut === undefined ? {} : { dataOut },
    );
  assert.equal((await select({ saveParameters: true })).sense?.fieldPointer?.byte, 1);
  assert.equal((await select({ parameterCodeReset: true, pageCode: 0x3d })).sense?.fieldPointer?.byte, 2);
  const parameter = Uint8Array.of(0x2e, 0, 0, 5, 0, 1, 3, 1, 0);
  assert.equal(answer(await select({ parameterCodeReset: true }, parameter)), "invalid-field-in-cdb");
  assert.equal((await select({}, parameter)).sense?.fieldPointer?.byte, 4);
  assert.equal(answer(await select({}, parameter.subarray(0, 8))), "parameter-list-length");
  assert.equal(answer(await select({}, parameter.subarray(0, 3))), "parameter-list-length");
  assert.equal((await select({}, Uint8Array.of(0x3d, 0, 0, 0))).sense?.fieldPointer?.byte, 0);
});

test("parameters by name have the length and format of their table, and numbers never wrap", () => {
  const values = logParameters(logPages.deviceStatistics, { serial: "12345", lifetimeLoads: 2, motionHours: 2 ** 53 });
  assert.deepEqual(
    values.map(({ code, format, value }) => [code, format, hexFromBytes(value)]),
    [
      [0x0000, "counter", "0000000000000002"],
      [0x0003, "counter", "0000ffffffffffff"],
      [0x0040, "ascii", "31323334352020202020"],
    ],
  );
  assert.equal(
    hexFromBytes(logParameters(logPages.temperature, { current: 70_000 })[0]?.value ?? new Uint8Array(0)),
    "ffff",
  );
});
