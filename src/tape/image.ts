// SPDX-License-Identifier: Apache-2.0
// Port: how a loaded cartridge is stored, as the medium needs it. The store implements it over segments and a journal.
// An image is an append-only list of logical objects (blocks and filemarks), numbered from 0, that can be cut back.
// It knows no position, no capacity and no SCSI; those are the medium's.

import type { Brand } from "#base/index.ts";

/** Number of a logical object (block or filemark) in a partition, from 0. SSC-5, logical object identifier. */
export type ObjectNumber = Brand<number, "ObjectNumber">;
/** Number of a logical file: how many filemarks lie before it. SSC-5, logical file identifier. */
export type FileNumber = Brand<number, "FileNumber">;

/**
 * Memory for a block that is on its way from a host. The owner may move it to other memory between two turns of the
 * event loop, so holders read `bytes` anew each time and never keep it. What was received moves with it.
 */
export interface DataPlace {
  /** Exactly as long as asked for. */
  readonly bytes: Uint8Array;
  /** Set by the holder, called by the owner right after it moved `bytes`: a read into the old memory must not begin. */
  onMoved?: (() => void) | undefined;
  /** Nobody will read or write `bytes` any more. Idempotent. */
  release(): void;
}

/** A view of stored bytes that stays unchanged until it is released. */
export interface StoredBytes {
  readonly bytes: Uint8Array;
  /** The memory may be reused. Idempotent. */
  release(): void;
}

/** How the bytes of a block are to be taken: as a host wrote them, or encrypted by a drive (encrypted-block.ts). */
export type BlockForm = "plain" | "encrypted";

/** What is stored at an object number. */
export type StoredObject =
  | { readonly kind: "block"; readonly data: StoredBytes; readonly form: BlockForm }
  | { readonly kind: "filemark" }
  | { readonly kind: "end-of-data" };

/** Value now, or later when disk or object store must be asked. Hot paths answer at once and allocate no promise. */
export type Eventually<T> = T | Promise<T>;

/**
 * Port: a loaded cartridge's content. One caller at a time: a call is made only when the one before has settled
 * (`place` excepted). Failures are Faults of the store (`store.…`); after a failed append, cut or sync the image refuses
 * every further change with the same fault, reads go on. Not so after `store.under-pressure`: nothing was appended, the
 * image is as it was, and the same call may succeed later; a cut goes on by itself, and a sync may.
 */
export interface Image {
  /** What was read last is being brought from far away: reading it works in a while. Absent: never. */
  readonly isBringing?: boolean;
  /** Number of objects: the object number of end of data. */
  readonly endOfData: ObjectNumber;
  /** Number of filemarks before end of data. */
  readonly fileCount: FileNumber;
  /** Bytes that all objects up to end of data take in the store's record format. */
  readonly sizeBytes: number;

  /** What is here at the load must be synced before a position is told; not when absent. */
  readonly isUnsynced?: boolean;

  /**
   * Room for a block of `length` bytes where the next append would store it, if it arrives in order. Only a hint: an
   * append of any other memory is as right, at the cost of one copy. Never waits; falls back to memory of its own.
   */
  place(length: number): DataPlace;
  /** Bytes that `place` can give at this moment without falling back. For granting command windows. */
  readonly placeableBytes: number;

  /**
   * Appends one block of 1 … `limits.storedBlockMax` bytes at end of data, plain unless said otherwise. Settles when it
   * is safe to reuse `block`.
   */
  appendBlock(block: Uint8Array, form?: BlockForm): Eventually<void>;
  /** Appends `count` ≥ 1 filemarks at end of data. */
  appendFilemarks(count: number): Eventually<void>;
  /** Makes `at` ≤ endOfData the new end of data; what was behind is gone (a new generation starts). */
  cut(at: ObjectNumber): Eventually<void>;
  /** Resolves when everything appended or cut so far survives a crash of process and machine. */
  sync(): Promise<void>;

  /**
   * The object at `at`. Reading object after object is the fast case: the image reads ahead. Checksums are verified.
   * Fault `store.record-damaged` (with the object's number) when it cannot be had.
   */
  read(at: ObjectNumber): Eventually<StoredObject>;
  /** How many filemarks lie before object `at` ≤ endOfData. */
  filemarksBefore(at: ObjectNumber): Eventually<FileNumber>;
  /** The object number of filemark `index` (from 0, below fileCount). */
  filemarkAt(index: FileNumber): Eventually<ObjectNumber>;
  /** Bytes that the objects before `at` take: sizeBytes for end of data, 0 for the beginning. */
  bytesBefore(at: ObjectNumber): Eventually<number>;
}
