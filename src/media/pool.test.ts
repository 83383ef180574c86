// SPDX-License-Identifier: Apache-2.0
// Decisions of the librarian, rule by rule: the numbers B-… are those of the published behaviour of Proxmox's tape backup.

import assert from "node:assert/strict";
import { test } from "node:test";
import { at, cartridge, type CartridgeSketch, inLibrary, pool, uuidOf, view } from "./media-fixtures.ts";
import { Inventory, offline } from "./inventory.ts";
import { decideSet, expiryOf, isAvailable, isExpired, pickNext, type PoolView, stateOf, usabilityOf } from "./pool.ts";

const reasonOf = (of: PoolView, isForced = false): string => {
  const decision = decideSet(of, { isForced });
  return decision.kind === "new" ? decision.reason : `continue ${decision.set.uuid === uuidOf(100) ? 100 : "another"}`;
};

const picked = (of: PoolView): string => {
  const set = of.inventory.currentSet("p1");
  const pick = pickNext(of, set);
  return "reason" in pick ? `none: ${pick.reason}` : `${pick.source} ${pick.record.label.labelText}`;
};

const member: CartridgeSketch = { number: 1, set: [100, 0, 50] };

test("B-STAT-1: states seen from a pool", () => {
  const sketches: readonly CartridgeSketch[] = [
    { number: 1 },
    { number: 2, set: [100, 0, 50], state: "damaged" },
    { number: 3, set: [101, 0, 60], setPool: "other" },
    { number: 4, set: [0, 0, 0] },
    { number: 5, set: [102, 0, 70] },
    { number: 6, set: [103, 0, 80] },
    { number: 7, set: [103, 1, 81] },
  ];
  const { inventory } = view(sketches, 100);
  const current = inventory.currentSet("p1");
  assert.deepEqual(
    sketches.map((sketch) => stateOf(cartridge(sketch), "p1", current)),
    ["writable", "damaged", "unknown", "writable", "full", "full", "writable"],
  );
});

test("B-AVAIL: a drive in a library gets what is in it, a drive alone what is on site, nobody what is in a vault", () => {
  const locations = [
    inLibrary,
    { kind: "online", changer: "x" } as const,
    offline,
    { kind: "vault", vault: "v" } as const,
  ];
  assert.deepEqual(
    locations.map((location) => [isAvailable(location, "lib"), isAvailable(location, undefined)]),
    [
      [true, false],
      [false, false],
      [false, true],
      [false, false],
    ],
  );
});

test("B-ALLOC-1: a new set is begun when it is asked for", () => {
  assert.equal(reasonOf(view([member], 100), true), "it was asked for");
});

test("B-ALLOC-2: a set that cannot be used is not continued, and the reason is told", () => {
  const cases: readonly (readonly [readonly CartridgeSketch[], string, Partial<PoolView>?])[] = [
    [[], "the pool has no current set"],
    [[{ number: 2, set: [100, 1, 50] }], "cartridge number 0 is missing in the inventory"],
    [[{ ...member, state: "damaged" }], "TAPE1 is damaged"],
    [[{ ...member, state: "retired" }], "TAPE1 is retired"],
    [[{ ...member, key: "aa" }], "the key of the pool changed since TAPE1 was written"],
    [[member], "the key of the pool changed since TAPE1 was written", { pool: pool("continue", "keep", "bb") }],
    [[{ ...member, location: { kind: "vault", vault: "safe" } }], "TAPE1 is in the vault safe"],
  ];
  for (const [sketches, reason, rest] of cases) assert.equal(reasonOf(view(sketches, 100, rest)), reason);
});

test("B-ALLOC-3: with the policy always each backup begins a set", () => {
  assert.equal(reasonOf(view([member], 100, { pool: pool("always") })), "the pool begins a set with each backup");
});

test("B-ALLOC-4: a set ends with the first backup after the event that follows its start", () => {
  const hourly = { pool: pool("hourly") };
  assert.equal(reasonOf(view([member], 3599, hourly)), "continue 100");
  assert.equal(reasonOf(view([member], 3600, hourly)), '"hourly" has come');
});

test("B-ALLOC-5: with the policy continue the set goes on", () => {
  assert.equal(reasonOf(view([member], 1e9)), "continue 100");
});

test("B-ALLOC-6, B-ALLOC-7: a library whose last cartridge is out begins a new set; a full one goes on", () => {
  const library = { changer: "lib" };
  assert.equal(reasonOf(view([member], 100, library)), "TAPE1 is not where the drive can get it");
  assert.equal(reasonOf(view([{ ...member, location: inLibrary }], 100, library)), "continue 100");
  assert.equal(reasonOf(view([{ ...member, state: "full" }], 100, library)), "continue 100");
});

