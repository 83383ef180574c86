// SPDX-License-Identifier: Apache-2.0
// What a restore will need, before it begins: which cartridges, in which order, where they are, and about how long it takes.

import { type Duration, limits, type Uuid } from "#base/index.ts";
import { type CartridgeCatalog, type CartridgeRecord, type Librarian, locationText } from "#media/index.ts";
import type { WantedSnapshot } from "./restore-job.ts";

/** A cartridge that a restore reads. */
export interface PlannedCartridge {
  readonly labelText: string;
  readonly setIndex: number;
  readonly location: string;
  /** It is where the drive can get it. */
  readonly isHere: boolean;
  readonly hasCatalog: boolean;
  /** Snapshots that are wanted from it. */
  readonly snapshots: number;
  /** `all` is read; `snapshots`: they are on it; `chunks`: some chunks of them may be on it. */
  readonly why: "all" | "snapshots" | "chunks";
  readonly bytes: number | undefined;
  readonly duration: Duration;
}

/** A plan. */
export interface RestorePlan {
  /** In the order in which they are loaded, each once. */
  readonly cartridges: readonly PlannedCartridge[];
  /** Wanted and on no cartridge of the set, as far as the catalogs know. */
  readonly unknown: readonly string[];
  /** At most. */
  readonly duration: Duration;
}

/** Plans the restore of a set, or of snapshots of it. Faults `media.unknown-set`, `media.incomplete-set`. */
export async function planRestore(
  librarian: Librarian,
  wanted: {
    readonly set: Uuid;
    /** Empty: all of it. */
    readonly snapshots: readonly WantedSnapshot[];
    /** Changer of the drive. */
    readonly changer: string | undefined;
    readonly bytesPerSecond: number;
  },
): Promise<RestorePlan> {
  const members = librarian.members(wanted.set);
  const found = new Set<string>();
  const planned: PlannedCartridge[] = [];
  let isNeeded = wanted.snapshots.length === 0;
  // A snapshot's chunks lie before it: on its own cartridge, or on an earlier one.
  for (const record of wanted.snapshots.length === 0 ? members : members.toReversed()) {
    const catalog = await librarian.catalog(record.label.uuid);
    const here = wanted.snapshots.filter(({ store, path }) => catalog?.snapshot(store, path) !== undefined);
    for (const { store, path } of here) found.add(`${store}:${path}`);
    isNeeded ||= here.length > 0;
    if (!isNeeded) continue;
    const why = wanted.snapshots.length === 0 ? "all" : here.length > 0 ? "snapshots" : "chunks";
    planned.push(plannedOf({ record, catalog, why, snapshots: here.length }, wanted));
  }
  const unknown = wanted.snapshots.map(({ store, path }) => `${store}:${path}`).filter((name) => !found.has(name));
  const duration = planned.reduce((sum, { duration: part }) => sum + part, 0) as Duration;
  return { cartridges: planned, unknown, duration };
}

function plannedOf(
  part: {
    readonly record: CartridgeRecord;
    readonly catalog: CartridgeCatalog | undefined;
    readonly why: PlannedCartridge["why"];
    readonly snapshots: number;
  },
  { changer, bytesPerSecond }: { readonly changer: string | undefined; readonly bytesPerSecond: number },
): PlannedCartridge {
  const { record, catalog, why, snapshots } = part;
  const { location, label, bytesUsed, set } = record;
  const isHere = location.kind === "online" ? location.changer === changer : false;
  const reading = ((bytesUsed ?? 0) / bytesPerSecond) * 1000;
  return {
    labelText: label.labelText,
    setIndex: set?.setIndex ?? 0,
    location: locationText(location),
    isHere,
    hasCatalog: catalog !== undefined,
    snapshots: why === "all" ? (catalog?.snapshots.length ?? 0) : snapshots,
    why,
    bytes: bytesUsed,
    duration: (limits.cartridgeLoad + reading) as Duration,
  };
}
