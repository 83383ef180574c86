// SPDX-License-Identifier: Apache-2.0
// What operators ask of the gateway, as plain data. The gateway checks every value itself (Faults `gateway.…`), so that
// no face has to.

import type { Instant } from "#base/index.ts";
import type { Durability, FileRange, StorageClass, ThawTier } from "#store/index.ts";

/** One target per device (the default), or one target with the changer at LUN 0 and the drives at LUN 1 … n. */
export type Topology = "target-per-device" | "single-target";

/** First element address of each kind. Ranges must not overlap and fit into 0 … 65535. */
export interface FirstAddresses {
  readonly picker: number;
  readonly drive: number;
  readonly storageSlot: number;
  readonly mailSlot: number;
}

/** A library to create. What is left out has the default that is named. */
export interface LibraryRequest {
  /** 1 … 32 of a-z, 0-9 and `-`, beginning with a letter or digit. */
  readonly name: string;
  /** Backup product it is for (`gateway.presets()`): gives what this request leaves out. */
  readonly preset?: string;
  /** Name of a changer model (`gateway.models()`); default the first. */
  readonly changerModel?: string;
  /** Name of a drive model for all drives; default the first. */
  readonly driveModel?: string;
  /** 1 … `limits.drivesMax`; default 4. */
  readonly drives?: number;
  /** 1 …; default 40. */
  readonly storageSlots?: number;
  /** 0 …; default 8. */
  readonly mailSlots?: number;
  readonly topology?: Topology;
  /** When hosts are told that their data is safe; default `local`. */
  readonly durability?: Durability;
  /** Default: those of the changer model; a kind that would run into another is put behind it. */
  readonly firstAddresses?: Partial<FirstAddresses>;
}

/** Changes of a library; what is left out stays. Shrinking takes from the end and refuses what is occupied. */
export interface LibraryChange {
  readonly drives?: number;
  readonly storageSlots?: number;
  readonly mailSlots?: number;
  readonly durability?: Durability;
}

/** Cartridges to create, all alike. */
export interface CartridgeRequest {
  readonly library: string;
  /** Default 1. */
  readonly count?: number;
  /** `limits.cartridgeSizeMin` … `limits.cartridgeSizeMax`; default: the nominal size of the library's drives. */
  readonly sizeBytes?: number;
  /** Write-once cartridges: hosts can append, nothing else. Default false. */
  readonly writeOnce?: boolean;
  /** Exactly this barcode: only with a count of 1. 5 … 16 of A-Z and 0-9. */
  readonly barcode?: string;
  /** Barcodes are this, a running number, and the suffix of the medium's generation (`L8`); default `CAP`. */
  readonly barcodePrefix?: string;
  /** Where they appear; default `storage-slot`. */
  readonly into?: "storage-slot" | "mail-slot";
  /** Shelf pool that an eject puts them into; default `glacier`, or `standard` where the object store has no cold class. */
  readonly pool?: string;
}

/** Cartridges that a library should always have in its mail slots. Sets or replaces the rule of its prefix. */
export interface CreationRuleRequest {
  readonly library: string;
  /** 1 … 5 of A-Z and 0-9. */
  readonly prefix: string;
  /** 1 … as many as there are mail slots, at most `limits.creationMinimum`; default 1. */
  readonly minimum?: number;
  /** As for a cartridge. */
  readonly sizeBytes?: number;
  readonly pool?: string;
  readonly writeOnce?: boolean;
}

/** Which cartridges to list; all given conditions hold. */
export interface CartridgeFilter {
  readonly library?: string;
  readonly state?: string;
  readonly pool?: string;
  /** Barcodes that begin with this. */
  readonly barcodePrefix?: string;
  /** Only those behind this barcode, and no more than so many: a page. */
  readonly after?: string;
  readonly limit?: number;
}

/** A place of a library, as people name it. */
export type PlaceRequest =
  | { readonly kind: "storage-slot"; readonly number?: number }
  | { readonly kind: "mail-slot"; readonly number?: number }
  | { readonly kind: "drive"; readonly number?: number };

/** A cartridge to move within its library. Without a number: the first free place of the kind. */
export interface MoveRequest {
  readonly barcode: string;
  readonly to: PlaceRequest;
}

