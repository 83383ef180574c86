// SPDX-License-Identifier: Apache-2.0
// The ends of a cartridge's sealed segments, kept in a file beside its directory, so that a block is read with one request.
// It is a help only: each end proves itself when it is used, and what is missing is fetched again. docs/FORMATS.md
// describes the file.

import { equalBytes } from "#base/index.ts";
import { ascii, bytes, layout, uint } from "#codec/index.ts";
import { crc32 } from "./crc32.ts";
import { unlessMissing } from "./disk-paths.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { storeFault } from "./faults.ts";

/** Version that this release writes, and the newest that it reads. */
export const frameTablesVersion = 1;
/** Bytes for each segment: the end of one with 64 frames has 592. */
export const frameSlotSize = 1024;

/** The first slot. */
export const FrameTablesHeader = layout("frame tables header", 64, {
  magic: ascii(0, 8, { always: "CAPTABLE" }),
  version: uint(8, 2),
  slotSize: uint(10, 2),
  tag: bytes(40, 8),
  headerCrc: uint(60, 4),
});

/** At the beginning of a slot; the end of the sealed segment follows. */
export const FrameSlot = layout("frame slot", 8, {
  length: uint(0, 2),
  crc: uint(4, 4),
});

/** The file of one cartridge. */
export class FrameTables {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #tag: Uint8Array;
  #last: Promise<unknown> = Promise.resolve();

  constructor(disk: Disk, folder: string, tag: Uint8Array) {
    this.#disk = disk;
    this.#path = `${folder}/frames`;
    this.#tag = tag;
  }

  /** The end of a segment's object, or undefined when it is not here. */
  async get(segment: number): Promise<Uint8Array | undefined> {
    const file = await unlessMissing(this.#disk.open(this.#path, { mode: "read" }));
    if (file === undefined) return undefined;
    try {
      if (!(await this.#isOurs(file))) return undefined;
      const slot = new Uint8Array(frameSlotSize);
      const count = await file.read(segment * frameSlotSize, slot);
      if (count < FrameSlot.size) return undefined;
      const { length, crc } = FrameSlot.decode(slot);
      const end = slot.slice(FrameSlot.size, FrameSlot.size + length);
      return length > 0 && end.byteLength === length && crc32(end) === crc ? end : undefined;
    } finally {
      await file.close();
    }
  }

  /** Keeps the end of a segment's object, unless it is too long. Nothing waits for the disk. */
  put(segment: number, end: Uint8Array): Promise<void> {
    if (end.byteLength > frameSlotSize - FrameSlot.size) return Promise.resolve();
    // One after the other, so that the file is made once.
    const done = this.#last.then(() => this.#put(segment, end));
    this.#last = done.catch(() => {});
    return done;
  }

  async #put(segment: number, end: Uint8Array): Promise<void> {
    const file = (await this.#open()) ?? (await this.#create());
    try {
      const head = FrameSlot.encode({ length: end.byteLength, crc: crc32(end) });
      await file.write(segment * frameSlotSize, [head, end]);
    } finally {
      await file.close();
    }
  }

  async #open(): Promise<DiskFile | undefined> {
    const file = await unlessMissing(this.#disk.open(this.#path, { mode: "write" }));
    if (file === undefined || (await this.#isOurs(file))) return file;
    // Damaged, or of another cartridge that had this folder: nothing in it is worth keeping.
    await file.close();
    await this.#disk.remove(this.#path);
    return undefined;
  }

  async #isOurs(file: DiskFile): Promise<boolean> {
    const bytes = new Uint8Array(FrameTablesHeader.size);
    if ((await file.read(0, bytes)) < bytes.byteLength || FrameTablesHeader.check(bytes)?.byte === 0) return false;
    const header = FrameTablesHeader.decode(bytes);
    if (header.headerCrc !== crc32(bytes.subarray(0, 60)) || !equalBytes(header.tag, this.#tag)) return false;
    if (header.version > frameTablesVersion) {
      const details = { path: this.#path, version: header.version, supported: frameTablesVersion };
      throw storeFault("format-newer", details);
    }
    return header.slotSize === frameSlotSize;
  }

  async #create(): Promise<DiskFile> {
    const header = FrameTablesHeader.encode({ version: frameTablesVersion, slotSize: frameSlotSize, tag: this.#tag });
    new DataView(header.buffer).setUint32(60, crc32(header.subarray(0, 60)));
    const file = await this.#disk.open(this.#path, { mode: "create" });
    await file.write(0, [header]);
    return file;
  }
}
