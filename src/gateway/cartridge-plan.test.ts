// SPDX-License-Identifier: Apache-2.0
// Tests of planned cartridges, and of retention and pools.

import assert from "node:assert/strict";
import { test } from "node:test";
import { days, later, limits, type Instant } from "#base/index.ts";
import { SeededRandom } from "#sim/index.ts";
import { planCartridges, type PlannedCartridge } from "./cartridge-plan.ts";
import { planLibrary } from "./library-plan.ts";
import { allAbilities } from "#store/index.ts";
import { checkPoolDeletable, newPool as plannedPool, poolNamed, poolViews } from "./pools.ts";
import type { PoolRecord } from "./facts.ts";
import type { CartridgeRequest, PoolRequest } from "./requests.ts";
import { holdingLock, isWarmer, lockedUntil } from "./retention.ts";
import { GatewayState } from "./state.ts";

const now = 1_767_225_600_000 as Instant;
const record = planLibrary({ name: "lib", storageSlots: 20, mailSlots: 3 }, new SeededRandom(1), now);

const newPool = (state: GatewayState, request: PoolRequest): PoolRecord =>
  plannedPool(state, request, { abilities: allAbilities });

function world(): GatewayState {
  const state = new GatewayState();
  state.apply({ kind: "library", library: record });
  return state;
}

function plan(request: Partial<CartridgeRequest> = {}, state = world()): readonly PlannedCartridge[] {
  const library = state.library(record.id);
  return planCartridges(state, library, { library: "lib", ...request }, { random: new SeededRandom(2), now });
}

test("cartridges get barcodes in order, the nominal size, and the first free storage slots", () => {
  const planned = plan({ count: 3 });
  assert.deepEqual(
    planned.map(({ cartridge, element }) => [cartridge.barcode, element.kind, element.address]),
    [
      ["CAP001L8", "storage-slot", 4096],
      ["CAP002L8", "storage-slot", 4097],
      ["CAP003L8", "storage-slot", 4098],
    ],
  );
  const [first] = planned;
  assert.equal(first?.cartridge.sizeBytes, 12_000_000_000_000);
  assert.equal(first?.cartridge.generation, 8);
  assert.equal(first?.cartridge.pool, "glacier");
  assert.equal(new Set(planned.map(({ cartridge }) => cartridge.id)).size, 3);
});

test("sizes from 16 MiB to 64 TiB are taken, others refused with the range", () => {
  for (const sizeBytes of [limits.cartridgeSizeMin, 200 * 2 ** 20, limits.cartridgeSizeMax]) {
    assert.equal(plan({ sizeBytes })[0]?.cartridge.sizeBytes, sizeBytes);
  }
  for (const sizeBytes of [
    0,
    -1,
    limits.cartridgeSizeMin - 1,
    limits.cartridgeSizeMax + 1,
    2 ** 25 + 0.5,
    Number.NaN,
  ]) {
    assert.throws(() => plan({ sizeBytes }), { code: "gateway.size-bad", message: /16777216 to 70368744177664/ });
  }
});

test("counts that are none, too large, or more than there are places are refused", () => {
  for (const count of [0, -1, 1.5]) assert.throws(() => plan({ count }), { code: "gateway.bad-number" });
  assert.throws(() => plan({ count: limits.cartridgesPerCreate + 1 }), { code: "gateway.too-many" });
  assert.throws(() => plan({ count: 21 }), { code: "gateway.no-free-element", message: /20 free storage slots, 21/ });
  assert.throws(() => plan({ count: 4, into: "mail-slot" }), {
    code: "gateway.no-free-element",
    message: /mail slots/,
  });
});

test("a barcode of one's own is for one cartridge, valid, and never used before", () => {
  assert.equal(plan({ barcode: "MYTAPE01" })[0]?.cartridge.generation, 8);
  assert.equal(plan({ barcode: "MYTAP1L7" })[0]?.cartridge.generation, 7);
  assert.throws(() => plan({ barcode: "MYTAPE01", count: 2 }), { code: "gateway.barcode-count" });
  assert.throws(() => plan({ barcode: "my" }), { code: "gateway.barcode-bad" });
  assert.throws(() => plan({ barcode: "CLN001L1" }), { code: "gateway.barcode-cleaning" });
  assert.throws(() => plan({ barcodePrefix: "CLN" }), { code: "gateway.barcode-cleaning" });
  const state = world();
  for (const { cartridge } of plan({ barcode: "MYTAPE01" })) state.apply({ kind: "cartridge", cartridge });
  assert.throws(() => plan({ barcode: "MYTAPE01" }, state), { code: "gateway.barcode-taken" });
  state.apply({ kind: "cartridge-gone", barcode: "MYTAPE01" });
  assert.throws(() => plan({ barcode: "MYTAPE01" }, state), { code: "gateway.barcode-spent" });
});

