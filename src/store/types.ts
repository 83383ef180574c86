// SPDX-License-Identifier: Apache-2.0
// What other rooms see of a stored cartridge: its name, what it holds, where its bytes are.

import type { Brand, Clock, Duration, Instant, Log, Random, Threads } from "#base/index.ts";
import type { FileNumber, Image, ObjectNumber } from "#tape/index.ts";
import type { ThawCount } from "./counted-objects.ts";
import type { Fenced } from "./bucket-log.ts";
import type { CompressionSettings } from "./compression-gauge.ts";
import type { BandwidthSettings } from "./bandwidth.ts";
import type { CopyPlace } from "./copies.ts";
import type { DemandPolicy } from "./demand-thaw.ts";
import type { Disk } from "./disk.ts";
import type { ObjectRange } from "./record-walk.ts";
import type { KeyProviders } from "./key-ring.ts";
import type { ObjectStore, StorageClass } from "./object-store.ts";
import type { SealJobs } from "./seal-jobs.ts";

/** Name of a stored cartridge: 1 to 64 of letters, digits, `-` and `_`. Never used again after `remove`. */
export type CartridgeId = Brand<string, "CartridgeId">;

/** What the bucket should tell about a cartridge (barcode, nominal size, …): small, JSON, opaque to the store. */
export type CartridgeDescription = Readonly<Record<string, string | number | boolean>>;

/** A state of a cartridge that is complete in the bucket. */
export interface UsagePoint {
  readonly objects: ObjectNumber;
  readonly files: FileNumber;
  readonly sizeBytes: number;
  readonly at: Instant;
}

/** Segments by their index in the directory: the first, and behind the last. */
export type SegmentRange = readonly [first: number, end: number];
/** What a cartridge lost that it once held: it goes up to an earlier object now. */
export interface CartridgeLoss {
  readonly at: Instant;
  /** What happened, in words. */
  readonly reason: string;
  /** The first object that is gone, and so where the cartridge ends now. */
  readonly firstLost: ObjectNumber;
  /** Blocks and filemarks that are gone, filemarks of these, and bytes; at least. */
  readonly objects: number;
  readonly files: number;
  readonly sizeBytes: number;
}

/** Objects in the middle of a cartridge that cannot be read any more, because a segment was damaged before it was uploaded. */
export interface LostRange {
  readonly segment: number;
  /** The first, and behind the last. */
  readonly first: ObjectNumber;
  readonly end: ObjectNumber;
  readonly at: Instant;
}

/** A copy of a segment that turned out not to be what was written. */
export interface SegmentDamage {
  readonly id: CartridgeId;
  readonly segment: number;
  readonly copy: "local" | "remote";
  /** What is wrong, in words, and the file or the object. */
  readonly subject: string;
  readonly what: string;
  /**
   * `found`: nothing was done about it yet. `healed`: that copy was made anew from the other one. `lost`: there was no other one; what is left of
   * the segment goes on, and `lost` is gone.
   */
  readonly outcome: "found" | "healed" | "lost";
  readonly lost: readonly ObjectRange[];
}

/** Copies of segments that were damaged. */
export interface DamageTotals {
  /** Damaged copies that were found, those that were made anew, and segments that only this machine had. */
  readonly found: number;
  readonly healed: number;
  readonly lost: number;
  /** Segments that only this machine has and that cannot be read: it is waited whether they come back. */
  readonly waiting: readonly SegmentDamage[];
}

/** What is safe where. */
export interface CartridgeUsage {
  /** Bytes of all objects in the store's record format. */
  readonly sizeBytes: number;
  /** Blocks and filemarks. */
  readonly objects: ObjectNumber;
  /** Filemarks. */
  readonly files: FileNumber;
  /** Bytes of segments that are in the object store, and of their objects there, which may be compressed. */
  readonly storedBytes: number;
  readonly objectBytes: number;
  /** Bytes of segments, the open one included, that are not in the object store yet. */
  readonly dirtyBytes: number;
  /** Bytes of segments on the local disk. */
  readonly localBytes: number;
  /** The class its objects are in: STANDARD until `archive` began to move them. */
  readonly storageClass: StorageClass;
  /** The last state that is complete in the bucket, and comes back from it alone; undefined while nothing is. */
  readonly recoveryPoint: UsagePoint | undefined;
  /** Objects that cannot be read any more; absent: none. */
  readonly lost?: readonly LostRange[];
}

/**
 * When a command that synchronises is answered: when the data survives a crash of this machine, or also its loss, because
 * it is in the object store and a recovery point has it.
 */
export type Durability = "local" | "remote";

/** How a cartridge is opened for a drive. */
export interface LoadOptions {
  /** Asked at each sync; `local` when absent. */
  readonly durability?: () => Durability;
  /** How it is thawed when it is read, where it was retrieved in part. */
  readonly policy?: DemandPolicy | undefined;
}

/** A cartridge in a drive. */
export interface LoadedImage extends Image {
  readonly id: CartridgeId;
  /** The fault that stopped all changes, if one did. */
  readonly failure: Error | undefined;
  /** What was read last is on its way from a cold class: reading it works in a while. */
  readonly isBringing: boolean;
  /**
   * Makes everything durable and gives up memory and files. After it every method throws. Rejects with the fault that
   * kept data from being stored; the image is unloaded nevertheless.
   */
  unload(): Promise<void>;
}

