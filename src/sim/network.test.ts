// SPDX-License-Identifier: Apache-2.0
// The simulated network brings bytes in order, in pieces, and breaks connections where told.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type ByteStream,
  concatBytes,
  equalBytes,
  isFault,
  milliseconds,
  seconds,
  type StreamReceiver,
} from "#base/index.ts";
import { SimClock } from "./clock.ts";
import { calmNetwork, type NetworkBehaviour, type SimMachine, SimNetwork } from "./network.ts";
import { SeededRandom } from "./random.ts";

/** Keeps what it gets, asking for `size` bytes at a time. */
class Collector implements StreamReceiver {
  readonly pieces: Uint8Array[] = [];
  readonly ends: (Error | undefined)[] = [];
  readonly #room: Uint8Array;

  constructor(size: number) {
    this.#room = new Uint8Array(size);
  }

  want(): Uint8Array {
    return this.#room;
  }

  received(count: number): void {
    this.pieces.push(this.#room.slice(0, count));
  }

  closed(reason: Error | undefined): void {
    this.ends.push(reason);
  }

  get all(): Uint8Array {
    return concatBytes(this.pieces);
  }
}

interface Pair {
  readonly clock: SimClock;
  readonly network: SimNetwork;
  readonly server: SimMachine;
  readonly client: SimMachine;
  readonly atServer: Collector;
  readonly atClient: Collector;
  readonly stream: ByteStream;
  readonly accepted: ByteStream;
}

const endpoint = { host: "10.0.0.1", port: 3260 };

async function connectedPair(seed: number, behaviour: Partial<NetworkBehaviour> = {}): Promise<Pair> {
  const clock = new SimClock();
  const network = new SimNetwork({
    clock,
    random: new SeededRandom(seed),
    behaviour: { ...calmNetwork, ...behaviour },
  });
  const [server, client] = [network.machine("10.0.0.1"), network.machine("10.0.0.2")];
  const [atServer, atClient] = [new Collector(1000), new Collector(48)];
  const accepted: ByteStream[] = [];
  await server.listen(endpoint, (stream) => {
    accepted.push(stream);
    return atServer;
  });
  const stream = await clock.runUntil(client.connect(endpoint, () => atClient));
  const [first] = accepted;
  assert.ok(first !== undefined);
  return { clock, network, server, client, atServer, atClient, stream, accepted: first };
}

test("bytes arrive complete and in order, cut at boundaries that the sender did not choose", async () => {
  const { clock, stream, atServer } = await connectedPair(1, { splitChance: 0.5, crumbChance: 0.5 });
  const sent = new SeededRandom(9).bytes(100_000);
  for (let offset = 0; offset < sent.byteLength; offset += 1000) {
    stream.send([sent.subarray(offset, offset + 300), sent.subarray(offset + 300, offset + 1000)]);
  }
  await clock.advance(seconds(60));
  assert.ok(equalBytes(atServer.all, sent));
  assert.ok(atServer.pieces.some((piece) => piece.byteLength < 60));
  assert.ok(atServer.pieces.some((piece) => piece.byteLength > 700));
});

test("both directions work, and queuedBytes goes down to zero", async () => {
  const { clock, stream, accepted, atServer, atClient } = await connectedPair(2, { window: [100, 200] });
  stream.send([new Uint8Array(5000).fill(1)]);
  accepted.send([new Uint8Array(5000).fill(2)]);
  assert.equal(stream.queuedBytes, 5000);
  await clock.advance(seconds(60));
  assert.equal(stream.queuedBytes, 0);
  assert.ok(equalBytes(atServer.all, new Uint8Array(5000).fill(1)));
  assert.ok(equalBytes(atClient.all, new Uint8Array(5000).fill(2)));
});

test("memory may change after sent was called, and sent is never called from inside send", async () => {
  const { clock, stream, atServer } = await connectedPair(3);
  const memory = new Uint8Array(3000).fill(1);
  let calls = 0;
  stream.send([memory], () => {
    calls += 1;
    memory.fill(2);
  });
  assert.equal(calls, 0);
  await clock.advance(seconds(1));
  assert.equal(calls, 1);
  assert.ok(equalBytes(atServer.all, new Uint8Array(3000).fill(1)));
});

test("memory that changes before sent was called shows up as other bytes", async () => {
  const { clock, stream, atServer } = await connectedPair(4);
  const memory = new Uint8Array(3000).fill(1);
  stream.send([memory]);
  memory.fill(2);
  await clock.advance(seconds(1));
  assert.ok(equalBytes(atServer.all, new Uint8Array(3000).fill(2)));
});

test("a paused receiver gets nothing until it resumes, and the sender's bytes wait", async () => {
  const { clock, stream, accepted, atServer } = await connectedPair(5, { window: [1000, 1000] });
  accepted.pause();
  stream.send([new Uint8Array(10_000)]);
  await clock.advance(seconds(5));
  assert.equal(atServer.pieces.length, 0);
  assert.equal(stream.queuedBytes, 9000);
  accepted.resume();
  await clock.advance(seconds(5));
  assert.equal(atServer.all.byteLength, 10_000);
});

test("close sends what is queued first, then both ends are told once, without an error", async () => {
  const { clock, stream, atServer, atClient } = await connectedPair(6, { window: [100, 100] });
  stream.send([new Uint8Array(2000)]);
  stream.close();
  await clock.advance(seconds(5));
  assert.equal(atServer.all.byteLength, 2000);
  assert.deepEqual(atServer.ends, [undefined]);
  assert.deepEqual(atClient.ends, [undefined]);
});

test("destroy drops the connection: the other end sees a reset, and every sent is called", async () => {
  const { clock, stream, atServer, atClient } = await connectedPair(7, { window: [100, 100] });
  let calls = 0;
  stream.send([new Uint8Array(2000)], () => (calls += 1));
  stream.destroy();
  stream.send([new Uint8Array(10)], () => (calls += 1));
  await clock.advance(seconds(5));
  assert.equal(calls, 2);
  assert.deepEqual(atClient.ends, [undefined]);
  assert.match(String(atServer.ends[0]), /reset/);
  assert.equal(atServer.ends.length, 1);
});

test("a connection that the network cuts is over on both ends, with an error", async () => {
  const { clock, network, stream, atServer, atClient } = await connectedPair(8);
  stream.send([new Uint8Array(2000)]);
  assert.equal(network.cutOne(seconds(3)), true);
  await clock.advance(seconds(5));
  assert.match(String(atServer.ends[0]), /network/);
  assert.match(String(atClient.ends[0]), /network/);
  assert.equal(network.connectionCount, 0);
  assert.equal(network.cutOne(), false);
});

test("an end that was not told yet of a cut is told as soon as it destroys its stream", async () => {
  const { clock, network, stream, atServer, atClient } = await connectedPair(8);
  network.cutOne(seconds(10_000_000));
  await clock.advance(seconds(1));
  assert.deepEqual(atClient.ends, []);
  stream.destroy();
  await clock.advance(seconds(1));
  assert.equal(atClient.ends.length, 1);
  assert.deepEqual(atServer.ends, []);
});

test("a network that always cuts ends the connection at the first delivery", async () => {
  const { clock, stream, atServer } = await connectedPair(9, { cutChance: 1 });
  stream.send([new Uint8Array(10)]);
  await clock.advance(seconds(5));
  assert.equal(atServer.pieces.length, 0);
  assert.equal(atServer.ends.length, 1);
});

test("a crashed process is never called again, its peer sees a reset, its address is free", async () => {
  const { clock, network, stream, server, atServer, atClient } = await connectedPair(10);
  stream.send([new Uint8Array(2000)]);
  server.crash();
  await clock.advance(seconds(5));
  assert.equal(atServer.pieces.length, 0);
  assert.deepEqual(atServer.ends, []);
  assert.equal(atClient.ends.length, 1);
  const restarted = network.machine("10.0.0.1");
  const listener = await restarted.listen(endpoint, () => new Collector(10));
  assert.deepEqual(listener.endpoint, endpoint);
});

test("connecting where nobody listens, or listens no more, is refused", async () => {
  const clock = new SimClock();
  const network = new SimNetwork({ clock, random: new SeededRandom(1) });
  const [server, client] = [network.machine("10.0.0.1"), network.machine("10.0.0.2")];
  const refused = (error: unknown): boolean => isFault(error, "network.unreachable");
  await assert.rejects(clock.runUntil(client.connect(endpoint, () => new Collector(1))), refused);
  const listener = await server.listen(endpoint, () => new Collector(1));
  await listener.close();
  await assert.rejects(clock.runUntil(client.connect(endpoint, () => new Collector(1))), refused);
});

test("an endpoint in use and an address of another machine are refused", async () => {
  const network = new SimNetwork({ clock: new SimClock(), random: new SeededRandom(1) });
  const server = network.machine("10.0.0.1");
  await server.listen(endpoint, () => new Collector(1));
  const inUse = (error: unknown): boolean => isFault(error, "network.address-in-use");
  await assert.rejects(
    server.listen(endpoint, () => new Collector(1)),
    inUse,
  );
  await assert.rejects(
    server.listen({ host: "0.0.0.0", port: 3260 }, () => new Collector(1)),
    inUse,
  );
  await assert.rejects(
    server.listen({ host: "10.0.0.9", port: 1 }, () => new Collector(1)),
    (error: unknown) => isFault(error, "network.address-unavailable"),
  );
});

test("loopback reaches the own machine only", async () => {
  const clock = new SimClock();
  const network = new SimNetwork({ clock, random: new SeededRandom(1) });
  const [one, other] = [network.machine("10.0.0.1"), network.machine("10.0.0.2")];
  const listener = await one.listen({ host: "127.0.0.1", port: 0 }, () => new Collector(1));
  const stream = await clock.runUntil(one.connect(listener.endpoint, () => new Collector(1)));
  assert.equal(stream.remote.port, listener.endpoint.port);
  await assert.rejects(clock.runUntil(other.connect(listener.endpoint, () => new Collector(1))), (error: unknown) =>
    isFault(error, "network.unreachable"),
  );
});

test("the same seed gives the same deliveries at the same instants", async () => {
  const run = async (seed: number): Promise<string> => {
    const { clock, stream, atServer } = await connectedPair(seed, { splitChance: 0.5, crumbChance: 0.3 });
    stream.send([new Uint8Array(20_000)]);
    await clock.advance(milliseconds(4));
    return JSON.stringify(atServer.pieces.map((piece) => piece.byteLength));
  };
  assert.equal(await run(5), await run(5));
  assert.notEqual(await run(5), await run(6));
});
