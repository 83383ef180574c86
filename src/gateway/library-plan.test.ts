// SPDX-License-Identifier: Apache-2.0
// Tests of planned libraries: models, counts, addresses.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Instant } from "#base/index.ts";
import { checkShape } from "#library/index.ts";
import { SeededRandom } from "#sim/index.ts";
import { firstAddressesOf, planLibrary, replanLibrary } from "./library-plan.ts";
import { modelViews } from "./models.ts";
import type { LibraryRecord } from "./facts.ts";
import type { LibraryRequest } from "./requests.ts";

const now = 1_767_225_600_000 as Instant;
const plan = (request: Partial<LibraryRequest> = {}): LibraryRecord =>
  planLibrary({ name: "lib", ...request }, new SeededRandom(1), now);

test("a library that says nothing has a changer, 4 LTO-8 drives, 40 storage slots and 8 mail slots", () => {
  const library = plan();
  assert.equal(library.driveModel, "ibm-lto8");
  assert.equal(library.topology, "target-per-device");
  assert.deepEqual(
    library.drives.map(({ number }) => number),
    [1, 2, 3, 4],
  );
  assert.equal(library.shape["storage-slot"].count, 40);
  assert.equal(library.shape["mail-slot"].count, 8);
});

test("every changer model makes a library with every drive model, at the model's addresses", () => {
  const changers = modelViews().filter(({ kind }) => kind === "changer");
  const drives = modelViews().filter(({ kind }) => kind === "drive");
  assert.ok(changers.length >= 3 && drives.length >= 10);
  const rows = changers.map(({ name }) => {
    for (const drive of drives) checkShape(plan({ changerModel: name, driveModel: drive.name }).shape);
    const { picker, drive, storageSlot, mailSlot } = firstAddressesOf(plan({ changerModel: name }));
    return `${name}: picker ${picker}, drives ${drive}, storage ${storageSlot}, mail ${mailSlot}`;
  });
  assert.deepEqual(rows, [
    "capstan: picker 0, drives 256, storage 4096, mail 768",
    "stk-l700: picker 0, drives 500, storage 1000, mail 10",
    "ibm-3584: picker 1, drives 257, storage 1025, mail 769",
    "ibm-ts3100: picker 1, drives 256, storage 4096, mail 16",
    "hpe-msl: picker 0, drives 1, storage 1001, mail 101",
    "quantum-scalar-i3: picker 1, drives 256, storage 4096, mail 16",
  ]);
});

test("a kind that would run into another is put behind it", () => {
  const { storageSlot } = firstAddressesOf(plan({ changerModel: "ibm-3584", mailSlots: 1600, storageSlots: 1600 }));
  assert.equal(storageSlot, 769 + 1600);
});

test("addresses that are asked for are kept, and refused when they overlap", () => {
  const asked = { picker: 1, drive: 10_000, storageSlot: 20_000, mailSlot: 30_000 };
  assert.deepEqual(firstAddressesOf(plan({ firstAddresses: asked })), asked);
  assert.throws(() => plan({ firstAddresses: { drive: 20_000, storageSlot: 20_002 } }), { code: "library.bad-shape" });
  assert.throws(() => plan({ firstAddresses: { storageSlot: 65_530 } }), { code: "library.bad-shape" });
  assert.throws(() => plan({ firstAddresses: { drive: -1 } }), { code: "library.bad-shape" });
});

test("names, models and counts that cannot be are refused, each with what is wrong", () => {
  assert.throws(() => plan({ name: "Lib 1" }), { code: "gateway.bad-name", message: /Lib 1/ });
  assert.throws(() => plan({ driveModel: "lto99" }), { code: "gateway.model-unknown", message: /lto99.*ibm-lto8/ });
  assert.throws(() => plan({ changerModel: "box" }), { code: "gateway.model-unknown", message: /box.*ibm-3584/ });
  assert.throws(() => plan({ drives: 0 }), { code: "gateway.bad-number", message: /drives.*1 to 64/ });
  assert.throws(() => plan({ drives: 65 }), { code: "gateway.bad-number" });
  assert.throws(() => plan({ drives: 1.5 }), { code: "gateway.bad-number" });
  assert.throws(() => plan({ storageSlots: 0 }), { code: "gateway.bad-number" });
  assert.throws(() => plan({ mailSlots: -1 }), { code: "gateway.bad-number" });
  assert.throws(() => plan({ storageSlots: 64_990, mailSlots: 64_990 }), { code: "library.bad-shape" });
});

test("a change keeps drives, addresses and what it does not mention", () => {
  const library = plan();
  const more = replanLibrary(library, { drives: 6, storageSlots: 100 }, new SeededRandom(2));
  assert.deepEqual(more.drives.slice(0, 4), library.drives);
  assert.equal(more.drives.length, 6);
  assert.equal(more.shape["mail-slot"].count, 8);
  assert.deepEqual(firstAddressesOf(more), firstAddressesOf(library));
  const fewer = replanLibrary(more, { drives: 2 }, new SeededRandom(3));
  assert.deepEqual(fewer.drives, library.drives.slice(0, 2));
  assert.throws(() => replanLibrary(library, { drives: 65 }, new SeededRandom(2)), { code: "gateway.bad-number" });
  assert.throws(() => replanLibrary(plan({ changerModel: "ibm-3584" }), { mailSlots: 300 }, new SeededRandom(2)), {
    code: "library.bad-shape",
  });
});

test("whatever counts are asked for, a planned library has a sound shape with those counts", () => {
  const counts = fc.record({
    drives: fc.integer({ min: 1, max: 64 }),
    storageSlots: fc.integer({ min: 1, max: 20_000 }),
    mailSlots: fc.integer({ min: 0, max: 400 }),
    changerModel: fc.constantFrom("capstan", "ibm-3584", "stk-l700"),
  });
  fc.assert(
    fc.property(counts, (request) => {
      const { shape, drives } = plan(request);
      checkShape(shape);
      assert.equal(drives.length, request.drives);
      assert.equal(shape["storage-slot"].count, request.storageSlots);
      assert.equal(shape["mail-slot"].count, request.mailSlots);
    }),
  );
});
