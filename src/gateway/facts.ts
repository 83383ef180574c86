// SPDX-License-Identifier: Apache-2.0
// The facts of the gateway's ledger: everything that must survive a restart and is not data on a cartridge. A fact says
// what became true; replaying all of them in order gives the state again. docs/FORMATS.md describes them.

import type { Instant } from "#base/index.ts";
import type { CartridgeHistory, CartridgeMemory } from "#device/index.ts";
import type { ChangerShape, Placement } from "#library/index.ts";
import type { LtoGeneration } from "#scsi/index.ts";
import type {
  Durability,
  BandwidthSettings,
  FileRange,
  Retention,
  SegmentRange,
  StorageClass,
  ThawTier,
} from "#store/index.ts";
import type { TaskRecord } from "#work/index.ts";
import type { CartridgeState, DeletedFrom } from "./cartridge-life.ts";
import type { RetentionLock, ShelfClass, Topology } from "./requests.ts";
import type { ObjectId } from "./views.ts";

/** A drive of a library. */
export interface DriveRecord {
  readonly id: ObjectId;
  /** From 1. */
  readonly number: number;
}

/** A library as it was made. */
export interface LibraryRecord {
  readonly id: ObjectId;
  readonly name: string;
  readonly changerModel: string;
  readonly driveModel: string;
  readonly topology: Topology;
  readonly shape: ChangerShape;
  readonly drives: readonly DriveRecord[];
  /** Absent: local. */
  readonly durability?: Durability;
  readonly createdAt: Instant;
}

/** A lock on a cartridge. Absolute: nothing that happens to the pool or to a clock makes it shorter. */
export type RetentionRecord = Retention;

/** What the objects of a cartridge were last told to be held by. */
export interface ObjectLocks {
  readonly retention?: RetentionRecord;
  readonly legalHold: boolean;
  /** A hold is being put on or taken off: some objects may be told already and some not. */
  readonly isHoldChanging?: boolean;
}

/** A copy of a cartridge in a store that it is mirrored to. It is there until the cartridge is deleted. */
export interface CopyRecord {
  /** Name of the store. */
  readonly store: string;
  readonly storageClass: StorageClass;
  /** Since when it is complete; absent: objects of it may be there. */
  readonly at?: Instant;
  /** Its own lock; set when it became complete. */
  readonly retention?: RetentionRecord;
  /** What its objects were last told to be held by. */
  readonly objectLocks?: ObjectLocks;
}

/** How a cartridge was retrieved, when that was not as a whole, or not at any price. */
export interface RetrievalRecord {
  /** `files`: some tape files; `demand`: what is read, when it is read. */
  readonly kind: "whole" | "files" | "demand";
  /** Segments that were asked for, by index; of a whole retrieval none are listed. */
  readonly ranges: readonly SegmentRange[];
  readonly files?: FileRange;
  /** What thawing may cost in all, and what was asked for so far costs, in the currency of the prices. */
  readonly moneyLimit?: number;
  readonly spent: number;
  readonly aheadBytes?: number;
}

/** A deletion that was asked for. */
export interface DeletionRecord {
  /** When the bytes go; until then it can be taken back. */
  readonly at: Instant;
  readonly from: DeletedFrom;
  /** Whoever asked for it may bypass GOVERNANCE, and did. */
  readonly bypassGovernance?: boolean;
  /** The bytes are going: too late. */
  readonly isErasing: boolean;
}

