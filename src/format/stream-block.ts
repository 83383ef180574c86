// SPDX-License-Identifier: Apache-2.0
// Every record on tape is one stream block: 256 KiB with a header of 16 bytes. Blocks of one tape file are numbered, and
// the last one says that it is.

import { bytes, layout, uintLe } from "#codec/index.ts";
import { bytesFromHex } from "#base/index.ts";
import { bit } from "#codec/index.ts";
import { structureMagics } from "./magics.ts";

/** Bytes of every record, the last of a file included. */
export const streamBlockSize = 262_144;

/** The header of a stream block. */
export const StreamBlockHeader = layout("tape stream block", 16, {
  magic: bytes(0, 8),
  /** The last block of a tape file. */
  isEnd: bit(8, 0),
  /** Only together with `isEnd`: what the file holds is not all that it should hold, and is written again elsewhere. */
  isIncomplete: bit(8, 1),
  /** Bytes of payload behind the header; zeros follow. */
  payloadSize: uintLe(9, 3),
  /** 0 for the first block of a tape file. */
  sequence: uintLe(12, 4),
});

/** Bytes of payload that one block holds. */
export const streamPayloadSize = streamBlockSize - StreamBlockHeader.size;

/** Begins every stream block. */
export const streamBlockMagic: Uint8Array = bytesFromHex(structureMagics.streamBlock.hex);
