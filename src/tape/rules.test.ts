// SPDX-License-Identifier: Apache-2.0
// Pure rules: incorrect length, capacity.

import assert from "node:assert/strict";
import { test } from "node:test";
import { capacityOf } from "./capacity.ts";
import { decideVariableRead } from "./read-rules.ts";

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;

for (const [name, read, expected] of [
  ["equal length", [100, 100, false, 0], [100, false, 0]],
  ["equal length with SILI", [100, 100, true, 0], [100, false, 0]],
  ["a shorter block", [100, 40, false, 0], [40, true, 60]],
  ["a shorter block with SILI", [100, 40, true, 0], [40, false, 60]],
  ["a shorter block with SILI and a mode block length", [100, 40, true, 512], [40, false, 60]],
  ["a longer block", [100, 140, false, 0], [100, true, -40]],
  ["a longer block with SILI", [100, 140, true, 0], [100, false, -40]],
  ["a longer block with SILI and a mode block length", [100, 140, true, 512], [100, true, -40]],
] as const) {
  test(`a variable read of ${name} transfers ${expected[0]} bytes${expected[1] ? " and says ILI" : ""}`, () => {
    const [requested, actual, suppressIncorrectLength, blockLength] = read;
    const [transferLength, incorrectLength, residue] = expected;
    assert.deepEqual(decideVariableRead({ requested, actual, suppressIncorrectLength, blockLength }), {
      transferLength,
      incorrectLength,
      residue,
    });
  });
}

for (const [size, zone] of [
  [16 * MiB, MiB],
  [200 * MiB, 2 * MiB],
  [10 * GiB - 1, Math.ceil((10 * GiB - 1) / 100)],
  [10 * GiB, 100 * MiB],
  [100 * GiB, Math.ceil((100 * GiB) / 1000)],
  [12e12, 12e9],
] as const) {
  test(`a cartridge of ${size} bytes warns ${zone} bytes before its end`, () => {
    assert.equal(capacityOf(size).earlyWarningAt, size - zone);
  });
}
