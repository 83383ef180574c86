// SPDX-License-Identifier: Apache-2.0
// Seals a segment frame by frame in threads, a few at a time. The sealed bytes are made while they are asked for.

import { assert, limits, type Random, type Threads } from "#base/index.ts";
import type { CompressionGauge } from "./compression-gauge.ts";
import { crc32, joinCrc32 } from "./crc32.ts";
import type { ContentEnd, ObjectKey } from "./object-store.ts";
import type { SealJobs } from "./seal-jobs.ts";
import type { SealFrameOutput } from "./sealed-cipher.ts";
import { type FrameEntry, frameOverhead } from "./sealed-format.ts";
import { beginSealing, type DataKey, endSealing, type Sealing } from "./sealed-object.ts";

/** What sealing a segment needs. */
export interface SegmentSealing {
  readonly threads: Threads<SealJobs>;
  readonly random: Random;
  readonly dataKey: DataKey;
  readonly gauge: CompressionGauge;
  readonly frameSize: number;
}

/** What is sealed. */
export interface SegmentSource {
  readonly key: ObjectKey;
  readonly sizeBytes: number;
  /** CRC32 that the content must have. */
  readonly crc32: number;
  /** In pieces of any length. */
  readonly content: AsyncIterable<Uint8Array>;
  /** The error when it has another checksum. */
  readonly damaged: () => Error;
}

/** What a sealed segment came to. */
export interface SealedEnd extends ContentEnd {
  /** The last bytes of the object: what reading needs. */
  readonly tail: Uint8Array;
}

interface Running {
  readonly output: SealFrameOutput;
  readonly level: number;
}

/** One segment that is being sealed, once: with a salt of its own. */
export class SealedContent {
  readonly #sealing: SegmentSealing;
  readonly #source: SegmentSource;
  readonly #object: Sealing;
  readonly #entries: FrameEntry[] = [];
  /** Memory that came back. */
  readonly #spare: Uint8Array[] = [];
  readonly #spareFrames: Uint8Array[] = [];
  #size = 0;
  #crc = 0;
  #sourceCrc = 0;
  #end: SealedEnd | undefined;

  constructor(sealing: SegmentSealing, source: SegmentSource) {
    const { random, dataKey, frameSize } = sealing;
    const { key, sizeBytes: sourceSize } = source;
    this.#sealing = sealing;
    this.#source = source;
    this.#object = beginSealing({ key, kind: "segment", sourceSize, dataKey, salt: random.bytes(16), frameSize });
  }

  /** Known once all pieces were taken. */
  get end(): SealedEnd | undefined {
    return this.#end;
  }

  /**
   * The sealed bytes; each piece is valid until the next is asked for. Throws what the content throws, and `damaged()`
   * before the last piece.
   */
  async *pieces(): AsyncGenerator<Uint8Array> {
    const { header, frameCount } = this.#object;
    const running: Promise<Running>[] = [];
    yield this.#noted(header, crc32(header));
    for await (const source of framesOf(this.#source.content, this.#sealing.frameSize, this.#spare)) {
      running.push(this.#start(source, this.#entries.length + running.length));
      if (running.length >= limits.framesInFlight) yield* this.#taken(running);
    }
    while (running.length > 0) yield* this.#taken(running);
    assert(this.#entries.length === frameCount, "as many frames as the header says");
    if (this.#sourceCrc !== this.#source.crc32) throw this.#source.damaged();
    const tail = endSealing(this.#object, this.#entries);
    this.#noted(tail, crc32(tail));
    this.#end = { sizeBytes: this.#size, crc32: this.#crc, tail };
    yield tail;
  }

  #start(source: Uint8Array, index: number): Promise<Running> {
    const { threads, gauge, frameSize } = this.#sealing;
    const { header, contentKey, frameCount, key } = this.#object;
    const level = gauge.nextLevel(threads.isBusy);
    const into = this.#spareFrames.pop() ?? sharedMemory(frameSize + frameOverhead);
    const input = { source, header, contentKey, key, index, last: index === frameCount - 1, level, into };
    const running = threads.run("sealFrame", input);
    const result = running.then((output) => ({ output, level }));
    // Whoever takes it meets the error; until then it is nobody's.
    result.catch(() => {});
    return result;
  }

  async *#taken(running: Promise<Running>[]): AsyncGenerator<Uint8Array> {
    const next = await running.shift();
    if (next === undefined) return;
    const { frame, frameCrc, entry, source } = next.output;
    if (next.level > 0) this.#sealing.gauge.note(source.byteLength, entry.length);
    this.#sourceCrc = joinCrc32(this.#sourceCrc, entry.sourceCrc, source.byteLength);
    this.#entries.push(entry);
    this.#spare.push(source);
    yield this.#noted(frame, frameCrc);
    this.#spareFrames.push(new Uint8Array(frame.buffer));
  }

  #noted(piece: Uint8Array, sum: number): Uint8Array {
    this.#size += piece.byteLength;
    this.#crc = joinCrc32(this.#crc, sum, piece.byteLength);
    return piece;
  }
}

/** The content in memory of its own, `size` bytes each, less at the end. */
async function* framesOf(
  content: AsyncIterable<Uint8Array>,
  size: number,
  spare: Uint8Array[],
): AsyncGenerator<Uint8Array> {
  let memory: Uint8Array | undefined;
  let filled = 0;
  for await (const piece of content) {
    for (let offset = 0; offset < piece.byteLength;) {
      memory ??= spareOf(spare, size);
      const count = Math.min(size - filled, piece.byteLength - offset);
      memory.set(piece.subarray(offset, offset + count), filled);
      filled += count;
      offset += count;
      if (filled < size) continue;
      yield memory;
      [memory, filled] = [undefined, 0];
    }
  }
  if (memory !== undefined && filled > 0) yield memory.subarray(0, filled);
}

function spareOf(spare: Uint8Array[], size: number): Uint8Array {
  const memory = spare.pop();
  return memory?.byteLength === size ? memory : sharedMemory(size);
}

/** Memory that the threads see too: handing memory over instead made each thread's collector look at all it has. */
function sharedMemory(size: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(size));
}
