// SPDX-License-Identifier: Apache-2.0
// The content of one simulated disk file: what is there now, what a crash would leave, and what lies between. Sparse,
// so that offsets far above 4 GiB cost nothing.

import type { Random } from "#base/index.ts";

const pageSize = 4096;
const sectorSize = 512;

type Pages = Map<number, Uint8Array>;

type Change =
  | { readonly kind: "write"; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly size: number };

/** Bytes by page; absent pages are zeros. Pages are never changed in place, so maps may share them. */
class Content {
  readonly pages: Pages;
  size: number;

  constructor(pages: Pages, size: number) {
    this.pages = pages;
    this.size = size;
  }

  write(offset: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.byteLength;) {
      const index = Math.floor((offset + done) / pageSize);
      const start = offset + done - index * pageSize;
      const count = Math.min(pageSize - start, bytes.byteLength - done);
      const page = this.pages.get(index)?.slice() ?? new Uint8Array(pageSize);
      page.set(bytes.subarray(done, done + count), start);
      this.pages.set(index, page);
      done += count;
    }
    if (bytes.byteLength > 0) this.size = Math.max(this.size, offset + bytes.byteLength);
  }

  read(offset: number, into: Uint8Array): number {
    const count = Math.max(0, Math.min(into.byteLength, this.size - offset));
    for (let done = 0; done < count;) {
      const index = Math.floor((offset + done) / pageSize);
      const start = offset + done - index * pageSize;
      const part = Math.min(pageSize - start, count - done);
      const page = this.pages.get(index);
      if (page === undefined) into.fill(0, done, done + part);
      else into.set(page.subarray(start, start + part), done);
      done += part;
    }
    return count;
  }

  truncate(size: number): void {
    if (size < this.size) {
      const last = Math.floor(size / pageSize);
      for (const index of this.pages.keys()) {
        if (index > last || (index === last && size % pageSize === 0)) this.pages.delete(index);
      }
      const page = this.pages.get(last);
      if (page !== undefined) this.pages.set(last, page.slice().fill(0, size % pageSize));
    }
    this.size = size;
  }
}

/** One file. */
export class SimDiskFile {
  #current = new Content(new Map(), 0);
  #durable = new Content(new Map(), 0);
  #pending: Change[] = [];

  get size(): number {
    return this.#current.size;
  }

  /** Bytes of pages that hold data. */
  get allocatedBytes(): number {
    return this.#current.pages.size * pageSize;
  }

  read(offset: number, into: Uint8Array): number {
    return this.#current.read(offset, into);
  }

  /** Takes over `bytes`. */
  write(offset: number, bytes: Uint8Array): void {
    this.#current.write(offset, bytes);
    this.#pending.push({ kind: "write", offset, bytes });
  }

  truncate(size: number): void {
    this.#current.truncate(size);
    this.#pending.push({ kind: "truncate", size });
  }

  sync(): void {
    for (const change of this.#pending) apply(this.#durable, change);
    this.#pending = [];
  }

  /** What is left after the power went: each unsynced change is there, lost, or torn at sectors. */
  crash(random: Random): void {
    for (const change of this.#pending) {
      const fate = random.below(4);
      if (fate === 0) continue;
      if (fate === 1 && change.kind === "write") applyTorn(this.#durable, change.offset, change.bytes, random);
      else apply(this.#durable, change);
    }
    this.#pending = [];
    this.#current = new Content(new Map(this.#durable.pages), this.#durable.size);
  }

  /** Changes one bit where it lies, as a worn-out disk would. */
  flipBit(offset: number, bit: number): void {
    for (const content of [this.#current, this.#durable]) {
      const byte = new Uint8Array(1);
      if (content.read(offset, byte) === 0) continue;
      byte[0] = (byte[0] ?? 0) ^ (1 << bit);
      content.write(offset, byte);
    }
  }
}

function apply(content: Content, change: Change): void {
  if (change.kind === "write") content.write(change.offset, change.bytes);
  else content.truncate(change.size);
}

/** Some of the sectors reach the disk, others do not. */
function applyTorn(content: Content, offset: number, bytes: Uint8Array, random: Random): void {
  const firstEnd = Math.ceil((offset + 1) / sectorSize) * sectorSize - offset;
  const onlyPrefix = random.below(2) === 0;
  const keep = random.below(Math.ceil(bytes.byteLength / sectorSize) + 1);
  let start = 0;
  for (let sector = 0; start < bytes.byteLength; sector++) {
    const end = Math.min(firstEnd + sector * sectorSize, bytes.byteLength);
    const kept = onlyPrefix ? sector < keep : random.below(2) === 0;
    if (kept) content.write(offset + start, bytes.subarray(start, end));
    start = end;
  }
}
