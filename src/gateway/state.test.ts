// SPDX-License-Identifier: Apache-2.0
// Tests of facts and of the state they come to.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Instant } from "#base/index.ts";
import { SeededRandom } from "#sim/index.ts";
import { isFact, type CartridgeRecord, type Fact } from "./facts.ts";
import { planLibrary } from "./library-plan.ts";
import { GatewayState } from "./state.ts";
import type { ObjectId } from "./views.ts";

const now = 1_767_225_600_000 as Instant;
const library = planLibrary({ name: "lib", storageSlots: 5, mailSlots: 2, drives: 2 }, new SeededRandom(1), now);
const first = library.shape["storage-slot"].first;

const cartridge = (barcode: string): CartridgeRecord => ({
  id: barcode.toLowerCase().padEnd(32, "0") as ObjectId,
  barcode,
  generation: 8,
  writeOnce: false,
  sizeBytes: 2 ** 24,
  state: "AVAILABLE",
  library: library.id,
  pool: "glacier",
  createdAt: now,
  changedAt: now,
  history: { loadCount: 0, bytesWritten: 0, bytesRead: 0 },
});

const placed = (barcode: string, address: number): Fact => ({
  kind: "placed",
  library: library.id,
  placements: [{ barcode, kind: "data", address }],
});

const beginning: readonly Fact[] = [
  { kind: "instance", name: "a1b2c3d4", createdAt: now },
  { kind: "library", library },
  { kind: "cartridge", cartridge: cartridge("CAP001L8") },
  { kind: "cartridge", cartridge: cartridge("CAP002L8") },
  placed("CAP001L8", first),
  placed("CAP002L8", first + 1),
];

function stateOf(facts: readonly Fact[]): GatewayState {
  const state = new GatewayState();
  for (const fact of facts) state.apply(fact);
  return state;
}

/** A state as plain values, to compare. */
const plain = (state: GatewayState): unknown => JSON.parse(JSON.stringify(state.snapshot()));

test("facts come to a state, and its snapshot comes to the same", () => {
  const state = stateOf([
    ...beginning,
    { kind: "moved", library: library.id, steps: [{ barcode: "CAP001L8", from: first, to: 256 }] },
    { kind: "cartridge-changed", barcode: "CAP002L8", at: now, change: { state: "IN_TRANSIT" } },
    { kind: "taken", library: library.id, barcode: "CAP002L8" },
    {
      kind: "pool",
      pool: { name: "seven-years", storageClass: "DEEP_ARCHIVE", lock: "COMPLIANCE", retentionDays: 2557 },
    },
    { kind: "allow", target: "iqn.t", initiators: ["iqn.a"] },
    { kind: "chap", chap: { target: "iqn.t", initiator: "iqn.a", secret: "123456789012" } },
    { kind: "present", target: "iqn.t", initiators: ["iqn.a"] },
    { kind: "cartridge", cartridge: cartridge("CAP003L8") },
    { kind: "cartridge-gone", barcode: "CAP003L8" },
  ]);
  assert.equal(state.library(library.id).changer.find("CAP001L8")?.address, 256);
  assert.equal(state.library(library.id).changer.find("CAP001L8")?.cameFrom, first);
  assert.equal(state.library(library.id).changer.find("CAP002L8"), undefined);
  assert.equal(state.cartridge("CAP002L8").state, "IN_TRANSIT");
  assert.ok(state.spentBarcodes.has("CAP003L8"));
  const again = stateOf(state.snapshot());
  assert.deepEqual(plain(again), plain(state));
  assert.equal(again.library(library.id).changer.find("CAP001L8")?.cameFrom, first);
});

test("what is taken back leaves no trace in the snapshot", () => {
  const state = stateOf([
    ...beginning,
    { kind: "allow", target: "iqn.t", initiators: ["iqn.a"] },
    { kind: "allow", target: "iqn.t", initiators: [] },
    { kind: "chap", chap: { target: "iqn.t", initiator: "iqn.a", secret: "123456789012" } },
    { kind: "chap-gone", target: "iqn.t", initiator: "iqn.a" },
    { kind: "present", target: "iqn.t", initiators: ["iqn.a"] },
    { kind: "present", target: "iqn.t", initiators: [] },
    { kind: "pool", pool: { name: "p", storageClass: "GLACIER", lock: "NONE", retentionDays: 0 } },
    { kind: "pool-gone", name: "p" },
  ]);
  assert.deepEqual(plain(state), plain(stateOf(beginning)));
});

test("a library that grows keeps its changer and what is in it", () => {
  const state = stateOf(beginning);
  const { changer } = state.library(library.id);
  const shape = { ...library.shape, "storage-slot": { first, count: 50 } };
  state.apply({ kind: "library", library: { ...library, shape } });
  assert.equal(state.library(library.id).changer, changer);
  assert.equal(changer.elements("storage-slot").length, 50);
  assert.equal(changer.find("CAP002L8")?.address, first + 1);
});

test("facts that contradict the ones before are bugs", () => {
  const state = stateOf(beginning);
  const contradictions: readonly Fact[] = [
    { kind: "moved", library: library.id, steps: [{ barcode: "CAP001L8", from: first + 1, to: 256 }] },
    { kind: "moved", library: library.id, steps: [{ barcode: "CAP001L8", from: first, to: 60_000 }] },
    { kind: "taken", library: library.id, barcode: "CAP009L8" },
    { kind: "cartridge-changed", barcode: "CAP009L8", at: now, change: {} },
    { kind: "taken", library: "nowhere" as ObjectId, barcode: "CAP001L8" },
  ];
  for (const fact of contradictions) assert.throws(() => state.apply(fact), { name: "Bug" }, JSON.stringify(fact));
  assert.throws(() => state.apply(placed("CAP001L8", first + 3)), { code: "library.duplicate-barcode" });
  assert.throws(() => state.apply(placed("CAP003L8", first)), { code: "library.element-full" });
});

test("whatever moves happen, replay and snapshot agree with the state that lived through them", () => {
  const addresses = [256, 257, first, first + 1, first + 2, first + 3];
  const step = fc.record({ from: fc.constantFrom(...addresses), to: fc.constantFrom(...addresses) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const state = stateOf(beginning);
      const facts: Fact[] = [...beginning];
      for (const { from, to } of steps) {
        const { changer } = state.library(library.id);
        const barcode = changer.elementAt(from)?.occupant?.barcode;
        if (barcode === undefined || changer.elementAt(to)?.occupant !== undefined) continue;
        const fact: Fact = { kind: "moved", library: library.id, steps: [{ barcode, from, to }] };
        state.apply(fact);
        facts.push(fact);
      }
      state.library(library.id).changer.assertSound();
      const placements = JSON.stringify(state.library(library.id).changer.placements());
      for (const other of [stateOf(facts), stateOf(state.snapshot())]) {
        assert.equal(JSON.stringify(other.library(library.id).changer.placements()), placements);
      }
    }),
  );
});

test("facts survive JSON, and what is none is not taken for one", () => {
  for (const fact of beginning) assert.ok(isFact(JSON.parse(JSON.stringify(fact))), fact.kind);
  const others = [
    undefined,
    null,
    "library",
    [],
    {},
    { kind: 7 },
    { kind: "unheard-of" },
    { kind: "constructor" },
    { kind: "library" },
    { kind: "library", library: [] },
    { kind: "taken", library: "x" },
    { kind: "taken", library: "x", barcode: 3 },
    { kind: "allow", target: "x", initiators: "y" },
  ];
  for (const other of others) assert.ok(!isFact(other), JSON.stringify(other));
});
