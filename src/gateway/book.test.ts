// SPDX-License-Identifier: Apache-2.0
// Tests of the book: what a disk that fails for a while leaves, and a ledger of many cartridges.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault, limits, silentLog, type Instant } from "#base/index.ts";
import { SeededRandom, SimDisk } from "#sim/index.ts";
import { storeFault } from "#store/index.ts";
import { Book } from "./book.ts";
import type { Fact } from "./facts.ts";
import { planLibrary } from "./library-plan.ts";
import { GatewayState } from "./state.ts";

const pool = (name: string): Fact => ({
  kind: "pool",
  pool: { name, storageClass: "GLACIER", lock: "NONE", retentionDays: 0 },
});

test("changes go on when the disk has recovered; what was refused stays undone over a restart", async () => {
  const disk = new SimDisk({ random: new SeededRandom(1) });
  const book = await Book.open(disk.attach(), silentLog);
  const note = (fact: Fact): Promise<undefined> => book.change(() => ({ facts: [fact], result: undefined }));
  await note(pool("before"));
  disk.options.fail = (operation) => (operation === "sync" ? storeFault("disk-full", { path: "x" }) : undefined);
  await assert.rejects(note(pool("refused")), (error) => isFault(error, "store.disk-full"));
  await assert.rejects(note(pool("refused too")), (error) => isFault(error, "store.disk-full"));
  delete disk.options.fail;
  await note(pool("after"));
  disk.crash();
  const again = await Book.open(disk.attach(), silentLog);
  const names = [...again.state.pools.keys()].filter((name) => !/^(glacier|deep-archive|standard)$/.test(name));
  assert.deepEqual(names, ["before", "after"]);
  await again.close();
});

test("the snapshot of the largest library is of facts that the ledger takes", () => {
  const now = 1_767_225_600_000 as Instant;
  const random = new SeededRandom(1);
  const library = planLibrary({ name: "lib", storageSlots: 30_000, mailSlots: 2, drives: 2 }, random, now);
  const state = new GatewayState();
  state.apply({ kind: "library", library });
  const { first, count } = library.shape["storage-slot"];
  for (let index = 0; index < count; index++) {
    const barcode = `A${String(index).padStart(5, "0")}L8`;
    const placements = [{ barcode, kind: "data", address: first + index, importedByOperator: false } as const];
    state.apply({ kind: "placed", library: library.id, placements });
  }
  const snapshot = state.snapshot();
  for (const fact of snapshot) assert.ok(JSON.stringify(fact).length <= limits.ledgerFact, fact.kind);
  const again = new GatewayState();
  for (const fact of snapshot) again.apply(fact);
  assert.deepEqual(again.library(library.id).changer.placements(), state.library(library.id).changer.placements());
});
