// SPDX-License-Identifier: Apache-2.0
// What the gateway shows: plain frozen data, never with a secret in it. Times are Instants, sizes bytes.

import type { Alarm } from "./alarms.ts";
import type { Brand, Duration, Endpoint, Instant } from "#base/index.ts";
import type { Durability, BandwidthSettings, RequestCount, StorageClass, ThawCount, ThawTier } from "#store/index.ts";
import type { CartridgeState } from "./cartridge-life.ts";
import type { MirrorRecord } from "./facts.ts";
import type { FirstAddresses, RetentionLock, ShelfClass, Topology } from "./requests.ts";

/** Identifier of a library, a drive or a cartridge: 32 hexadecimal digits that never change. */
export type ObjectId = Brand<string, "ObjectId">;

/** Kinds of element. */
export type ElementKind = "picker" | "storage-slot" | "mail-slot" | "drive";

/** A backup product, and the library that it is known to take. */
export interface PresetView {
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly changerModel: string;
  readonly driveModel: string;
  readonly drives: number;
  readonly storageSlots: number;
  readonly mailSlots: number;
  /** For the administrator of the backup product. */
  readonly hint: string;
}

/** A changer model that libraries can have. */
export interface ModelView {
  readonly name: string;
  readonly kind: "changer" | "drive";
  /** For people. */
  readonly title: string;
  readonly vendor: string;
  readonly product: string;
  readonly revision: string;
  /** For drives: nominal size and barcode suffix of their cartridges. */
  readonly medium: { readonly suffix: string; readonly sizeBytes: number } | undefined;
}

/** One library. */
export interface LibraryView {
  readonly id: ObjectId;
  readonly name: string;
  readonly changerModel: string;
  readonly changerSerial: string;
  readonly driveModel: string;
  readonly topology: Topology;
  readonly durability: Durability;
  readonly firstAddresses: FirstAddresses;
  readonly drives: readonly DriveView[];
  readonly storageSlots: number;
  readonly mailSlots: number;
  readonly freeStorageSlots: number;
  readonly freeMailSlots: number;
  /** Cartridges in its elements. */
  readonly cartridges: number;
  /** Target name of its changer. */
  readonly changerTarget: string;
  readonly createdAt: Instant;
}

/** One drive. */
export interface DriveView {
  readonly id: ObjectId;
  readonly library: string;
  /** From 1, as in `drive-01`. */
  readonly number: number;
  readonly name: string;
  readonly model: string;
  readonly serial: string;
  readonly element: number;
  readonly target: string;
  readonly lun: number;
  readonly state: "empty" | "loading" | "ready" | "unloaded" | "failed";
  /** Barcode of the cartridge in it. */
  readonly cartridge: string | undefined;
  readonly sessions: number;
  /** Since the process started. */
  readonly bytesWritten: number;
  readonly bytesRead: number;
}

/** One element of a library. */
export interface ElementView {
  readonly address: number;
  readonly kind: ElementKind;
  /** Among its kind, from 1. */
  readonly number: number;
  readonly cartridge: string | undefined;
  /** Storage or mail slot the cartridge came from, as an element address. */
  readonly cameFrom: number | undefined;
}

/** Where a cartridge is. */
export type PlaceView =
  | {
      readonly kind: "element";
      readonly library: string;
      readonly element: Exclude<ElementKind, "picker">;
      readonly number: number;
      readonly address: number;
    }
  | { readonly kind: "shelf"; readonly pool: string };

/** One cartridge. */
export interface CartridgeView {
  readonly id: ObjectId;
  readonly barcode: string;
  readonly state: CartridgeState;
  readonly place: PlaceView;
  /** Library it is in, goes to, or left last, while there is such a library. */
  readonly library: string | undefined;
  /** Write-once: hosts can append to it, nothing else. */
  readonly writeOnce: boolean;
  readonly pool: string;
  readonly storageClass: StorageClass;
  readonly sizeBytes: number;
  /** Bytes up to end of data. */
  readonly usedBytes: number;
  readonly uploadedBytes: number;
  /** Bytes that are only on the local disk. */
  readonly dirtyBytes: number;
  /** Objects behind the last state that is complete in the object store, how long the oldest has waited, and its time. */
  readonly unstoredObjects: number;
  readonly unstoredAge: Duration | undefined;
  readonly recoveryPointAt: Instant | undefined;
  readonly writeProtected: boolean;
  /**
   * RECOVERED: it ends earlier than it did. IRRECOVERABLE: nothing of what it held is left. Until that is accepted. DAMAGED: objects in its
   * middle cannot be read.
   */
  readonly condition: CartridgeCondition;
  readonly loss: CartridgeLossView | undefined;
  readonly lostObjects: readonly LostObjectsView[];
  /** Up to what it comes back from the bucket alone, and as of when; undefined: not at all. */
  readonly recoveryPoint: RecoveryPointView | undefined;
  readonly createdAt: Instant;
  /** First time it reached ARCHIVED: the retention clock starts here. */
  readonly archivedAt: Instant | undefined;
  /** When a lock lets it go; undefined without a lock or before the first archive. */
  readonly lockedUntil: Instant | undefined;
  /** Kind of that lock. */
  readonly lock: RetentionLock;
  /** Nobody deletes it or writes on it. */
  readonly legalHold: boolean;
  /** Its objects are under that lock and hold in the object store too. */
  readonly isLockedInStore: boolean;
  /** Its copies in other stores. */
  readonly copies: readonly CopyView[];
  /** Barcode of the cartridge that it is a clone of. */
  readonly clonedFrom: string | undefined;
  /** How it was or is being retrieved, when not simply as a whole. */
  readonly retrieval: RetrievalView | undefined;
  /** DELETING: when its bytes go; until then it can be taken back. */
  readonly deleteAt: Instant | undefined;
  readonly changedAt: Instant;
  /** The archive, retrieve or delete task that works on it. */
  readonly task: string | undefined;
}

