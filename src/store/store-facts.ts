// SPDX-License-Identifier: Apache-2.0
// The store's own ledger: which cartridges there are, their descriptions, and what was known of their bytes when they
// were last put to rest, so that a start reads one file however many cartridges there are.

import type { Instant } from "#base/index.ts";
import type { FileNumber, ObjectNumber } from "#tape/index.ts";
import type { LogPosition } from "./bucket-log.ts";
import { storeFault } from "./faults.ts";
import type { Head } from "./head.ts";
import type { RecoveryPoint } from "./log-entry.ts";
import type { CartridgeDescription, CartridgeId, CartridgeLoss, CartridgeUsage, UsagePoint } from "./types.ts";

/**
 * `rest`: the usage is exact and nothing is left to do. `waiting`: the objects are exact, uploads or deletions go on.
 * `open`: it was in use; its journal must be asked.
 */
export type RestState = "rest" | "waiting" | "open";

const restStates: readonly unknown[] = ["rest", "waiting", "open"] satisfies readonly RestState[];

/** One fact. */
export type StoreFact =
  | {
      readonly kind: "cartridge";
      readonly id: CartridgeId;
      readonly tag: string;
      readonly description: CartridgeDescription;
      readonly usage: CartridgeUsage;
      readonly state: RestState;
      /** What the bucket's log was told last; absent while it was told nothing. */
      readonly point?: RecoveryPoint;
      /** What was lost, until somebody has taken note. */
      readonly loss?: CartridgeLoss;
      /** When somebody took note of objects in the middle that are gone. */
      readonly lostNoted?: Instant;
    }
  /** An entry of the bucket's log is about to be put; it tells all that the facts before this one say. */
  | { readonly kind: "log"; readonly position: LogPosition }
  /** What follows may be other than an older release knows. */
  | { readonly kind: "format"; readonly version: number }
  | { readonly kind: "removing"; readonly id: CartridgeId }
  | { readonly kind: "removed"; readonly id: CartridgeId };

/** Version that this release writes, and the newest that it reads. */
export const storeFactsVersion = 2;

/** Usage of a blank cartridge. */
export const blankUsage: CartridgeUsage = {
  sizeBytes: 0,
  objects: 0 as ObjectNumber,
  files: 0 as FileNumber,
  storedBytes: 0,
  objectBytes: 0,
  dirtyBytes: 0,
  localBytes: 0,
  storageClass: "STANDARD",
  recoveryPoint: undefined,
};

/** Usage as the journal tells it; `growing` is what is not in the directory yet. */
export function usageOf(
  head: Head,
  growing: { readonly objects: number; readonly files: number; readonly bytes: number; readonly fileBytes: number },
): CartridgeUsage {
  return {
    sizeBytes: growing.bytes,
    objects: growing.objects as ObjectNumber,
    files: growing.files as FileNumber,
    storedBytes: head.storedBytes,
    objectBytes: head.objectBytes,
    dirtyBytes: head.dirtyBytes + growing.fileBytes,
    localBytes: head.localBytes + growing.fileBytes,
    storageClass: head.storageClass,
    recoveryPoint: undefined,
    ...(head.lost === undefined ? {} : { lost: head.lost }),
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isUsage(value: unknown): value is CartridgeUsage {
  if (!isObject(value)) return false;
  const counts = ["sizeBytes", "objects", "files", "storedBytes", "objectBytes", "dirtyBytes", "localBytes"];
  return counts.every((name) => Number.isSafeInteger(value[name])) && typeof value["storageClass"] === "string";
}

function isStoreFact(value: unknown): value is StoreFact {
  if (!isObject(value)) return false;
  if (value["kind"] === "log") return isObject(value["position"]);
  if (value["kind"] === "format") return true;
  if (typeof value["id"] !== "string") return false;
  if (value["kind"] === "removing" || value["kind"] === "removed") return true;
  const { kind, tag, description, usage, state } = value;
  return (
    kind === "cartridge" &&
    typeof tag === "string" &&
    /^[0-9a-f]{16}$/.test(tag) &&
    isObject(description) &&
    isUsage(usage) &&
    restStates.includes(state)
  );
}

/** A fact of a release that put segments into the object store as they are, in the words of this one. */
function upgraded(value: unknown): unknown {
  if (!isObject(value) || !isObject(value["usage"]) || "objectBytes" in value["usage"]) return value;
  return { ...value, usage: { ...value["usage"], objectBytes: value["usage"]["storedBytes"] } };
}

/** Checks a parsed fact. */
export function decodeStoreFact(given: unknown): StoreFact {
  const value = upgraded(given);
  if (isObject(value) && value["kind"] === "format") {
    const version = Number(value["version"]);
    if (version <= storeFactsVersion) return { kind: "format", version };
    throw storeFault("format-newer", { path: "the store's ledger", version, supported: storeFactsVersion });
  }
  if (!isStoreFact(value)) throw new TypeError("it is no fact of the store");
  return value;
}

/** The recovery point as other rooms see it. */
export function usagePointOf({ objects, files, bytes, at }: RecoveryPoint): UsagePoint {
  return { objects: objects as ObjectNumber, files: files as FileNumber, sizeBytes: bytes, at };
}

/** Something is left to do with the cartridge: it was in use, or the bucket does not describe what it has of it. */
export function isUnsettled({ state, point, usage }: Settled): boolean {
  return state !== "rest" || (point === undefined && usage.storedBytes > 0);
}

type Settled = Pick<Extract<StoreFact, { kind: "cartridge" }>, "state" | "point" | "usage">;

/** Objects, filemarks and bytes. */
export interface Extent {
  readonly objects: number;
  readonly files: number;
  readonly bytes: number;
}

/** What a cartridge had and has no more; undefined when that is nothing. */
export function lossBetween(
  has: Extent,
  had: Extent,
  noted: Pick<CartridgeLoss, "at" | "reason">,
): CartridgeLoss | undefined {
  if (had.objects <= has.objects) return undefined;
  return {
    ...noted,
    firstLost: has.objects as ObjectNumber,
    objects: had.objects - has.objects,
    files: Math.max(had.files - has.files, 0),
    sizeBytes: Math.max(had.bytes - has.bytes, 0),
  };
}
