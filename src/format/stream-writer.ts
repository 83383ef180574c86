// SPDX-License-Identifier: Apache-2.0
// Writes one tape file: a stream of bytes cut into stream blocks, with an end block and a filemark. That the end of the
// medium is near is remembered for the whole file; what to do about it is for those who know what they write.

import { assert, limits } from "#base/index.ts";
import { formatFault } from "./faults.ts";
import { streamBlockMagic, StreamBlockHeader, streamBlockSize, streamPayloadSize } from "./stream-block.ts";
import type { TapeWriter } from "./tape-drive.ts";

/** Writes one tape file. */
export class StreamWriter {
  readonly #tape: TapeWriter;
  readonly #what: string;
  readonly #block = new Uint8Array(streamBlockSize);
  #filled = 0;
  #sequence = 0;
  #isNearEnd = false;
  #isFinished = false;

  /** `what` names the file in messages. */
  constructor(tape: TapeWriter, what: string) {
    this.#tape = tape;
    this.#what = what;
  }

  /** True once a block of this file met early warning. */
  get isNearEnd(): boolean {
    return this.#isNearEnd;
  }

  /** Bytes on tape, whole blocks. */
  get bytesOnTape(): number {
    return this.#sequence * streamBlockSize;
  }

  /** Adds bytes. Fault `format.cartridge-full` when a block could not be written; the file then has no end. */
  async write(bytes: Uint8Array): Promise<void> {
    assert(!this.#isFinished, "nothing is written behind the end of a tape file");
    let offset = 0;
    while (offset < bytes.byteLength) {
      const part = bytes.subarray(offset, offset + streamPayloadSize - this.#filled);
      this.#block.set(part, StreamBlockHeader.size + this.#filled);
      this.#filled += part.byteLength;
      offset += part.byteLength;
      if (this.#filled === streamPayloadSize) await this.#put({ isEnd: false, isIncomplete: false });
    }
  }

  /** Writes the end block and the filemark. Fault `format.cartridge-full`. */
  async finish(options: { readonly isIncomplete: boolean } = { isIncomplete: false }): Promise<void> {
    assert(!this.#isFinished, "a tape file ends once");
    this.#isFinished = true;
    await this.#put({ isEnd: true, isIncomplete: options.isIncomplete });
    await this.#tape.writeFilemark();
  }

  async #put(flags: { readonly isEnd: boolean; readonly isIncomplete: boolean }): Promise<void> {
    assert(this.#sequence < limits.streamBlocks, "the blocks of a tape file can be numbered");
    StreamBlockHeader.encodeInto(this.#block, 0, {
      magic: streamBlockMagic,
      ...flags,
      payloadSize: this.#filled,
      sequence: this.#sequence,
    });
    this.#block.fill(0, StreamBlockHeader.size + this.#filled);
    const written = await this.#tape.writeBlock(this.#block);
    if (written === "no-space") throw formatFault("cartridge-full", { what: this.#what });
    this.#isNearEnd ||= written === "near-end";
    this.#sequence += 1;
    this.#filled = 0;
  }
}
