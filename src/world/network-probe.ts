// SPDX-License-Identifier: Apache-2.0
// Tries out whether this Node lets us read a connection into memory of our choice: see network.ts. A few bytes over a
// loopback connection; takes some milliseconds.

import { connect, createServer } from "node:net";
import type { StreamReceiver } from "#base/index.ts";
import { TcpStream } from "./network-stream.ts";

const probe = Uint8Array.of(0xca, 0x95, 0x7a, 0x4e);
const timeoutMs = 1_000;

/** True when bytes arrive where they should, also after the memory was renewed. */
export function canReadInPlace(): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer({ pauseOnConnect: true });
    const finish = (result: boolean): void => {
      clearTimeout(timer);
      server.close();
      resolve(result);
    };
    const timer = setTimeout(() => finish(false), timeoutMs);
    server.once("error", () => finish(false));
    server.once("connection", (socket) => {
      const stream = TcpStream.take(socket, "in-place", () => {});
      if (stream === undefined) return finish(false);
      try {
        stream.attach(new Probe(stream, finish));
        stream.renewRoom();
      } catch {
        // Whatever this Node does differently: the other way of reading works everywhere.
        finish(false);
      }
    });
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") return finish(false);
      const sender = connect(address.port, "127.0.0.1", () => sender.end(probe));
      sender.on("error", () => finish(false));
    });
  });
}

/** Expects the bytes of the probe, one after the other, in the memory that it named last. */
class Probe implements StreamReceiver {
  readonly #stream: TcpStream;
  readonly #finish: (result: boolean) => void;
  #room = new Uint8Array(1);
  #count = 0;

  constructor(stream: TcpStream, finish: (result: boolean) => void) {
    this.#stream = stream;
    this.#finish = finish;
  }

  want(): Uint8Array {
    this.#room = new Uint8Array(1);
    return this.#room;
  }

  received(count: number): void {
    const isRight = count === 1 && this.#room[0] === probe[this.#count];
    this.#count++;
    if (isRight && this.#count < probe.byteLength) return;
    this.#finish(isRight);
    this.#stream.destroy();
  }

  closed(): void {
    this.#finish(false);
  }
}