/** A copy of a cartridge in another store. */
export interface CopyView {
  readonly store: string;
  readonly storageClass: StorageClass;
  /** `complete`: all of it is there. `waiting`: it is, or will be, on its way. */
  readonly state: "complete" | "waiting";
  readonly completeAt: Instant | undefined;
  readonly lock: RetentionLock;
  readonly lockedUntil: Instant | undefined;
  /** Its objects are under that lock, or a hold, in their store too. */
  readonly isLockedInStore: boolean;
  /** The task that works on it. */
  readonly task: string | undefined;
}

/** What something would cost, in `currency`. */
export interface EstimateView {
  readonly barcode: string;
  readonly action: "archive" | "retrieve" | "move" | "delete";
  /** The class that it goes to. */
  readonly storageClass: StorageClass;
  readonly segments: number;
  readonly bytes: number;
  /** What keeping it costs per month afterwards. */
  readonly storagePerMonth: number;
  /** Requests that it takes, and what they cost without thaws. */
  readonly requests: number;
  readonly requestCost: number;
  readonly thawCost: number;
  readonly earlyDeletionFee: number;
  /** Thawed copies, as long as they are kept. */
  readonly copiesCost: number;
  /** Reading all of it: where the class charges for it, and the way out. */
  readonly readCost: number;
  /** The second copy that is still to be made: what it costs per month, and once. */
  readonly mirrorStoragePerMonth: number;
  readonly mirrorCost: number;
  /** How long thawing typically takes. */
  readonly hoursFrom: number;
  readonly hoursTo: number;
  /** All that is paid once. */
  readonly total: number;
  readonly currency: string;
  /** The prices are those that Capstan comes with: check them. */
  readonly areListPrices: boolean;
}

/** What was asked of the object stores, and what it costs. */
export interface CostsView {
  /** Since when it is counted. */
  readonly since: Instant;
  readonly currency: string;
  readonly areListPrices: boolean;
  readonly requests: readonly (RequestCount & { readonly cost: number })[];
  readonly thawed: readonly (ThawCount & { readonly cost: number })[];
  readonly total: number;
}

/** A rule of automatic creation. */
export interface CreationRuleView {
  readonly library: string;
  readonly prefix: string;
  readonly pool: string;
  readonly sizeBytes: number;
  readonly minimum: number;
  readonly writeOnce: boolean;
  /** Cartridges in mail slots that it counts. */
  readonly available: number;
}

/** A retrieval in part, or with a limit of money. */
export interface RetrievalView {
  readonly kind: "whole" | "files" | "demand";
  readonly tier: ThawTier;
  readonly firstFile: number | undefined;
  readonly lastFile: number | undefined;
  /** Segments that were asked for so far; undefined for all. */
  readonly segments: number | undefined;
  /** What thawing costs so far, and may cost, in the currency of the prices. */
  readonly spent: number;
  readonly moneyLimit: number | undefined;
  readonly currency: string;
}

/** Whether a cartridge is what it was. */
export type CartridgeCondition = "GOOD" | "RECOVERED" | "IRRECOVERABLE" | "DAMAGED";

/** Blocks and filemarks in the middle of a cartridge that cannot be read any more. */
export interface LostObjectsView {
  readonly partition: number;
  readonly first: number;
  readonly last: number;
  readonly at: Instant;
}

/** What a cartridge lost. */
export interface CartridgeLossView {
  readonly at: Instant;
  readonly reason: string;
  /** Where it ends now: the first object that is gone. */
  readonly firstLost: number;
  readonly objects: number;
  readonly files: number;
  readonly bytes: number;
}

