// SPDX-License-Identifier: Apache-2.0
// An image in memory: the test double of the image port, for unit tests and the simulator. It can answer later instead
// of at once, lose what was not synced, fail on demand and damage records. It is not a store: nothing outlives it.

import { assert, Fault, isFault, limits } from "#base/index.ts";
import type { BlockForm, DataPlace, Eventually, FileNumber, Image, ObjectNumber, StoredObject } from "./image.ts";

/** How a memory image behaves. */
export interface MemoryImageOptions {
  /** Answers with promises instead of values. */
  readonly asynchronous?: boolean;
  /** What each object takes beside its data. */
  readonly overheadBytes?: number;
}

/** The calls that can be made to fail. */
export type ImageCall =
  | "appendBlock"
  | "appendFilemarks"
  | "cut"
  | "sync"
  | "read"
  | "filemarkAt"
  | "filemarksBefore"
  | "bytesBefore";

/** A block, or undefined for a filemark. */
type Content = Uint8Array | undefined;
/** Which blocks are encrypted: their bytes are objects of their own, so they know it themselves. */
const encrypted = new WeakSet<Uint8Array>();

/** The row of the fault that the real store throws for a record that cannot be had. */
const damagedRow = {
  text: "record {object} cannot be read",
  retry: "never",
  http: 500,
  exit: 8,
} as const;

/** An image that lives in memory. */
export class MemoryImage implements Image {
  readonly #asynchronous: boolean;
  readonly #overhead: number;
  #objects: Content[] = [];
  #durable: Content[] = [];
  #sizeBytes = 0;
  #fileCount = 0;
  readonly #failures = new Map<ImageCall, { readonly error: Error; after: number }>();
  readonly #damaged = new Set<number>();
  #poison: Error | undefined;
  /** Calls of `sync` that succeeded. */
  syncs = 0;
  /** Views that were handed out and not released yet. */
  viewsHeld = 0;

  constructor(options: MemoryImageOptions = {}) {
    this.#asynchronous = options.asynchronous ?? false;
    this.#overhead = options.overheadBytes ?? 64;
  }

  get endOfData(): ObjectNumber {
    return this.#objects.length as ObjectNumber;
  }

  get fileCount(): FileNumber {
    return this.#fileCount as FileNumber;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get placeableBytes(): number {
    return limits.ringSize;
  }

  /** A call of this kind fails, the next one or one behind it; a failed change poisons the image as the port says. */
  failNext(call: ImageCall, error: Error, { after = 0 }: { readonly after?: number } = {}): void {
    this.#failures.set(call, { error, after });
  }

  /** Reads of this object fail with `store.record-damaged`. */
  damage(at: number): void {
    this.#damaged.add(at);
  }

  /** The machine crashes: what was not synced is gone, and so is the poison. */
  crash(): void {
    this.#objects = [...this.#durable];
    this.#poison = undefined;
    this.#measure();
  }

  place(length: number): DataPlace {
    return { bytes: new Uint8Array(length), release() {} };
  }

  /** The bytes of an object as they are stored; undefined for a filemark. */
  stored(at: number): Uint8Array | undefined {
    return this.#objects[at];
  }

  appendBlock(block: Uint8Array, form: BlockForm = "plain"): Eventually<void> {
    assert(block.byteLength >= 1 && block.byteLength <= limits.storedBlockMax, "a block of 1 byte to 8 MiB");
    return this.#change("appendBlock", () => {
      const content = block.slice();
      if (form === "encrypted") encrypted.add(content);
      this.#objects.push(content);
      this.#sizeBytes += block.byteLength + this.#overhead;
    });
  }

  appendFilemarks(count: number): Eventually<void> {
    assert(Number.isInteger(count) && count >= 1, "at least one filemark");
    return this.#change("appendFilemarks", () => {
      for (let index = 0; index < count; index++) this.#objects.push(undefined);
      this.#sizeBytes += count * this.#overhead;
      this.#fileCount += count;
    });
  }

  cut(at: ObjectNumber): Eventually<void> {
    assert(at >= 0 && at <= this.#objects.length, "a cut at or before end of data");
    return this.#change("cut", () => {
      this.#objects.length = at;
      for (const object of this.#damaged) if (object >= at) this.#damaged.delete(object);
      this.#measure();
    });
  }

  sync(): Promise<void> {
    return Promise.resolve().then(() => {
      this.#throwPoison();
      this.#fail("sync", true);
      this.#durable = [...this.#objects];
      this.syncs++;
    });
  }

  read(at: ObjectNumber): Eventually<StoredObject> {
    return this.#answer("read", () => {
      if (at >= this.#objects.length) return { kind: "end-of-data" };
      if (this.#damaged.has(at)) throw new Fault("store.record-damaged", damagedRow, { object: at });
      const content = this.#objects[at];
      if (content === undefined) return { kind: "filemark" };
      return { kind: "block", data: this.#view(content), form: encrypted.has(content) ? "encrypted" : "plain" };
    });
  }

  filemarksBefore(at: ObjectNumber): Eventually<FileNumber> {
    assert(at >= 0 && at <= this.#objects.length, "an object at or before end of data");
    return this.#answer("filemarksBefore", () => {
      let count = 0;
      for (let index = 0; index < at; index++) if (this.#objects[index] === undefined) count++;
      return count as FileNumber;
    });
  }

  filemarkAt(index: FileNumber): Eventually<ObjectNumber> {
    assert(index >= 0 && index < this.#fileCount, "a filemark that exists");
    return this.#answer("filemarkAt", () => {
      let left = index;
      const at = this.#objects.findIndex((content) => content === undefined && left-- === 0);
      assert(at >= 0, "as many filemarks as counted");
      return at as ObjectNumber;
    });
  }

  bytesBefore(at: ObjectNumber): Eventually<number> {
    assert(at >= 0 && at <= this.#objects.length, "an object at or before end of data");
    return this.#answer("bytesBefore", () => this.#bytesUpTo(at));
  }

  #view(content: Uint8Array): { readonly bytes: Uint8Array; release(): void } {
    let held = true;
    this.viewsHeld++;
    const bytes = content.slice();
    return {
      bytes,
      release: () => {
        if (!held) return;
        held = false;
        this.viewsHeld--;
        bytes.fill(0xee);
      },
    };
  }

  #bytesUpTo(end: number): number {
    let sum = 0;
    for (let index = 0; index < end; index++) sum += (this.#objects[index]?.byteLength ?? 0) + this.#overhead;
    return sum;
  }

  #measure(): void {
    this.#sizeBytes = this.#bytesUpTo(this.#objects.length);
    this.#fileCount = this.#objects.filter((content) => content === undefined).length;
  }

  #change(call: ImageCall, act: () => void): Eventually<void> {
    return this.#settle(() => {
      this.#throwPoison();
      this.#fail(call, true);
      act();
    });
  }

  #answer<T>(call: ImageCall, act: () => T): Eventually<T> {
    return this.#settle(() => {
      this.#fail(call, false);
      return act();
    });
  }

  #settle<T>(act: () => T): Eventually<T> {
    return this.#asynchronous ? Promise.resolve().then(act) : act();
  }

  #throwPoison(): void {
    if (this.#poison !== undefined) throw this.#poison;
  }

  #fail(call: ImageCall, poisons: boolean): void {
    const failure = this.#failures.get(call);
    if (failure === undefined) return;
    if (failure.after > 0) {
      failure.after -= 1;
      return;
    }
    const { error } = failure;
    this.#failures.delete(call);
    if (poisons && !isFault(error, "store.under-pressure")) this.#poison = error;
    throw error;
  }
}
