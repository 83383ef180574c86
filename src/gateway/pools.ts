// SPDX-License-Identifier: Apache-2.0
// Shelf pools: storage class and retention lock of what is archived. A pool is made and deleted, never changed.

import { days, limits } from "#base/index.ts";
import type { ObjectStore, ObjectStoreAbilities } from "#store/index.ts";
import type { CartridgeRecord, MirrorRecord, PoolRecord } from "./facts.ts";
import { gatewayFault } from "./faults.ts";
import { checkName } from "./naming.ts";
import type { GatewayParts } from "./parts.ts";
import type { PoolRequest, RetentionLock } from "./requests.ts";
import { builtInPools, type GatewayState } from "./state.ts";
import type { PoolView } from "./views.ts";

/** Longest lock and longest time to take a deletion back, in days. */
export const retentionDaysMax = limits.retentionMax / days(1);
const deleteDelayDaysMax = limits.deleteDelayMax / days(1);

/** The pool of this name. Fault `gateway.pool-unknown`. */
export function poolNamed(state: GatewayState, name: string): PoolRecord {
  const pool = state.pools.get(name);
  if (pool === undefined) throw gatewayFault("pool-unknown", { name, known: [...state.pools.keys()].join(", ") });
  return pool;
}

/** The pool that a request describes. Faults `gateway.bad-name`, `gateway.pool-exists`, `gateway.pool-…`. */
export function newPool(
  state: GatewayState,
  request: PoolRequest,
  { abilities, mirrors = new Map<string, ObjectStore>() }: PoolStores,
): PoolRecord {
  const { name, storageClass, lock = "NONE", retentionDays = 0, gatewayLock = false } = request;
  checkName("shelf pool", name);
  if (state.pools.has(name)) throw gatewayFault("pool-exists", { name });
  checkDays(lock, retentionDays);
  checkAbilities(request, abilities);
  const mirror = newMirror(request, mirrors);
  const { deleteDelayDays } = request;
  const isGatewayLock = gatewayLock && lock !== "NONE" && !abilities.retention.includes(lock);
  const pool = { name, storageClass, lock, retentionDays, ...(isGatewayLock ? { gatewayLock } : {}), ...mirror };
  if (deleteDelayDays === undefined) return pool;
  if (!Number.isInteger(deleteDelayDays) || deleteDelayDays < 0 || deleteDelayDays > deleteDelayDaysMax) {
    throw gatewayFault("pool-delete-delay", { days: deleteDelayDays, max: deleteDelayDaysMax });
  }
  return { ...pool, deleteDelayDays };
}

/** The stores that pools use. */
export interface PoolStores {
  readonly abilities: ObjectStoreAbilities;
  readonly mirrors?: ReadonlyMap<string, Pick<ObjectStore, "abilities">>;
}

function checkDays(lock: RetentionLock, retentionDays: number): void {
  const [least, most] = lock === "NONE" ? [0, 0] : [1, retentionDaysMax];
  if (Number.isInteger(retentionDays) && retentionDays >= least && retentionDays <= most) return;
  throw gatewayFault("pool-retention", { lock, days: retentionDays, max: retentionDaysMax });
}

/** The second copy that a request asks for. Faults as for the pool, with the other store's abilities. */
function newMirror(
  { name, storageClass: first, mirror }: PoolRequest,
  mirrors: NonNullable<PoolStores["mirrors"]>,
): { readonly mirror?: MirrorRecord } {
  if (mirror === undefined) return {};
  const { store, storageClass = first, lock = "NONE", retentionDays = 0 } = mirror;
  const found = mirrors.get(store);
  if (found === undefined)
    throw gatewayFault("mirror-unknown", { store, known: [...mirrors.keys()].join(", ") || "none" });
  checkDays(lock, retentionDays);
  const { classes, retention } = found.abilities;
  const lacks = (what: string, advice: string): Error => gatewayFault("mirror-lacks", { name, store, what, advice });
  if (!classes.includes(storageClass)) throw lacks(`storage class ${storageClass}`, `it has ${classes.join(", ")}`);
  if (lock !== "NONE" && !retention.includes(lock)) {
    throw lacks(`${lock} lock`, `it has ${retention.join(" and ") || "none"}`);
  }
  return { mirror: { store, storageClass, lock, retentionDays } };
}

