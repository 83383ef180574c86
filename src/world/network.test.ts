// SPDX-License-Identifier: Apache-2.0
// The real network passes the conformance suite of its port, reading in place and by copying.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "#base/index.ts";
import { networkConformance } from "#base/network-conformance.ts";
import { TcpNetwork } from "./network.ts";

for (const mode of ["in-place", "copy"] as const) {
  networkConformance({
    name: `TCP on loopback, ${mode}`,
    make: () => ({
      server: new TcpNetwork(mode),
      client: new TcpNetwork(mode),
      endpoint: { host: "127.0.0.1", port: 0 },
    }),
    run: (promise) => promise,
  });
}

test("this Node reads in place", async () => {
  assert.equal(await new TcpNetwork().reading(), "in-place");
});

test("an address that is not ours is unavailable", async () => {
  const network = new TcpNetwork();
  const listening = network.listen({ host: "192.0.2.1", port: 0 }, () => assert.fail("nobody connects"));
  await assert.rejects(listening, (error) => isFault(error, "network.address-unavailable"));
});

test("the list of open streams is kept", async () => {
  const network = new TcpNetwork();
  const ends: (() => void)[] = [];
  const receiver = () => ({ want: () => new Uint8Array(1), received() {}, closed: () => ends.pop()?.() });
  const listener = await network.listen({ host: "127.0.0.1", port: 0 }, receiver);
  const stream = await network.connect(listener.endpoint, receiver);
  const over = Promise.all([
    new Promise<void>((done) => ends.push(done)),
    new Promise<void>((done) => ends.push(done)),
  ]);
  assert.ok(network.streamCount >= 1);
  stream.destroy();
  await over;
  assert.equal(network.streamCount, 0);
  await listener.close();
});
