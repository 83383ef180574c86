// SPDX-License-Identifier: Apache-2.0
// The content of simulated blocks. It follows from the block's number, and every 512 bytes say which block and which
// sector they are, so that lost, torn, swapped and stale bytes are told from right ones without keeping any content.

import { equalBytes } from "#base/index.ts";

/** Number of a block: unique in a run, above 0. */
export type BlockId = number;

const sectorSize = 512;
/** Shorter blocks cannot say which one they are. */
export const blockLengthMin = 16;

/** The bytes of a block. */
export function blockContent(id: BlockId, length: number): Uint8Array {
  const key = Buffer.alloc(blockLengthMin);
  key.writeUInt32BE(id, 0);
  key.writeUInt32BE(length, 4);
  key.writeUInt32BE(Math.imul(id, 0x9e3779b1) >>> 0, 8);
  key.writeUInt32BE(Math.imul(id ^ 0x5bd1e995, 0x85ebca6b) >>> 0, 12);
  const bytes = Buffer.alloc(length, key);
  for (let at = sectorSize; at + 4 <= length; at += sectorSize) bytes.writeUInt32BE(at, at);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, length);
}

/** Which block these bytes are; undefined when they are none, or damaged. */
export function identifyBlock(bytes: Uint8Array): BlockId | undefined {
  if (bytes.byteLength < blockLengthMin) return undefined;
  const id = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0);
  return equalBytes(bytes, blockContent(id, bytes.byteLength)) ? id : undefined;
}