test("B-ALLOC-8: a set that cannot be used any more gives no cartridge", () => {
  const sketches = [{ ...member, state: "damaged" as const }, { number: 9 }];
  assert.equal(picked(view(sketches, 100)), "none: TAPE1 is damaged");
});

test("usability as in Proxmox's own cases", () => {
  const kind = (sketches: readonly CartridgeSketch[], rest: Partial<PoolView> = {}): string => {
    const of = view(sketches, 100, rest);
    return usabilityOf(of, of.inventory.currentSet("p1")).kind;
  };
  assert.equal(kind([]), "needs-cartridge");
  assert.equal(kind([{ number: 1, labelPool: "p1" }]), "needs-cartridge");
  assert.equal(kind([member], { changer: "lib" }), "absent");
  assert.equal(kind([member]), "usable");
  assert.equal(kind([member, { number: 2, set: [100, 1, 60] }]), "usable");
  assert.equal(kind([{ number: 2, set: [100, 1, 60] }]), "unusable");
  assert.equal(
    kind([
      { ...member, state: "damaged" },
      { number: 2, set: [100, 1, 60] },
    ]),
    "unusable",
  );
});

test("B-PICK-1 to B-PICK-4: the current cartridge, then an empty one, then an expired one, then a free one", () => {
  const current = { number: 1, set: [100, 0, 50] } as const;
  const empty = { number: 2, labelPool: "p1" };
  const expired = { number: 3, set: [99, 0, 10] } as const;
  const free = { number: 4 };
  const overwrite = { pool: pool("continue", "overwrite") };
  const full = { ...current, state: "full" as const };
  assert.equal(picked(view([free, expired, empty, current], 100, overwrite)), "current TAPE1");
  assert.equal(picked(view([free, expired, empty, full], 100, overwrite)), "empty TAPE2");
  assert.equal(picked(view([free, expired, full], 100, overwrite)), "expired TAPE3");
  assert.equal(picked(view([free, full], 100, overwrite)), "free TAPE4");
  assert.equal(picked(view([full], 100, overwrite)), "none: none on site is empty or expired");
});

test("B-PICK-5: the oldest label, or for expired ones the oldest set label; then the label text", () => {
  const labels = (sketches: readonly CartridgeSketch[]): string =>
    picked(view(sketches, 100, { pool: pool("continue", "overwrite") }));
  assert.equal(
    labels([
      { number: 1, ctime: 5 },
      { number: 2, ctime: 4 },
    ]),
    "free TAPE2",
  );
  assert.equal(
    labels([
      { number: 2, ctime: 4 },
      { number: 1, ctime: 4 },
    ]),
    "free TAPE1",
  );
  const newer = { number: 9, set: [100, 0, 60], state: "full" } as const;
  assert.equal(labels([newer, { number: 1, set: [99, 1, 20] }, { number: 2, set: [99, 0, 10] }]), "expired TAPE2");
});

test("B-LOCK-5: cartridges of a set that somebody holds are not overwritten", () => {
  const sketches = [
    { number: 1, set: [99, 0, 10] },
    { number: 2, set: [100, 0, 50], state: "full" },
  ] as const;
  const rest = { pool: pool("continue", "overwrite") };
  assert.equal(picked(view(sketches, 100, rest)), "expired TAPE1");
  const locked = { ...rest, lockedSets: new Set([uuidOf(99)]) };
  assert.equal(picked(view(sketches, 100, locked)), "none: none on site is empty or expired");
});

test("B-PICK-9: a drive alone takes what is on site, a library what is in it", () => {
  const sketches = [{ number: 1 }, { number: 2, location: inLibrary }];
  assert.equal(picked(view(sketches, 100)), "free TAPE1");
  assert.equal(picked(view(sketches, 100, { changer: "lib" })), "free TAPE2");
  assert.equal(picked(view([{ number: 1 }], 100, { changer: "lib" })), "none: none in lib is empty or expired");
});

const expiry = (sketches: readonly CartridgeSketch[], allocation: string, retention: string): number | undefined => {
  const of = view(sketches, 0, { pool: pool(allocation, retention) });
  return expiryOf(of, of.inventory.get(uuidOf(1)), of.inventory.currentSet("p1"));
};

