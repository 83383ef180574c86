// SPDX-License-Identifier: Apache-2.0
// What a bucket tells of its gateways and cartridges, read from it alone. Changes nothing.

import { type Fault, isFault, limits } from "#base/index.ts";
import { crc32 } from "./crc32.ts";
import { storeFault } from "./faults.ts";
import {
  decodeLogEntry,
  decodeSnapshotPart,
  decodeStatus,
  type GatewayStatusNote,
  type LogEntry,
  type LogFacts,
  type RecoveryPoint,
} from "./log-entry.ts";
import { listManifests, type ManifestWork, readManifest } from "./manifest-files.ts";
import type { Manifest } from "./manifest.ts";
import {
  gatewaysPrefix,
  logKey,
  logNumberOf,
  logPrefix,
  manifestKey,
  segmentsPrefix,
  statusKey,
} from "./object-keys.ts";
import type { ObjectKey, StorageClass } from "./object-store.ts";
import { eachOf, type ObjectWork, retried } from "./object-work.ts";
import type { SmallSealer, SmallSealers } from "./small-sealer.ts";
import type { CartridgeId } from "./types.ts";

/** A cartridge as the log knows it. */
export interface LoggedCartridge {
  readonly id: CartridgeId;
  readonly tag: string;
  readonly point: RecoveryPoint | undefined;
}

/** An object that is missing, or not what was put there. */
export interface DamagedObject {
  readonly key: string;
  readonly reason: string;
}

const isDamage = (error: unknown): error is Fault =>
  isFault(error, "store.object-damaged") || isFault(error, "store.object-missing");

/** A gateway as its bucket knows it. */
export interface LoggedGateway {
  readonly name: string;
  /** The last entry of its log. */
  readonly last: LogEntry;
  readonly cartridges: ReadonlyMap<CartridgeId, LoggedCartridge>;
  /** The gateway's own facts, in order. */
  readonly facts: readonly unknown[];
  /** What it said of itself last, if the writer of the last entry did. */
  readonly status: GatewayStatusNote | undefined;
  /** What could not be read, and what was read goes without. */
  readonly damaged: readonly DamagedObject[];
  /** False: not even the facts with which the log begins could be read, and what is known is not all. */
  readonly hasBeginning: boolean;
  /** Number and epoch of a take-over. */
  readonly next: { readonly number: number; readonly epoch: number };
}

/** Names of the gateways in a bucket. */
export async function listGateways({ objects, clock }: ObjectWork): Promise<readonly string[]> {
  const names: string[] = [];
  for (let after: string | undefined = gatewaysPrefix; ;) {
    const from: string = after;
    const [key] = await retried(clock, undefined, () => objects.list(gatewaysPrefix, from, 1));
    const name = key?.slice(gatewaysPrefix.length).split("/")[0];
    if (name === undefined) return names;
    names.push(name);
    // Everything of this one is before that.
    after = `${gatewaysPrefix}${name}/~`;
  }
}

/**
 * A gateway from its log. What is damaged of the log is left out and named. Faults `store.gateway-unknown`,
 * `store.format-newer`, `store.object-damaged` when no entry can be read, of the store.
 */
export async function readGateway(work: ObjectWork, sealer: SmallSealer, name: string): Promise<LoggedGateway> {
  const reader = new LogReader(work, sealer, name);
  const numbers = await reader.numbers();
  const end = numbers.at(-1);
  if (end === undefined) throw storeFault("gateway-unknown", { name });
  const last = await reader.lastReadable(numbers);
  const cartridges = new Map<CartridgeId, LoggedCartridge>();
  const facts: unknown[] = [];
  const apply = (told: LogFacts): void => {
    for (const fact of told.store) applyStoreFact(cartridges, fact);
    for (const fact of told.gateway) facts.push(fact);
  };
  const first = await reader.beginning(last, numbers);
  for (const part of first.parts) apply(part);
  for (let each = first.number; each <= last.number; each++) {
    const entry = each === last.number ? last : await reader.tryEntry(each);
    if (entry !== undefined) apply(entry);
  }
  const status = await reader.status(last);
  // Each entry that cannot be read may have been that of a take-over.
  const next = { number: end + 1, epoch: last.epoch + 1 + (end - last.number) };
  const { damaged } = reader;
  return { name, last, next, cartridges, facts, status, damaged, hasBeginning: first.isWhole };
}

