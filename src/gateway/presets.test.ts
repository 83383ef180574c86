// SPDX-License-Identifier: Apache-2.0
// Presets make libraries that can be, and give way to what a request says itself.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Instant, Random } from "#base/index.ts";
import { planLibrary } from "./library-plan.ts";
import { presetViews } from "./presets.ts";

const random: Random = { bytes: (count) => new Uint8Array(count), below: () => 0 };
const now = 0 as Instant;

for (const { name, changerModel, driveModel, drives, storageSlots, mailSlots, hint } of presetViews()) {
  test(`the preset ${name} makes a library, and has a hint`, () => {
    const record = planLibrary({ name: "lib", preset: name }, random, now);
    assert.deepEqual([record.changerModel, record.driveModel], [changerModel, driveModel]);
    const { shape } = record;
    const counts = [record.drives.length, shape["storage-slot"].count, shape["mail-slot"].count];
    assert.deepEqual(counts, [drives, storageSlots, mailSlots]);
    assert.ok(hint.endsWith("."));
  });
}

test("what a request says itself counts, and the preset is not part of the library", () => {
  const record = planLibrary({ name: "lib", preset: "veeam", drives: 1, driveModel: "quantum-lto9" }, random, now);
  assert.deepEqual([record.drives.length, record.driveModel, record.changerModel], [1, "quantum-lto9", "stk-l700"]);
  assert.ok(!("preset" in record));
});

test("an unknown preset is refused with those that there are", () => {
  assert.throws(() => planLibrary({ name: "lib", preset: "tapeware" }, random, now), {
    code: "gateway.preset-unknown",
    message: /tapeware.*bacula.*veeam/,
  });
});
