// SPDX-License-Identifier: Apache-2.0
// A gateway from its bucket: the data folder of another machine is made from what the log says, and the gateway is taken
// over, so that the machine that had it changes nothing any more. Cartridges come when they are first used.

import { Bug, type Clock, type Instant, limits, type Log, type Random, hexFromBytes, sleep } from "#base/index.ts";
import {
  type CartridgeLoss,
  type DamagedObject,
  type Disk,
  Ledger,
  listGateways,
  type LoggedCartridge,
  type LoggedGateway,
  lossBetween,
  type ObjectStore,
  readGateway,
  type SeedCartridge,
  seedStoreLedger,
  type SealingOptions,
  storeSealing,
  takeOver,
} from "#store/index.ts";
import { description } from "./created-facts.ts";
import type { CartridgeState } from "./cartridge-life.ts";
import { partIds } from "./cartridge-parts.ts";
import { type CartridgeRecord, type Fact, isFact } from "./facts.ts";
import { gatewayFault } from "./faults.ts";
import { readOldGateway, withoutBeginning } from "./old-bucket.ts";
import { settleRecovered } from "./settle-recovered.ts";
import { GatewayState } from "./state.ts";

/** What recovering needs. */
export interface RecoveryPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The bucket. */
  readonly objects: ObjectStore;
  /** Who seals what is in it; undefined: it is plain. */
  readonly sealing?: SealingOptions;
}

/** What to recover, and how. */
export interface RecoveryRequest {
  /** Name of the gateway; not needed when the bucket holds one. */
  readonly gateway?: string;
  /** Even if the gateway was alive a moment ago. */
  readonly takeOver?: boolean;
  /** Name of this machine. */
  readonly host: string;
  /** The new data folder; undefined: only say what would be done. */
  readonly disk: Disk | undefined;
}

/** One cartridge of a recovered gateway. */
export interface RecoveredCartridge {
  readonly barcode: string;
  readonly state: CartridgeState;
  /** Name of its library. */
  readonly library: string | undefined;
  readonly pool: string;
  /** Up to what it is complete. */
  readonly objects: number;
  readonly files: number;
  readonly usedBytes: number;
  /** When that was so. */
  readonly pointAt: Instant | undefined;
  /** What is known to be lost behind that. */
  readonly lostObjects: number;
  readonly lostFiles: number;
  readonly lostBytes: number;
}

/** What was recovered. */
export interface RecoveryReport {
  readonly gateway: string;
  /** Epoch from now on, or that it would have. */
  readonly epoch: number;
  /** Machine that had it, and when it told the bucket something last. */
  readonly lastHost: string;
  readonly lastAt: Instant;
  /** Whether it stopped in order, so that nothing was on it alone. */
  readonly wasStopped: boolean;
  readonly libraries: number;
  readonly pools: number;
  readonly accessRules: number;
  readonly cartridges: readonly RecoveredCartridge[];
  /** What of the log could not be read: what it told is only known as far as something else tells it. */
  readonly damaged: readonly DamagedObject[];
}

/** Where the store keeps its files in the data folder. */
const storeFolder = "cartridges";

/**
 * Recovers. Faults `gateway.recover-…`, `store.…`. The take-over comes first: a data folder that was not finished is
 * made again by another recovery.
 */
export async function recoverGateway(ports: RecoveryPorts, request: RecoveryRequest): Promise<RecoveryReport> {
  const findIt = (): Promise<FoundGateway> => findGateway(ports, request.gateway);
  let found = await findIt();
  if (request.takeOver !== true && request.disk !== undefined) found = await checkDead(ports.clock, found, findIt);
  const state = stateOf(found);
  if (found.damaged.length > 0) settleRecovered(state, ports.clock.now());
  const wasStopped = isStopped(found);
  const seeds = seedsOf(found, state, ports.clock.now());
  if (request.disk !== undefined)
    await makeDataFolder(ports, { ...request, disk: request.disk }, { found, state, seeds });
  const { last } = found;
  return {
    gateway: found.name,
    epoch: found.next.epoch,
    lastHost: last?.host ?? "unknown",
    lastAt: found.status?.at ?? last?.at ?? (0 as Instant),
    wasStopped,
    libraries: state.libraries.size,
    pools: state.pools.size,
    accessRules: state.allow.size + [...state.chap.values()].reduce((sum, each) => sum + each.size, 0),
    cartridges: [...state.cartridges.values()].map((cartridge) => recoveredOf(state, cartridge, seeds)),
    damaged: found.damaged,
  };
}

/** A gateway of this format or, without a log, of the one before. */
export type FoundGateway = Omit<LoggedGateway, "last"> & { readonly last: LoggedGateway["last"] | undefined };

async function findGateway(ports: RecoveryPorts, wanted: string | undefined): Promise<FoundGateway> {
  const names = await listGateways(ports);
  const [only] = names;
  if (only === undefined) return readOldGateway(ports, wanted);
  if (wanted === undefined && names.length > 1) {
    throw gatewayFault("recover-which", { names: names.join(", ") });
  }
  const name = wanted ?? only;
  const { sealers } = storeSealing(ports, name);
  const found = await readGateway(ports, sealers.gateway, name);
  return found.hasBeginning ? found : withoutBeginning(ports, sealers, found);
}

/** Facts of a log, and whether some are missing. */
type ToldFacts = Pick<LoggedGateway, "facts"> & Partial<Pick<LoggedGateway, "damaged">>;

