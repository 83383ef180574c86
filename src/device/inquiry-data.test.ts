// SPDX-License-Identifier: Apache-2.0
// INQUIRY, the reporting commands and diagnostics of every unit, and what answers where there is no unit.

import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiFromBytes, hexFromBytes } from "#base/index.ts";
import {
  Inquiry,
  ReportLuns,
  ReportSupportedOperationCodes,
  ReportSupportedTaskManagementFunctions,
  ReportTimestamp,
  SendDiagnostic,
  senseName,
  spcCommands,
  ReceiveDiagnosticResults,
} from "#scsi/index.ts";
import { MissingUnit } from "./missing-unit.ts";
import { check } from "./outcome.ts";
import { cdbs, probeWithHosts } from "./probe-harness.ts";
import { stillClock, TestHost, type Reply } from "./test-host.ts";

const answer = ({ status, sense }: Reply): string =>
  sense === undefined ? String(status) : (senseName(sense.key, sense.asc, sense.ascq) ?? "unnamed");

function probe(options: Parameters<typeof probeWithHosts>[1] = {}) {
  const { unit, hosts } = probeWithHosts(1, options);
  const [host] = hosts as [TestHost];
  return { unit, host };
}

const vpd = (host: TestHost, pageCode: number): Promise<Reply> =>
  host.send(Inquiry.encode({ vitalProductData: true, pageCode, allocationLength: 1000 }));

test("standard INQUIRY data tells type, removable, version and identity", async () => {
  const { data } = await probe().host.send(cdbs.inquiry);
  assert.equal(hexFromBytes(data.subarray(0, 8)), "0180061245010002");
  assert.equal(asciiFromBytes(data.subarray(8, 36)), "PROBE   UNIT            0001");
  assert.equal(hexFromBytes(data.subarray(58, 62)), "09600460");
  assert.equal(data.byteLength, 5 + 0x45);
});

test("a changer says that it reads barcodes, a drive does not", async () => {
  const identity = {
    deviceType: "medium-changer",
    vendor: "V",
    product: "P",
    revision: "1",
    serial: "S",
    versionDescriptors: [],
  } as const;
  assert.equal((await probe({ identity }).host.send(cdbs.inquiry)).data[55], 1);
  assert.equal((await probe().host.send(cdbs.inquiry)).data[55], 0);
});

test("a page code without EVPD is refused", async () => {
  const reply = await probe().host.send(Inquiry.encode({ pageCode: 0x80, allocationLength: 255 }));
  assert.deepEqual(reply.sense?.fieldPointer, { in: "cdb", byte: 2, bit: 7 });
});

test("every VPD page that is listed answers with its own code and length, in ascending order, and no other does", async () => {
  const { host } = probe();
  const listed = [...(await vpd(host, 0)).data.subarray(4)];
  assert.deepEqual(
    listed,
    listed.toSorted((left, right) => left - right),
  );
  for (let code = 0; code < 256; code++) {
    const reply = await vpd(host, code);
    assert.equal(reply.status === "good", listed.includes(code), `page ${code}`);
    if (reply.status !== "good") continue;
    assert.equal(reply.data[1], code);
    assert.equal(((reply.data[2] ?? 0) << 8) + (reply.data[3] ?? 0), reply.data.byteLength - 4);
  }
});

test("the unit serial number page holds the serial number", async () => {
  assert.equal(asciiFromBytes((await vpd(probe().host, 0x80)).data.subarray(4)), "0123456789");
});

test("device identification names the unit, its port and its target", async () => {
  const { data } = await vpd(probe().host, 0x83);
  const text = asciiFromBytes(data);
  assert.ok(text.includes("PROBE   UNIT            0123456789"));
  assert.ok(text.includes("iqn.2001-04.com.example:target,t,0x0001\0"));
  const types: string[] = [];
  for (let offset = 4; offset < data.byteLength; offset += 4 + (data[offset + 3] ?? 0)) {
    types.push(hexFromBytes(data.subarray(offset, offset + 2)));
  }
  // Code set and protocol, association and type: vendor, NAA, relative port, port name, target name.
  assert.deepEqual(types, ["0201", "0103", "5194", "5398", "53a8"]);
});

