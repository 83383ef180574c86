// SPDX-License-Identifier: Apache-2.0
// Writes an archive member by member, in one pass. Without a payload sink it is version 1, one stream; with one it is
// version 2: metadata in the main stream, contents in the payload stream. The caller decides about the order of members.

import { assert, type ByteSink, type ByteSource, concatBytes, limits } from "#base/index.ts";
import { pxarFault } from "./faults.ts";
import { encodeGoodbye, type TableMember } from "./goodbye.ts";
import { encodeItem, encodeItemHeader, numberContent, pairContent, zeroTerminated } from "./items.ts";
import { encodeMetadata, memberTypeOf, type PxarMetadata } from "./metadata.ts";
import { nameHash } from "./siphash.ts";

/** Where an archive goes. */
export interface PxarEncoderOptions {
  readonly sink: ByteSink;
  /** Given: version 2, with the contents of files here. */
  readonly payload?: ByteSink;
  /** Version 2 only: bytes for whoever reads the archive, such as patterns of what was left out. */
  readonly prelude?: Uint8Array;
}

interface OpenDirectory {
  /** Where ENTRY begins; the root counts from the first byte of the archive. */
  readonly entryStart: number;
  /** Where FILENAME begins; undefined for the root. */
  readonly nameStart: number | undefined;
  readonly hash: bigint;
  readonly members: TableMember[];
}

const formatVersion = 2n;

/** Writes one archive. After a fault it is of no use any more. */
export class PxarEncoder {
  readonly #options: PxarEncoderOptions;
  readonly #open: OpenDirectory[] = [];
  readonly #buffer = new Uint8Array(limits.transferSize / 4);
  #position = 0;
  #payloadPosition = 0;
  #isFinished = false;

  constructor(options: PxarEncoderOptions) {
    this.#options = options;
  }

  /** Bytes written to the main stream so far. */
  get position(): number {
    return this.#position;
  }

