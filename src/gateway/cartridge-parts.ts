// SPDX-License-Identifier: Apache-2.0
// A cartridge in the store: one stored cartridge per partition. Partition 0 has the cartridge's own id; the others are
// named after it. What is done to a cartridge as a whole is done to each of them.

import type {
  CartridgeId,
  CartridgeStore,
  CartridgeUsage,
  SegmentRange,
  ThawRequest,
  ThawState,
  WorkOptions,
} from "#store/index.ts";
import type { CartridgeRecord } from "./facts.ts";

/** The name of a cartridge in the store: its partition 0. */
export const storeId = (cartridge: Pick<CartridgeRecord, "id">): CartridgeId => cartridge.id as string as CartridgeId;

/** The name of another of its partitions. */
export const partitionId = (cartridge: CartridgeId, partition: number): CartridgeId =>
  `${cartridge}-p${partition}` as CartridgeId;

/** Partitions that a cartridge can have at most; names up to here are looked at when a cartridge goes. */
const partitionsMax = 4;

/** The stored cartridges that a cartridge consists of, partition 0 first. */
export function partIds(cartridge: Pick<CartridgeRecord, "id" | "memory">): readonly CartridgeId[] {
  const id = storeId(cartridge);
  const count = cartridge.memory?.partitions?.length ?? 1;
  return Array.from({ length: count }, (_, partition) => (partition === 0 ? id : partitionId(id, partition)));
}

/** The barcode of the cartridge that a stored cartridge is a part of. */
export function barcodeOf(cartridges: Iterable<CartridgeRecord>, id: CartridgeId): string | undefined {
  for (const cartridge of cartridges) if (partIds(cartridge).includes(id)) return cartridge.barcode;
  return undefined;
}

/** The cartridge that a name belongs to, also that of a part which a crash left behind. */
export function wholeIdOf(id: CartridgeId): CartridgeId {
  const [, whole = id, partition] = /^(.+)-p([0-9]+)$/.exec(id) ?? [];
  return Number(partition) > 0 && Number(partition) < partitionsMax ? (whole as CartridgeId) : id;
}

/** True when the store has all its parts. Asked of every cartridge at a start: most are one part. */
export function isWhole(store: Pick<CartridgeStore, "has">, cartridge: CartridgeRecord): boolean {
  return (
    store.has(storeId(cartridge)) && (!cartridge.memory?.partitions || partIds(cartridge).every((id) => store.has(id)))
  );
}

/** Every name that a part of the cartridge can have: also of parts that a crash left behind. */
export function possibleIds(cartridge: Pick<CartridgeRecord, "id">): readonly CartridgeId[] {
  const id = storeId(cartridge);
  return [id, ...Array.from({ length: partitionsMax - 1 }, (_, index) => partitionId(id, index + 1))];
}

/** What is safe where, of all partitions together; undefined when the store does not have the cartridge. */
export function usageOf(store: CartridgeStore, cartridge: CartridgeRecord): CartridgeUsage | undefined {
  if (!store.has(storeId(cartridge))) return undefined;
  const usages = partIds(cartridge)
    .filter((id) => store.has(id))
    .map((id) => store.usage(id));
  return usages.reduce((sum, usage) => ({
    ...sum,
    sizeBytes: sum.sizeBytes + usage.sizeBytes,
    storedBytes: sum.storedBytes + usage.storedBytes,
    dirtyBytes: sum.dirtyBytes + usage.dirtyBytes,
    localBytes: sum.localBytes + usage.localBytes,
  }));
}

const thawOrder: readonly ThawState["kind"][] = ["frozen", "thawing", "thawed", "warm"];

/**
 * The state of the partition that is furthest from being readable. `ranges`: what of partition 0 is wanted; of the others,
 * which hold indexes, everything is.
 */
export async function thawStateOfAll(
  store: CartridgeStore,
  cartridge: CartridgeRecord,
  ranges: readonly SegmentRange[] | undefined,
): Promise<ThawState> {
  const states = await Promise.all(
    partIds(cartridge).map((id, partition) => store.shelf.thawState(id, partition === 0 ? ranges : undefined)),
  );
  return states.reduce((worst, state) =>
    thawOrder.indexOf(state.kind) < thawOrder.indexOf(worst.kind) ? state : worst,
  );
}

/** How to thaw a cartridge. */
export interface ThawOfAll {
  readonly request: Omit<ThawRequest, "ranges">;
  /** As for `thawStateOfAll`. */
  readonly ranges: readonly SegmentRange[] | undefined;
  readonly work?: WorkOptions;
}

/** Asks for every partition. */
export async function thawAll(store: CartridgeStore, cartridge: CartridgeRecord, thaw: ThawOfAll): Promise<void> {
  const { request, ranges, work } = thaw;
  for (const [partition, id] of partIds(cartridge).entries()) {
    const isPartial = partition === 0 && ranges !== undefined;
    await store.shelf.thaw(id, isPartial ? { ...request, ranges } : request, work);
  }
}
