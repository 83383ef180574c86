// SPDX-License-Identifier: Apache-2.0
// Sense data in both formats: what goes out comes back, what does not fit is left out, what is cut is read as far as it
// goes; and the table of names.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesFromHex, hexFromBytes, isFault } from "#base/index.ts";
import { decodeSense, encodeSense, nameOfSense, type Sense } from "./sense-data.ts";
import { senseName, senseTable, type SenseName } from "./sense-table.ts";
import { scsiStatusName, senseKeyName, senseKeys } from "./status.ts";

const flag = <Name extends string>(name: Name) => fc.constantFrom({}, { [name]: true });
const sense = fc
  .tuple(
    fc.constantFrom(...(Object.keys(senseTable) as SenseName[])),
    fc.option(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { nil: undefined }),
    flag("filemark"),
    flag("endOfMedium"),
    flag("incorrectLength"),
    flag("deferred"),
    fc.nat(0xffff),
    fc.nat(7),
    fc.constantFrom("cdb" as const, "parameters" as const),
  )
  .map(([name, information, filemark, endOfMedium, incorrectLength, deferred, specific, bit, place]): Sense => {
    const { key, asc, ascq } = senseTable[name];
    const pointer = key === "illegal-request" ? { fieldPointer: { in: place, byte: specific, bit } } : {};
    const progress = key === "not-ready" ? { progress: specific } : {};
    const known = information === undefined ? {} : { information };
    return {
      key,
      asc,
      ascq,
      ...deferred,
      ...known,
      ...filemark,
      ...endOfMedium,
      ...incorrectLength,
      ...pointer,
      ...progress,
    };
  });

for (const format of ["fixed", "descriptor"] as const) {
  test(`${format} sense data says everything that was put in`, () => {
    fc.assert(fc.property(sense, (value) => assert.deepEqual(decodeSense(encodeSense(value, format)), value)));
  });
}

test("information beyond 32 bits is not valid in fixed format and whole in descriptor format", () => {
  const value = { key: "no-sense", asc: 0, ascq: 1, filemark: true, information: 2 ** 40 } as const;
  assert.equal(decodeSense(encodeSense(value, "fixed")).information, undefined);
  assert.equal(decodeSense(encodeSense(value, "descriptor")).information, 2 ** 40);
});

test("an early warning that wrote everything says so: VALID with information 0", () => {
  const bytes = encodeSense({ key: "no-sense", asc: 0, ascq: 2, endOfMedium: true, information: 0 });
  assert.equal(hexFromBytes(bytes), "f00040000000000a00000000000200000000");
});

test("without information VALID is 0", () => {
  assert.equal(encodeSense({ key: "blank-check", asc: 0, ascq: 5 })[0], 0x70);
});

test("sense data that a device cut is read as far as it goes", () => {
  const whole = encodeSense({ key: "medium-error", asc: 0x11, ascq: 0, information: 5 });
  assert.deepEqual(decodeSense(whole.subarray(0, 8)), { key: "medium-error", asc: 0, ascq: 0, information: 5 });
  assert.equal(decodeSense(whole.subarray(0, 14)).asc, 0x11);
});

test("unknown descriptors are skipped", () => {
  const bytes = bytesFromHex("72 06 29 01 00 00 00 0c" + "80 02 ff ff" + "03 00" + "04 02 00 80" + "00 00");
  assert.deepEqual(decodeSense(bytes), { key: "unit-attention", asc: 0x29, ascq: 0x01, filemark: true });
});

test("what is no sense data is refused", () => {
  for (const hex of ["", "00", "6f0000", "7e00"]) {
    assert.throws(
      () => decodeSense(bytesFromHex(hex)),
      (error) => isFault(error, "scsi.not-sense-data"),
    );
  }
  assert.throws(
    () => decodeSense(bytesFromHex("720000")),
    (error) => isFault(error, "codec.truncated"),
  );
});

test("every row of the sense table is found by its codes and has advice for people", () => {
  for (const [name, { key, asc, ascq, advice }] of Object.entries(senseTable)) {
    assert.equal(senseName(key, asc, ascq), name);
    assert.equal(nameOfSense({ key, asc, ascq }), name);
    assert.match(advice, /^[a-z].{8,}[^.]$/);
  }
  assert.equal(senseName("medium-error", 0xff, 0xff), undefined);
});

test("codes of keys and status have names", () => {
  for (const [name, code] of Object.entries(senseKeys)) assert.equal(senseKeyName(code), name);
  assert.equal(scsiStatusName(0x18), "reservation-conflict");
  assert.equal(scsiStatusName(0x03), undefined);
});
