// SPDX-License-Identifier: Apache-2.0
// The changer: moves, exchanges, mail slots, shapes; and a model test against a naive map.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isFault } from "#base/index.ts";
import { Changer, elementCount } from "./changer.ts";
import { decideExchange, decideMove } from "./decide.ts";
import type { ChangerShape, Occupant } from "./element.ts";

const shape: ChangerShape = {
  picker: { first: 1, count: 1 },
  "drive-bay": { first: 256, count: 2 },
  "mail-slot": { first: 768, count: 2 },
  "storage-slot": { first: 1024, count: 4 },
};

const data = (barcode: string): Occupant => ({ barcode, kind: "data" });

function changerWith(places: Readonly<Record<number, string>>): Changer {
  return new Changer(
    shape,
    Object.entries(places).map(([address, barcode]) => ({ barcode, kind: "data", address: Number(address) })),
  );
}

function move(changer: Changer, source: number, destination: number): void {
  const decision = decideMove(changer, { source, destination });
  assert.equal(decision.kind, "move");
  if (decision.kind === "move") changer.apply(decision.move);
}

test("a move takes the cartridge and remembers the slot it left", () => {
  const changer = changerWith({ 1024: "A" });
  move(changer, 1024, 256);
  assert.equal(changer.elementAt(1024)?.occupant, undefined);
  assert.equal(changer.elementAt(256)?.occupant?.barcode, "A");
  assert.equal(changer.elementAt(256)?.cameFrom, 1024);
});

test("a cartridge that goes on from a drive still came from its slot", () => {
  const changer = changerWith({ 1025: "A" });
  move(changer, 1025, 256);
  move(changer, 256, 257);
  assert.equal(changer.elementAt(257)?.cameFrom, 1025);
});

test("the slot that a cartridge came from is not told while it is taken", () => {
  const changer = changerWith({ 1024: "A", 1025: "B" });
  move(changer, 1024, 256);
  move(changer, 1025, 1024);
  assert.equal(changer.elementAt(256)?.cameFrom, undefined);
  move(changer, 1024, 1026);
  assert.equal(changer.elementAt(256)?.cameFrom, 1024);
});

for (const [name, source, destination, expected] of [
  ["from an address that is none", 5, 1024, "bad-address"],
  ["to an address that is none", 1024, 5, "bad-address"],
  ["from a picker", 1, 1025, "bad-address"],
  ["to a picker", 1024, 1, "bad-address"],
  ["from an empty element", 1026, 256, "source-empty"],
  ["to a full element", 1024, 1025, "destination-full"],
  ["from an element that cannot be reached", 1027, 256, "not-accessible"],
  ["to an element that cannot be reached", 1024, 769, "not-accessible"],
] as const) {
  test(`a move ${name} is refused: ${expected}`, () => {
    const changer = changerWith({ 1024: "A", 1025: "B", 1027: "C" });
    changer.setAccessible(1027, false);
    changer.setAccessible(769, false);
    assert.deepEqual(decideMove(changer, { source, destination }), { kind: "refused", reason: expected });
  });
}

test("a move to where the cartridge is does nothing", () => {
  const changer = changerWith({ 1024: "A" });
  assert.deepEqual(decideMove(changer, { source: 1024, destination: 1024 }), { kind: "nothing" });
});

test("a swap exchanges two cartridges", () => {
  const changer = changerWith({ 1024: "A", 256: "B" });
  const decision = decideExchange(changer, { source: 1024, firstDestination: 256, secondDestination: 1024 });
  assert.equal(decision.kind, "exchange");
  if (decision.kind === "exchange") changer.apply(...decision.moves);
  assert.equal(changer.find("A")?.address, 256);
  assert.equal(changer.find("B")?.address, 1024);
  changer.assertSound();
});

test("an exchange with a third element moves two cartridges on", () => {
  const changer = changerWith({ 1024: "A", 256: "B" });
  const decision = decideExchange(changer, { source: 1024, firstDestination: 256, secondDestination: 1026 });
  assert.equal(decision.kind, "exchange");
  if (decision.kind === "exchange") changer.apply(...decision.moves);
  assert.equal(changer.find("A")?.address, 256);
  assert.equal(changer.find("B")?.address, 1026);
  assert.equal(changer.elementAt(1024)?.occupant, undefined);
});

for (const [name, [source, firstDestination, secondDestination], expected] of [
  ["with an address that is none", [1024, 5, 1026], "bad-address"],
  ["of an element with itself", [1024, 1024, 1026], "bad-address"],
  ["that ends where it passes", [1024, 1025, 1025], "bad-address"],
  ["from an empty element", [1026, 1025, 1026], "source-empty"],
  ["with an empty first destination", [1024, 1026, 1024], "source-empty"],
  ["to a full second destination", [1024, 1025, 256], "destination-full"],
] as const) {
  test(`an exchange ${name} is refused: ${expected}`, () => {
    const changer = changerWith({ 1024: "A", 1025: "B", 256: "C" });
    const decision = decideExchange(changer, { source, firstDestination, secondDestination });
    assert.deepEqual(decision, { kind: "refused", reason: expected });
  });
}

test("what an operator puts into a mail slot is marked, what the picker puts there is not", () => {
  const changer = changerWith({ 1024: "A" });
  changer.insert(768, data("B"));
  move(changer, 1024, 769);
  assert.equal(changer.elementAt(768)?.importedByOperator, true);
  assert.equal(changer.elementAt(769)?.importedByOperator, false);
  move(changer, 768, 1025);
  assert.equal(changer.elementAt(1025)?.importedByOperator, false);
});

