// SPDX-License-Identifier: Apache-2.0
// Scrubs as operators see them: a task with a report, one at a time, on a schedule, and resumed after a restart.

import assert from "node:assert/strict";
import { test } from "node:test";
import { hours, isFault, limits, minutes } from "#base/index.ts";
import { smallLibrary, testBlock, testSize, TestWorld } from "./gateway-fixtures.ts";
import { defaultSettings } from "./settings.ts";

const every = hours(3);
const scheduled = { ...defaultSettings.scrub, every };

async function written(settings: Parameters<TestWorld["start"]>[0] = {}): Promise<TestWorld> {
  const world = new TestWorld();
  const gateway = await world.start(settings);
  await world.run(gateway.createLibrary(smallLibrary));
  await world.run(gateway.createCartridges({ library: "lib", count: 1, sizeBytes: testSize }));
  const { firstAddresses, changerTarget } = gateway.getLibrary("lib");
  const changer = await world.login(changerTarget);
  const drive = await world.login(gateway.listDrives("lib")[0]?.target ?? "");
  await changer.attentions();
  assert.equal(await changer.move(firstAddresses.storageSlot, firstAddresses.drive), "good");
  await drive.attentions();
  for (let number = 0; number < 40; number++) assert.equal(await drive.write(testBlock(number)), "good");
  assert.equal(await drive.filemark(), "good");
  await world.clock.advance(minutes(10));
  return world;
}

const scrubsOf = (world: TestWorld) => world.gateway.tasks.list({ operation: "store.scrub" });

test("an operator has everything read back, and is told what was found, by file and by alarm", async () => {
  const world = await written();
  const { gateway } = world;
  assert.equal(await world.run(gateway.scrubReport()), undefined);
  const path = world.disk.paths().find((name) => name.endsWith("1.segment")) ?? "";
  const key = world.objects.keys.find((name) => name.includes("/segments/000000000002")) ?? "";
  const other = world.disk.paths().find((name) => name.endsWith("2.segment")) ?? "";
  world.disk.flipBit(path, 70_000, 1);
  world.objects.damage(key, 5000);
  world.disk.flipBit(other, 70_000, 1);
  const task = gateway.scrub({ objects: true, moneyLimit: 1 });
  assert.throws(
    () => gateway.scrub({}),
    (error) => isFault(error, "gateway.scrub-running"),
  );
  await world.clock.advance(minutes(10));
  const ended = scrubsOf(world)[0];
  assert.equal(ended?.id, task.id);
  assert.equal(ended?.state, "done");
  const report = await world.run(gateway.scrubReport());
  assert.deepEqual(
    report?.findings.map(({ area, severity }) => [area, severity]),
    [
      ["segment", "warning"],
      ["segment", "warning"],
      ["bucket", "damage"],
    ],
  );
  assert.equal(report?.repaired, 1);
  assert.equal(ended?.warnings.length, 3);
  assert.ok(gateway.status().alarms.some(({ name, severity }) => name === "scrub" && severity === "critical"));
  await world.stop();
});

test("without money no object is read", async () => {
  const world = await written();
  world.gateway.scrub({ objects: true, moneyLimit: 0 });
  await world.clock.advance(minutes(10));
  const report = await world.run(world.gateway.scrubReport());
  assert.equal(scrubsOf(world)[0]?.state, "done", JSON.stringify(scrubsOf(world)[0]));
  assert.equal(report?.objects, 0, JSON.stringify(report));
  assert.ok((report?.unpaidObjects ?? 0) >= 2);
  assert.ok((report?.localSegments ?? 0) >= 2);
  await world.stop();
});

test("scrubs begin by themselves when they are due, and one that was interrupted soon after the start", async () => {
  const world = await written({ scrub: scheduled });
  await world.clock.advance(limits.scrubLook);
  await world.clock.advance(minutes(1));
  assert.equal(scrubsOf(world).length, 1, "there was none before");
  await world.clock.advance(hours(2));
  assert.equal(scrubsOf(world).length, 1);
  await world.clock.advance(hours(2));
  assert.equal(scrubsOf(world).length, 2);
  world.gateway.scrub({ bytesPerSecond: 1024 });
  await world.clock.advance(minutes(1));
  await world.stop();
  await world.start({ scrub: scheduled });
  const half = await world.run(world.gateway.scrubReport());
  assert.equal(half?.endedAt, undefined);
  await world.clock.advance(limits.scrubLook);
  await world.clock.advance(minutes(1));
  const whole = await world.run(world.gateway.scrubReport());
  assert.equal(whole?.startedAt, half?.startedAt);
  assert.notEqual(whole?.endedAt, undefined);
  await world.stop();
});
