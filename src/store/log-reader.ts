// SPDX-License-Identifier: Apache-2.0
// What a bucket tells of its gateways and cartridges, read from it alone. Changes nothing.

import { limits } from "#base/index.ts";
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
import { newestManifest, readManifest } from "./manifest-files.ts";
import type { Manifest } from "./manifest.ts";
import { gatewaysPrefix, logKey, logNumberOf, logPrefix, statusKey } from "./object-keys.ts";
import type { ObjectKey } from "./object-store.ts";
import { eachOf, type ObjectWork, retried } from "./object-work.ts";
import type { SmallSealer, SmallSealers } from "./small-sealer.ts";
import type { CartridgeId } from "./types.ts";

/** A cartridge as the log knows it. */
export interface LoggedCartridge {
  readonly id: CartridgeId;
  readonly tag: string;
  readonly point: RecoveryPoint | undefined;
}

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

/** A gateway from its log. Faults `store.gateway-unknown`, `store.object-damaged`, `store.format-newer`, of the store. */
export async function readGateway(work: ObjectWork, sealer: SmallSealer, name: string): Promise<LoggedGateway> {
  const reader = new LogReader(work, sealer, name);
  const number = await reader.lastNumber();
  if (number === undefined) throw storeFault("gateway-unknown", { name });
  const last = await reader.entry(number);
  const cartridges = new Map<CartridgeId, LoggedCartridge>();
  const facts: unknown[] = [];
  const apply = (told: LogFacts): void => {
    for (const fact of told.store) applyStoreFact(cartridges, fact);
    for (const fact of told.gateway) facts.push(fact);
  };
  for (let each = last.snapshot; each <= number; each++) {
    const entry = each === number ? last : await reader.entry(each);
    if (entry.parts !== null) {
      cartridges.clear();
      facts.length = 0;
      for await (const part of reader.parts(entry)) apply(part);
    }
    apply(entry);
  }
  return { name, last, cartridges, facts, status: await reader.status(last) };
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

class LogReader {
  readonly #work: ObjectWork;
  readonly #sealer: SmallSealer;
  readonly #gateway: string;

  constructor(work: ObjectWork, sealer: SmallSealer, gateway: string) {
    this.#work = work;
    this.#sealer = sealer;
    this.#gateway = gateway;
  }

  async lastNumber(): Promise<number | undefined> {
    const { objects, clock } = this.#work;
    let last: string | undefined;
    for (;;) {
      const after = last;
      const list = (): Promise<readonly ObjectKey[]> =>
        objects.list(logPrefix(this.#gateway), after, limits.listObjects);
      const keys = await retried(clock, undefined, list);
      last = keys.at(-1) ?? last;
      if (keys.length < limits.listObjects) return last === undefined ? undefined : logNumberOf(last);
    }
  }

  async entry(number: number): Promise<LogEntry> {
    const key = logKey(this.#gateway, number);
    return decodeLogEntry(key, await this.#open(key));
  }

  async *parts(entry: LogEntry): AsyncGenerator<LogFacts> {
    for (const { key, crc32: sum } of entry.parts ?? []) {
      const sealed = await this.#get(key);
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
    const status = decodeStatus(key, await this.#open(key));
    return status.epoch === last.epoch ? status : undefined;
  }

  async #open(key: ObjectKey): Promise<Uint8Array> {
    return this.#sealer.openBytes(key, "state", await this.#get(key));
  }

  #get(key: ObjectKey): Promise<Uint8Array> {
    const { objects, clock } = this.#work;
    return retried(clock, undefined, () => objects.get(key, 0, limits.logEntry));
  }
}

/** The newest manifests in a bucket of version 1, which has no logs. */
export async function readOldCartridges(work: ObjectWork, sealers: SmallSealers): Promise<readonly Manifest[]> {
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
    const name = id === undefined ? undefined : await newestManifest(work, id);
    if (id === undefined || name === undefined) return;
    found.push(await readManifest({ ...work, sealer: sealers.cartridge(id), options: {} }, id, name));
  });
  return found.toSorted((left, right) => (left.cartridge < right.cartridge ? -1 : 1));
}
