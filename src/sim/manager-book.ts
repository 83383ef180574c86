// SPDX-License-Identifier: Apache-2.0
// The checker's book of what simulated managers promised: which snapshots are on which set, what each of them is made of, and
// when a cartridge may be overwritten. It reads tapes and the inventory as bytes and never asks the code under test.

import { bytesFromHex, type Clock, epochSeconds, hexFromBytes, limits } from "#base/index.ts";
import { type Datastore, readWhole, type SnapshotPlace, snapshotPath } from "#datastore/index.ts";
import { expect } from "./check-failure.ts";
import { type CartridgeLook, lookAt, setOnTape } from "./manager-tape-look.ts";
import type { SimCartridge, TapeObserver } from "./tape-cartridge.ts";

/** A pool as the book knows it: policies in the plainest words. */
export interface BookPool {
  readonly name: string;
  readonly allocation: "continue" | "always";
  /** Seconds that a full cartridge is protected for; undefined: it is kept. */
  readonly protectSeconds: number | undefined;
}

/** A snapshot as it was when it was finished. */
export interface SnapshotTruth {
  readonly store: string;
  readonly place: SnapshotPlace;
  readonly path: string;
  /** Its files, byte by byte. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Digests of its chunks in hexadecimal. */
  readonly chunks: ReadonlySet<string>;
}

interface KnownSet {
  readonly pool: string;
  /** When its first cartridge joined. */
  readonly start: number;
}

interface Assignment {
  readonly set: string;
  readonly setIndex: number;
  readonly ctime: number;
}

/** The book. */
export class ManagerBook implements TapeObserver {
  readonly #clock: Clock;
  readonly #pools: ReadonlyMap<string, BookPool>;
  /** Sets that an inventory named. */
  readonly #sets = new Map<string, KnownSet>();
  /** What the inventory says of each cartridge, by its UUID. */
  #assigned = new Map<string, Assignment>();
  /** Sets that a restore reads now. */
  readonly #read = new Map<string, number>();
  /** Sets that lost a cartridge, or gave it up, as they may. */
  readonly #overwritten = new Set<string>();
  readonly snapshots = new Map<string, SnapshotTruth>();
  /** By set: what a backup said is on it. */
  readonly promised = new Map<string, Set<string>>();
  /** What was wrong where nobody listens. */
  failure: Error | undefined;

  constructor(clock: Clock, pools: readonly BookPool[]) {
    this.#clock = clock;
    this.#pools = new Map(pools.map((pool) => [pool.name, pool]));
  }

  /** Notes a finished snapshot with all that it is made of. */
  async finished(store: Datastore, place: SnapshotPlace): Promise<SnapshotTruth> {
    const path = snapshotPath(place.namespace, place.snapshot);
    const manifest = await store.manifest(place);
    const files = new Map<string, Uint8Array>();
    const chunks = new Set<string>();
    for (const { name, path: at } of await store.storedFiles(place, manifest)) {
      files.set(name, await readWhole(store.files, at, limits.dataBlob));
      if (!name.endsWith(".didx")) continue;
      const { index, file } = await store.openIndex(at);
      for (let number = 0; number < index.chunkCount; number++) {
        chunks.add(hexFromBytes((await index.chunk(number)).digest));
      }
      await file.close();
    }
    const truth = { store: store.name, place, path, files, chunks };
    this.snapshots.set(`${store.name}:${path}`, truth);
    return truth;
  }

  /** A backup ended well: this is on the set. */
  promise(set: string, names: readonly string[]): void {
    const all = this.promised.get(set) ?? new Set<string>();
    for (const name of names) all.add(name);
    this.promised.set(set, all);
  }

