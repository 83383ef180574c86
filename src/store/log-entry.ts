// SPDX-License-Identifier: Apache-2.0
// What an entry of a gateway's log in the bucket says, as JSON. docs/FORMATS.md describes it. It does no I/O.

import { asError, bytesFromText, type Instant, textFromBytes } from "#base/index.ts";
import type { ManifestName } from "./object-keys.ts";
import type { ObjectKey, StorageClass } from "./object-store.ts";
import { storeFault } from "./faults.ts";
import type { CartridgeId } from "./types.ts";

/** Version that this release writes, and the newest that it reads. */
export const logVersion = 1;

/** A state of a cartridge that is complete in the bucket: what its manifest of that name says. */
export interface RecoveryPoint extends ManifestName {
  readonly at: Instant;
  readonly objects: number;
  readonly files: number;
  readonly bytes: number;
  readonly storedBytes: number;
  readonly storageClass: StorageClass;
}

/** What the store tells of its cartridges. */
export type StoreLogFact =
  | { readonly kind: "cartridge"; readonly id: CartridgeId; readonly tag: string; readonly point: RecoveryPoint | null }
  | { readonly kind: "point"; readonly id: CartridgeId; readonly point: RecoveryPoint }
  | { readonly kind: "gone"; readonly id: CartridgeId };

/** What became true, in this order. The gateway's own facts are not the store's business. */
export interface LogFacts {
  readonly store: readonly StoreLogFact[];
  readonly gateway: readonly unknown[];
}

/** Who wrote: one data folder, from its making or its recovery on. */
export interface LogWriter {
  /** Drawn when the data folder was made. */
  readonly writer: string;
  /** Counts up each time that another data folder takes over. */
  readonly epoch: number;
  /** Name of the machine, for people. */
  readonly host: string;
}

/** A part of a snapshot. */
export interface SnapshotPart {
  readonly key: ObjectKey;
  readonly crc32: number;
}

/** An entry of a gateway's log. */
export interface LogEntry extends LogWriter, LogFacts {
  readonly format: number;
  readonly name: string;
  readonly number: number;
  readonly at: Instant;
  /** With this entry another data folder became the gateway. */
  readonly takesOver: boolean;
  /** How many facts the ledger of its gateway led to; not in a take-over, and not from earlier releases. */
  readonly sequence?: number;
  /** The last entry with a snapshot, this one included: reading begins there. */
  readonly snapshot: number;
  /** Parts of the snapshot that this entry carries; what was true before is in them and nowhere else. */
  readonly parts: readonly SnapshotPart[] | null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isLogFacts(value: unknown): value is LogFacts {
  return isObject(value) && Array.isArray(value["store"]) && Array.isArray(value["gateway"]);
}

function isLogEntry(value: unknown): value is LogEntry {
  if (!isObject(value) || !isLogFacts(value)) return false;
  const { parts } = value;
  const numbers = ["number", "epoch", "snapshot"].every((name) => Number.isSafeInteger(value[name]));
  const texts = ["writer", "host", "name"].every((name) => typeof value[name] === "string");
  return (
    numbers &&
    texts &&
    Number.isFinite(value["at"]) &&
    (parts === null || Array.isArray(parts)) &&
    typeof value["takesOver"] === "boolean"
  );
}

/** The bytes of an entry. */
export function encodeLogEntry(entry: LogEntry): Uint8Array {
  return bytesFromText(JSON.stringify(entry));
}

/** An entry from its bytes. Faults `store.object-damaged`, `store.format-newer`. */
export function decodeLogEntry(key: ObjectKey, bytes: Uint8Array): LogEntry {
  const value = parsed(key, bytes);
  if (isObject(value) && typeof value["format"] === "number" && value["format"] > logVersion) {
    throw storeFault("format-newer", { path: key, version: value["format"], supported: logVersion });
  }
  if (!isLogEntry(value)) throw storeFault("object-damaged", { key, reason: "it is no entry of a gateway's log" });
  return value;
}

/** The bytes of a part of a snapshot. */
export function encodeSnapshotPart(facts: LogFacts): Uint8Array {
  return bytesFromText(JSON.stringify(facts));
}

/** A part of a snapshot from its bytes. Fault `store.object-damaged`. */
export function decodeSnapshotPart(key: ObjectKey, bytes: Uint8Array): LogFacts {
  const value = parsed(key, bytes);
  if (!isLogFacts(value)) throw storeFault("object-damaged", { key, reason: "it is no part of a snapshot" });
  return value;
}

/** What waits for upload on a cartridge: lost if the machine burned now. */
export interface Unstored {
  readonly id: CartridgeId;
  /** What is on it, the unstored included. */
  readonly objects: number;
  readonly files: number;
  readonly bytes: number;
  /** Bytes of segment files that are not in the bucket. */
  readonly dirtyBytes: number;
}

/** What a gateway says of itself now and then. */
export interface GatewayStatusNote extends LogWriter {
  readonly format: number;
  readonly name: string;
  readonly at: Instant;
  /** True after an orderly stop. */
  readonly isStopped: boolean;
  readonly unstored: readonly Unstored[];
}

/** The bytes of a status. */
export function encodeStatus(status: GatewayStatusNote): Uint8Array {
  return bytesFromText(JSON.stringify(status));
}

/** A status from its bytes. Faults `store.object-damaged`, `store.format-newer`. */
export function decodeStatus(key: ObjectKey, bytes: Uint8Array): GatewayStatusNote {
  const value = parsed(key, bytes);
  if (isObject(value) && typeof value["format"] === "number" && value["format"] > logVersion) {
    throw storeFault("format-newer", { path: key, version: value["format"], supported: logVersion });
  }
  if (!isStatus(value)) throw storeFault("object-damaged", { key, reason: "it is no status of a gateway" });
  return value;
}

function isStatus(value: unknown): value is GatewayStatusNote {
  if (!isObject(value)) return false;
  const { at, epoch, writer, unstored, isStopped } = value;
  return (
    Number.isSafeInteger(epoch) &&
    typeof at === "number" &&
    typeof writer === "string" &&
    Array.isArray(unstored) &&
    typeof isStopped === "boolean"
  );
}

function parsed(key: ObjectKey, bytes: Uint8Array): unknown {
  try {
    const value: unknown = JSON.parse(textFromBytes(bytes));
    return value;
  } catch (error) {
    throw storeFault("object-damaged", { key, reason: asError(error).message }, error);
  }
}
