// SPDX-License-Identifier: Apache-2.0
// Tests of barcodes.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkBarcode, nextBarcodes } from "./barcodes.ts";

const none = (): boolean => false;

test("made-up barcodes have six characters and the suffix", () => {
  assert.deepEqual(nextBarcodes({ prefix: "CAP", suffix: "L8", count: 2 }, none), ["CAP001L8", "CAP002L8"]);
  assert.deepEqual(nextBarcodes({ prefix: "A", suffix: "L6", count: 1 }, none), ["A00001L6"]);
  assert.deepEqual(nextBarcodes({ prefix: "NIGHT", suffix: "LY", count: 1 }, none), ["NIGHT1LY"]);
});

test("used barcodes are passed over, wherever they are", () => {
  const used = new Set(["CAP001L8", "CAP003L8"]);
  const next = nextBarcodes({ prefix: "CAP", suffix: "L8", count: 3 }, (barcode) => used.has(barcode));
  assert.deepEqual(next, ["CAP002L8", "CAP004L8", "CAP005L8"]);
});

test("a prefix that runs out says how many are left", () => {
  assert.throws(() => nextBarcodes({ prefix: "NIGHT", suffix: "L8", count: 10 }, none), {
    code: "gateway.barcodes-exhausted",
    message: /NIGHT has 9 barcodes left, 10 are needed/,
  });
  assert.equal(nextBarcodes({ prefix: "T", suffix: "L8", count: 1500 }, none).length, 1500);
});

test("prefixes are 1 to 5 capitals and digits", () => {
  for (const prefix of ["", "TOOLONG", "cap", "A B", "Ä"]) {
    assert.throws(() => nextBarcodes({ prefix, suffix: "L8", count: 1 }, none), { code: "gateway.barcode-prefix-bad" });
  }
});

test("barcodes are 5 to 16 capitals and digits", () => {
  for (const barcode of ["ABCDE", "CAP001L8", "0123456789ABCDEF"]) checkBarcode(barcode);
  for (const barcode of ["ABCD", "0123456789ABCDEFG", "cap001l8", "CAP 01L8", "CAP-01L8", ""]) {
    assert.throws(() => checkBarcode(barcode), { code: "gateway.barcode-bad" }, barcode);
  }
});

test("made-up barcodes are different, unused and valid, whatever is used", () => {
  const number = fc.integer({ min: 1, max: 99 });
  fc.assert(
    fc.property(fc.uniqueArray(number), fc.integer({ min: 1, max: 40 }), (numbers, count) => {
      const used = new Set(numbers.map((value) => `TAPE${String(value).padStart(2, "0")}L8`));
      if (99 - used.size < count) return;
      const made = nextBarcodes({ prefix: "TAPE", suffix: "L8", count }, (barcode) => used.has(barcode));
      assert.equal(new Set(made).size, count);
      for (const barcode of made) {
        checkBarcode(barcode);
        assert.ok(!used.has(barcode));
      }
    }),
  );
});
