// SPDX-License-Identifier: Apache-2.0
// Keys as an operator sees them: listed, checked, rotated, and an alarm when one stops to open.

import assert from "node:assert/strict";
import { test } from "node:test";
import { days, hours, InlineThreads, isFault, sleep } from "#base/index.ts";
import { FileKeyProvider, sealJobs, storeFault, type KeyProvider } from "#store/index.ts";
import { smallLibrary, testSize, TestWorld } from "./gateway-fixtures.ts";

const cartridges = 5;

async function worldWith(current: KeyProvider | undefined): Promise<TestWorld> {
  const world = new TestWorld();
  const providers = { current, others: [], allowPlain: current === undefined };
  world.sealing = { threads: new InlineThreads(sealJobs), providers, compression: { mode: "always", level: 1 } };
  const gateway = await world.start();
  await world.run(gateway.createLibrary(smallLibrary));
  const made = gateway.createCartridges({ library: smallLibrary.name, count: cartridges, sizeBytes: testSize });
  for (const { barcode } of await world.run(made)) {
    const { id } = await world.run(gateway.ejectCartridge(barcode, { who: "t" }));
    await world.run(gateway.tasks.ended(id), days(1));
  }
  return world;
}

function fileKeys(): FileKeyProvider {
  const world = new TestWorld();
  let text: string | undefined;
  const file = { path: "keys", read: () => text, write: (next: string) => void (text = next) };
  return new FileKeyProvider({ file, random: world.random, create: true });
}

const wrappedBy = (world: TestWorld, key: string): number =>
  world.objects.keys.filter(
    (name) =>
      name.includes("/keys/") &&
      Buffer.from(world.objects.contentOf(name) ?? []).includes(Buffer.from(`"key":"${key}"`)),
  ).length;

test("rotation wraps the key of the gateway and of every cartridge with a new key, and check opens them all", async () => {
  const provider = fileKeys();
  const world = await worldWith(provider);
  const before = await provider.currentKeyId();
  const count = wrappedBy(world, before);
  assert.equal(count, cartridges + 1);
  const { id } = world.gateway.rotateKeys(true, { who: "t" });
  const record = await world.run(world.gateway.tasks.ended(id), days(1));
  assert.equal(record.state, "done");
  assert.deepEqual(record.result, { done: count });
  const after = await provider.currentKeyId();
  assert.notEqual(after, before);
  assert.deepEqual([wrappedBy(world, before), wrappedBy(world, after)], [0, count]);
  const check = await world.run(world.gateway.tasks.ended(world.gateway.checkKeys().id), days(1));
  assert.deepEqual(check.result, { [`file ${after}`]: count });
  assert.deepEqual(await world.run(world.gateway.listKeys()), [{ provider: "file", isCurrent: true, key: after }]);
  await world.run(world.gateway.stop());
});

test("a key that stops to open raises an alarm that names it, and the check fails", async () => {
  const provider = fileKeys();
  const world = await worldWith(provider);
  const details = { provider: "file", key: "k1", reason: "it was disabled" };
  provider.unwrap = () => Promise.reject(storeFault("key-unknown", details));
  await world.run(sleep(world.clock, hours(2)), days(1));
  const alarm = world.gateway.status().alarms.find(({ name }) => name === "keys");
  assert.ok(alarm !== undefined && alarm.severity === "critical" && /k1.*disabled/.test(alarm.text));
  const check = await world.run(world.gateway.tasks.ended(world.gateway.checkKeys().id), days(1));
  assert.equal(check.state, "failed");
  await world.run(world.gateway.stop());
});

test("without a provider there is nothing to rotate, and that is said", async () => {
  const world = await worldWith(undefined);
  assert.throws(
    () => world.gateway.rotateKeys(true),
    (error) => isFault(error, "gateway.key-provider-none"),
  );
  assert.deepEqual(await world.run(world.gateway.listKeys()), []);
  await world.run(world.gateway.stop());
});