/** A cartridge. Its element, if it has one, is known by the changer of its library. */
export interface CartridgeRecord {
  readonly id: ObjectId;
  readonly barcode: string;
  readonly generation: LtoGeneration;
  readonly writeOnce: boolean;
  readonly sizeBytes: number;
  readonly state: CartridgeState;
  /** Library that it is in, goes to or left last. */
  readonly library: ObjectId;
  readonly pool: string;
  readonly createdAt: Instant;
  readonly changedAt: Instant;
  /** What hosts did to it, ever. */
  readonly history: CartridgeHistory;
  /** What its memory chip keeps; nothing yet when missing. */
  readonly memory?: CartridgeMemory;
  /** First time it reached ARCHIVED. */
  readonly archivedAt?: Instant;
  /** How the retrieve that runs was asked for. */
  readonly tier?: ThawTier;
  /** The tier became a faster one after the thaw began. */
  readonly isHastened?: boolean;
  /** While RETRIEVING and RETRIEVED; absent: as a whole. */
  readonly retrieval?: RetrievalRecord | null;
  /** The class its data has reached on the shelf; behind the pool's while a change runs. */
  readonly shelfClass?: ShelfClass;
  /** Since when; least days of storage are counted from then. */
  readonly classSince?: Instant;
  /** Barcode of the cartridge that it is a clone of. */
  readonly clonedFrom?: string;
  /** Set when it is archived for the first time, and extended. Absent in records of older releases: the pool tells. */
  readonly retention?: RetentionRecord;
  /** Nobody deletes it or writes on it until the hold is cleared. */
  readonly legalHold?: boolean;
  readonly objectLocks?: ObjectLocks;
  /** One per store. */
  readonly copies?: readonly CopyRecord[];
  /** Ejected after it was RETRIEVED: its local copies and what was written about it meanwhile are still to be seen to. */
  readonly isReturned?: boolean;
  /** While DELETING. */
  readonly deletion?: DeletionRecord | null;
}

/** What a change of a cartridge may change. */
export type CartridgeChange = Partial<
  Pick<
    CartridgeRecord,
    | "state"
    | "library"
    | "pool"
    | "history"
    | "memory"
    | "archivedAt"
    | "tier"
    | "retrieval"
    | "isHastened"
    | "shelfClass"
    | "classSince"
    | "retention"
    | "legalHold"
    | "objectLocks"
    | "copies"
    | "isReturned"
    | "deletion"
  >
>;

/** The second copy of what is archived. */
export interface MirrorRecord {
  /** Name of the store, as in capstan.toml. */
  readonly store: string;
  readonly storageClass: ShelfClass;
  readonly lock: RetentionLock;
  readonly retentionDays: number;
}

/** A shelf pool. */
export interface PoolRecord {
  readonly name: string;
  readonly storageClass: ShelfClass;
  readonly lock: RetentionLock;
  readonly retentionDays: number;
  /** How long a deletion can be taken back; absent: as the gateway's settings say. */
  readonly deleteDelayDays?: number;
  /** Its locks are the gateway's alone, because the object store has none. */
  readonly gatewayLock?: boolean;
  /** What is archived has a second copy. */
  readonly mirror?: MirrorRecord;
}

/** Cartridges that a library always has in its mail slots. */
export interface CreationRule {
  /** Barcodes of the cartridges begin with it. */
  readonly prefix: string;
  readonly pool: string;
  readonly sizeBytes: number;
  readonly minimum: number;
  readonly writeOnce: boolean;
}

/** CHAP credentials of one initiator (pattern) for one target. */
export interface ChapRecord {
  readonly target: string;
  readonly initiator: string;
  /** CHAP name; absent: the initiator's name. */
  readonly user?: string;
  readonly secret: string;
  /** How the target proves itself; without a name by its own. */
  readonly mutual?: { readonly user?: string; readonly secret: string };
}

/** One step of a move. */
export interface MoveStep {
  readonly barcode: string;
  readonly from: number;
  readonly to: number;
}

