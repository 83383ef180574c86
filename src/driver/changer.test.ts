// SPDX-License-Identifier: Apache-2.0
// Decisions about moves.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "#base/index.ts";
import {
  type ChangerStatus,
  type ElementContent,
  exportMove,
  loadMoves,
  onlineLabels,
  unloadMoves,
} from "./changer.ts";

const content = (label: string | undefined): ElementContent =>
  label === undefined ? { kind: "empty" } : { kind: "cartridge", label: label === "?" ? undefined : label };

/** Drives at 256, storage slots at 1024, mail slots at 768. */
function status(
  drives: readonly (string | undefined)[],
  slots: readonly (string | undefined)[],
  mail: readonly (string | undefined)[],
): ChangerStatus {
  return {
    drives: drives.map((label, number) => {
      return { number, address: 256 + number, content: content(label), cameFrom: 1025, serial: undefined };
    }),
    slots: [
      ...slots.map((label, index) => {
        return { number: index + 1, address: 1024 + index, isMailSlot: false, content: content(label) };
      }),
      ...mail.map((label, index) => {
        return { number: slots.length + index + 1, address: 768 + index, isMailSlot: true, content: content(label) };
      }),
    ],
  };
}

const failsWith = (code: string) => (error: unknown) => isFault(error, `driver.${code}`);

test("B-CHG-4: a cartridge is loaded from its slot; what is in the drive goes back first", () => {
  assert.deepEqual(loadMoves(status(["A"], ["B"], []), "lib", "A", 0), []);
  assert.deepEqual(loadMoves(status([undefined], ["B"], []), "lib", "B", 0), [{ from: 1024, to: 256 }]);
  assert.deepEqual(loadMoves(status(["A"], ["B", undefined], []), "lib", "B", 0), [
    { from: 256, to: 1025 },
    { from: 1024, to: 256 },
  ]);
  const cases: readonly (readonly [ChangerStatus, string])[] = [
    [status([undefined, "B"], ["A"], []), "cartridge-elsewhere"],
    [status([undefined], ["A"], ["B"]), "cartridge-exported"],
    [status([undefined], ["A"], []), "cartridge-missing"],
    [status(["A"], ["B"], []), "no-free-slot"],
  ];
  for (const [library, code] of cases) assert.throws(() => loadMoves(library, "lib", "B", 0), failsWith(code));
  assert.throws(() => loadMoves(status(["A"], [], []), "lib", "B", 3), failsWith("wrong-device"));
});

test("B-CHG-5: a cartridge goes back to where it came from, else to the first free storage slot", () => {
  assert.deepEqual(unloadMoves(status([undefined], [undefined], []), "lib", 0), []);
  assert.deepEqual(unloadMoves(status(["A"], [undefined, undefined], []), "lib", 0), [{ from: 256, to: 1025 }]);
  assert.deepEqual(unloadMoves(status(["A"], [undefined, "B"], []), "lib", 0), [{ from: 256, to: 1024 }]);
  assert.throws(() => unloadMoves(status(["A"], ["B"], [undefined]), "lib", 0), failsWith("no-free-slot"));
});

test("B-CHG-6: a cartridge is exported from its slot or the own drive to the first free mail slot", () => {
  assert.deepEqual(exportMove(status(["A"], ["B"], ["X", undefined]), "lib", "B", 0), { from: 1024, to: 769 });
  assert.deepEqual(exportMove(status(["A"], ["B"], [undefined]), "lib", "A", 0), { from: 256, to: 768 });
  assert.equal(exportMove(status([undefined, "C"], ["B"], [undefined]), "lib", "C", 0), undefined);
  assert.throws(() => exportMove(status(["A"], ["B"], ["X"]), "lib", "A", 0), failsWith("no-free-slot"));
});

test("B-CHG-7: what is online is in drives and storage slots; cleaning cartridges and mail slots do not count", () => {
  const library = status(["A", undefined], ["B", "CLN01", "?", undefined], ["C"]);
  assert.deepEqual(onlineLabels(library), ["A", "B"]);
});