function applyStoreFact(cartridges: Map<CartridgeId, LoggedCartridge>, fact: LogFacts["store"][number]): void {
  switch (fact.kind) {
    case "cartridge":
      cartridges.set(fact.id, { id: fact.id, tag: fact.tag, point: fact.point ?? undefined });
      return;
    case "point": {
      const known = cartridges.get(fact.id);
      if (known !== undefined) cartridges.set(fact.id, { ...known, point: fact.point });
      return;
    }
    case "gone":
      cartridges.delete(fact.id);
      return;
    default:
      fact satisfies never;
  }
}

/** How often an object of the log is read before it counts as damaged. */
const damagedReads = 3;

/** Where reading a log begins. */
interface LogBeginning {
  readonly number: number;
  /** The snapshot there. */
  readonly parts: readonly LogFacts[];
  readonly isWhole: boolean;
}

class LogReader {
  readonly #work: ObjectWork;
  readonly #sealer: SmallSealer;
  readonly #gateway: string;
  readonly damaged: DamagedObject[] = [];

  constructor(work: ObjectWork, sealer: SmallSealer, gateway: string) {
    this.#work = work;
    this.#sealer = sealer;
    this.#gateway = gateway;
  }

  /** Numbers of all entries that are there. */
  async numbers(): Promise<readonly number[]> {
    const { objects, clock } = this.#work;
    const found: number[] = [];
    for (let after: string | undefined; ;) {
      const from = after;
      const list = (): Promise<readonly ObjectKey[]> =>
        objects.list(logPrefix(this.#gateway), from, limits.listObjects);
      const keys = await retried(clock, undefined, list);
      for (const key of keys) found.push(...[logNumberOf(key)].filter((number) => number !== undefined));
      if (keys.length < limits.listObjects) return found;
      after = keys.at(-1);
    }
  }

  /** The last entry that can be read. Fault `store.object-damaged` when none can. */
  async lastReadable(numbers: readonly number[]): Promise<LogEntry> {
    for (const number of numbers.toReversed()) {
      const entry = await this.tryEntry(number);
      if (entry !== undefined) return entry;
    }
    const reason = `none of its ${numbers.length} entries can be read: ${this.damaged[0]?.reason}`;
    throw storeFault("object-damaged", { key: logPrefix(this.#gateway), reason });
  }

  /** The newest entry with a snapshot that can be read, up to the one that `last` names; else the oldest entry. */
  async beginning(last: LogEntry, numbers: readonly number[]): Promise<LogBeginning> {
    for (const number of numbers.filter((each) => each <= last.snapshot).toReversed()) {
      const entry = number === last.number ? last : await this.tryEntry(number);
      if (entry === undefined || entry.parts === null) continue;
      try {
        const parts: LogFacts[] = [];
        for await (const part of this.#parts(entry)) parts.push(part);
        return { number, parts, isWhole: true };
      } catch (error) {
        if (!isDamage(error)) throw error;
        this.#noteDamaged(error);
      }
    }
    return { number: numbers[0] ?? last.number, parts: [], isWhole: false };
  }

  /** Undefined, and noted, when it cannot be read. */
  async tryEntry(number: number): Promise<LogEntry | undefined> {
    const key = logKey(this.#gateway, number);
    try {
      return decodeLogEntry(key, await this.#open(key));
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#noteDamaged(error);
      return undefined;
    }
  }

  #noteDamaged(error: Fault): void {
    const key = String(error.details["key"]);
    if (!this.damaged.some((each) => each.key === key)) this.damaged.push({ key, reason: error.message });
  }

  async *#parts(entry: LogEntry): AsyncGenerator<LogFacts> {
    for (const { key, crc32: sum } of entry.parts ?? []) {
      let sealed = await this.#get(key);
      for (let attempt = 1; crc32(sealed) !== sum && attempt < damagedReads; attempt++) sealed = await this.#get(key);
      if (crc32(sealed) !== sum) {
        throw storeFault("object-damaged", { key, reason: "it does not have the checksum that the log says" });
      }
      yield decodeSnapshotPart(key, await this.#sealer.openBytes(key, "state", sealed));
    }
  }

  /** What an earlier epoch says counts no more. */
  async status(last: LogEntry): Promise<GatewayStatusNote | undefined> {
    const { objects, clock } = this.#work;
    const key = statusKey(this.#gateway);
    if ((await retried(clock, undefined, () => objects.head(key))) === undefined) return undefined;
    try {
      const status = decodeStatus(key, await this.#open(key));
      return status.epoch === last.epoch ? status : undefined;
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#noteDamaged(error);
      return undefined;
    }
  }

  /** What is read with a wrong bit now may be right the next time: nothing is left out for that. */
  async #open(key: ObjectKey): Promise<Uint8Array> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#sealer.openBytes(key, "state", await this.#get(key));
      } catch (error) {
        if (!isFault(error, "store.object-damaged") || attempt >= damagedReads) throw error;
      }
    }
  }

  #get(key: ObjectKey): Promise<Uint8Array> {
    const { objects, clock } = this.#work;
    return retried(clock, undefined, () => objects.get(key, 0, limits.logEntry));
  }
}

/**
 * The newest manifests of all cartridges: in a bucket of version 1, which has no logs, or where the log is lost. `damaged`
 * is told of those that cannot be read.
 */
export async function readCartridges(
  work: ObjectWork,
  sealers: SmallSealers,
  damaged: (object: DamagedObject) => void,
): Promise<readonly Manifest[]> {
  const { objects, clock } = work;
  const prefix = "cartridges/";
  const ids: CartridgeId[] = [];
  for (let after: string = prefix; ;) {
    const from = after;
    const [key] = await retried(clock, undefined, () => objects.list(prefix, from, 1));
    const id = key?.slice(prefix.length).split("/")[0];
    if (id === undefined) break;
    ids.push(id as CartridgeId);
    after = `${prefix}${id}/~`;
  }
  const found: Manifest[] = [];
  await eachOf(ids.length, undefined, async (index) => {
    const id = ids[index];
    if (id === undefined) return;
    const manifest = await newestReadable({ ...work, sealer: sealers.cartridge(id), options: {} }, id, damaged);
    if (manifest !== undefined) found.push(manifest);
  });
  return found.toSorted((left, right) => (left.cartridge < right.cartridge ? -1 : 1));
}

/** The class of the first segment of a cartridge in this store; undefined when it has none. */
export async function storedClass({ objects, clock }: ObjectWork, id: CartridgeId): Promise<StorageClass | undefined> {
  const [key] = await retried(clock, undefined, () => objects.list(segmentsPrefix(id), undefined, 1));
  return key && (await retried(clock, undefined, () => objects.head(key)))?.storageClass;
}

/** The newest manifest of a cartridge that can be read; undefined when there is none. */
export async function newestReadable(
  work: ManifestWork,
  id: CartridgeId,
  damaged: (object: DamagedObject) => void,
): Promise<Manifest | undefined> {
  for (const name of (await listManifests(work, id)).toReversed()) {
    try {
      return await readManifest(work, id, name);
    } catch (error) {
      if (!isDamage(error)) throw error;
      damaged({ key: manifestKey(id, name), reason: error.message });
    }
  }
  return undefined;
}