test("a barcode says the same of its cartridge as was asked for", () => {
  assert.equal(plan({ writeOnce: true })[0]?.cartridge.barcode, "CAP001LY");
  assert.equal(plan({ writeOnce: true, barcode: "ABCDEFLY" })[0]?.cartridge.writeOnce, true);
  assert.throws(() => plan({ barcode: "ABCDEFLY" }), { code: "gateway.barcode-suffix", message: /write-once/ });
  assert.throws(() => plan({ barcode: "ABCDEFL8", writeOnce: true }), { code: "gateway.barcode-suffix" });
  assert.throws(() => plan({ barcode: "ABCDEFL9" }), { code: "gateway.barcode-suffix", message: /LTO-9/ });
  assert.throws(() => plan({ barcode: "ABCDEFL5" }), { code: "gateway.barcode-suffix" });
});

test("barcodes of deleted cartridges are passed over", () => {
  const state = world();
  for (const { cartridge } of plan()) state.apply({ kind: "cartridge", cartridge });
  state.apply({ kind: "cartridge-gone", barcode: "CAP001L8" });
  assert.equal(plan({}, state)[0]?.cartridge.barcode, "CAP002L8");
});

test("pools: built-in ones stay, others are made once, checked, and deleted when empty", () => {
  const state = world();
  const pool = (request: Partial<PoolRequest>): PoolRequest => ({ name: "p", storageClass: "GLACIER", ...request });
  assert.throws(() => plan({ pool: "nowhere" }, state), {
    code: "gateway.pool-unknown",
    message: /glacier, deep-archive/,
  });
  assert.throws(() => newPool(state, pool({ name: "P" })), { code: "gateway.bad-name" });
  assert.throws(() => newPool(state, pool({ name: "glacier" })), { code: "gateway.pool-exists" });
  assert.throws(() => newPool(state, pool({ retentionDays: 1 })), { code: "gateway.pool-retention" });
  assert.throws(() => newPool(state, pool({ lock: "GOVERNANCE" })), { code: "gateway.pool-retention" });
  assert.throws(() => newPool(state, pool({ lock: "COMPLIANCE", retentionDays: 36_501 })), {
    code: "gateway.pool-retention",
  });
  assert.throws(() => newPool(state, pool({ lock: "COMPLIANCE", retentionDays: 0.5 })), {
    code: "gateway.pool-retention",
  });
  state.apply({ kind: "pool", pool: newPool(state, pool({ lock: "COMPLIANCE", retentionDays: 36_500 })) });
  for (const { cartridge } of plan({ pool: "p" }, state)) state.apply({ kind: "cartridge", cartridge });
  assert.deepEqual(
    poolViews(state).map(({ name, builtIn, cartridges }) => [name, builtIn, cartridges]),
    [
      ["glacier", true, 0],
      ["deep-archive", true, 0],
      ["standard", true, 0],
      ["p", false, 1],
    ],
  );
  assert.throws(() => checkPoolDeletable(state, "p"), { code: "gateway.pool-in-use" });
  assert.throws(() => checkPoolDeletable(state, "glacier"), { code: "gateway.pool-built-in" });
  assert.throws(() => checkPoolDeletable(state, "q"), { code: "gateway.pool-unknown" });
});

test("a lock holds from the first archive for its days, and governance can be bypassed", () => {
  const locked = { name: "p", storageClass: "GLACIER", lock: "GOVERNANCE", retentionDays: 10 } as const;
  const archivedAt = now;
  const at = (day: number, bypassGovernance = false): string =>
    holdingLock({ archivedAt }, locked, { now: later(now, days(day)), bypassGovernance });
  assert.deepEqual([at(0), at(9.99), at(10), at(5, true)], ["governance", "governance", "none", "governance-bypassed"]);
  const compliance = { ...locked, lock: "COMPLIANCE" } as const;
  assert.equal(holdingLock({ archivedAt }, compliance, { now, bypassGovernance: true }), "compliance");
  assert.equal(holdingLock({}, compliance, { now, bypassGovernance: false }), "none");
  assert.equal(lockedUntil({ archivedAt }, locked), later(now, days(10)));
  assert.equal(lockedUntil({ archivedAt }, poolNamed(world(), "glacier")), undefined);
});

test("only deep archive to glacier is warmer", () => {
  assert.equal(isWarmer("DEEP_ARCHIVE", "GLACIER"), true);
  assert.equal(isWarmer("GLACIER", "DEEP_ARCHIVE"), false);
  assert.equal(isWarmer("GLACIER", "GLACIER"), false);
});