/** A fact. */
export type Fact =
  | { readonly kind: "instance"; readonly name: string; readonly createdAt: Instant }
  /** A new library, or one whose elements or drives changed. */
  | { readonly kind: "library"; readonly library: LibraryRecord }
  | { readonly kind: "library-gone"; readonly id: ObjectId }
  /** A new cartridge, not in any element yet. */
  | { readonly kind: "cartridge"; readonly cartridge: CartridgeRecord }
  | {
      readonly kind: "cartridge-changed";
      readonly barcode: string;
      readonly at: Instant;
      readonly change: CartridgeChange;
    }
  /** Deleted: the barcode stays spent. */
  | { readonly kind: "cartridge-gone"; readonly barcode: string }
  /** Cartridges stand in elements, put there by no move. */
  | { readonly kind: "placed"; readonly library: ObjectId; readonly placements: readonly Placement[] }
  /** The picker moved cartridges, all at once. */
  | { readonly kind: "moved"; readonly library: ObjectId; readonly steps: readonly MoveStep[] }
  /** A cartridge left its element and the library. */
  | { readonly kind: "taken"; readonly library: ObjectId; readonly barcode: string }
  | { readonly kind: "pool"; readonly pool: PoolRecord }
  | { readonly kind: "pool-gone"; readonly name: string }
  /** The rules of automatic creation of a library; empty: none. */
  | { readonly kind: "rules"; readonly library: ObjectId; readonly rules: readonly CreationRule[] }
  /** The allow-list of a target; empty: none. */
  | { readonly kind: "allow"; readonly target: string; readonly initiators: readonly string[] }
  | { readonly kind: "chap"; readonly chap: ChapRecord }
  | { readonly kind: "chap-gone"; readonly target: string; readonly initiator: string }
  /** Initiators that hold a session with a target, or lost it without logging out; empty: none. */
  | { readonly kind: "present"; readonly target: string; readonly initiators: readonly string[] }
  /** The trusted clock has come this far: see `trusted-clock.ts`. */
  | { readonly kind: "clock"; readonly at: Instant }
  /** Bandwidth limits that count instead of the configured ones. */
  | { readonly kind: "bandwidth"; readonly bandwidth: BandwidthSettings }
  | { readonly kind: "bandwidth-gone" }
  | { readonly kind: "task"; readonly task: TaskRecord }
  | { readonly kind: "task-gone"; readonly id: string };

type FieldType = "string" | "number" | "object" | "array";

/** What each kind of fact must have. The ledger's checksums guard the rest. */
const fields: Readonly<Record<Fact["kind"], Readonly<Record<string, FieldType>>>> = {
  instance: { name: "string", createdAt: "number" },
  library: { library: "object" },
  "library-gone": { id: "string" },
  cartridge: { cartridge: "object" },
  "cartridge-changed": { barcode: "string", at: "number", change: "object" },
  "cartridge-gone": { barcode: "string" },
  placed: { library: "string", placements: "array" },
  moved: { library: "string", steps: "array" },
  taken: { library: "string", barcode: "string" },
  pool: { pool: "object" },
  "pool-gone": { name: "string" },
  rules: { library: "string", rules: "array" },
  allow: { target: "string", initiators: "array" },
  chap: { chap: "object" },
  "chap-gone": { target: "string", initiator: "string" },
  present: { target: "string", initiators: "array" },
  clock: { at: "number" },
  bandwidth: { bandwidth: "object" },
  "bandwidth-gone": {},
  task: { task: "object" },
  "task-gone": { id: "string" },
};

const neededFields = new Map<string, readonly (readonly [name: string, type: FieldType])[]>(
  Object.entries(fields).map(([kind, row]) => [kind, Object.entries(row)]),
);

/** Kinds that only this machine needs: what runs, who is logged in, and how fast its line is. */
const localKinds: ReadonlySet<Fact["kind"]> = new Set([
  "task",
  "task-gone",
  "present",
  "bandwidth",
  "bandwidth-gone",
] as const);

/** True for a fact that the bucket is told, so that another machine can be this gateway. */
export function isTold(fact: Fact): boolean {
  return !localKinds.has(fact.kind);
}

/** True for a value of a kind that is known here, with its fields. */
export function isFact(value: unknown): value is Fact {
  if (!isRecord(value) || typeof value.kind !== "string") return false;
  const needed = neededFields.get(value.kind);
  return needed !== undefined && needed.every(([name, type]) => hasType(value[name], type));
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

function hasType(value: unknown, type: FieldType): boolean {
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}
