// SPDX-License-Identifier: Apache-2.0
// A simulated drive with a simulated cartridge, as the manager sees them (TapeDrive of format): blocks in memory, a
// filemark here and there, an end that comes as it comes on tape: first near, then reached.

import { assert, equalBytes } from "#base/index.ts";
import type { BlockRead, BlockWritten, TapeDrive } from "#format/index.ts";
import { formatFault } from "#format/index.ts";

/** What lies on the tape: a block with the key it was written with, or a filemark. */
export type TapeObject = { readonly block: Uint8Array; readonly key: Uint8Array | undefined } | "filemark";

/** How much fits. */
export interface SimCartridgeOptions {
  /** Blocks before early warning; without end when left out. */
  readonly blocksBeforeWarning?: number;
  /** Blocks between early warning and the end. */
  readonly blocksOfReserve?: number;
}

/** A cartridge; it keeps its content when it is in no drive. */
export class SimCartridge {
  readonly objects: TapeObject[] = [];
  readonly options: SimCartridgeOptions;

  constructor(options: SimCartridgeOptions = {}) {
    this.options = options;
  }

  /** Blocks of tape file `number`, as one array: for comparing with other drives' files. */
  fileBytes(number: number): Uint8Array {
    const blocks = this.fileBlocks(number);
    return new Uint8Array(Buffer.concat(blocks));
  }

  /** Blocks of tape file `number`. */
  fileBlocks(number: number): Uint8Array[] {
    let file = 0;
    const blocks: Uint8Array[] = [];
    for (const object of this.objects) {
      if (object === "filemark") file += 1;
      else if (file === number) blocks.push(object.block);
    }
    return blocks;
  }
}

/** Hears of what becomes of cartridges: for those who check. */
export interface TapeObserver {
  /** All objects from `position` on are about to be lost; those before `flushed` were promised to be there. */
  overwrites(cartridge: SimCartridge, place: { readonly position: number; readonly flushed: number }): void;
}

/** The drive. What `powerLoss` takes away is everything behind the last flush. */
export class SimTapeDrive implements TapeDrive {
  #cartridge: SimCartridge | undefined;
  #position = 0;
  #flushed = 0;
  #key: Uint8Array | undefined;
  /** Alerts that the drive tells of. */
  alerts: readonly string[] = [];
  readonly #observer: TapeObserver | undefined;

  constructor(cartridge?: SimCartridge, observer?: TapeObserver) {
    this.#observer = observer;
    if (cartridge !== undefined) this.load(cartridge);
  }

  get cartridge(): SimCartridge | undefined {
    return this.#cartridge;
  }

  /** Puts a cartridge in. */
  load(cartridge: SimCartridge): void {
    this.#cartridge = cartridge;
    this.#position = 0;
    this.#flushed = cartridge.objects.length;
    this.#key = undefined;
  }

  /** What was not flushed is gone, but for the first `survivors` objects of it. */
  powerLoss(survivors = 0): void {
    if (this.#cartridge === undefined) return;
    this.#objects.length = Math.min(this.#objects.length, this.#flushed + survivors);
    this.#flushed = this.#objects.length;
    this.#position = 0;
    this.#key = undefined;
  }

  async readBlock(into: Uint8Array): Promise<BlockRead> {
    const object = this.#objects[this.#position];
    if (object === undefined) return "end-of-data";
    this.#position += 1;
    if (object === "filemark") return "filemark";
    if (object.block.byteLength !== into.byteLength) {
      throw formatFault("damaged", { what: "the cartridge", reason: "a block has another length" });
    }
    const isReadable = object.key === undefined || (this.#key !== undefined && equalBytes(object.key, this.#key));
    if (!isReadable) throw formatFault("damaged", { what: "the cartridge", reason: "a block has another key" });
    into.set(object.block);
    return "block";
  }

  writeBlock(block: Uint8Array): Promise<BlockWritten> {
    const { blocksBeforeWarning = Number.POSITIVE_INFINITY, blocksOfReserve = 3 } = this.#loaded.options;
    const before = this.#blocksBefore();
    if (before >= blocksBeforeWarning + blocksOfReserve) return Promise.resolve("no-space");
    this.#write({ block: block.slice(), key: this.#key });
    return Promise.resolve(before >= blocksBeforeWarning ? "near-end" : "written");
  }

  writeFilemark(): Promise<void> {
    this.#write("filemark");
    return Promise.resolve();
  }

  rewind(): Promise<void> {
    this.#position = 0;
    return Promise.resolve();
  }

  async locateFile(fileNumber: number): Promise<void> {
    let file = 0;
    this.#position = 0;
    while (file < fileNumber) {
      const object = this.#objects[this.#position];
      if (object === undefined) {
        throw formatFault("unexpected-content", { actual: "the end of data", expected: `tape file ${fileNumber}` });
      }
      this.#position += 1;
      if (object === "filemark") file += 1;
    }
  }

  async locateEnd(): Promise<number> {
    this.#position = this.#objects.length;
    const last = this.#objects.at(-1);
    if (last !== undefined && last !== "filemark") await this.writeFilemark();
    return this.fileNumber();
  }

  fileNumber(): Promise<number> {
    return Promise.resolve(this.#objects.slice(0, this.#position).filter((object) => object === "filemark").length);
  }

  flush(): Promise<void> {
    this.#flushed = this.#objects.length;
    return Promise.resolve();
  }

  setEncryptionKey(key: Uint8Array | undefined): Promise<void> {
    this.#key = key?.slice();
    return Promise.resolve();
  }

  erase(): Promise<void> {
    this.#observer?.overwrites(this.#loaded, { position: 0, flushed: this.#flushed });
    this.#objects.length = 0;
    this.#position = 0;
    this.#flushed = 0;
    return Promise.resolve();
  }

  criticalAlerts(): Promise<readonly string[]> {
    return Promise.resolve(this.alerts);
  }

  usedBytes(): Promise<number | undefined> {
    const sizes = this.#objects.map((object) => (object === "filemark" ? 0 : object.block.byteLength));
    return Promise.resolve(sizes.reduce((sum, size) => sum + size, 0));
  }

  eject(): Promise<void> {
    this.#flushed = this.#objects.length;
    this.#cartridge = undefined;
    return Promise.resolve();
  }

  #blocksBefore(): number {
    let count = 0;
    for (let index = 0; index < this.#position; index++) if (this.#objects[index] !== "filemark") count += 1;
    return count;
  }

  get #loaded(): SimCartridge {
    assert(this.#cartridge !== undefined, "a cartridge is in the drive");
    return this.#cartridge;
  }

  get #objects(): TapeObject[] {
    return this.#loaded.objects;
  }

  #write(object: TapeObject): void {
    if (this.#position < this.#objects.length) {
      this.#observer?.overwrites(this.#loaded, { position: this.#position, flushed: this.#flushed });
    }
    this.#objects.length = this.#position;
    this.#objects.push(object);
    this.#position += 1;
    this.#flushed = Math.min(this.#flushed, this.#position - 1);
  }
}