test("B-RET-1, B-RET-2: only what is full expires, and never with the policy keep", () => {
  const newer = { number: 2, set: [101, 0, 500] } as const;
  assert.equal(expiry([member], "continue", "overwrite"), undefined);
  assert.equal(expiry([{ ...member, state: "damaged" }, newer], "continue", "overwrite"), undefined);
  assert.equal(expiry([{ number: 1 }], "continue", "overwrite"), undefined);
  assert.equal(expiry([member, newer], "continue", "keep"), undefined);
});

test("B-RET-3, B-RET-4: every cell of the table, with overwrite and with protection", () => {
  const full = { ...member, state: "full" } as const;
  const newer = { number: 2, set: [101, 0, 5000] } as const;
  const cases: readonly (readonly [string, boolean, number | undefined])[] = [
    ["continue", true, 5000],
    ["continue", false, undefined],
    ["always", true, 50],
    ["always", false, 50],
    ["hourly", true, 5000],
    ["hourly", false, 3600],
    ["2000-01-01 UTC", false, 946_684_800],
    ["1970-01-01 UTC", false, undefined],
  ];
  for (const [allocation, hasNewer, base] of cases) {
    const sketches = hasNewer ? [full, newer] : [full];
    assert.equal(expiry(sketches, allocation, "overwrite"), base, allocation);
    assert.equal(expiry(sketches, allocation, "2min 500ms"), base === undefined ? undefined : base + 120, allocation);
  }
});

test("B-RET-3: without the first cartridge the own set label counts", () => {
  assert.equal(expiry([{ number: 1, set: [100, 1, 70], state: "full" }], "always", "overwrite"), 70);
});

test("B-RET-6: sets are compared by their starts", () => {
  // The second cartridge of the old set joined after the new set had begun.
  const sketches = [
    member,
    { number: 3, set: [100, 1, 900] },
    { number: 2, set: [101, 0, 500] },
    { number: 4, set: [101, 1, 950] },
  ] as const;
  assert.equal(expiry(sketches, "continue", "overwrite"), 500);
});

test("retention with an event every two minutes, as in Proxmox's own case", () => {
  const sketches: readonly CartridgeSketch[] = [
    { number: 1, set: [100, 0, 0] },
    { number: 2, set: [101, 0, 60] },
    { number: 3, set: [102, 0, 120] },
  ];
  const expired = (number: number, now: number): boolean => {
    const of = view(sketches, now, { pool: pool("*:0/2", "120s") });
    return isExpired(of, of.inventory.get(uuidOf(number)), of.inventory.currentSet("p1"));
  };
  for (const now of [0, 60, 120, 179]) assert.equal(expired(1, now), false);
  assert.equal(expired(1, 180), true);
  for (const now of [0, 190, 239]) assert.equal(expired(2, now), false);
  assert.equal(expired(2, 240), true);
});

test("B-SET-1 to B-SET-4: sets, their holes, and the current one", () => {
  const sketches: readonly CartridgeSketch[] = [
    { number: 1, set: [100, 0, 10] },
    { number: 2, set: [100, 2, 30] },
    { number: 3, set: [101, 1, 20] },
  ];
  const inventory = new Inventory(sketches.map(cartridge));
  const set = inventory.set(uuidOf(100));
  assert.deepEqual(
    set?.members.map((record) => record?.label.labelText),
    ["TAPE1", undefined, "TAPE2"],
  );
  assert.equal(set?.start, 10);
  assert.equal(inventory.set(uuidOf(101))?.start, undefined);
  assert.equal(inventory.currentSet("p1")?.uuid, uuidOf(100));
  const tied = inventory.withLabels({
    label: cartridge({ number: 4 }).label,
    set: cartridge({ number: 4, set: [102, 0, 30] }).set,
  });
  assert.equal(tied.currentSet("p1"), undefined);
  const doubled = inventory.withLabels({
    label: cartridge({ number: 5 }).label,
    set: cartridge({ number: 5, set: [100, 0, 11] }).set,
  });
  assert.throws(() => doubled.set(uuidOf(100)), /two cartridges have place 0/);
  assert.equal(at(5), 5);
});

test("B-RET-1: a full cartridge of another pool never expires here, whatever this pool's retention is", () => {
  const others: readonly CartridgeSketch[] = [
    { number: 1, set: [100, 0, 50], setPool: "other", state: "full", location: inLibrary },
    { number: 2, set: [101, 0, 60], setPool: "other", state: "full", location: inLibrary },
  ];
  const of = view(others, 1_000_000, { pool: pool("always", "overwrite"), changer: "lib" });
  for (const record of of.inventory.records) assert.equal(expiryOf(of, record, undefined), undefined);
  assert.match(picked(of), /^none: /);
});
