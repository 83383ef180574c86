// SPDX-License-Identifier: Apache-2.0
// Reads one tape file back as a stream of bytes, and holds every block to the rules: magic, sequence, size, an end block,
// and nothing but a filemark behind it.

import { type ByteSource, equalBytes } from "#base/index.ts";
import { formatFault } from "./faults.ts";
import { streamBlockMagic, StreamBlockHeader, streamBlockSize, streamPayloadSize } from "./stream-block.ts";
import type { TapeReader } from "./tape-drive.ts";

/** How a tape file ends. */
export type StreamEnd =
  | "complete"
  /** Its writer says that something is missing and was written again elsewhere. */
  | "incomplete"
  /** Writing was interrupted: a filemark, or the end of data, came before the end block. */
  | "no-end-marker";

/** Reads one tape file. */
export class StreamReader implements ByteSource {
  readonly #tape: TapeReader;
  readonly #what: string;
  readonly #block = new Uint8Array(streamBlockSize);
  #offset = 0;
  #end = 0;
  #sequence = 0;
  #ended: StreamEnd | undefined;

  private constructor(tape: TapeReader, what: string) {
    this.#tape = tape;
    this.#what = what;
  }

  /**
   * Begins at the position of the tape. `filemark`: there was one instead of a file, and it is passed. `end-of-data`:
   * nothing comes any more. `what` names the file in messages. Fault `format.damaged`.
   */
  static async open(tape: TapeReader, what: string): Promise<StreamReader | "filemark" | "end-of-data"> {
    const reader = new StreamReader(tape, what);
    const read = await tape.readBlock(reader.#block);
    if (read !== "block") return read;
    await reader.#accept();
    return reader;
  }

  /** How the file ends; undefined until it was read to its end. */
  get ended(): StreamEnd | undefined {
    return this.#ended;
  }

  /** Blocks read so far. */
  get blocksRead(): number {
    return this.#sequence;
  }

  /** Fault `format.damaged`; Fault `format.no-end-marker` where the file stops without its end. */
  async read(into: Uint8Array): Promise<number> {
    while (this.#offset === this.#end) {
      if (this.#ended === "no-end-marker") throw formatFault("no-end-marker", { what: this.#what });
      if (this.#ended !== undefined || into.byteLength === 0) return 0;
      await this.#next();
    }
    const count = Math.min(into.byteLength, this.#end - this.#offset);
    into.set(this.#block.subarray(this.#offset, this.#offset + count));
    this.#offset += count;
    return count;
  }

  /** Reads to the end of the file and tells how it ends; the tape is then behind its filemark. Fault `format.damaged`. */
  async skipRest(): Promise<StreamEnd> {
    this.#offset = this.#end;
    while (this.#ended === undefined) {
      await this.#next();
      this.#offset = this.#end;
    }
    return this.#ended;
  }

  async #next(): Promise<void> {
    const read = await this.#tape.readBlock(this.#block);
    if (read === "block") return this.#accept();
    this.#ended = "no-end-marker";
  }

  async #accept(): Promise<void> {
    const header = StreamBlockHeader.decode(this.#block);
    if (!equalBytes(header.magic, streamBlockMagic)) throw this.#damaged("a block does not begin as one of ours");
    if (header.sequence !== this.#sequence) {
      throw this.#damaged(`block ${header.sequence} comes where block ${this.#sequence} should be`);
    }
    if (header.payloadSize > streamPayloadSize) throw this.#damaged("a block claims more bytes than it has");
    if (header.payloadSize === 0 && !header.isEnd) throw this.#damaged("an empty block is not the last one");
    this.#sequence += 1;
    this.#offset = StreamBlockHeader.size;
    this.#end = StreamBlockHeader.size + header.payloadSize;
    if (!header.isEnd) return;
    const probe = new Uint8Array(streamBlockSize);
    const read = await this.#tape.readBlock(probe);
    if (read === "block") throw this.#damaged("a block follows behind the last one");
    this.#ended = header.isIncomplete ? "incomplete" : "complete";
  }

  #damaged(reason: string): Error {
    return formatFault("damaged", { what: this.#what, reason });
  }
}