  /** Sets of which everything must still be there. */
  get whole(): readonly string[] {
    return [...this.promised.keys()].filter((set) => !this.#overwritten.has(set));
  }

  isOverwritten(set: string): boolean {
    return this.#overwritten.has(set);
  }

  poolOf(set: string): string | undefined {
    return this.#sets.get(set)?.pool;
  }

  /** A restore reads the set, or does so no more. */
  reads(set: string, change: 1 | -1): void {
    this.#read.set(set, (this.#read.get(set) ?? 0) + change);
  }

  /** Nobody reads anything: the manager died. */
  crashed(): void {
    this.#read.clear();
  }

  /** The inventory was written. */
  inventoryWritten(text: string): void {
    const rows: readonly InventoryRow[] = JSON.parse(text);
    const before = this.#assigned;
    this.#assigned = new Map();
    for (const row of rows) {
      const { label, media_set_label: set } = row.id;
      if (set === undefined) continue;
      const { uuid, pool, seq_nr: setIndex, ctime } = set;
      this.#assigned.set(label.uuid, { set: uuid, setIndex, ctime });
      // From here on nobody promises what was on it, though it may be there for a while.
      const old = before.get(label.uuid)?.set;
      if (old !== undefined && old !== uuid) this.#overwritten.add(old);
      if (setIndex === 0 && !this.#sets.has(uuid)) this.#sets.set(uuid, { pool, start: ctime });
    }
  }

  overwrites(cartridge: SimCartridge, place: { readonly position: number; readonly flushed: number }): void {
    try {
      this.#judge(cartridge, place);
    } catch (error) {
      this.failure ??= error instanceof Error ? error : new Error(String(error));
    }
  }

  /** Everything that a catalog names is on the cartridge. */
  async checkCatalog(
    label: string,
    cartridge: SimCartridge,
    catalog: {
      readonly snapshots: readonly { readonly fileNumber: number; readonly store: string; readonly path: string }[];
      chunkFile(store: string, digest: Uint8Array): number | undefined;
      readonly set: { readonly uuid: string } | undefined;
    },
  ): Promise<void> {
    const look = await lookAt(cartridge);
    const isOurs = catalog.set !== undefined && catalog.set.uuid === setOnTape(cartridge)?.uuid;
    for (const { fileNumber, store, path } of catalog.snapshots) {
      const found = isOurs ? look[fileNumber] : undefined;
      const isThere = found?.kind === "snapshot" && found.name === `${store}:${path}` && found.isComplete;
      expect(isThere, `${label}: the catalog names ${store}:${path} in tape file ${fileNumber}, where it is not`);
    }
    this.#checkChunks(label, look, isOurs, catalog);
  }

  #checkChunks(
    label: string,
    look: readonly CartridgeLook[],
    isOurs: boolean,
    catalog: { chunkFile(store: string, digest: Uint8Array): number | undefined },
  ): void {
    const seen = new Set<string>();
    for (const { store, chunks } of this.snapshots.values()) {
      for (const hex of chunks) {
        const name = `${store} ${hex}`;
        if (seen.has(name)) continue;
        seen.add(name);
        const fileNumber = catalog.chunkFile(store, bytesFromHex(hex));
        if (fileNumber === undefined) continue;
        const found = isOurs ? look[fileNumber] : undefined;
        const isThere = found?.kind === "chunks" && found.name === store && found.digests.has(hex);
        expect(isThere, `${label}: the catalog names a chunk in tape file ${fileNumber}, where it is not`);
      }
    }
  }

  /** Blocks are about to be lost: were they to be kept? */
  #judge(
    cartridge: SimCartridge,
    { position, flushed }: { readonly position: number; readonly flushed: number },
  ): void {
    if (position >= flushed) return;
    let file = 0;
    for (const object of cartridge.objects.slice(0, position)) if (object === "filemark") file += 1;
    expect(file < 2, `tape file ${file}, which was flushed, is overwritten`);
    const old = setOnTape(cartridge);
    if (old === undefined) return;
    expect(file === 1, `the cartridge label of a cartridge of the set ${old.uuid} is overwritten`);
    this.#expectExpired(old.uuid, old.cartridge);
    this.#overwritten.add(old.uuid);
  }

  #expectExpired(uuid: string, cartridge: string): void {
    const set = this.#sets.get(uuid);
    const pool = this.#pools.get(set?.pool ?? "");
    expect(set !== undefined && pool !== undefined, `a cartridge of the unknown set ${uuid} is overwritten`);
    expect((this.#read.get(uuid) ?? 0) === 0, `a cartridge of the set ${uuid} is overwritten while it is restored`);
    const { allocation, protectSeconds, name } = pool;
    expect(protectSeconds !== undefined, `a cartridge of the pool ${name}, which keeps all, is overwritten`);
    const next = this.#assigned.get(cartridge);
    expect(next !== undefined && next.set !== uuid, "the inventory says what a cartridge is overwritten for");
    // A set that is only begun with this very cartridge does not count as a newer one.
    const newer = [...this.#sets].filter(([other, { pool: of, start }]) => {
      const isBegun = other !== next.set || next.setIndex > 0;
      return other !== uuid && of === set.pool && start > set.start && isBegun;
    });
    const begin = allocation === "always" ? set.start : Math.min(...newer.map(([, { start }]) => start));
    const expiry = begin + protectSeconds;
    const now = epochSeconds(this.#clock.now());
    expect(expiry <= now, `a cartridge of the set ${uuid} is overwritten at ${now}, before it expires at ${expiry}`);
  }
}

interface InventoryRow {
  readonly id: {
    readonly label: { readonly uuid: string };
    readonly media_set_label?: {
      readonly uuid: string;
      readonly pool: string;
      readonly seq_nr: number;
      readonly ctime: number;
    };
  };
}