test("the NAA name is locally assigned, the same for one serial number and another for another", async () => {
  const nameOf = async (serial: string): Promise<string> => {
    const identity = {
      deviceType: "medium-changer",
      vendor: "V",
      product: "P",
      revision: "1",
      serial,
      versionDescriptors: [],
    } as const;
    const { data } = await vpd(probe({ identity }).host, 0x83);
    const at = 4 + 4 + 24 + serial.length;
    return hexFromBytes(data.subarray(at + 4, at + 12));
  };
  assert.equal(await nameOf("AAAA"), await nameOf("AAAA"));
  assert.notEqual(await nameOf("AAAA"), await nameOf("AAAB"));
  assert.equal((await nameOf("AAAA"))[0], "3");
});

test("REPORT LUNS counts all units also when it is cut", async () => {
  const { host } = probe({ luns: () => [0, 1, 300] });
  const whole = await host.send(ReportLuns.encode({ allocationLength: 4096 }));
  assert.equal(
    hexFromBytes(whole.data),
    "0000001800000000" + "0000000000000000" + "0001000000000000" + "412c000000000000",
  );
  const cut = await host.send(ReportLuns.encode({ allocationLength: 16 }));
  assert.equal(hexFromBytes(cut.data), "0000001800000000" + "0000000000000000");
  assert.equal(
    hexFromBytes((await host.send(ReportLuns.encode({ selectReport: 1, allocationLength: 16 }))).data),
    "00".repeat(8),
  );
});

test("REPORT LUNS refuses a short allocation length and other reports", async () => {
  const { host } = probe();
  const short = await host.send(ReportLuns.encode({ allocationLength: 15 }));
  assert.deepEqual(short.sense?.fieldPointer, { in: "cdb", byte: 6, bit: 7 });
  const other = await host.send(ReportLuns.encode({ selectReport: 3, allocationLength: 16 }));
  assert.deepEqual(other.sense?.fieldPointer, { in: "cdb", byte: 2, bit: 7 });
});

const supported = (host: TestHost, fields: object): Promise<Reply> =>
  host.send(ReportSupportedOperationCodes.encode({ allocationLength: 65_536, ...fields }));

test("the list of commands is the dispatch table, and every one of them is told about by itself", async () => {
  const { host } = probe();
  const { data } = await supported(host, {});
  const count = (data.byteLength - 4) / 8;
  assert.equal(count, Object.keys(spcCommands).length + 3);
  for (let offset = 4; offset < data.byteLength; offset += 8) {
    const hasAction = ((data[offset + 5] ?? 0) & 1) !== 0;
    const one = await supported(host, {
      reportingOptions: hasAction ? 2 : 1,
      requestedOpcode: data[offset] ?? 0,
      requestedServiceAction: data[offset + 3] ?? 0,
    });
    assert.equal(one.data[1], 3);
    assert.equal(one.data[4], data[offset]);
    assert.equal(one.data.byteLength, 4 + (data[offset + 7] ?? 0));
  }
});

test("with RCTD every command has its waiting times", async () => {
  const { host } = probe();
  const { data } = await supported(host, { returnTimeouts: true });
  assert.equal((data.byteLength - 4) % 20, 0);
  assert.equal(hexFromBytes(data.subarray(4, 24)), "0000000000020006" + "000a0000" + "00000001" + "0000003c");
  const one = await supported(host, { returnTimeouts: true, reportingOptions: 1, requestedOpcode: 0x12 });
  assert.equal(hexFromBytes(one.data), "00830006" + "1201ffffff00" + "000a0000" + "00000001" + "0000003c");
});