/** What the object store lacks is said when the pool is made, and not when a cartridge is on its way. */
function checkAbilities(request: PoolRequest, { classes, retention }: ObjectStoreAbilities): void {
  const { name, storageClass, lock = "NONE", gatewayLock = false } = request;
  if (!classes.includes(storageClass)) {
    const advice = `, it has ${classes.join(", ")}`;
    throw gatewayFault("pool-store-lacks", { name, what: `storage class ${storageClass}`, advice });
  }
  if (lock === "NONE" || retention.includes(lock) || gatewayLock) return;
  const advice = "; say that the lock may be the gateway's alone, or choose another";
  throw gatewayFault("pool-store-lacks", { name, what: `${lock} lock`, advice });
}

/** Throws Fault `gateway.pool-unknown`, `gateway.pool-built-in`, `gateway.pool-in-rule` or `gateway.pool-in-use` for a pool that stays. */
export function checkPoolDeletable(state: GatewayState, name: string): void {
  poolNamed(state, name);
  if (builtInPools.some((pool) => pool.name === name)) throw gatewayFault("pool-built-in", { name });
  for (const [id, rules] of state.rules) {
    const rule = rules.find(({ pool }) => pool === name);
    const library = state.library(id).record.name;
    if (rule !== undefined) throw gatewayFault("pool-in-rule", { name, prefix: rule.prefix, library });
  }
  const count = poolMembers(state, name).length;
  if (count > 0) throw gatewayFault("pool-in-use", { name, count });
}

/** All pools. */
export function poolViews(state: GatewayState): readonly PoolView[] {
  return [...state.pools.values()].map((pool) => {
    const members = poolMembers(state, pool.name);
    return {
      ...poolView(pool),
      builtIn: builtInPools.some(({ name }) => name === pool.name),
      cartridges: members.length,
      archivedCartridges: members.filter((cartridge) => cartridge.state === "ARCHIVED").length,
    };
  });
}

const poolView = (pool: PoolRecord): Omit<PoolView, "builtIn" | "cartridges" | "archivedCartridges"> => ({
  ...pool,
  deleteDelayDays: pool.deleteDelayDays,
  mirror: pool.mirror,
  lockedBy: pool.gatewayLock === true ? "gateway" : "store",
});

const poolMembers = (state: GatewayState, name: string): readonly CartridgeRecord[] =>
  [...state.cartridges.values()].filter(({ pool }) => pool === name);

/** Makes a pool. Faults `gateway.bad-name`, `gateway.pool-exists`, `gateway.pool-retention`. */
export async function createPool(
  { book, feed, abilities, mirrors }: GatewayParts,
  request: PoolRequest,
): Promise<PoolView> {
  await book.change((state) => ({
    facts: [{ kind: "pool", pool: newPool(state, request, { abilities, mirrors }) }],
    result: undefined,
  }));
  feed.publish("pool.created", request.name, `shelf pool ${request.name} is there`);
  return { ...poolView(poolNamed(book.state, request.name)), builtIn: false, cartridges: 0, archivedCartridges: 0 };
}

/** Deletes a pool. Faults `gateway.pool-unknown`, `gateway.pool-built-in`, `gateway.pool-in-use`. */
export async function deletePool({ book, feed }: GatewayParts, name: string): Promise<void> {
  await book.change((state) => {
    checkPoolDeletable(state, name);
    return { facts: [{ kind: "pool-gone", name }], result: undefined };
  });
  feed.publish("pool.deleted", name, `shelf pool ${name} is deleted`);
}
