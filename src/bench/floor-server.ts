// SPDX-License-Identifier: Apache-2.0
// The least that a target in this runtime can do for a block, as a process of its own: it receives a header and a block in
// place, checks the sum, writes the memory past the page cache, and answers with a header. No protocol, no formats.

import { constants, openSync, fdatasync, write } from "node:fs";
import process from "node:process";
import { crc32 } from "node:zlib";
import { createRequire } from "node:module";
import { allocatePages, type ByteStream, type StreamReceiver } from "#base/index.ts";
import { TcpNetwork } from "#world/index.ts";

/** Bytes before each block, and of each answer: as many as an iSCSI header has. */
export const floorHeader = 48;
const ringSize = 16 << 20;
const writeSize = 2 << 20;

/** One connection: header, block, answer, and so on. A block of length 0 asks for everything to be durable. */
class FloorReceiver implements StreamReceiver {
  readonly #stream: ByteStream;
  readonly #sum: (bytes: Uint8Array) => number;
  readonly #file: number;
  readonly #ring = allocatePages(ringSize);
  readonly #header = new Uint8Array(floorHeader);
  #blockSize = 0;
  #have = 0;
  #isBlock = false;
  #head = 0;
  #submitted = 0;
  #inFlight = 0;
  #flush: (() => void) | undefined;

  constructor(stream: ByteStream, file: number, sum: (bytes: Uint8Array) => number) {
    this.#stream = stream;
    this.#file = file;
    this.#sum = sum;
  }

  want(): Uint8Array {
    if (!this.#isBlock) return this.#header.subarray(this.#have);
    const start = this.#head % ringSize;
    return this.#ring.subarray(start + this.#have, start + this.#blockSize);
  }

  received(count: number): void {
    this.#have += count;
    if (this.#have < (this.#isBlock ? this.#blockSize : floorHeader)) return;
    this.#have = 0;
    if (this.#isBlock) return this.#blockDone();
    this.#blockSize = new DataView(this.#header.buffer).getUint32(0);
    this.#isBlock = this.#blockSize > 0;
    if (!this.#isBlock) this.#makeDurable();
  }

  closed(): void {}

  #blockDone(): void {
    this.#isBlock = false;
    const start = this.#head % ringSize;
    this.#sum(this.#ring.subarray(start, start + this.#blockSize));
    this.#stream.send([new Uint8Array(floorHeader)]);
    this.#head += this.#blockSize;
    this.#pump();
  }

  #pump(): void {
    while (this.#inFlight < 2 && this.#head - this.#submitted >= writeSize) {
      const at = this.#submitted;
      this.#submitted += writeSize;
      this.#inFlight += 1;
      write(this.#file, this.#ring, at % ringSize, writeSize, at, () => {
        this.#inFlight -= 1;
        this.#pump();
        if (this.#inFlight === 0) this.#flush?.();
      });
    }
  }

  #makeDurable(): void {
    this.#flush = () => {
      this.#flush = undefined;
      fdatasync(this.#file, () => this.#stream.send([new Uint8Array(floorHeader)]));
      this.#head = 0;
      this.#submitted = 0;
    };
    if (this.#inFlight === 0) this.#flush();
  }
}

function checksum(): (bytes: Uint8Array) => number {
  try {
    const loaded = createRequire(import.meta.url)("@node-rs/crc32") as { readonly crc32: typeof crc32 };
    return (bytes) => loaded.crc32(bytes);
  } catch {
    return (bytes) => crc32(bytes);
  }
}

/** Serves until the process is killed; its port is what it prints. Data goes to the file at `path`. */
export async function serveFloor(path: string): Promise<void> {
  const file = openSync(path, constants.O_CREAT | constants.O_RDWR | constants.O_DIRECT, 0o600);
  const sum = checksum();
  const listener = await new TcpNetwork().listen(
    { host: "127.0.0.1", port: 0 },
    (stream) => new FloorReceiver(stream, file, sum),
  );
  process.stdout.write(`${listener.endpoint.port}\n`);
}
