// SPDX-License-Identifier: Apache-2.0
// Tests of event subscriptions.

import assert from "node:assert/strict";
import { test } from "node:test";
import { limits, silentLog } from "#base/index.ts";
import { SimClock } from "#sim/index.ts";
import { EventFeed } from "./event-feed.ts";

test("subscribers see events from their subscription on, in order", async () => {
  const feed = new EventFeed(new SimClock(), silentLog);
  feed.publish("pool.created", "early", "before");
  const events = feed.subscribe();
  const waiting = events.next();
  feed.publish("cartridge.created", "CAP001L8", "it is there");
  feed.publish("cartridge.changed", "CAP001L8", "it changed");
  const first = await waiting;
  const second = await events.next();
  assert.deepEqual(
    [first, second].map(({ value }) => [value?.number, value?.kind, value?.subject]),
    [
      [2, "cartridge.created", "CAP001L8"],
      [3, "cartridge.changed", "CAP001L8"],
    ],
  );
});

test("a slow subscriber loses the oldest events and is told once", async () => {
  const feed = new EventFeed(new SimClock(), silentLog);
  const events = feed.subscribe();
  for (let count = 1; count <= limits.eventsQueued + 3; count++) feed.publish("cartridge.changed", `${count}`, "");
  const lost = await events.next();
  assert.equal(lost.value?.kind, "events.lost");
  assert.equal((await events.next()).value?.subject, "4");
  assert.equal((await events.next()).value?.subject, "5");
});

test("a subscription ends when it is returned, and when the feed closes", async () => {
  const feed = new EventFeed(new SimClock(), silentLog);
  const returned = feed.subscribe();
  await returned.return?.();
  assert.equal((await returned.next()).done, true);
  const closed = feed.subscribe();
  const waiting = closed.next();
  feed.publish("gateway.changed", "gateway", "stopping");
  const after = closed.next();
  feed.close();
  assert.equal((await waiting).value?.text, "stopping");
  assert.equal((await after).done, true);
  for await (const event of closed) assert.fail(`an event after the end: ${event.kind}`);
});

test("only so many can listen, and a place that is given back can be taken again", async () => {
  const feed = new EventFeed(new SimClock(), silentLog);
  const all = Array.from({ length: limits.eventStreams }, () => feed.subscribe());
  assert.throws(() => feed.subscribe(), { code: "gateway.too-many-listeners" });
  await all[0]?.return?.();
  feed.subscribe();
});
