// SPDX-License-Identifier: Apache-2.0
// The inventory, its file, locations and names of sets.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault, nilUuid } from "#base/index.ts";
import { Inventory, parseLocation, poolOf } from "./inventory.ts";
import { updateLocations } from "./locations.ts";
import { at, cartridge, type CartridgeSketch, inLibrary, uuidOf } from "./media-fixtures.ts";
import { setName } from "./set-name.ts";
import { utcZone } from "./zone.ts";

const inventoryOf = (...sketches: readonly CartridgeSketch[]): Inventory => new Inventory(sketches.map(cartridge));

// Source: Proxmox Backup Server 3.2.4, a row of inventory.json.
const fileText = `[
  {
    "bytes_used": 123456,
    "id": {
      "label": {
        "ctime": 1700000000,
        "label_text": "TAPE01L8",
        "pool": "offsite",
        "uuid": "65b85639-78d7-4330-85c6-39502b2f9b01"
      },
      "media_set_label": {
        "ctime": 1700000100,
        "pool": "offsite",
        "seq_nr": 0,
        "uuid": "9c1e4a60-0d6b-4b63-9d15-3c1f8f2a7b44"
      }
    },
    "location": "online-changer1",
    "status": "full"
  }
]`;

test("the file of the inventory is that of Proxmox", () => {
  const inventory = Inventory.parse(fileText);
  assert.equal(inventory.text(), fileText);
  const [record] = inventory.records;
  assert.deepEqual(record?.location, { kind: "online", changer: "changer1" });
  assert.deepEqual([record?.state, record?.bytesUsed, record?.set?.ctime], ["full", 123456, 1_700_000_100]);
  assert.equal(new Inventory().text(), "[]");
  assert.deepEqual(Inventory.parse(undefined).records, []);
});

test("B-INV-1: without location a cartridge is offline, and only states that somebody gave are kept", () => {
  const text = fileText.replace(/,\n {4}"location": "online-changer1"/, "").replace('"full"', '"unknown"');
  const [record] = Inventory.parse(text).records;
  assert.deepEqual([record?.location.kind, record?.state], ["offline", undefined]);
});

test("a file that is none is refused by name", () => {
  for (const [from, to] of [
    ["[", "{"],
    ['"online-changer1"', '"somewhere"'],
    ['"uuid": "65b8', '"uuid": "x5b8'],
    ['"label": {', '"lable": {'],
  ] as const) {
    assert.throws(
      () => Inventory.parse(fileText.replace(from, to)),
      (error) => isFault(error, "media.damaged") || isFault(error, "format.damaged"),
      to,
    );
  }
});

test("B-INV-2, B-INV-4: the pool of the set label comes first; a reservation is no set", () => {
  const reserved = { ...cartridge({ number: 1, labelPool: "a", set: [0, 0, 0], setPool: "b" }) };
  assert.equal(reserved.set?.uuid, nilUuid);
  assert.equal(poolOf(reserved), "b");
  assert.equal(poolOf(cartridge({ number: 1, labelPool: "a" })), "a");
  assert.equal(poolOf(cartridge({ number: 1 })), undefined);
  assert.deepEqual(new Inventory([reserved]).setsOf("b"), []);
});

test("B-INV-3, B-STAT-3: new labels keep location and use; the state goes only when a set is joined", () => {
  const before = inventoryOf({ number: 1, location: inLibrary, state: "full" }).withBytesUsed(uuidOf(1), 7);
  const labels = cartridge({ number: 1, set: [100, 0, 5] });
  const read = before.withLabels(labels).get(uuidOf(1));
  assert.deepEqual([read.location, read.state, read.bytesUsed, read.set?.setIndex], [inLibrary, "full", 7, 0]);
  assert.equal(before.withLabels(labels, { dropsState: true }).get(uuidOf(1)).state, undefined);
  const reserved = inventoryOf({ number: 1, set: [0, 0, 0] });
  assert.equal(reserved.withLabels({ label: labels.label, set: undefined }).get(uuidOf(1)).set?.uuid, nilUuid);
});

test("B-INV-5: a label that two cartridges have is refused where a text is to say which", () => {
  const inventory = inventoryOf({ number: 1, labelText: "A1" }, { number: 2, labelText: "A1" }, { number: 3 });
  assert.throws(
    () => inventory.findLabel("A1"),
    (error) => isFault(error, "media.ambiguous-label"),
  );
  assert.equal(inventory.findLabel("TAPE3")?.label.uuid, uuidOf(3));
  assert.equal(inventory.findLabel("none"), undefined);
  assert.throws(
    () => inventory.get(uuidOf(9)),
    (error) => isFault(error, "media.unknown-cartridge"),
  );
});

test("states and locations change one cartridge, and removing forgets it", () => {
  const inventory = inventoryOf({ number: 1 }, { number: 2 });
  const changed = inventory
    .withState(uuidOf(1), "damaged")
    .withLocation(uuidOf(1), { kind: "vault", vault: "Office2" })
    .without(uuidOf(2));
  assert.equal(Inventory.parse(changed.text()).text(), changed.text());
  const [record] = changed.records;
  assert.deepEqual([record?.state, record?.location], ["damaged", { kind: "vault", vault: "Office2" }]);
  assert.deepEqual(parseLocation("vault-Office2"), { kind: "vault", vault: "Office2" });
  assert.equal(parseLocation("online-"), undefined);
});

test("B-LOC-1 to B-LOC-3: what a changer shows is online, what it lost is offline, what was not asked stays", () => {
  const inventory = inventoryOf(
    { number: 1 },
    { number: 2, location: inLibrary },
    { number: 3, location: { kind: "vault", vault: "v" } },
    { number: 4, location: { kind: "vault", vault: "v" } },
    { number: 5, location: { kind: "online", changer: "busy" } },
    { number: 6, location: { kind: "online", changer: "sold" } },
    { number: 7, labelText: "CLN01L1" },
    { number: 8, labelText: "TWICE" },
    { number: 9, labelText: "TWICE" },
  );
  const labels = ["TAPE1", "TAPE4", "CLN01L1", "TWICE", "UNKNOWN"];
  const updated = updateLocations(inventory, [{ changer: "lib", labels }], ["lib", "busy"]);
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7, 8].map((number) => {
      const { location } = updated.get(uuidOf(number));
      return location.kind === "online" ? location.changer : location.kind;
    }),
    ["lib", "offline", "vault", "lib", "busy", "offline", "offline", "offline"],
  );
});

test("B-SET-3: a set is named by its start, or by its UUID when nobody knows it", () => {
  const inventory = inventoryOf({ number: 1, set: [100, 0, 1_700_000_000] }, { number: 2, set: [101, 1, 5] });
  const named = (number: number, template: string): string | undefined => {
    const set = inventory.set(uuidOf(number));
    return set && setName(set, template, utcZone);
  };
  assert.equal(named(100, "%c"), "Tue Nov 14 22:13:20 2023");
  assert.equal(
    named(100, "%F_%T %% week %V day %j %a %b %y%m%d %u %H%M%S %Q"),
    "2023-11-14_22:13:20 % week 46 day 318 Tue Nov 231114 2 221320 %Q",
  );
  assert.equal(named(100, "%id%-x"), `${uuidOf(100)}-x`);
  assert.equal(named(101, "%c"), uuidOf(101));
  assert.equal(at(1), 1);
});
