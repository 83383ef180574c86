// SPDX-License-Identifier: Apache-2.0
// Tape files as bytes: the blocks alone, or with their borders in the .tap format that emulators of tapes use (SIMH): each
// block between its length as four bytes, the low one first, padded to an even length; four zeros are a filemark.

import { mkdir, open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import type { TapePiece } from "#store/index.ts";

/** Where to, and in which form; `none` only counts. */
export interface TapeOutputOptions {
  readonly format: "raw" | "tap" | "files" | "none";
  /** A file, a folder for `files`, or `-`. */
  readonly output: string;
}

/** Takes what is on a tape, in order. */
export interface TapeOutput {
  block(bytes: Uint8Array): Promise<void>;
  filemark(): Promise<void>;
  /** Something is missing here. */
  lost(): Promise<void>;
  end(): Promise<void>;
  close(): Promise<void>;
}

type Write = (bytes: Uint8Array) => Promise<void>;

const word = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
};

/** A block in the .tap format. */
export function tapBlock(bytes: Uint8Array): readonly Uint8Array[] {
  const padding = bytes.byteLength % 2 === 0 ? [] : [new Uint8Array(1)];
  return [word(bytes.byteLength), bytes, ...padding, word(bytes.byteLength)];
}

/** In the .tap format: a filemark; a gap, as an error record without data; end of data, as end of medium. */
const tapFilemark = word(0);
const tapLost = word(2 ** 31);
const tapEnd = word(2 ** 32 - 1);

/** Opens what is written to. A file or folder that is there already is written over. */
export async function openTapeOutput({ format, output }: TapeOutputOptions): Promise<TapeOutput> {
  if (format === "none") return toNowhere;
  if (format === "files") return toFolder(output);
  const { write, close } = output === "-" ? { write: toStandardOutput, close: noClose } : await toFile(output);
  const isTap = format === "tap";
  return {
    block: async (bytes) => {
      for (const part of isTap ? tapBlock(bytes) : [bytes]) await write(part);
    },
    filemark: async () => (isTap ? write(tapFilemark) : undefined),
    lost: async () => (isTap ? write(tapLost) : undefined),
    end: async () => (isTap ? write(tapEnd) : undefined),
    close,
  };
}

const noClose = (): Promise<void> => Promise.resolve();
const toNowhere: TapeOutput = { block: noClose, filemark: noClose, lost: noClose, end: noClose, close: noClose };

/** Waits while the reader at the other end is slow. */
async function toStandardOutput(bytes: Uint8Array): Promise<void> {
  await new Promise<void>((done, failed) => {
    process.stdout.write(bytes, (error) => (error ? failed(error) : done()));
  });
}

async function toFile(path: string): Promise<{ readonly write: Write; readonly close: () => Promise<void> }> {
  const file = await open(path, "w");
  return { write: async (bytes) => void (await file.writev([bytes])), close: () => file.close() };
}

/** Each tape file as a file of its own, by its number. */
async function toFolder(folder: string): Promise<TapeOutput> {
  await mkdir(folder, { recursive: true });
  let number = 0;
  let file: FileHandle | undefined;
  const next = async (): Promise<void> => {
    await file?.close();
    file = undefined;
    number += 1;
  };
  return {
    block: async (bytes) => {
      file ??= await open(join(folder, `file-${String(number).padStart(6, "0")}`), "w");
      await file.writev([bytes]);
    },
    filemark: next,
    lost: noClose,
    end: noClose,
    close: async () => file?.close(),
  };
}

/** A tape file as it was read. */
interface TapeFile {
  readonly number: number;
  blocks: number;
  bytes: number;
  smallest: number;
  largest: number;
  lost: number;
}

/** Cuts what is on a tape into tape files, counts them, and passes on those that are wanted. */
export class TapeSorter {
  readonly lost: Extract<TapePiece, { readonly kind: "lost" }>[] = [];
  readonly #output: TapeOutput;
  readonly #wanted: number | undefined;
  readonly #files: TapeFile[] = [];
  #number: number | undefined;

  constructor(output: TapeOutput, wanted: number | undefined) {
    this.#output = output;
    this.#wanted = wanted;
  }

  /** False when nothing more is wanted. */
  async take(piece: TapePiece): Promise<boolean> {
    this.#number ??= piece.file;
    const isWanted = this.#wanted === undefined || this.#wanted === this.#number;
    if (piece.kind === "block") {
      this.#count(piece.bytes.byteLength);
      if (isWanted) await this.#output.block(piece.bytes);
    } else if (piece.kind === "filemarks") {
      for (let mark = 0; mark < piece.count; mark++) {
        this.#file();
        this.#number += 1;
        if (this.#wanted === undefined) await this.#output.filemark();
      }
    } else await this.#takeLost(piece, isWanted);
    return this.#wanted === undefined || this.#number <= this.#wanted;
  }

  end(): Promise<void> {
    return this.#output.end();
  }

  /** True when the tape file is there. */
  has(number: number): boolean {
    return this.#files.some((file) => file.number === number);
  }

  /** A line per tape file. */
  list(): string {
    const lines = this.#files
      .filter(({ number }) => this.#wanted === undefined || number === this.#wanted)
      .map(({ number, blocks, bytes, smallest, largest, lost }) => {
        const sizes = smallest === largest ? `${smallest}` : `${smallest} to ${largest}`;
        const blockText = blocks === 0 ? "empty" : `${blocks} blocks of ${sizes}`;
        return `${String(number).padStart(6)}  ${String(bytes).padStart(15)} bytes  ${blockText}${lost === 0 ? "" : `, ${lost} objects LOST`}`;
      });
    return lines.map((line) => `${line}\n`).join("");
  }

  async #takeLost(piece: Extract<TapePiece, { readonly kind: "lost" }>, isWanted: boolean): Promise<void> {
    this.lost.push(piece);
    this.#file().lost += piece.end - piece.object;
    if (isWanted) await this.#output.lost();
    for (let mark = 0; mark < piece.files; mark++) {
      this.#number = (this.#number ?? 0) + 1;
      if (this.#wanted === undefined) await this.#output.filemark();
    }
  }

  #count(size: number): void {
    const file = this.#file();
    file.smallest = file.blocks === 0 ? size : Math.min(file.smallest, size);
    file.largest = Math.max(file.largest, size);
    file.blocks += 1;
    file.bytes += size;
  }

  #file(): TapeFile {
    const number = this.#number ?? 0;
    const last = this.#files.at(-1);
    if (last?.number === number) return last;
    const file = { number, blocks: 0, bytes: 0, smallest: 0, largest: 0, lost: 0 };
    this.#files.push(file);
    return file;
  }
}
