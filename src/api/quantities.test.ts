// SPDX-License-Identifier: Apache-2.0
// Sizes and times as text: what is read, what is refused, what is shown.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { daysText, parseDays, parseRate, parseSize, parseTime, sizeText, spanText } from "./quantities.ts";

test("sizes are read with decimal and binary units, in any case, with or without a blank", () => {
  const cases: readonly (readonly [string, number])[] = [
    ["0", 0],
    ["512", 512],
    ["512B", 512],
    ["200MiB", 209_715_200],
    ["200 mib", 209_715_200],
    ["1.5TB", 1_500_000_000_000],
    ["0.5KiB", 512],
    ["64TiB", 2 ** 46],
    ["12GB", 12_000_000_000],
  ];
  for (const [text, bytes] of cases) assert.equal(parseSize(text), bytes, text);
});

test("what is no size, or no whole number of bytes, is refused", () => {
  for (const text of ["", "MiB", "-1", "1,5GB", "1.5", "12XB", "1e9", "0.3B", "9999999PiB", "NaN", "1 2 GB"]) {
    assert.equal(parseSize(text), undefined, text);
  }
});

test("times are read in milliseconds to days, seconds without a unit", () => {
  assert.equal(parseTime("90"), 90_000);
  assert.equal(parseTime("1.5h"), 5_400_000);
  assert.equal(parseTime("7d"), 604_800_000);
  assert.equal(parseTime("250ms"), 250);
  assert.equal(parseTime("soon"), undefined);
});

test("a whole binary size that is shown is read back as the same", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1023 }), fc.integer({ min: 0, max: 4 }), (count, power) => {
      const bytes = count * 1024 ** power;
      assert.equal(parseSize(sizeText(bytes)), bytes);
    }),
  );
});

test("sizes and spans are short for people", () => {
  assert.equal(sizeText(0), "0 B");
  assert.equal(sizeText(1536), "1.50 KiB");
  assert.equal(sizeText(200 * 1024 ** 2), "200 MiB");
  assert.equal(spanText(850), "850 ms");
  assert.equal(spanText(185_000), "3 min 5 s");
  assert.equal(spanText(15_000_000), "4 h 10 min");
});

test("rates are bits per second, days are names of days", () => {
  assert.equal(parseRate("50Mbit"), 50_000_000);
  assert.equal(parseRate("1.5 Gbit/s"), 1_500_000_000);
  assert.equal(parseRate("51200"), 51_200);
  for (const text of ["", "fast", "10MB", "-1bit"]) assert.equal(parseRate(text), undefined, text);
  assert.deepEqual(parseDays("Mon-Wed, sun"), ["mon", "tue", "wed", "sun"]);
  assert.equal(parseDays("daily")?.length, 7);
  for (const text of ["", "fri-mon", "someday", "mon-tue-wed"]) assert.equal(parseDays(text), undefined, text);
  for (const text of ["daily", "mon,fri", "sun"]) assert.equal(daysText(parseDays(text) ?? []), text);
});
