// SPDX-License-Identifier: Apache-2.0
// The command tables against what SPC-4 says about operation codes: the length of a CDB follows from its group, the
// operation code and service action of a row are those of its layout.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommandRow } from "./command-row.ts";
import { barcodeMeaning, densities, densityOf, isCleaningBarcode } from "./densities.ts";
import { changerModels, driveModels } from "./models.ts";
import { decodeTransportId, encodeTransportId } from "./reservations.ts";
import { encodeLun } from "./reports.ts";
import { smcCommands } from "./smc-commands.ts";
import { spcCommands } from "./spc-commands.ts";
import { sscCommands } from "./ssc-commands.ts";
import { hexFromBytes } from "#base/index.ts";

const rows: [string, CommandRow][] = Object.entries({ ...spcCommands, ...sscCommands, ...smcCommands });
/** CDB length by the group code, the upper three bits of the operation code; groups 6 and 7 are the vendors'. */
const lengths = [6, 10, 10, undefined, 16, 12, undefined, undefined];

for (const [name, row] of rows) {
  test(`${name}: layout, operation code and length belong together`, () => {
    const cdb = new Uint8Array(16);
    const encoded = (row.cdb as unknown as { encode(value: object): Uint8Array }).encode({});
    cdb.set(encoded);
    assert.equal(cdb[0], row.opcode);
    assert.equal((cdb[1] ?? 0) & 0x1f, row.serviceAction ?? 0);
    const length = lengths[row.opcode >> 5];
    if (length !== undefined) assert.equal(row.cdb.size, length);
    assert.equal(row.cdb.check(cdb), undefined);
    assert.ok(row.timeouts.nominal <= row.timeouts.recommended);
  });
}

test("within a kind of unit no two rows have the same operation code and service action", () => {
  for (const table of [
    { ...spcCommands, ...sscCommands },
    { ...spcCommands, ...smcCommands },
  ]) {
    const codes = Object.values<CommandRow>(table).map(({ opcode, serviceAction }) => `${opcode}/${serviceAction}`);
    assert.equal(new Set(codes).size, codes.length);
  }
});

test("only INQUIRY, REPORT LUNS and REQUEST SENSE pass a unit attention", () => {
  const passing = rows.filter(([, { whileAttention }]) => whileAttention).map(([name]) => name);
  assert.deepEqual(passing.toSorted(), ["inquiry", "reportLuns", "requestSense"]);
});

test("a barcode's suffix tells generation and kind", () => {
  assert.deepEqual(barcodeMeaning("CAP001L8"), { generation: 8, kind: "data" });
  assert.deepEqual(barcodeMeaning("CAP001LX"), { generation: 7, kind: "write-once" });
  assert.equal(barcodeMeaning("CAP00199"), undefined);
  assert.equal(barcodeMeaning(""), undefined);
  assert.ok(isCleaningBarcode("CLN001L8"));
  assert.ok(!isCleaningBarcode("CAP001L8"));
});

test("every density is found by its generation, and codes are unique", () => {
  for (const row of Object.values(densities)) assert.equal(densityOf(row.generation), row);
  assert.equal(new Set(Object.values(densities).map(({ code }) => code)).size, Object.keys(densities).length);
});

test("identity strings fit their fields, a drive writes its own generation first", () => {
  for (const model of [...Object.values(driveModels), ...Object.values(changerModels)]) {
    assert.ok(model.vendor.length <= 8 && model.product.length <= 16 && model.revision.length <= 4, model.title);
  }
  for (const { writes, generation } of Object.values(driveModels)) assert.equal(writes[0], generation);
  assert.equal(Object.keys(driveModels)[0], "ibm-lto8");
  assert.equal(Object.keys(changerModels)[0], "capstan");
});

test("the transport identifier of an iSCSI port comes back, and what is none is undefined", () => {
  const port = { initiatorName: "iqn.1993-08.org.debian:01:abcdef", isid: "00023d000001" };
  const bytes = encodeTransportId(port);
  assert.equal(bytes.byteLength % 4, 0);
  assert.deepEqual(decodeTransportId(bytes), port);
  assert.equal(encodeTransportId({ initiatorName: "iqn.a", isid: "000000000000" }).byteLength, 28);
  for (let length = 0; length < bytes.byteLength; length++) {
    assert.equal(decodeTransportId(bytes.subarray(0, length)), undefined);
  }
  const fibreChannel = bytes.slice();
  fibreChannel[0] = 0x00;
  assert.equal(decodeTransportId(fibreChannel), undefined);
});

test("a LUN below 256 is peripheral, above it is flat", () => {
  assert.equal(hexFromBytes(encodeLun(0)), "0000000000000000");
  assert.equal(hexFromBytes(encodeLun(255)), "00ff000000000000");
  assert.equal(hexFromBytes(encodeLun(256)), "4100000000000000");
  assert.throws(() => encodeLun(0x4000));
});