  /** Begins the archive with the root directory. */
  async begin(root: PxarMetadata): Promise<void> {
    assert(this.#open.length === 0 && this.#position === 0, "an archive begins once");
    assert(memberTypeOf(root.mode) === "directory", "the root of an archive is a directory");
    const { payload, prelude } = this.#options;
    if (payload !== undefined) {
      await this.#put(encodeItem("formatVersion", numberContent(formatVersion)));
      if (prelude !== undefined) await this.#put(encodeItem("prelude", prelude));
      await this.#putPayload(encodeItem("payloadStart", new Uint8Array(0)));
    }
    this.#open.push({ entryStart: 0, nameStart: undefined, hash: 0n, members: [] });
    await this.#put(encodeMetadata(root));
  }

  /** Begins a directory inside of the one that is open. */
  async directory(name: Uint8Array, metadata: PxarMetadata): Promise<void> {
    assert(memberTypeOf(metadata.mode) === "directory", "a directory has the mode of one");
    assert(this.#open.length < limits.pxarDepth, "directories nest only so deep");
    const nameStart = this.#position;
    const header = filenameItem(name);
    const entryStart = nameStart + header.byteLength;
    await this.#put(concatBytes([header, encodeMetadata(metadata)]));
    this.#open.push({ entryStart, nameStart, hash: nameHash(name), members: [] });
  }

  /** Ends the directory that was begun last. Ending the root ends the archive. */
  async endDirectory(): Promise<void> {
    const directory = this.#open.pop();
    assert(directory !== undefined, "a directory is open");
    await this.#put(encodeGoodbye(directory.members, directory.entryStart, this.#position));
    const { nameStart, hash } = directory;
    if (nameStart !== undefined) {
      this.#open.at(-1)?.members.push({ hash, start: nameStart, end: this.#position });
      return;
    }
    if (this.#options.payload !== undefined) await this.#putPayload(encodeItem("payloadTail", new Uint8Array(0)));
    this.#isFinished = true;
  }

  /** True when the root was ended. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /**
   * Writes a regular file of exactly `sizeBytes`. Fault `pxar.content-size` when its content is shorter or longer.
   * Resolves with the place of the member, for hard links to it.
   */
  file(name: Uint8Array, metadata: PxarMetadata, sizeBytes: number, content: ByteSource): Promise<number> {
    assert(memberTypeOf(metadata.mode) === "file", "a file has the mode of one");
    return this.#member(name, encodeMetadata(metadata), async () => {
      if (this.#options.payload === undefined) {
        await this.#put(encodeItemHeader("payload", sizeBytes));
        await this.#copy(name, sizeBytes, content, (bytes) => this.#put(bytes));
        return;
      }
      const reference = pairContent(BigInt(this.#payloadPosition), BigInt(sizeBytes));
      await this.#put(encodeItem("payloadReference", reference));
      await this.#putPayload(encodeItemHeader("payload", sizeBytes));
      await this.#copy(name, sizeBytes, content, (bytes) => this.#putPayload(bytes));
    });
  }

  /** Writes a symbolic link. */
  symlink(name: Uint8Array, metadata: PxarMetadata, target: Uint8Array): Promise<number> {
    assert(memberTypeOf(metadata.mode) === "symlink", "a symbolic link has the mode of one");
    return this.#member(name, encodeMetadata(metadata), () => this.#put(encodeItem("symlink", zeroTerminated(target))));
  }

  /** Writes a device node. */
  device(name: Uint8Array, metadata: PxarMetadata, numbers: { major: bigint; minor: bigint }): Promise<number> {
    const type = memberTypeOf(metadata.mode);
    assert(type === "block-device" || type === "char-device", "a device has the mode of one");
    const item = encodeItem("device", pairContent(numbers.major, numbers.minor));
    return this.#member(name, encodeMetadata(metadata), () => this.#put(item));
  }

  /** Writes a FIFO or a socket. */
  special(name: Uint8Array, metadata: PxarMetadata): Promise<number> {
    const type = memberTypeOf(metadata.mode);
    assert(type === "fifo" || type === "socket", "what has no content is a FIFO or a socket");
    return this.#member(name, encodeMetadata(metadata), () => Promise.resolve());
  }

  /** Writes a hard link to an earlier member: its place as `file` gave it, and its path from the root. */
  hardlink(name: Uint8Array, to: { readonly place: number; readonly path: Uint8Array }): Promise<number> {
    const distance = this.#position - to.place;
    assert(distance > 0, "a hard link points to an earlier member");
    const item = encodeItem("hardlink", concatBytes([numberContent(BigInt(distance)), zeroTerminated(to.path)]));
    return this.#member(name, item, () => Promise.resolve());
  }

  async #member(name: Uint8Array, head: Uint8Array, content: () => Promise<void>): Promise<number> {
    const directory = this.#open.at(-1);
    assert(directory !== undefined, "a member lies in a directory");
    const start = this.#position;
    await this.#put(concatBytes([filenameItem(name), head]));
    await content();
    directory.members.push({ hash: nameHash(name), start, end: this.#position });
    return start;
  }

  async #copy(name: Uint8Array, sizeBytes: number, content: ByteSource, put: ByteSink): Promise<void> {
    let copied = 0;
    while (copied < sizeBytes) {
      const count = await content.read(this.#buffer.subarray(0, Math.min(this.#buffer.byteLength, sizeBytes - copied)));
      if (count === 0) throw sizeFault(name, copied, sizeBytes);
      await put(this.#buffer.subarray(0, count));
      copied += count;
    }
    const rest = await content.read(this.#buffer.subarray(0, 1));
    if (rest !== 0) throw sizeFault(name, copied + rest, sizeBytes);
  }

  async #put(bytes: Uint8Array): Promise<void> {
    await this.#options.sink(bytes);
    this.#position += bytes.byteLength;
  }

  async #putPayload(bytes: Uint8Array): Promise<void> {
    await this.#options.payload?.(bytes);
    this.#payloadPosition += bytes.byteLength;
  }
}

const sizeFault = (name: Uint8Array, actual: number, expected: number): Error =>
  pxarFault("content-size", { name: shownName(name), actual, expected });

/** A name for messages. */
export const shownName = (name: Uint8Array): string => Buffer.from(name).toString("utf8");

/** Why bytes cannot be the name of a member; undefined when they can. */
export function nameProblem(name: Uint8Array): string | undefined {
  if (name.byteLength === 0) return "it is empty";
  if (name.byteLength > limits.pxarName) return `it is longer than ${limits.pxarName} bytes`;
  if (name.includes(0x2f)) return "it has a slash in it";
  if (name.includes(0)) return "it has a zero byte in it";
  const isDots = name.every((byte) => byte === 0x2e) && name.byteLength <= 2;
  return isDots ? "it stands for a directory" : undefined;
}

function filenameItem(name: Uint8Array): Uint8Array {
  const reason = nameProblem(name);
  if (reason !== undefined) throw pxarFault("bad-name", { name: shownName(name), reason });
  return encodeItem("filename", zeroTerminated(name));
}
