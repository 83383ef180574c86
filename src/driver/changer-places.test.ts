// SPDX-License-Identifier: Apache-2.0
// Cleaning a drive: which cartridge, and what comes when there is none (B-CHG-8). Where a drive is in its changer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "#base/index.ts";
import { type ChangerStatus, cleaningMove, drivePlace, slotOf } from "./changer.ts";

const slot = (number: number, label: string | undefined, isMailSlot = false) => {
  const content = label === undefined ? ({ kind: "empty" } as const) : ({ kind: "cartridge", label } as const);
  return { number, address: 1000 + number, isMailSlot, content };
};
const drive = { number: 0, address: 256, content: { kind: "empty" }, cameFrom: undefined, serial: "A" } as const;
const library = (...slots: ChangerStatus["slots"]): ChangerStatus => ({ drives: [drive], slots });

test("the first cleaning cartridge in a storage slot goes into the drive", () => {
  const status = library(slot(1, "CAP001L8"), slot(2, undefined), slot(3, "CLN001CU"), slot(4, "CLN002CU"));
  assert.deepEqual(cleaningMove(status, "lib", 0), { from: 1003, to: 256 });
});

test("one in a mail slot is on its way out, and none is an error", () => {
  const status = library(slot(1, "CAP001L8"), slot(2, "CLN001CU", true));
  assert.throws(
    () => cleaningMove(status, "lib", 0),
    (error) => isFault(error, "driver.no-cleaning"),
  );
});

test("a slot that there is not is refused with the last one that there is", () => {
  assert.equal(slotOf(library(slot(1, undefined)), "lib", 1).address, 1001);
  assert.throws(
    () => slotOf(library(slot(1, undefined)), "lib", 2),
    (error) => isFault(error, "driver.no-such-slot") && error.message.endsWith("is 1"),
  );
});

test("a drive is found by its serial number; the only one of a changer also when that is not told, or cut short", () => {
  const drives = (...serials: readonly (string | undefined)[]): ChangerStatus => {
    return { slots: [], drives: serials.map((serial, number) => ({ ...drive, number, serial })) };
  };
  assert.equal(drivePlace(drives("A1", "A2"), "A2")?.number, 1);
  assert.equal(drivePlace(drives("A1", "A2"), "A"), undefined);
  assert.equal(drivePlace(drives("A1", undefined), "A2"), undefined);
  assert.equal(drivePlace(drives("A1"), "B1"), undefined);
  assert.equal(drivePlace(drives(undefined), "B1")?.number, 0);
  assert.equal(drivePlace(drives("be"), "beaf11")?.number, 0);
  assert.equal(drivePlace(drives("A1"), undefined), undefined);
});
