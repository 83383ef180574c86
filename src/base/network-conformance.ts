// SPDX-License-Identifier: Apache-2.0
// What every adapter of the network port must do, as tests. An adapter's own test calls it; nothing else does.

import assert from "node:assert/strict";
import { test } from "node:test";
import { equalBytes } from "./bytes.ts";
import { isFault } from "./fault.ts";
import type { ByteStream, Endpoint, Listener, Network, StreamReceiver } from "./network.ts";

/** An adapter under test. */
export interface NetworkUnderTest {
  readonly name: string;
  /** A fresh network; the server side and the client side may be different machines. */
  make(): { readonly server: Network; readonly client: Network; readonly endpoint: Endpoint };
  /** Lets the world go on until the promise settles. */
  run<T>(promise: Promise<T>): Promise<T>;
}

/** A receiver that keeps what comes, in memory that it names anew each time. */
class Collector implements StreamReceiver {
  readonly roomSizes: readonly number[];
  stream: ByteStream | undefined;
  ended = 0;
  reason: Error | undefined;
  isInside = false;
  onReceived: () => void = () => {};
  #room: Uint8Array = new Uint8Array(1);
  #bytes: number[] = [];
  #asked = 0;
  #waiting: { readonly isDone: () => boolean; readonly resolve: () => void }[] = [];

  constructor(roomSizes: readonly number[] = [65_536]) {
    this.roomSizes = roomSizes;
  }

  get count(): number {
    return this.#bytes.length;
  }

  get bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  get room(): Uint8Array {
    return this.#room;
  }

  want(): Uint8Array {
    this.#room = new Uint8Array(this.roomSizes[this.#asked++ % this.roomSizes.length] ?? 1);
    return this.#room;
  }

  received(count: number): void {
    assert.ok(count >= 1 && count <= this.#room.byteLength, "as many bytes as there was room for");
    assert.equal(this.ended, 0, "nothing after the end");
    assert.equal(this.isInside, false, "never from inside a call into the stream");
    for (const byte of this.#room.subarray(0, count)) this.#bytes.push(byte);
    this.onReceived();
    this.#wake();
  }

  closed(reason: Error | undefined): void {
    this.ended++;
    this.reason = reason;
    this.#wake();
  }

  /** Resolves when `isDone`. */
  until(isDone: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ isDone, resolve });
      this.#wake();
    });
  }

  #wake(): void {
    for (const item of this.#waiting.filter(({ isDone }) => isDone())) {
      this.#waiting.splice(this.#waiting.indexOf(item), 1);
      item.resolve();
    }
  }
}

interface Pair {
  readonly listener: Listener;
  readonly atServer: Collector;
  readonly atClient: Collector;
  readonly server: ByteStream;
  readonly client: ByteStream;
}

const pattern = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8)) & 0xff);

/** One adapter, and what the checks share. */
class Suite {
  readonly adapter: NetworkUnderTest;

  constructor(adapter: NetworkUnderTest) {
    this.adapter = adapter;
  }

  run<T>(promise: Promise<T>): Promise<T> {
    return this.adapter.run(promise);
  }

  /** Two ends that have exchanged one byte, 55h. */
  async pair(serverRooms?: readonly number[]): Promise<Pair> {
    const { server, client, endpoint } = this.adapter.make();
    const atServer = new Collector(serverRooms);
    const atClient = new Collector();
    let accepted: ByteStream | undefined;
    const listener = await this.run(
      server.listen(endpoint, (stream) => {
        accepted = stream;
        return atServer;
      }),
    );
    const stream = await this.run(client.connect({ ...endpoint, port: listener.endpoint.port }, () => atClient));
    stream.send([Uint8Array.of(0x55)]);
    await this.run(atServer.until(() => atServer.count === 1));
    assert.ok(accepted !== undefined);
    return { listener, atServer, atClient, server: accepted, client: stream };
  }

  async end({ listener, atServer, atClient, server, client }: Pair): Promise<void> {
    server.destroy();
    client.destroy();
    await this.run(Promise.all([atServer.until(() => atServer.ended > 0), atClient.until(() => atClient.ended > 0)]));
    await this.run(listener.close());
  }