/** A state of a cartridge that is complete in the bucket. */
export interface RecoveryPointView {
  readonly at: Instant;
  readonly objects: number;
  readonly files: number;
  readonly bytes: number;
}

/** One shelf pool. */
export interface PoolView {
  readonly name: string;
  readonly builtIn: boolean;
  readonly storageClass: ShelfClass;
  readonly lock: RetentionLock;
  readonly retentionDays: number;
  readonly deleteDelayDays: number | undefined;
  /** Who holds its locks: the object store itself, or only the gateway. */
  readonly lockedBy: "store" | "gateway";
  /** The second copy of what is archived. */
  readonly mirror: MirrorRecord | undefined;
  readonly cartridges: number;
  readonly archivedCartridges: number;
}

/** A device behind a target. */
export interface UnitView {
  readonly lun: number;
  readonly kind: "changer" | "drive";
  /** `changer`, `drive-01` … */
  readonly device: string;
  readonly serial: string;
}

/** One iSCSI target. */
export interface TargetView {
  /** IQN. */
  readonly name: string;
  readonly library: string;
  readonly units: readonly UnitView[];
  /** Portals it can be reached at. */
  readonly portals: readonly Endpoint[];
  readonly portalGroupTag: number;
  readonly allow: readonly string[];
  readonly chap: readonly ChapView[];
  readonly sessions: readonly SessionView[];
}

/** CHAP credentials without their secrets. */
export interface ChapView {
  readonly target: string;
  readonly initiator: string;
  readonly user: string;
  readonly mutual: boolean;
}

/** A session of an initiator. */
export interface SessionView {
  readonly id: number;
  readonly target: string;
  readonly initiator: string;
  readonly isid: string;
  readonly remoteAddress: string;
  readonly since: Instant;
}

/** Bandwidth limits in bits per second, and those that hold now. */
export interface BandwidthView extends BandwidthSettings {
  readonly upNow: number | undefined;
  readonly downNow: number | undefined;
  /** Where they were set. */
  readonly source: "configuration" | "api";
}

/** What would be lost of a cartridge if this machine were lost now. */
export interface UnstoredView {
  readonly barcode: string;
  readonly bytes: number;
  readonly objects: number;
  readonly age: Duration;
  readonly recoveryPointObjects: number;
  readonly recoveryPointAt: Instant | undefined;
}

/** What the store of all cartridges does. Bytes and counts since start where it says so. */
export interface StoreView {
  /** Sealed segments that wait for upload, and how many bytes of them there may be before writers wait. */
  readonly uploadBufferUsed: number;
  readonly uploadBufferSize: number;
  readonly uploadBufferPercent: number;
  /** Until it is full at the pace of the last minutes; undefined while it does not fill. */
  readonly timeToFull: Duration | undefined;
  /** Local segments, and how many bytes of evictable ones are kept. */
  readonly cacheUsed: number;
  readonly cacheSize: number;
  /** Since start. */
  readonly uploadedBytes: number;
  readonly fetchedBytes: number;
  readonly evictedBytes: number;
  /** Reads since start that did not need the object store; the share of local bytes that are nowhere else. */
  readonly cacheHitPercent: number;
  readonly cacheDirtyPercent: number;
  /** Of the disk of the data folder. */
  readonly diskFree: number | undefined;
  readonly diskReserve: number;
  /** What would be lost with this machine, of how many cartridges. */
  readonly unstoredBytes: number;
  readonly unstoredCartridges: number;
  /** How long the oldest segment that waits for upload has been waiting, in milliseconds. */
  readonly uploadLag: Duration;
  /** The last failure of an upload while segments still wait. */
  readonly trouble: string | undefined;
  /** Damaged copies of segments that were found and made anew, and segments damaged before their upload, since start; those not mended yet. */
  readonly damage: {
    readonly found: number;
    readonly healed: number;
    readonly lost: number;
    readonly waiting: number;
  };
}

/** The gateway at one glance. */
export interface GatewayStatus {
  readonly instance: string;
  /** Who has taken this gateway over, and when: it is read-only then. */
  readonly fenced: string | undefined;
  readonly state: "starting" | "ready" | "stopping" | "stopped";
  readonly startedAt: Instant;
  readonly portals: readonly Endpoint[];
  readonly libraries: number;
  readonly drives: number;
  readonly loadedDrives: number;
  readonly cartridges: number;
  readonly cartridgesByState: Readonly<Record<CartridgeState, number>>;
  readonly sessions: number;
  readonly runningTasks: number;
  /** Time by which locks end; it follows no leap of the system's clock. */
  readonly trustedTime: Instant;
  readonly store: StoreView;
  /** What needs an operator, the worst first. */
  readonly alarms: readonly Alarm[];
}
