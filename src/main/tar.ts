// SPDX-License-Identifier: Apache-2.0
// A tar stream, as much of it as the demonstration needs: POSIX.1-2008 ustar headers, with pax headers for names, links
// and sizes that do not fit. Files, folders and symbolic links; owners, devices and sparse files are left out.

import { asciiFromBytes, bytesFromText, textFromBytes } from "#base/index.ts";
import { mainFault } from "./faults.ts";

/** One thing in a tree. */
export interface TarEntry {
  /** Relative, with "/" between names. */
  readonly path: string;
  readonly kind: "file" | "folder" | "link";
  /** Permission bits. */
  readonly mode: number;
  /** Whole seconds since 1970. */
  readonly modifiedAt: number;
  /** Bytes of content; 0 for anything but a file. */
  readonly sizeBytes: number;
  /** What a symbolic link points to. */
  readonly linkTarget?: string;
}

/** An entry on its way into a stream; `content` gives exactly `sizeBytes`. */
export interface TarSource extends TarEntry {
  readonly content?: () => AsyncIterable<Uint8Array>;
}

/** An entry on its way out. Its content must be read to the end before the next entry is asked for. */
export interface TarItem {
  readonly entry: TarEntry;
  readonly content: AsyncIterable<Uint8Array>;
}

const recordSize = 512;
/** Longest pax header that is read: far above what names of 4,096 bytes need. */
const paxSizeMax = 64 * 1024;
const typeFlags = { file: "0", link: "2", folder: "5" } as const;
const largestOctalSize = 8 ** 11 - 1;

/** The stream: every entry, then the two empty records that end an archive. */
export async function* writeTar(sources: AsyncIterable<TarSource>): AsyncIterable<Uint8Array> {
  for await (const source of sources) {
    const pax = paxRecords(source);
    if (pax.byteLength > 0) {
      yield header({ path: "pax", mode: 0o644, modifiedAt: source.modifiedAt, sizeBytes: pax.byteLength, type: "x" });
      yield pax;
      yield padding(pax.byteLength);
    }
    const linkTarget = source.linkTarget ?? "";
    yield header({ ...source, path: shortPath(source), linkTarget, type: typeFlags[source.kind] });
    if (source.content === undefined) continue;
    let written = 0;
    for await (const piece of source.content()) {
      written += piece.byteLength;
      if (written > source.sizeBytes) break;
      yield piece;
    }
    if (written !== source.sizeBytes) throw mainFault("file-changed", { path: source.path });
    yield padding(written);
  }
  yield new Uint8Array(2 * recordSize);
}

/** The entries of a stream, in order. Fault `main.tar-damaged` for what is none. */
export async function* readTar(bytes: AsyncIterable<Uint8Array>): AsyncIterable<TarItem> {
  const reader = new PieceReader(bytes);
  let pax = new Map<string, string>();
  for (;;) {
    const record = await reader.exactly(recordSize);
    if (record.every((byte) => byte === 0)) return;
    const { type, ...entry } = parseHeader(record);
    if (type === "x") {
      if (entry.sizeBytes > paxSizeMax) throw mainFault("tar-damaged", { reason: "a pax header is too long" });
      pax = parsePax(await reader.exactly(entry.sizeBytes));
      await reader.skip(paddingSize(entry.sizeBytes));
      continue;
    }
    const whole = withPax(entry, kindOf(type), pax);
    pax = new Map();
    const end = reader.offset + whole.sizeBytes;
    yield { entry: whole, content: reader.upTo(end) };
    if (reader.offset !== end) throw mainFault("tar-damaged", { reason: `${whole.path} was not read to its end` });
    await reader.skip(paddingSize(whole.sizeBytes));
  }
}

function shortPath(entry: TarEntry): string {
  return entry.kind === "folder" ? `${entry.path}/` : entry.path;
}

function fits(text: string, size: number): boolean {
  const bytes = bytesFromText(text);
  return bytes.byteLength <= size && bytes.every((byte) => byte < 0x80);
}

function paxRecords(entry: TarEntry): Uint8Array {
  const records: string[] = [];
  if (!fits(shortPath(entry), 100)) records.push(paxRecord("path", shortPath(entry)));
  if (!fits(entry.linkTarget ?? "", 100)) records.push(paxRecord("linkpath", entry.linkTarget ?? ""));
  if (entry.sizeBytes > largestOctalSize) records.push(paxRecord("size", String(entry.sizeBytes)));
  return bytesFromText(records.join(""));
}