test("a command that is not there is reported as such, and a wrong question is refused", async () => {
  const { host } = probe();
  const absent = "00010000";
  assert.equal(hexFromBytes((await supported(host, { reportingOptions: 1, requestedOpcode: 0xd0 })).data), absent);
  const action = { requestedOpcode: 0x5e, requestedServiceAction: 9 };
  assert.equal(hexFromBytes((await supported(host, { reportingOptions: 2, ...action })).data), absent);
  assert.equal(hexFromBytes((await supported(host, { reportingOptions: 3, ...action })).data), absent);
  const either = await supported(host, { reportingOptions: 3, requestedOpcode: 0x12 });
  assert.equal(hexFromBytes(either.data), "00030006" + "1201ffffff00");
  const one = { reportingOptions: 1, requestedOpcode: 0x5e };
  assert.equal((await supported(host, one)).sense?.fieldPointer?.byte, 3);
  const two = { reportingOptions: 2, requestedOpcode: 0x12 };
  assert.equal((await supported(host, two)).sense?.fieldPointer?.byte, 3);
  assert.equal((await supported(host, { reportingOptions: 4 })).sense?.fieldPointer?.byte, 2);
});

test("task management functions are told in the short and the long form", async () => {
  const { host } = probe();
  const short = await host.send(ReportSupportedTaskManagementFunctions.encode({ allocationLength: 16 }));
  assert.equal(hexFromBytes(short.data), "da000000");
  const long = await host.send(ReportSupportedTaskManagementFunctions.encode({ extended: true, allocationLength: 16 }));
  assert.equal(hexFromBytes(long.data), "da00000c" + "00".repeat(12));
});

test("REPORT TIMESTAMP tells the wall clock in milliseconds", async () => {
  const now = 0x018b_cfe5_6800;
  const { host } = probe({ clock: { ...stillClock, now: () => now as ReturnType<typeof stillClock.now> } });
  const { data } = await host.send(ReportTimestamp.encode({ allocationLength: 12 }));
  assert.equal(hexFromBytes(data), "000a03" + "00" + "018bcfe56800" + "0000");
});

test("SEND DIAGNOSTIC tests the unit, takes a vendor's page and refuses others", async () => {
  const { unit, host } = probe();
  assert.equal(answer(await host.send(SendDiagnostic.encode({ selfTest: true }))), "good");
  unit.selfTestResult = check("self-test-failure");
  assert.equal(answer(await host.send(SendDiagnostic.encode({ selfTest: true }))), "self-test-failure");
  assert.equal(answer(await host.send(SendDiagnostic.encode({ selfTestCode: 1 }))), "good");
  const page = (code: number): Promise<Reply> =>
    host.send(SendDiagnostic.encode({ pageFormat: true, parameterListLength: 4 }), {
      dataOut: Uint8Array.of(code, 0, 0, 0),
    });
  assert.equal(answer(await page(0x80)), "good");
  assert.equal(answer(await page(0x01)), "invalid-field-in-parameters");
});

test("RECEIVE DIAGNOSTIC RESULTS lists the one page there is", async () => {
  const { host } = probe();
  const receive = (pageCode: number): Promise<Reply> =>
    host.send(ReceiveDiagnosticResults.encode({ pageCodeValid: true, pageCode, allocationLength: 100 }));
  assert.equal(hexFromBytes((await receive(0)).data), "0000000100");
  assert.equal((await receive(0x80)).sense?.fieldPointer?.byte, 2);
});

test("where there is no unit, INQUIRY says so, REPORT LUNS tells the others, and the rest is refused", async () => {
  const unit = new MissingUnit({ luns: () => [0] });
  const host = new TestHost(unit);
  const inquiry = await host.send(cdbs.inquiry);
  assert.equal(inquiry.status, "good");
  assert.equal(inquiry.data[0], 0x7f);
  assert.equal(inquiry.data.byteLength, 36);
  assert.equal((await host.send(Inquiry.encode({ allocationLength: 5 }))).data.byteLength, 5);
  assert.equal(answer(await vpd(host, 0x80)), "invalid-field-in-cdb");
  assert.equal((await host.send(ReportLuns.encode({ allocationLength: 16 }))).data.byteLength, 16);
  assert.equal(answer(await host.send(ReportLuns.encode({ allocationLength: 8 }))), "invalid-field-in-cdb");
  const sense = await host.send(cdbs.requestSense);
  assert.equal(hexFromBytes(sense.data.subarray(0, 14)), "70000500000000" + "0a00000000" + "2500");
  assert.equal(answer(await host.send(cdbs.testUnitReady)), "unit-not-supported");
  await unit.nexusClosed(host.nexus, "logout");
});