/** A cartridge to bring back from the shelf. */
export interface RetrieveRequest {
  readonly barcode: string;
  readonly library: string;
  /** Default `Standard`. While it is RETRIEVING, a faster one hastens the thaw. */
  readonly tier?: ThawTier;
  /** Only these tape files, numbered by the filemarks before them, from 0, and the first segment, which has the labels. */
  readonly files?: FileRange;
  /** It appears at once, and what is read is thawed when it is read. Not together with `files`. */
  readonly onDemand?: boolean;
  /** What thawing may cost, in the currency of the prices. */
  readonly moneyLimit?: number;
  /** On demand: bytes that are thawed ahead of what is read; default `limits.thawAhead`. */
  readonly aheadBytes?: number;
}

/** What to estimate. `archive`: to its pool, or to `pool`. `move`: from the shelf to `pool`. */
export interface EstimateRequest {
  readonly barcode: string;
  readonly action: "archive" | "retrieve" | "move" | "delete";
  readonly pool?: string;
  /** Of a retrieve; default `Standard`. */
  readonly tier?: ThawTier;
  readonly files?: FileRange;
}

/** A writable copy of an archived cartridge, which shares its data until it is written over. */
export interface CloneRequest {
  readonly barcode: string;
  readonly library: string;
  /** Barcode of the clone; or how it begins, with a running number. */
  readonly as?: string;
  readonly barcodePrefix?: string;
  /** Where it appears; default `storage-slot`. */
  readonly into?: "storage-slot" | "mail-slot";
  /** Default: that of the original. */
  readonly pool?: string;
  /** What it reads of the original is thawed when it is read: how fast, and what that may cost. */
  readonly tier?: ThawTier;
  readonly moneyLimit?: number;
}

/** More of a cartridge that is RETRIEVED in part. */
export interface RetrieveMoreRequest {
  readonly barcode: string;
  /** What thawing may cost from now on, in all. */
  readonly moneyLimit?: number;
  readonly files?: FileRange;
  readonly tier?: ThawTier;
}

/** Retention lock of a shelf pool. */
export type RetentionLock = "NONE" | "GOVERNANCE" | "COMPLIANCE";
/** Storage class of a shelf pool. STANDARD: the objects stay as they are, for stores without colder classes. */
export type ShelfClass = StorageClass;

/** A shelf pool to create. It can never be changed. */
export interface PoolRequest {
  /** 1 … 32 of a-z, 0-9 and `-`. */
  readonly name: string;
  readonly storageClass: ShelfClass;
  /** Default `NONE`. */
  readonly lock?: RetentionLock;
  /** Whole days, 1 … 36,500 with a lock, 0 without. */
  readonly retentionDays?: number;
  /** Whole days in which a deletion can be taken back, 0 … 3,650; default: the gateway's `delete-delay`. */
  readonly deleteDelayDays?: number;
  /** Accept that locks are the gateway's alone where the object store has none. Default false: such a pool is refused. */
  readonly gatewayLock?: boolean;
  /** A second copy of everything, in another store. */
  readonly mirror?: MirrorRequest;
}

/** The second copy that a pool makes. */
export interface MirrorRequest {
  /** Name of a store under [store.mirrors] in capstan.toml. */
  readonly store: string;
  /** Default: the class of the pool. */
  readonly storageClass?: ShelfClass;
  /** Default `NONE`. */
  readonly lock?: RetentionLock;
  /** As for the pool. */
  readonly retentionDays?: number;
}

/** A retention lock to set or extend on one cartridge. One of `until` and `days`. */
export interface RetentionRequest {
  readonly barcode: string;
  /** Default: the lock that it has, else GOVERNANCE. Never from COMPLIANCE back to GOVERNANCE. */
  readonly mode?: Exclude<RetentionLock, "NONE">;
  readonly until?: Instant;
  /** From now. */
  readonly days?: number;
  /** Shortens a lock of kind GOVERNANCE. */
  readonly bypassGovernance?: boolean;
}

/** CHAP credentials of one initiator for one target. */
export interface ChapRequest {
  /** Target name (IQN). */
  readonly target: string;
  /** Initiator name; a trailing `*` matches any rest. */
  readonly initiator: string;
  /** CHAP name the initiator gives; default: its initiator name. */
  readonly user?: string;
  /** 12 … 64 characters. Windows and AWS take at most 16. */
  readonly secret: string;
  /** For mutual CHAP: what the target answers with. The secret differs from the other one. */
  readonly mutual?: { readonly user?: string; readonly secret: string };
}

/** Who asks for something, for task records and the log. */
export interface Actor {
  readonly who: string;
}
