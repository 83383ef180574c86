// SPDX-License-Identifier: Apache-2.0
// Bytes on their way in and out: content of a put that is checked before it is sent, and the body of an answer that may be
// cut short.

import { crc32, type ObjectKey, type PutOptions } from "#store/index.ts";
import { corrupt } from "./uploads.ts";

/** The source of a put's content failed, not the server. */
export class ContentFailure extends Error {
  override readonly name = "ContentFailure";
}

/** The pieces of a content; what its source throws is told apart. */
export async function* guarded(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const pieces = content[Symbol.asyncIterator]();
  let isDone = false;
  try {
    for (;;) {
      let next: IteratorResult<Uint8Array>;
      try {
        next = await pieces.next();
      } catch (cause) {
        isDone = true;
        throw new ContentFailure("the content cannot be read", { cause });
      }
      if (next.done === true) {
        isDone = true;
        return;
      }
      yield next.value;
    }
  } finally {
    if (!isDone) await pieces.return?.();
  }
}

/** All of a small content in memory. Fault `store.object-corrupt` when it is not what was announced. */
export async function wholeOf(
  key: ObjectKey,
  sizeBytes: number,
  content: AsyncIterable<Uint8Array>,
  options: PutOptions,
): Promise<Uint8Array> {
  const whole = Buffer.allocUnsafe(sizeBytes);
  let size = 0;
  let crc = 0;
  for await (const piece of content) {
    options.signal?.throwIfAborted();
    if (size + piece.byteLength <= sizeBytes) whole.set(piece, size);
    size += piece.byteLength;
    crc = crc32(piece, crc);
  }
  if (size !== sizeBytes || crc !== options.crc32) {
    throw corrupt(key, { size, crc }, { size: sizeBytes, crc: options.crc32 });
  }
  return whole;
}

/** The body of an answer, at most `length` bytes. Throws when it ends before the length that was announced. */
export async function readBody(body: unknown, announced: number | undefined, length: number): Promise<Uint8Array> {
  const wanted = announced ?? length;
  if (wanted > length) throw new Error(`the server sends ${wanted} bytes and was asked for ${length}`);
  const bytes = new Uint8Array(wanted);
  let size = 0;
  if (typeof body === "object" && body !== null && Symbol.asyncIterator in body) {
    for await (const piece of body as AsyncIterable<Uint8Array>) {
      if (size + piece.byteLength > wanted) throw new Error(`the answer is longer than the ${wanted} bytes announced`);
      bytes.set(piece, size);
      size += piece.byteLength;
    }
  }
  if (size < wanted) throw new Error(`the answer was cut short: ${size} of ${wanted} bytes`);
  return bytes;
}
