// SPDX-License-Identifier: Apache-2.0
// Bandwidth limits through the gateway: kept over a restart, instead of what is configured, until they are reset.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "#base/index.ts";
import { TestWorld } from "./gateway-fixtures.ts";

const bad = (error: unknown): boolean => isFault(error, "store.bandwidth-bad");

test("limits that were set are there after a restart, and a reset goes back to the configuration", async () => {
  const world = new TestWorld();
  const gateway = await world.start();
  assert.deepEqual(gateway.bandwidth().source, "configuration");
  await world.run(gateway.setBandwidth({ up: 10_000_000, timeZone: "Europe/Berlin" }));
  await world.run(gateway.addBandwidthInterval({ days: ["mon"], from: "08:00", to: "17:59", up: 1_000_000 }));
  await assert.rejects(world.run(gateway.setBandwidth({ down: 1 })), bad);
  const overlapping = gateway.addBandwidthInterval({ days: ["mon"], from: "17:59", to: "18:00" });
  await assert.rejects(world.run(overlapping), bad);
  await world.run(gateway.stop());
  const again = await world.start();
  const view = again.bandwidth();
  assert.equal(view.source, "api");
  assert.equal(view.up, 10_000_000);
  assert.equal(view.down, undefined);
  assert.equal(view.timeZone, "Europe/Berlin");
  assert.equal(view.schedule.length, 1);
  await assert.rejects(world.run(again.removeBandwidthInterval(2)), (error) => isFault(error, "gateway.bad-number"));
  assert.equal((await world.run(again.removeBandwidthInterval(1))).schedule.length, 0);
  assert.equal((await world.run(again.setBandwidth({ up: null }))).up, undefined);
  const reset = await world.run(again.resetBandwidth());
  assert.equal(reset.source, "configuration");
  assert.equal(reset.timeZone, "UTC");
});
