// SPDX-License-Identifier: Apache-2.0
// Tape files of chunks: what snapshots are made of, each chunk exactly as the datastore keeps it. An entry is a header of
// 48 bytes and the chunk; entries follow each other without gaps and without regard to blocks.

import { assert, bytesFromHex, equalBytes, limits, readFully } from "#base/index.ts";
import { bytes, layout, uint64Le } from "#codec/index.ts";
import { encodeHead, type OpenTapeFile, type TapeFileIdentity } from "./content-header.ts";
import { formatFault } from "./faults.ts";
import { textField } from "./json-fields.ts";
import { structureMagics } from "./magics.ts";
import { streamBlockSize } from "./stream-block.ts";
import { StreamWriter } from "./stream-writer.ts";
import type { TapeWriter } from "./tape-drive.ts";

/** Begins every entry. */
export const ChunkEntryHeader = layout("tape chunk entry", 48, {
  magic: bytes(0, 8),
  digest: bytes(8, 32),
  /** Bytes of the chunk as it is stored. */
  size: uint64Le(40),
});

const entryMagic = bytesFromHex(structureMagics.chunkEntry.hex);

/** A chunk with its identity. */
export interface ChunkEntry {
  /** 32 bytes. */
  readonly digest: Uint8Array;
  /** The chunk as the datastore stores it: a data blob. */
  readonly blob: Uint8Array;
}

/** What became of a chunk. */
export type ChunkWritten =
  | "written"
  /** The chunk is on tape and the file is closed: the end of the medium is near. */
  | "written-last"
  /** A part of the chunk is on tape, without meaning, and the file is closed. Write it again on the next cartridge. */
  | "cut";

/** Writes one tape file of chunks. */
export class ChunkFileWriter {
  readonly #stream: StreamWriter;
  #isOpen = true;

  private constructor(stream: StreamWriter) {
    this.#stream = stream;
  }

  /** Begins a tape file at the position of the tape. Fault `format.cartridge-full`. */
  static async begin(tape: TapeWriter, identity: TapeFileIdentity, store: string): Promise<ChunkFileWriter> {
    const stream = new StreamWriter(tape, `a chunk file of ${store}`);
    await stream.write(encodeHead("chunk-file", identity, { store }));
    return new ChunkFileWriter(stream);
  }

  /** Bytes on tape. */
  get bytesOnTape(): number {
    return this.#stream.bytesOnTape;
  }

  /** True when the file is as long as one should get. */
  get isLongEnough(): boolean {
    return this.#stream.bytesOnTape > limits.chunkArchive;
  }

  /** True when nothing can be added any more. */
  get isClosed(): boolean {
    return !this.#isOpen;
  }

  /** Adds a chunk. The file never ends inside of an entry's header. Fault `format.cartridge-full`. */
  async write(chunk: ChunkEntry): Promise<ChunkWritten> {
    assert(this.#isOpen, "chunks are added to a file that is open");
    const { digest, blob } = chunk;
    assert(digest.byteLength === 32, "a digest has 32 bytes");
    assert(blob.byteLength > 0, "a chunk has bytes");
    const header = ChunkEntryHeader.encode({ magic: entryMagic, digest, size: BigInt(blob.byteLength) });
    await this.#stream.write(header);
    for (let offset = 0; offset < blob.byteLength; offset += streamBlockSize) {
      const end = Math.min(offset + streamBlockSize, blob.byteLength);
      await this.#stream.write(blob.subarray(offset, end));
      if (!this.#stream.isNearEnd) continue;
      await this.finish();
      return end === blob.byteLength ? "written-last" : "cut";
    }
    return "written";
  }

  /** Ends the file; `isNearEnd` says whether the cartridge has to be changed. Fault `format.cartridge-full`. */
  async finish(): Promise<{ readonly isNearEnd: boolean }> {
    assert(this.#isOpen, "a file is closed once");
    this.#isOpen = false;
    await this.#stream.finish();
    return { isNearEnd: this.#stream.isNearEnd };
  }
}

/** Reads one tape file of chunks. */
export class ChunkFileReader {
  readonly #file: OpenTapeFile;
  readonly #what: string;
  /** The datastore that the chunks are of. */
  readonly store: string;

  /** `what` names the file in messages. Fault `format.damaged`. */
  constructor(file: OpenTapeFile, what: string) {
    assert(file.kind === "chunk-file", "a chunk file is opened as one");
    this.#file = file;
    this.#what = what;
    this.store = textField(file.json, "store", what);
  }

  /**
   * The next whole chunk; undefined at the end. An entry that is cut by the end of the file has no meaning and is left out.
   * Faults `format.damaged`, `format.no-end-marker`.
   */
  async next(): Promise<ChunkEntry | undefined> {
    const head = new Uint8Array(ChunkEntryHeader.size);
    if ((await readFully(this.#file.body, head)) < head.byteLength) return undefined;
    const { magic, digest, size } = ChunkEntryHeader.decode(head);
    if (!equalBytes(magic, entryMagic)) throw this.#damaged("there is no chunk where one should begin");
    if (size > BigInt(limits.dataBlob)) throw this.#damaged(`a chunk claims to have ${size} bytes`);
    const blob = new Uint8Array(Number(size));
    if ((await readFully(this.#file.body, blob)) < blob.byteLength) return undefined;
    return { digest, blob };
  }

  /** How the file ends; undefined until `next` gave undefined. */
  get ended(): OpenTapeFile["body"]["ended"] {
    return this.#file.body.ended;
  }

  #damaged(reason: string): Error {
    return formatFault("damaged", { what: this.#what, reason });
  }
}
