// SPDX-License-Identifier: Apache-2.0
// A gateway from a bucket of format version 1: it has no log, but a manifest of each cartridge that was archived, with
// what the cartridge is. Libraries, pools and access rules are not known there; the cartridges come back on the shelf.

import { type Instant, randomId } from "#base/index.ts";
import type { LtoGeneration } from "#scsi/index.ts";
import {
  type CartridgeId,
  type LoggedCartridge,
  type Manifest,
  plainSealers,
  pointOf,
  readOldCartridges,
} from "#store/index.ts";
import type { CartridgeRecord, Fact } from "./facts.ts";
import { gatewayFault } from "./faults.ts";
import { checkName } from "./naming.ts";
import type { FoundGateway, RecoveryPorts } from "./recovery.ts";
import type { ShelfClass } from "./requests.ts";
import { builtInPools } from "./state.ts";
import type { ObjectId } from "./views.ts";

/** The cartridges of a bucket without a log, as a gateway of that name. Fault `gateway.recover-nothing`. */
export async function readOldGateway(ports: RecoveryPorts, wanted: string | undefined): Promise<FoundGateway> {
  const manifests = await readOldCartridges(ports, plainSealers);
  if (manifests.length === 0) throw gatewayFault("recover-nothing", {});
  const name = wanted ?? randomId(ports.random).slice(0, 8);
  checkName("instance", name);
  const now = ports.clock.now();
  const cartridges = new Map<CartridgeId, LoggedCartridge>();
  const facts: Fact[] = [{ kind: "instance", name, createdAt: now }];
  for (const { name: pool, storageClass } of poolsOf(manifests)) {
    facts.push({ kind: "pool", pool: { name: pool, storageClass, lock: "NONE", retentionDays: 0 } });
  }
  for (const manifest of manifests) {
    const id = manifest.cartridge as CartridgeId;
    cartridges.set(id, { id, tag: manifest.tag, point: pointOf(manifest) });
    facts.push({ kind: "cartridge", cartridge: recordOf(manifest, now) });
  }
  return { name, last: undefined, cartridges, facts, status: undefined };
}

/** Pools for classes that no built-in pool has. */
function poolsOf(
  manifests: readonly Manifest[],
): readonly { readonly name: string; readonly storageClass: ShelfClass }[] {
  const classes = new Set(manifests.map(({ storageClass }) => storageClass));
  return [...classes]
    .filter((each) => builtInPools.every(({ storageClass }) => storageClass !== each))
    .map((storageClass) => ({ name: poolName(storageClass), storageClass }));
}

function poolName(storageClass: ShelfClass): string {
  const builtIn = builtInPools.find((pool) => pool.storageClass === storageClass);
  return builtIn?.name ?? storageClass.toLowerCase().replaceAll("_", "-");
}

function recordOf({ cartridge, description, storageClass }: Manifest, now: Instant): CartridgeRecord {
  const { barcode, generation, writeOnce, sizeBytes, createdAt } = description;
  return {
    id: cartridge as ObjectId,
    barcode: typeof barcode === "string" ? barcode : cartridge,
    generation: (typeof generation === "number" ? generation : 8) as LtoGeneration,
    writeOnce: writeOnce === true,
    sizeBytes: typeof sizeBytes === "number" ? sizeBytes : 0,
    state: "ARCHIVED",
    library: "" as ObjectId,
    pool: poolName(storageClass),
    createdAt: (typeof createdAt === "number" ? createdAt : now) as Instant,
    changedAt: now,
    history: { loadCount: 0, bytesWritten: 0, bytesRead: 0 },
    archivedAt: now,
    shelfClass: storageClass,
  };
}
