// SPDX-License-Identifier: Apache-2.0
// Seals a segment frame by frame in threads, a few at a time, into a scratch place.

import { assert, limits, type Random, type Threads } from "#base/index.ts";
import type { CompressionGauge } from "./compression-gauge.ts";
import { crc32, joinCrc32 } from "./crc32.ts";
import type { ObjectKey } from "./object-store.ts";
import type { Scratch } from "./scratch.ts";
import type { SealJobs } from "./seal-jobs.ts";
import type { SealFrameOutput } from "./sealed-cipher.ts";
import { type FrameEntry, frameOverhead } from "./sealed-format.ts";
import { beginSealing, type DataKey, endSealing } from "./sealed-object.ts";

/** What sealing a segment needs. */
export interface SegmentSealing {
  readonly threads: Threads<SealJobs>;
  readonly random: Random;
  readonly dataKey: DataKey;
  readonly gauge: CompressionGauge;
  readonly frameSize: number;
}

/** A sealed segment in its scratch place. */
export interface SealedSegment {
  readonly crc32: number;
  /** CRC32 of what was sealed. */
  readonly sourceCrc: number;
  /** The last bytes of the object: what reading needs. */
  readonly tail: Uint8Array;
}

/** Seals `content`, `sourceSize` bytes in pieces of any length, into `scratch`. Rejects with what the content throws. */
export async function sealSegment(
  sealing: SegmentSealing,
  source: { readonly key: ObjectKey; readonly sourceSize: number; readonly content: AsyncIterable<Uint8Array> },
  scratch: Scratch,
): Promise<SealedSegment> {
  const { threads, random, dataKey, gauge, frameSize } = sealing;
  const { key, sourceSize, content } = source;
  const object = beginSealing({ key, kind: "segment", sourceSize, dataKey, salt: random.bytes(16), frameSize });
  const entries: FrameEntry[] = [];
  const pending: Promise<{ readonly output: SealFrameOutput; readonly level: number }>[] = [];
  /** Memory that came back. */
  const spare: Uint8Array[] = [];
  const spareFrames: Uint8Array[] = [];
  let [sum, sourceCrc, index] = [crc32(object.header), 0, 0];
  await scratch.append(object.header);
  const take = async (): Promise<void> => {
    const next = await pending.shift();
    if (next === undefined) return;
    const { frame, frameCrc, entry, source: memory } = next.output;
    if (next.level > 0) gauge.note(memory.byteLength, entry.length);
    if (await scratch.append(frame)) spareFrames.push(new Uint8Array(frame.buffer));
    sum = joinCrc32(sum, frameCrc, frame.byteLength);
    sourceCrc = joinCrc32(sourceCrc, entry.sourceCrc, memory.byteLength);
    entries.push(entry);
    spare.push(memory);
  };
  for await (const memory of framesOf(content, frameSize, spare)) {
    const level = gauge.nextLevel(threads.isBusy);
    const { header, contentKey, frameCount } = object;
    const into = spareFrames.pop() ?? new Uint8Array(frameSize + frameOverhead);
    const input = { source: memory, header, contentKey, key, index, last: index === frameCount - 1, level, into };
    index += 1;
    const running = threads.run("sealFrame", input, [memory.buffer, into.buffer]).then((output) => ({ output, level }));
    // Whoever takes it meets the error; until then it is nobody's.
    running.catch(() => {});
    pending.push(running);
    if (pending.length >= limits.framesInFlight) await take();
  }
  while (pending.length > 0) await take();
  const tail = endSealing(object, entries);
  await scratch.append(tail);
  assert(entries.length === object.frameCount, "as many frames as the header says");
  return { crc32: joinCrc32(sum, crc32(tail), tail.byteLength), sourceCrc, tail };
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
  if (memory !== undefined && filled > 0) yield memory.slice(0, filled);
}

function spareOf(spare: Uint8Array[], size: number): Uint8Array {
  const memory = spare.pop();
  return memory?.byteLength === size ? memory : new Uint8Array(size);
}