/**
 * The facts, come to a state. Where some are missing, those that do not fit without them are left out. Fault
 * `gateway.ledger-unreadable`.
 */
export function stateOf({ facts, damaged = [] }: ToldFacts): GatewayState {
  const state = new GatewayState();
  for (const fact of facts) {
    if (!isFact(fact)) {
      throw gatewayFault("ledger-unreadable", { fact: (JSON.stringify(fact) ?? String(fact)).slice(0, 120) });
    }
    try {
      state.apply(fact);
    } catch (error) {
      if (damaged.length === 0 || !(error instanceof Bug)) throw error;
    }
  }
  return state;
}

/** When it was last heard of, by its own clock. */
const toldAt = ({ last, status }: FoundGateway): number => Math.max(last?.at ?? 0, status?.at ?? 0);

/**
 * Refuses while the machine that has the gateway lives; gives it as it is then. Fault `gateway.recover-alive`. A gateway
 * that said something in the future has another clock than this machine, and then no time tells how long ago that was: it
 * is watched, by the time that passes here, until it says something again, or nothing for as long as a dead one.
 */
export async function checkDead<T extends FoundGateway>(clock: Clock, found: T, again: () => Promise<T>): Promise<T> {
  const { name, last } = found;
  if (last === undefined || isStopped(found)) return found;
  const age = clock.now() - toldAt(found);
  if (age >= limits.statusExpires) return found;
  const alive = (seconds: number): Error => gatewayFault("recover-alive", { gateway: name, host: last.host, seconds });
  if (age + limits.clockTolerance >= 0) throw alive(Math.max(Math.round(age / 1000), 0));
  const began = clock.monotonic();
  while (clock.monotonic() - began < limits.statusExpires) {
    await sleep(clock, limits.statusDelay);
    const now = await again();
    const isSilent = now.next.number === found.next.number && toldAt(now) === toldAt(found);
    if (!isSilent) throw alive(0);
  }
  return found;
}

/** The last that it said is that it stops; the entry of the log that comes with that may be a moment later. */
function isStopped({ status, last }: FoundGateway): boolean {
  return status?.isStopped === true && (last?.at ?? 0) <= status.at + limits.stopTimeout;
}

/** By barcode: what the store holds of each cartridge, one per partition. */
type Seeds = ReadonlyMap<string, readonly SeedCartridge[]>;

/** The cartridges that both the log of the store and the facts of the gateway know. */
function seedsOf(found: FoundGateway, state: GatewayState, at: Instant): Seeds {
  const unstored = new Map((found.status?.unstored ?? []).map((each) => [each.id as string, each]));
  const reason = `it was not uploaded when ${found.last?.host ?? "the machine"} was lost`;
  const seedOf = (logged: LoggedCartridge, cartridge: CartridgeRecord): SeedCartridge => {
    const had = unstored.get(logged.id);
    const has = logged.point ?? { objects: 0, files: 0, bytes: 0 };
    const loss: CartridgeLoss | undefined = had && lossBetween(has, had, { at, reason });
    return { ...logged, description: description(cartridge), loss };
  };
  const seeds = new Map<string, readonly SeedCartridge[]>();
  for (const cartridge of state.cartridges.values()) {
    const parts = partIds(cartridge).flatMap((id) => found.cartridges.get(id) ?? []);
    seeds.set(
      cartridge.barcode,
      parts.map((logged) => seedOf(logged, cartridge)),
    );
  }
  return seeds;
}

async function makeDataFolder(
  ports: RecoveryPorts,
  { disk, host }: RecoveryRequest & { readonly disk: Disk },
  { found, state, seeds }: { found: FoundGateway; state: GatewayState; seeds: Seeds },
): Promise<void> {
  const { clock, random, log, objects } = ports;
  const { sealers } = storeSealing(ports, found.name);
  const facts = state.snapshot();
  const cartridges = [...seeds.values()].flat();
  const writer = { writer: hexFromBytes(random.bytes(8)), host };
  const request = { sealer: sealers.gateway, gateway: found.name, next: found.next, writer, cartridges, facts };
  const taken = await takeOver({ objects, clock }, request);
  const ledger = await Ledger.open<Fact>({ disk, log, path: "gateway.ledger", decode: refuse });
  await ledger.compact(facts);
  const { sequence } = ledger;
  await ledger.close();
  await seedStoreLedger(disk, log, { folder: storeFolder, cartridges, position: { ...taken, sequence } });
}

function refuse(): never {
  throw new TypeError("a new data folder has no facts");
}

function recoveredOf(
  state: GatewayState,
  { barcode, state: life, library, pool }: CartridgeRecord,
  seeds: Seeds,
): RecoveredCartridge {
  const parts = seeds.get(barcode) ?? [];
  const sum = (of: (part: SeedCartridge) => number | undefined): number =>
    parts.reduce((total, part) => total + (of(part) ?? 0), 0);
  const [first] = parts;
  return {
    barcode,
    state: life,
    library: state.libraries.get(library)?.record.name,
    pool,
    objects: sum(({ point }) => point?.objects),
    files: sum(({ point }) => point?.files),
    usedBytes: sum(({ point }) => point?.bytes),
    pointAt: first?.point?.at,
    lostObjects: sum(({ loss }) => loss?.objects),
    lostFiles: sum(({ loss }) => loss?.files),
    lostBytes: sum(({ loss }) => loss?.sizeBytes),
  };
}
