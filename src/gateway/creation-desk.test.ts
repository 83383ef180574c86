// SPDX-License-Identifier: Apache-2.0
// Automatic creation, sentence by sentence of the reference's section 2.4.

import assert from "node:assert/strict";
import { test } from "node:test";
import { minutes } from "#base/index.ts";
import { smallLibrary, testSize, TestWorld } from "./gateway-fixtures.ts";
import type { Gateway } from "./gateway.ts";

const actor = { who: "ann" };
const rule = { library: "lib", prefix: "AUTO", minimum: 2, sizeBytes: testSize } as const;

async function scene(): Promise<{ readonly world: TestWorld; readonly gateway: Gateway }> {
  const world = new TestWorld();
  const gateway = await world.start();
  await world.run(gateway.createLibrary({ ...smallLibrary, mailSlots: 4 }));
  return { world, gateway };
}

const available = (gateway: Gateway): number | undefined => gateway.listCreationRules()[0]?.available;
const barcodes = (gateway: Gateway): readonly string[] => gateway.listCartridges().map(({ barcode }) => barcode);

test("a rule fills mail slots at once, and again when a cartridge is imported or loaded from there", async () => {
  const { world, gateway } = await scene();
  await world.run(gateway.setCreationRule(rule, actor));
  assert.deepEqual(barcodes(gateway), ["AUTO01L8", "AUTO02L8"]);
  assert.equal(available(gateway), 2);
  await world.run(gateway.importCartridge("AUTO01L8"));
  await world.clock.advance(minutes(1));
  assert.deepEqual(barcodes(gateway), ["AUTO01L8", "AUTO02L8", "AUTO03L8"]);
  await world.run(gateway.loadCartridge("AUTO02L8"));
  await world.clock.advance(minutes(1));
  assert.equal(barcodes(gateway).length, 4);
  assert.equal(available(gateway), 2, "only what is in mail slots counts");
  await world.stop();
  assert.deepEqual(world.errors, []);
});

test("an eject neither counts nor starts anything, and other prefixes do not count", async () => {
  const { world, gateway } = await scene();
  await world.run(gateway.createCartridges({ library: "lib", sizeBytes: testSize, into: "mail-slot" }));
  await world.run(gateway.setCreationRule(rule, actor));
  await world.run(gateway.importCartridge("AUTO01L8"));
  await world.clock.advance(minutes(1));
  const before = barcodes(gateway);
  await world.run(gateway.ejectCartridge("AUTO01L8", actor));
  await world.until("AUTO01L8", "ARCHIVED");
  assert.deepEqual(barcodes(gateway), before);
  assert.equal(available(gateway), 2);
  await world.stop();
});

test("a rule is followed as far as mail slots are free, goes on when some are, and survives a restart", async () => {
  const { world, gateway } = await scene();
  await world.run(gateway.createCartridges({ library: "lib", sizeBytes: testSize, count: 3, into: "mail-slot" }));
  await world.run(gateway.setCreationRule(rule, actor));
  assert.equal(available(gateway), 1);
  assert.match(gateway.status().alarms[0]?.text ?? "", /no free mail slot for 1 more cartridges AUTO/);
  world.kill();
  const again = await world.start();
  await world.run(again.importCartridge("CAP001L8"));
  await world.clock.advance(minutes(1));
  assert.equal(available(again), 2);
  assert.deepEqual(again.status().alarms, []);
  await world.run(again.deleteCreationRule("lib", "AUTO", actor));
  await world.run(again.importCartridge("AUTO01L8"));
  await world.clock.advance(minutes(1));
  assert.deepEqual(again.listCreationRules(), []);
  assert.equal(barcodes(again).length, 5, "without its rule nothing is made");
  await world.stop();
});

test("what no rule can be is refused, and a pool that a rule names stays", async () => {
  const { world, gateway } = await scene();
  const refused = async (request: Parameters<Gateway["setCreationRule"]>[0], code: string): Promise<void> => {
    await assert.rejects(async () => gateway.setCreationRule(request, actor), { code });
  };
  await refused({ ...rule, minimum: 0 }, "gateway.bad-number");
  await refused({ ...rule, minimum: 5 }, "gateway.bad-number");
  await refused({ ...rule, prefix: "CLN" }, "gateway.barcode-cleaning");
  await refused({ ...rule, prefix: "too long" }, "gateway.barcode-prefix-bad");
  await refused({ ...rule, pool: "nowhere" }, "gateway.pool-unknown");
  await refused({ ...rule, sizeBytes: 1 }, "gateway.size-bad");
  await refused({ ...rule, library: "none" }, "gateway.library-unknown");
  await assert.rejects(async () => gateway.deleteCreationRule("lib", "AUTO", actor), { code: "gateway.rule-unknown" });
  await world.run(gateway.createPool({ name: "mine", storageClass: "GLACIER" }));
  await world.run(gateway.setCreationRule({ ...rule, pool: "mine", writeOnce: true }, actor));
  assert.ok(gateway.listCartridges().every(({ writeOnce, pool }) => writeOnce && pool === "mine"));
  await assert.rejects(async () => gateway.deletePool("mine"), { code: "gateway.pool-in-rule" });
  await world.stop();
});
