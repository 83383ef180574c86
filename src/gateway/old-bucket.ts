// SPDX-License-Identifier: Apache-2.0
// A gateway from a bucket without a log: one of format version 1, or the store of second copies. It has a manifest of each
// cartridge that was archived, with what the cartridge is. Libraries, pools and access rules are not known there; the
// cartridges come back on the shelf. So it is where the log of a gateway cannot be read from its beginning.

import { type Instant, randomId } from "#base/index.ts";
import type { LtoGeneration } from "#scsi/index.ts";
import {
  type CartridgeId,
  type LoggedCartridge,
  type LoggedGateway,
  type Manifest,
  pointOf,
  readCartridges,
  type SmallSealers,
  storedClass,
  storeFault,
  storeSealing,
} from "#store/index.ts";
import { wholeIdOf } from "./cartridge-parts.ts";
import type { CartridgeRecord, Fact } from "./facts.ts";
import { gatewayFault } from "./faults.ts";
import { checkName } from "./naming.ts";
import type { FoundGateway, RecoveryPorts } from "./recovery.ts";
import type { ShelfClass } from "./requests.ts";
import { builtInPools } from "./state.ts";
import type { ObjectId } from "./views.ts";

/** The cartridges of a bucket without a log, as a gateway of that name. Fault `gateway.recover-nothing`. */
export async function readOldGateway(ports: RecoveryPorts, wanted: string | undefined): Promise<FoundGateway> {
  const name = wanted ?? randomId(ports.random).slice(0, 8);
  checkName("instance", name);
  const told = await readCartridges(ports, storeSealing(ports, name).sealers, ({ key, reason }) => {
    throw storeFault("object-damaged", { key, reason });
  });
  if (told.length === 0) throw gatewayFault("recover-nothing", {});
  const manifests: Manifest[] = [];
  for (const manifest of told) manifests.push(await whereItLies(ports, manifest));
  const { cartridges, facts } = factsOf(manifests, name, ports.clock.now());
  return {
    name,
    last: undefined,
    next: firstEntry,
    cartridges,
    facts,
    status: undefined,
    damaged: [],
    hasBeginning: true,
  };
}

/** What manifests tell, where the log does not tell how it all began; what is left of the log comes behind. */
export async function withoutBeginning(
  ports: Pick<RecoveryPorts, "objects" | "clock">,
  sealers: SmallSealers,
  found: LoggedGateway,
): Promise<LoggedGateway> {
  const damaged = [...found.damaged];
  const manifests = await readCartridges(ports, sealers, (object) => void damaged.push(object));
  const told = factsOf(manifests, found.name, ports.clock.now());
  const cartridges = new Map([...told.cartridges, ...found.cartridges]);
  return { ...found, cartridges, facts: [...told.facts, ...found.facts], damaged };
}

/** A second copy may be in another class than its manifest says: the store knows. */
async function whereItLies(ports: RecoveryPorts, manifest: Manifest): Promise<Manifest> {
  const storageClass = await storedClass(ports, manifest.cartridge as CartridgeId);
  return storageClass === undefined ? manifest : { ...manifest, storageClass };
}

/** The entry that takes over a gateway without a log. */
const firstEntry = { number: 1, epoch: 1 };

function factsOf(
  manifests: readonly Manifest[],
  name: string,
  now: Instant,
): { readonly cartridges: ReadonlyMap<CartridgeId, LoggedCartridge>; readonly facts: readonly Fact[] } {
  const cartridges = new Map<CartridgeId, LoggedCartridge>();
  const facts: Fact[] = [{ kind: "instance", name, createdAt: now }];
  for (const { name: pool, storageClass } of poolsOf(manifests)) {
    facts.push({ kind: "pool", pool: { name: pool, storageClass, lock: "NONE", retentionDays: 0 } });
  }
  for (const manifest of manifests) {
    const id = manifest.cartridge as CartridgeId;
    cartridges.set(id, { id, tag: manifest.tag, point: pointOf(manifest) });
    if (wholeIdOf(id) === id) facts.push({ kind: "cartridge", cartridge: recordOf(manifest, { manifests, now }) });
  }
  return { cartridges, facts };
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

function recordOf(
  { cartridge, description, storageClass }: Manifest,
  { manifests, now }: { readonly manifests: readonly Manifest[]; readonly now: Instant },
): CartridgeRecord {
  const { barcode, generation, writeOnce, sizeBytes, createdAt, clonedFrom } = description;
  const parts = manifests.filter((each) => wholeIdOf(each.cartridge as CartridgeId) === cartridge);
  // How the capacity was parted is not known here; it may as well be parted by what there is.
  const partitions = parts.map(({ bytes }, partition) => (partition === 0 ? Number(sizeBytes) : bytes));
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
    ...(partitions.length > 1 ? { memory: { partitions } } : {}),
    ...(typeof clonedFrom === "string" ? { clonedFrom } : {}),
  };
}