/** What would be lost of a cartridge if this machine were lost now. */
export interface UnstoredData {
  readonly id: CartridgeId;
  /** Bytes of its segments, the open one included, that are not in the object store. */
  readonly bytes: number;
  /** Objects behind the last state that is complete in the object store. */
  readonly objects: number;
  /** How long the oldest of it has been waiting. */
  readonly age: Duration;
  readonly recoveryPoint: CartridgeUsage["recoveryPoint"];
}

/** What all cartridges use together. */
export interface StoreTotals {
  readonly cartridges: number;
  readonly loaded: number;
  /** Bytes in sealed segments that wait for upload, and how many there may be before writers wait. */
  readonly uploadBufferUsed: number;
  readonly uploadBufferSize: number;
  /** Bytes of local segments, and how many evictable ones are kept. */
  readonly cacheUsed: number;
  readonly cacheSize: number;
  /** Bytes uploaded, fetched back and evicted since `open`. */
  readonly uploadedBytes: number;
  readonly fetchedBytes: number;
  readonly evictedBytes: number;
  readonly uploadsPaused: boolean;
  /** Free bytes of the local disk when last asked, and at how many drives wait. */
  readonly diskFree: number | undefined;
  readonly diskReserve: number;
  /** Drives wait for the disk. */
  readonly isDiskFull: boolean;
  /** Reads of segments that were answered from memory or the local disk, and those that asked the object store. */
  readonly cacheHits: number;
  readonly cacheMisses: number;
  /** How long the oldest segment that waits has been waiting. */
  readonly uploadLag: number;
  /** How long ago the bucket last knew this as the gateway. */
  readonly bucketSilence: Duration;
  /** The last fault of an upload while segments still wait. */
  readonly uploadFailure: Error | undefined;
}

/** How what goes to the object store is sealed. */
export interface SealingOptions {
  readonly threads: Threads<SealJobs>;
  readonly providers: KeyProviders;
  readonly compression: CompressionSettings;
  /** For tests; default `limits.frameSize`. */
  readonly frameSize?: number;
  /** Where keys and salts come from; the store's own unless given. */
  readonly random?: Random;
}

/** The world, as the store sees it. */
export interface StorePorts {
  readonly disk: Disk;
  readonly objects: ObjectStore;
  /** Stores that cartridges may be mirrored to, by name. */
  readonly mirrors?: ReadonlyMap<string, ObjectStore>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Absent: what goes to the object store is neither encrypted nor compressed. */
  readonly sealing?: SealingOptions | undefined;
}

/** The gateway that a store belongs to, as its log in the bucket knows it. */
export interface StoreOwner {
  /** Name of the gateway in the bucket: 1 to 64 of letters, digits and `-`. */
  readonly name: string;
  /** Name of the machine, for people. */
  readonly host: string;
  /** Facts that give the owner's state again; opaque to the store. */
  readonly facts: () => readonly unknown[];
  /** Counts up with each fact of the owner, also over restarts. */
  readonly sequence: () => number;
  /** Called when something of a cartridge turned out to be gone. */
  readonly lost: (id: CartridgeId, loss: CartridgeLoss) => void;
  /** Called when a copy of a segment turned out to be damaged, and again when something was done about it. */
  readonly damaged: (damage: SegmentDamage) => void;
  /** Called once when another data folder turns out to be the gateway now. */
  readonly fenced: (fenced: Fenced) => void;
}

/** Sizes that an operator chooses. */
export interface StoreSettings {
  /** The gateway that writes its log into the bucket. */
  readonly owner?: StoreOwner;
  /** Folder on the disk that belongs to the store alone. Default `cartridges`. */
  readonly folder?: string;
  /** Local segments that are also in the object store are evicted above this many bytes. */
  readonly cacheBytes: number;
  /** Writers wait while more bytes than this wait for upload. */
  readonly uploadBufferBytes: number;
  /**
   * A sealed segment of a cartridge in a drive is uploaded when it has been sealed for so long, or more than a quarter
   * of the upload buffer is used; so the drive has the disk, and what is overwritten soon is never uploaded. Default
   * `limits.uploadDelay`.
   */
  readonly uploadDelay?: Duration;
  /** Called when data is written, stored or cut: it is time to look at `totals`. */
  readonly active?: () => void;
  /** Bandwidth limits at start; none when absent. */
  readonly bandwidth?: BandwidthSettings;
  /** Drives wait while fewer bytes than this are free on the disk. Default `limits.diskReserve`. */
  readonly diskReserveBytes?: number;
  /**
   * Whether drives write past the page cache where the disk allows it; true unless given. Writing through it is slower
   * and makes filemarks wait, but what was just written is read back from memory.
   */
  readonly directWrites?: boolean;
  /** The complete copies of a cartridge in other stores; none when absent. */
  readonly copiesOf?: (id: CartridgeId) => readonly CopyPlace[];
  /** Told of what was asked to thaw, for the bill. */
  readonly thawed?: (count: ThawCount) => void;
  /** For tests; defaults are in `limits`. Multiples of 4096; the ring holds at least two of the largest blocks written. */
  readonly segmentSize?: number;
  readonly ringSize?: number;
}

/** Options of long-running work. */
export interface WorkOptions {
  readonly signal?: AbortSignal;
  /** Called as work goes on: bytes, or objects of the object store, done of a total. */
  readonly progress?: (progress: WorkProgress) => void;
}

/** How far long-running work is. */
export interface WorkProgress {
  readonly phase: "upload" | "manifest" | "class" | "lock" | "thaw" | "mirror" | "remove";
  readonly done: number;
  readonly total: number;
}