/** `length key=value\n`, where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = bytesFromText(` ${key}=${value}\n`).byteLength;
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

interface HeaderValue {
  readonly path: string;
  readonly mode: number;
  readonly modifiedAt: number;
  readonly sizeBytes: number;
  readonly linkTarget?: string;
  readonly type: string;
}

function header(value: HeaderValue): Uint8Array {
  const record = Buffer.alloc(recordSize);
  const octal = (offset: number, size: number, number: number): void => {
    record.write(number.toString(8).padStart(size - 1, "0"), offset, size - 1, "latin1");
  };
  record.write(value.path, 0, 100, "utf8");
  octal(100, 8, value.mode & 0o7777);
  octal(108, 8, 0);
  octal(116, 8, 0);
  octal(124, 12, Math.min(value.sizeBytes, largestOctalSize));
  octal(136, 12, Math.max(0, Math.floor(value.modifiedAt)));
  record.fill(0x20, 148, 156);
  record.write(value.type, 156, 1, "latin1");
  record.write(value.linkTarget ?? "", 157, 100, "utf8");
  record.write("ustar\u000000", 257, 8, "latin1");
  const sum = record.reduce((total, byte) => total + byte, 0);
  record.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, 8, "latin1");
  return record;
}

function parseHeader(record: Uint8Array): HeaderValue {
  const text = (offset: number, size: number): string => {
    const field = record.subarray(offset, offset + size);
    const end = field.indexOf(0);
    return asciiFromBytes(end < 0 ? field : field.subarray(0, end));
  };
  const number = (offset: number, size: number): number => {
    const digits = text(offset, size).trim();
    if (!/^[0-7]+$/.test(digits)) throw mainFault("tar-damaged", { reason: `${JSON.stringify(digits)} is no number` });
    return Number.parseInt(digits, 8);
  };
  const blank = Buffer.from(record).fill(0x20, 148, 156);
  const sum = blank.reduce((total, byte) => total + byte, 0);
  if (text(257, 5) !== "ustar" || number(148, 8) !== sum) {
    throw mainFault("tar-damaged", { reason: "a header has a wrong checksum" });
  }
  return {
    path: text(0, 100),
    mode: number(100, 8),
    modifiedAt: number(136, 12),
    sizeBytes: number(124, 12),
    linkTarget: text(157, 100),
    type: text(156, 1),
  };
}

function parsePax(bytes: Uint8Array): Map<string, string> {
  const values = new Map<string, string>();
  let offset = 0;
  while (offset < bytes.byteLength) {
    const blank = bytes.indexOf(0x20, offset);
    const length = Number(asciiFromBytes(bytes.subarray(offset, Math.max(blank, offset))));
    const record = blank < 0 ? new Uint8Array(0) : bytes.subarray(blank + 1, offset + length);
    const equals = record.indexOf(0x3d);
    if (!Number.isInteger(length) || length <= 0 || equals < 0 || record.at(-1) !== 0x0a) {
      throw mainFault("tar-damaged", { reason: "a pax record cannot be read" });
    }
    values.set(asciiFromBytes(record.subarray(0, equals)), textFromBytes(record.subarray(equals + 1, -1)));
    offset += length;
  }
  return values;
}

function kindOf(type: string): TarEntry["kind"] {
  if (type === typeFlags.file || type === "") return "file";
  if (type === typeFlags.link) return "link";
  if (type === typeFlags.folder) return "folder";
  throw mainFault("tar-damaged", { reason: `an entry of type ${JSON.stringify(type)} is not known` });
}

function withPax(value: Omit<HeaderValue, "type">, kind: TarEntry["kind"], pax: Map<string, string>): TarEntry {
  const path = (pax.get("path") ?? value.path).replace(/\/$/, "");
  const sizeBytes = Number(pax.get("size") ?? value.sizeBytes);
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) throw mainFault("tar-damaged", { reason: "a size is wrong" });
  const { mode, modifiedAt } = value;
  const entry = { path, kind, mode, modifiedAt, sizeBytes: kind === "file" ? sizeBytes : 0 };
  return kind === "link" ? { ...entry, linkTarget: pax.get("linkpath") ?? value.linkTarget ?? "" } : entry;
}

function paddingSize(size: number): number {
  return (recordSize - (size % recordSize)) % recordSize;
}

function padding(size: number): Uint8Array {
  return new Uint8Array(paddingSize(size));
}

/** Hands out pieces of a stream by count. */
class PieceReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array(0);
  /** Bytes handed out so far. */
  offset = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Up to `limit` ≥ 1 bytes, at least one. */
  async #some(limit: number): Promise<Uint8Array> {
    while (this.#piece.byteLength === 0) {
      const next = await this.#source.next();
      if (next.done === true) throw mainFault("tar-damaged", { reason: "it ends too early" });
      this.#piece = next.value;
    }
    const taken = this.#piece.subarray(0, limit);
    this.#piece = this.#piece.subarray(taken.byteLength);
    this.offset += taken.byteLength;
    return taken;
  }

  async exactly(count: number): Promise<Uint8Array> {
    const whole = new Uint8Array(count);
    for (let filled = 0; filled < count;) {
      const piece = await this.#some(count - filled);
      whole.set(piece, filled);
      filled += piece.byteLength;
    }
    return whole;
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0;) left -= (await this.#some(left)).byteLength;
  }

  async *upTo(end: number): AsyncIterable<Uint8Array> {
    while (this.offset < end) yield await this.#some(end - this.offset);
  }
}