  /** Waits for something on our side by talking to the other side. */
  async untilTrue(isTrue: () => boolean, ends: Pair): Promise<void> {
    for (let rounds = 0; !isTrue(); rounds++) {
      assert.ok(rounds < 10_000, "it comes true");
      const before = ends.atClient.count;
      ends.server.send([Uint8Array.of(1)]);
      await ends.atClient.until(() => ends.atClient.count > before || ends.atClient.ended > 0);
    }
  }
}

const checks: readonly (readonly [what: string, body: (suite: Suite) => Promise<void>])[] = [
  [
    "bytes arrive in order whatever room the receiver has",
    async (suite) => {
      for (const rooms of [[1], [48, 4096], [3, 1, 7], [1_000_000]]) {
        const ends = await suite.pair(rooms);
        const data = pattern(20_000);
        ends.client.send([data.subarray(0, 100), data.subarray(100, 101), new Uint8Array(0), data.subarray(101)]);
        await suite.run(ends.atServer.until(() => ends.atServer.count === 20_001));
        assert.ok(equalBytes(ends.atServer.bytes.subarray(1), data));
        await suite.end(ends);
      }
    },
  ],
  [
    "both directions work at once, with ends that know each other",
    async (suite) => {
      const ends = await suite.pair();
      const data = pattern(300_000);
      ends.client.send([data]);
      ends.server.send([data]);
      await suite.run(ends.atServer.until(() => ends.atServer.count === 300_001));
      await suite.run(ends.atClient.until(() => ends.atClient.count === 300_000));
      assert.ok(equalBytes(ends.atClient.bytes, data));
      assert.equal(ends.client.local.port, ends.server.remote.port);
      assert.equal(ends.client.remote.port, ends.server.local.port);
      await suite.end(ends);
    },
  ],
  [
    "sent is called once, after everything before it, and not from inside of send",
    async (suite) => {
      const ends = await suite.pair();
      const order: number[] = [];
      for (let index = 0; index < 20; index++) {
        ends.client.send([pattern(1000), pattern(10)], () => order.push(index));
        assert.deepEqual(order, [], "not from inside of send");
      }
      ends.client.send([], () => order.push(20));
      await suite.run(ends.atServer.until(() => ends.atServer.count === 20 * 1010 + 1));
      await suite.run(suite.untilTrue(() => order.length === 21, ends));
      assert.deepEqual(
        order.toSorted((left, right) => left - right),
        Array.from({ length: 21 }, (_, index) => index),
      );
      assert.deepEqual(
        order.filter((index) => index < 20),
        Array.from({ length: 20 }, (_, index) => index),
      );
      await suite.end(ends);
    },
  ],
  [
    "a peer that does not read fills the queue, and memory is not given back before it is sent",
    async (suite) => {
      const ends = await suite.pair();
      ends.server.pause();
      const data = new Uint8Array(64 * 1024 * 1024);
      let isSent = false;
      ends.client.send([data], () => (isSent = true));
      await suite.run(suite.untilTrue(() => ends.client.queuedBytes > 0, ends));
      assert.equal(isSent, false);
      assert.ok(ends.client.queuedBytes > 1_000_000);
      ends.client.destroy();
      await suite.run(ends.atClient.until(() => ends.atClient.ended > 0));
      assert.equal(isSent, true, "sent is called also when the stream closes before");
      await suite.end(ends);
    },
  ],
  [
    "a paused receiver gets nothing until it is resumed, and then everything",
    async (suite) => {
      const ends = await suite.pair([10]);
      let isPaused = false;
      ends.atServer.onReceived = () => {
        assert.equal(isPaused, false);
        if (ends.atServer.count % 100 !== 51) return;
        isPaused = true;
        ends.server.pause();
      };
      const data = pattern(1000);
      ends.client.send([data]);
      while (ends.atServer.count < 1001) {
        await suite.run(ends.atServer.until(() => isPaused || ends.atServer.count === 1001));
        await suite.run(suite.untilTrue(() => true, ends));
        isPaused = false;
        ends.server.resume();
      }
      assert.ok(equalBytes(ends.atServer.bytes.subarray(1), data));
      await suite.end(ends);
    },
  ],
  [
    "after renewRoom bytes go to the memory that is named then",
    async (suite) => {
      const ends = await suite.pair([1000]);
      const stale = ends.atServer.room;
      stale.fill(0xee);
      ends.server.renewRoom();
      ends.client.send([Uint8Array.of(1, 2, 3)]);
      await suite.run(ends.atServer.until(() => ends.atServer.count === 4));
      assert.ok(equalBytes(ends.atServer.bytes.subarray(1), Uint8Array.of(1, 2, 3)));
      assert.ok(stale.every((byte) => byte === 0xee || byte === 0x55));
      ends.atServer.onReceived = () => ends.server.renewRoom();
      ends.client.send([pattern(5000)]);
      await suite.run(ends.atServer.until(() => ends.atServer.count === 5004));
      assert.ok(equalBytes(ends.atServer.bytes.subarray(4), pattern(5000)));
      await suite.end(ends);
    },
  ],
  [
    "close sends what is queued first; both ends are told once",
    async (suite) => {
      const ends = await suite.pair();
      const data = pattern(1_000_000);
      ends.client.send([data]);
      ends.client.close();
      let isSent = false;
      ends.client.send([Uint8Array.of(9)], () => (isSent = true));
      await suite.run(ends.atServer.until(() => ends.atServer.ended === 1));
      assert.ok(equalBytes(ends.atServer.bytes.subarray(1), data));
      await suite.run(ends.atClient.until(() => ends.atClient.ended === 1));
      assert.equal(isSent, true);
      await suite.end(ends);
      assert.deepEqual([ends.atServer.ended, ends.atClient.ended], [1, 1]);
    },
  ],
  [
    "destroy ends both sides at once, also twice, also with a reason",
    async (suite) => {
      const ends = await suite.pair();
      ends.server.destroy(new Error("enough"));
      ends.server.destroy();
      await suite.run(ends.atClient.until(() => ends.atClient.ended === 1));
      await suite.run(ends.atServer.until(() => ends.atServer.ended === 1));
      assert.equal(ends.atServer.reason?.message, "enough");
      ends.server.send([Uint8Array.of(1)]);
      await suite.end(ends);
      assert.deepEqual([ends.atServer.ended, ends.atClient.ended], [1, 1]);
    },
  ],
  [
    "a connection that is dropped while it is accepted ends in good order",
    async (suite) => {
      const { server, client, endpoint } = suite.adapter.make();
      const atServer = new Collector();
      const atClient = new Collector();
      const listener = await suite.run(
        server.listen(endpoint, (stream) => {
          stream.destroy();
          return atServer;
        }),
      );
      const connecting = client.connect({ ...endpoint, port: listener.endpoint.port }, () => atClient);
      // Whether the dialling side gets as far as a stream is a matter of time.
      await suite.run(connecting.then(() => atClient.until(() => atClient.ended === 1)).catch(() => {}));
      await suite.run(atServer.until(() => atServer.ended === 1));
      await suite.run(listener.close());
    },
  ],
  [
    "an address in use and a port where nobody listens are the faults they are",
    async (suite) => {
      const { server, client, endpoint } = suite.adapter.make();
      const listener = await suite.run(server.listen(endpoint, () => new Collector()));
      const same = { ...endpoint, port: listener.endpoint.port };
      const again = suite.run(server.listen(same, () => new Collector()));
      await assert.rejects(again, (error) => isFault(error, "network.address-in-use"));
      await suite.run(listener.close());
      const nobody = suite.run(client.connect(same, () => new Collector()));
      await assert.rejects(nobody, (error) => isFault(error, "network.unreachable"));
      const reopened = await suite.run(server.listen(same, () => new Collector()));
      await suite.run(reopened.close());
    },
  ],
  [
    "a listener that is closed leaves its streams alone",
    async (suite) => {
      const ends = await suite.pair();
      await suite.run(ends.listener.close());
      ends.client.send([pattern(100)]);
      await suite.run(ends.atServer.until(() => ends.atServer.count === 101));
      await suite.end(ends);
    },
  ],
];

/** Registers the suite for one adapter. */
export function networkConformance(adapter: NetworkUnderTest): void {
  for (const [what, body] of checks) test(`${adapter.name}: ${what}`, () => body(new Suite(adapter)));
}