for (const [name, act, code] of [
  ["into an element that is none", (changer: Changer) => changer.insert(9, data("B")), "library.no-element"],
  ["into a picker", (changer: Changer) => changer.insert(1, data("B")), "library.no-element"],
  ["into a full element", (changer: Changer) => changer.insert(1024, data("B")), "library.element-full"],
  ["twice", (changer: Changer) => changer.insert(1025, data("A")), "library.duplicate-barcode"],
  ["with blanks in its barcode", (changer: Changer) => changer.insert(1025, data("A B")), "library.bad-barcode"],
  ["with no barcode", (changer: Changer) => changer.insert(1025, data("")), "library.bad-barcode"],
  [
    "with a barcode of 33 characters",
    (changer: Changer) => changer.insert(1025, data("A".repeat(33))),
    "library.bad-barcode",
  ],
] as const) {
  test(`a cartridge cannot be put in ${name}`, () => {
    const changer = changerWith({ 1024: "A" });
    assert.throws(
      () => act(changer),
      (error) => isFault(error, code),
    );
    assert.deepEqual(changer.placements(), changerWith({ 1024: "A" }).placements());
  });
}

test("growing and shrinking keeps cartridges, and refuses to drop an element in use", () => {
  const changer = changerWith({ 1027: "A" });
  changer.reshape({ ...shape, "storage-slot": { first: 1024, count: 10 } });
  assert.equal(changer.elements("storage-slot").length, 10);
  assert.throws(
    () => changer.reshape({ ...shape, "storage-slot": { first: 1024, count: 3 } }),
    (error) => isFault(error, "library.element-in-use"),
  );
  assert.equal(changer.elements("storage-slot").length, 10);
  move(changer, 1027, 1024);
  changer.reshape({ ...shape, "storage-slot": { first: 1024, count: 3 } });
  assert.equal(changer.find("A")?.address, 1024);
  assert.equal(elementCount(changer.shape), 8);
});

for (const [name, change] of [
  ["overlapping ranges", { "mail-slot": { first: 1020, count: 8 } }],
  ["no picker", { picker: { first: 1, count: 0 } }],
  ["addresses above 65535", { "storage-slot": { first: 65_530, count: 10 } }],
  ["a negative count", { "mail-slot": { first: 1020, count: -1 } }],
  ["half an element", { "mail-slot": { first: 1, count: 0.5 } }],
  ["too many drives", { "drive-bay": { first: 100, count: 65 } }],
] as const) {
  test(`a library with ${name} is refused`, () => {
    assert.throws(
      () => new Changer({ ...shape, ...change }),
      (error) => isFault(error, "library.bad-shape"),
    );
  });
}

test("the first empty element is found, or none", () => {
  const changer = changerWith({ 768: "A" });
  assert.equal(changer.firstEmpty("mail-slot")?.address, 769);
  changer.insert(769, data("B"));
  assert.equal(changer.firstEmpty("mail-slot"), undefined);
});

const addresses = fc.constantFrom(1, 7, 256, 257, 768, 769, 1024, 1025, 1026, 1027);
const barcodes = fc.constantFrom("A", "B", "C", "D", "E");
type Operation = (changer: Changer, naive: Map<number, string>) => void;

const canRest = (address: number): boolean => address >= 256;

const moves = fc.tuple(addresses, addresses).map(([source, destination]): Operation => (changer, naive) => {
  const decision = decideMove(changer, { source, destination });
  const isPossible = canRest(source) && canRest(destination) && naive.has(source);
  assert.equal(decision.kind === "nothing", isPossible && source === destination);
  assert.equal(decision.kind === "move", isPossible && !naive.has(destination));
  if (decision.kind !== "move") return;
  changer.apply(decision.move);
  naive.set(destination, naive.get(source) ?? "");
  naive.delete(source);
});

const exchanges = fc.tuple(addresses, addresses, addresses).map(([source, first, second]): Operation => {
  return (changer, naive) => {
    const decision = decideExchange(changer, { source, firstDestination: first, secondDestination: second });
    const rest = [source, first, second].every(canRest) && source !== first && first !== second;
    const held = naive.has(source) && naive.has(first) && (second === source || !naive.has(second));
    assert.equal(decision.kind === "exchange", rest && held);
    if (decision.kind !== "exchange") return;
    changer.apply(...decision.moves);
    const [coming, going] = [naive.get(source) ?? "", naive.get(first) ?? ""];
    naive.delete(source);
    naive.set(first, coming);
    naive.set(second, going);
  };
});

const inserts = fc.tuple(addresses, barcodes).map(([address, barcode]): Operation => (changer, naive) => {
  const isPossible = canRest(address) && !naive.has(address) && ![...naive.values()].includes(barcode);
  if (!isPossible) return assert.throws(() => changer.insert(address, data(barcode)), isFault);
  changer.insert(address, data(barcode));
  naive.set(address, barcode);
});

const removals = addresses.map((address): Operation => (changer, naive) => {
  assert.equal(changer.remove(address)?.barcode, naive.get(address));
  naive.delete(address);
});

test("the changer does what a map from address to barcode does, and survives being written down", () => {
  const operations = fc.array(fc.oneof(moves, exchanges, inserts, removals), { maxLength: 60 });
  fc.assert(
    fc.property(operations, (sequence) => {
      let changer = new Changer(shape);
      const naive = new Map<number, string>();
      for (const [index, operation] of sequence.entries()) {
        operation(changer, naive);
        changer.assertSound();
        const held = changer.placements().map(({ address, barcode }) => [address, barcode]);
        assert.deepEqual(
          held,
          [...naive].toSorted(([left], [right]) => left - right),
        );
        for (const [address, barcode] of naive) assert.equal(changer.find(barcode)?.address, address);
        if (index % 10 === 9) {
          const again = new Changer(shape, changer.placements());
          assert.deepEqual(again.placements(), changer.placements());
          changer = again;
        }
      }
    }),
    { numRuns: 300 },
  );
});
