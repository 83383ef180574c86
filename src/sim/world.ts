// SPDX-License-Identifier: Apache-2.0
// A simulated world with one gateway in it: boots it, kills it, boots it again on what the crash left. Knows no hosts
// and checks nothing but that the gateway starts.

import {
  asError,
  type Clock,
  days,
  InlineThreads,
  type Duration,
  isFault,
  type Log,
  milliseconds,
  minutes,
  type Random,
  seconds,
  silentLog,
} from "#base/index.ts";
import {
  type CheckUpPorts,
  type CostsView,
  defaultSettings,
  Gateway,
  type GatewaySettings,
  recoverGateway,
  type RecoveryReport,
} from "#gateway/index.ts";
import {
  allAbilities,
  type Disk,
  FileKeyProvider,
  folderOf,
  type ObjectStore,
  type SealingOptions,
  sealJobs,
  type SealJobs,
  storeFault,
} from "#store/index.ts";
import type { BlockId } from "./block-content.ts";
import { BucketBook } from "./bucket-book.ts";
import { CheckFailure } from "./check-failure.ts";
import { type ProcessClock, SimClock } from "./clock.ts";
import { SimDisk } from "./disk.ts";
import type { Ending } from "./ending.ts";
import { type SimMachine, SimNetwork } from "./network.ts";
import { NonceBook } from "./nonce-book.ts";
import { SimObjectStore } from "./object-store.ts";
import { ProcessObjects } from "./process-objects.ts";
import { RequestBook } from "./request-book.ts";
import { SeededRandom } from "./random.ts";
import { type CrashKind, drawScenario, type Scenario } from "./scenario.ts";
import { Trace } from "./trace.ts";

/** Wraps what a gateway is given; a canary breaks it on purpose. */
export interface Canary {
  /** What is broken, for people. */
  readonly title: string;
  readonly disk?: (disk: Disk) => Disk;
  readonly objects?: (objects: ObjectStore) => ObjectStore;
  /** The store of second copies. */
  readonly mirror?: (objects: ObjectStore) => ObjectStore;
  readonly sealJobs?: SealJobs;
  readonly clock?: (clock: Clock) => Clock;
  /** What keys and salts are drawn from. */
  readonly salts?: (random: Random) => Random;
  /** Only a run that ends so can tell. */
  readonly ending?: Ending;
}

/** How to watch a world, and what to break in it. */
export interface WorldOptions {
  readonly canary?: Canary;
  /** What happens after the last look; nothing unless given. */
  readonly ending?: Ending;
  /** Told of each event as it happens. */
  readonly onEvent?: (line: string) => void;
}

/** The process died before it answered. */
export class GatewayDown extends Error {
  override readonly name = "GatewayDown";
}

interface Process {
  readonly gateway: Gateway;
  readonly clock: ProcessClock;
  readonly machine: SimMachine;
  readonly objects: ProcessObjects;
  readonly mirror: ProcessObjects;
  /** Rejects with GatewayDown when the process dies. */
  readonly death: Promise<never>;
  readonly die: () => void;
}

/** A gateway that is presumed dead: it runs on, and what it changes in the bucket is held up on its way. */
export interface Sleeper {
  readonly gateway: Gateway;
  /** What was held up arrives. */
  wake(): void;
  /** Its process ends. */
  end(): void;
}

/** The gateway's name of the store that second copies go to. */
export const mirrorName = "second";

/** Longest virtual time that a start may take. */
const startWithin = minutes(10);

/** Everything that is simulated, and the gateway in it. */
export class World {
  readonly random: SeededRandom;
  readonly scenario: Scenario;
  readonly clock = new SimClock();
  readonly trace: Trace;
  /** What happens after the last look. */
  readonly ending: Ending;
  readonly network: SimNetwork;
  /** Of the machine that the gateway runs on. */
  disk: SimDisk;
  /** Where the gateway listens. */
  portal = { host: "10.0.0.1", port: 3260 };
  /** Who has put what in the object store. */
  readonly bucket = new BucketBook();
  /** What was sealed with which salt. */
  readonly nonces = new NonceBook();
  readonly objects: SimObjectStore;
  /** How long each block is that a host has written. */
  readonly blockLengths = new Map<BlockId, number>();
  /** What lies there was damaged: some of it cannot be read. */
  isHurt = false;
  /** The store that second copies go to. */
  readonly mirror: SimObjectStore;
  /** What was sent to the object stores. */
  readonly #requests = new RequestBook();
  readonly #canary: Canary | undefined;
  #machines = 1;
  #clockWrong = 0;
  #process: Process | undefined;
  #keyFile: string | undefined;
  #boots = 0;
  /** By the folder of the cartridge. */
  readonly #failedWrites = new Map<string, number>();
  #restarting: Promise<void> | undefined;

  constructor(seed: number, { canary, ending = "none", onEvent }: WorldOptions = {}) {
    this.trace = new Trace(() => this.clock.monotonic(), onEvent);
    this.random = new SeededRandom(seed);
    this.scenario = drawScenario(this.random.fork("scenario"));
    this.#canary = canary;
    this.ending = canary?.ending ?? ending;
    const { clock, scenario } = this;
    this.network = new SimNetwork({
      clock,
      random: this.random.fork("network"),
      behaviour: scenario.network,
      trace: (text) => this.trace.detail(text),
    });
    this.disk = this.#makeDisk("disk");
    this.objects = this.#makeObjects("object", scenario.objectFailures);
    this.mirror = this.#makeObjects("mirror", scenario.mirror?.failures ?? 0);
    if (scenario.mirror?.isDown === true) this.mirror.options.refuse = () => true;
  }

  /** The time of day of the gateway's machine is off by so much from now on; its store's is not. */
  setClockWrong(by: number): void {
    this.#clockWrong = by;
    this.trace.event(
      "world",
      by === 0 ? "sets the clock right" : `sets the clock ${(by / days(1)).toFixed(2)} days off`,
    );
  }

  /** How often a gateway was started. */
  get boots(): number {
    return this.#boots;
  }

  get isUp(): boolean {
    return this.#process !== undefined;
  }

  /** The local disk fails at times, or is full for a while. */
  get mayFailDisk(): boolean {
    return this.scenario.segmentFailures > 0 || this.scenario.fullDisks > 0;
  }

  /** Writes and syncs of a cartridge's segments that have failed so far, because the seed says so. */
  failedWritesOf(id: string): number {
    return this.#failedWrites.get(`cartridges/${id}`) ?? 0;
  }

  /** Starts a gateway on what is there. A start that fails is a failed check. */
  async boot(): Promise<void> {
    this.#boots += 1;
    const running = this.#spawn();
    this.#process = running;
    this.trace.event("gateway", `starts for the ${this.#boots}. time`);
    const began = this.clock.monotonic();
    try {
      await Promise.race([running.gateway.start(), running.death]);
    } catch (error) {
      if (error instanceof GatewayDown) return;
      throw new CheckFailure(`the gateway does not start: ${asError(error).message}`, { cause: error });
    }
    const took = this.clock.monotonic() - began;
    this.trace.event("gateway", `is ready after ${took.toFixed(1)} ms`);
    if (took > startWithin) throw new CheckFailure(`the gateway took ${took} ms to start`);
  }

  /** The process ends without a word. */
  crash(how: CrashKind): void {
    const running = this.#process;
    if (running === undefined) return;
    this.trace.event("gateway", how === "kill" ? "is killed" : "loses power");
    this.#process = undefined;
    this.#requests.crashed([running.objects, running.mirror], this.clock.monotonic(), this.mayFailDisk);
    running.clock.kill();
    running.objects.kill();
    running.mirror.kill();
    running.machine.crash(how === "kill" ? milliseconds(0) : seconds(20));
    if (how === "kill") this.disk.kill();
    else this.disk.crash();
    running.die();
  }

  /** The gateway's machine is gone with all that was on it; there is another one, with an empty disk. */
  loseMachine(): void {
    this.crash("power");
    this.#moveToNewMachine();
  }

  /** The gateway is presumed dead, and is not; there is another machine, with an empty disk. */
  fallAsleep(): Sleeper {
    const running = this.#process;
    if (running === undefined) throw new GatewayDown("the gateway is down");
    const { disk } = this;
    this.trace.event("gateway", "falls asleep");
    running.objects.holdUp();
    running.mirror.holdUp();
    this.#process = undefined;
    this.#moveToNewMachine();
    const end = (): void => {
      running.clock.kill();
      running.objects.kill();
      running.mirror.kill();
      running.machine.crash();
      disk.kill();
      running.die();
    };
    const wake = (): void => {
      this.trace.event("gateway", "that was taken over wakes");
      running.objects.letThrough();
      running.mirror.letThrough();
    };
    return { gateway: running.gateway, wake, end };
  }

  #moveToNewMachine(): void {
    this.#machines += 1;
    this.#requests.forget();
    this.#clockWrong = 0;
    this.trace.event("world", `has machine ${this.#machines}`);
    this.portal = { ...this.portal, host: `10.0.0.${this.#machines}` };
    this.disk = this.#makeDisk(`disk ${this.#machines}`);
    this.calm();
  }

  /** Name of the machine that the gateway runs on. */
  get machineName(): string {
    return `machine ${this.#machines}`;
  }

  /** What a command gets that works on the data folder and the bucket while no gateway runs. */
  tool(): Omit<CheckUpPorts, "findings" | "sealing"> & { readonly sealing: SealingOptions } {
    this.#boots += 1;
    const random = this.random.fork(`recovery ${this.#boots}`);
    const clock = this.clock.process(this.#machineClock());
    const ports = { clock, random, log: traceLog(this.trace), sealing: this.#sealing() };
    const disk = this.disk.attach();
    return { ...ports, objects: this.#processObjects().given, disk: this.#canary?.disk?.(disk) ?? disk };
  }

  /** Makes the data folder of the gateway anew from the object store and the keys, as `capstan recover` does. */
  async recover(takeOver: boolean): Promise<RecoveryReport> {
    const { disk, ...ports } = this.tool();
    const report = await recoverGateway(ports, { host: this.machineName, takeOver, disk });
    this.trace.event("gateway", `is recovered with ${report.cartridges.length} cartridges; epoch ${report.epoch}`);
    return report;
  }

  #processObjects(): { readonly objects: ProcessObjects; readonly given: ObjectStore } {
    const writer = this.#boots;
    const now = (): number => this.clock.monotonic();
    const objects = new ProcessObjects(this.objects, now, (what, key) => this.bucket.note(writer, what, key));
    return { objects, given: this.#canary?.objects?.(objects) ?? objects };
  }

  /** Kills the gateway and starts it again, once for all who ask while it happens. */
  restart(crashed: () => void): Promise<void> {
    this.#restarting ??= this.#restart(crashed).finally(() => (this.#restarting = undefined));
    return this.#restarting;
  }

  async #restart(crashed: () => void): Promise<void> {
    if (!this.isUp) return;
    this.crash("kill");
    crashed();
    // A start needs room for its facts: who starts it on a full disk makes some first.
    this.makeRoom();
    await this.boot();
  }

  /** Ends the process in good order. */
  async stop(): Promise<void> {
    const running = this.#process;
    if (running === undefined) return;
    await this.call((gateway) => gateway.stop());
    this.#process = undefined;
    this.#requests.ended([running.objects, running.mirror], Infinity);
    running.clock.kill();
    running.objects.kill();
    running.mirror.kill();
    running.machine.crash();
    this.disk.kill();
  }

  /** Asks the gateway; rejects with GatewayDown when it is not there, or dies before it answers. */
  async call<T>(request: (gateway: Gateway) => T | Promise<T>): Promise<T> {
    const running = this.#process;
    if (running === undefined) throw new GatewayDown("the gateway is down");
    return Promise.race([Promise.resolve(request(running.gateway)), running.death]);
  }

  /** Every request that was sent is on the bill, and none that was not. */
  checkMoney(costs: CostsView): void {
    const running = this.#process;
    if (running !== undefined) this.#requests.check(costs, [running.objects, running.mirror], this.#boots);
  }

  /** The world calms down: no failures any more, short delays. What was broken stays broken. */
  calm(): void {
    this.network.behaviour = { ...this.network.behaviour, cutChance: 0, refuseChance: 0 };
    delete this.disk.options.fail;
    this.makeRoom();
    for (const { options } of [this.objects, this.mirror]) {
      delete options.failBefore;
      delete options.failAfter;
    }
    delete this.mirror.options.refuse;
  }

  /** Where everything that was synced must be in the object store, the disk loses all segments. */
  loseSegments(): void {
    if (this.scenario.durability !== "remote") return;
    this.disk.lose((path) => path.endsWith(".segment"));
    this.trace.event("disk", "has lost every segment");
  }

  /** The local disk has no room for more than so many bytes, until `makeRoom`. */
  fillDisk(byteCount: number): void {
    this.makeRoom();
    const used = Number.MAX_SAFE_INTEGER - this.disk.freeBytes;
    this.disk.options.capacityBytes = used + byteCount;
    this.trace.event("disk", `has room for ${byteCount} bytes`);
  }

  makeRoom(): void {
    if (this.disk.options.capacityBytes === undefined) return;
    delete this.disk.options.capacityBytes;
    this.trace.event("disk", "has room again");
  }

  #spawn(): Process {
    const { promise: death, reject } = Promise.withResolvers<never>();
    death.catch(() => {});
    const wrong = this.#machineClock();
    const clock = this.clock.process(wrong);
    const machine = this.network.machine(this.portal.host);
    const { objects, given } = this.#processObjects();
    const mirror = new ProcessObjects(this.mirror, () => this.clock.monotonic());
    const disk = this.disk.attach();
    const gateway = new Gateway({
      clock: this.#canary?.clock?.(clock) ?? clock,
      random: this.random.fork(`gateway ${this.#boots}`),
      log: traceLog(this.trace),
      network: machine,
      disk: this.#canary?.disk?.(disk) ?? disk,
      objects: given,
      mirrors: new Map([[mirrorName, this.#canary?.mirror?.(mirror) ?? mirror]]),
      sealing: this.#sealing(),
      settings: this.#settings(),
    });
    return { gateway, clock, machine, objects, mirror, death, die: () => reject(new GatewayDown("the gateway died")) };
  }

  /** How far the clock of the present machine is off; a sleeper keeps its own. */
  #machineClock(): () => number {
    const machine = this.#machines;
    let last = this.#clockWrong;
    return () => (machine === this.#machines ? (last = this.#clockWrong) : last);
  }

  /** How objects are sealed. The key file outlives the gateway, and losing power. */
  #sealing(): SealingOptions {
    const { encryption, compression, frameSize } = this.scenario;
    const file = { path: "keys", read: () => this.#keyFile, write: (text: string) => void (this.#keyFile = text) };
    const random = this.random.fork("key file");
    const current = encryption ? new FileKeyProvider({ file, random, create: true }) : undefined;
    const busy = this.random.fork(`busy ${this.#boots}`);
    const threads = new InlineThreads(this.#canary?.sealJobs ?? sealJobs, () => busy.chance(0.1));
    const providers = { current, others: [], allowPlain: !encryption };
    const salts = this.#canary?.salts?.(this.random.fork(`salts ${this.#boots}`));
    const sealing = { threads, providers, compression: { mode: compression, level: 1 }, frameSize };
    return salts === undefined ? sealing : { ...sealing, random: salts };
  }

  #settings(): GatewaySettings {
    const { segmentSize, ringSize, cacheBytes, uploadBufferBytes, uploadDelay, diskReserve } = this.scenario;
    return {
      ...defaultSettings,
      instance: "sim",
      portals: [{ listen: this.portal, allowAnyone: true }],
      firstLibrary: undefined,
      thawPoll: seconds(30),
      cacheBytes,
      uploadBufferBytes,
      uploadDelay,
      diskReserveBytes: diskReserve,
      storeSizes: { segmentSize, ringSize },
    };
  }

  #makeDisk(name: string): SimDisk {
    const { directAlignment, diskDelayMax, segmentFailures } = this.scenario;
    const random = this.random.fork(`${name} delay`);
    const fails = (operation: string, path: string): boolean =>
      (operation === "write" || operation === "sync") && path.endsWith(".segment") && random.chance(segmentFailures);
    return new SimDisk({
      random: this.random.fork(name),
      clock: this.clock,
      directAlignment,
      delay: () => milliseconds(random.fraction() * diskDelayMax),
      ...(segmentFailures === 0
        ? {}
        : {
            fail: (operation, path) => {
              if (!fails(operation, path)) return undefined;
              const folder = folderOf(path);
              this.#failedWrites.set(folder, (this.#failedWrites.get(folder) ?? 0) + 1);
              return storeFault("disk-failed", { path, operation, reason: "simulated" });
            },
          }),
    });
  }

  #makeObjects(name: "object" | "mirror", failures: number): SimObjectStore {
    const { scenario } = this;
    const random = this.random.fork(`${name} delay`);
    const thawDelay: Duration = scenario.thawTime;
    const half = failures / 2;
    const data = { put: half, get: half, head: half, list: half, delete: half };
    const chances = { ...data, changeClass: half, thaw: half, setRetention: half, setLegalHold: half };
    return new SimObjectStore({
      clock: this.clock,
      random: this.random.fork(`${name}s`),
      thawDelay: { Expedited: thawDelay, Standard: thawDelay, Bulk: thawDelay },
      delay: () => milliseconds(random.fraction() * scenario.objectDelayMax),
      failBefore: chances,
      failAfter: chances,
      // A copy is sealed by nobody: a bit that fell over on its way there is no other sealing, and is not kept.
      ...(name === "object" ? { sent: (key, content) => this.nonces.note(key, content) } : {}),
      // Segments are sealed while they are put, or before.
      abilities: {
        ...allAbilities,
        lateEnd: this.random.fork(name === "object" ? "late end" : "mirror end").chance(0.5),
      },
      rot: scenario.encryption || scenario.compression !== "off" ? scenario.rot : 0,
    });
  }
}

/** What the gateway logs, as events of the run. */
function traceLog(trace: Trace): Log {
  const log: Log = {
    ...silentLog,
    warn: (message) => trace.event("log", `warns: ${message}`),
    error: (message, _fields, cause) => trace.event("log", `error: ${message}${causes(cause)}`),
    child: () => log,
  };
  return log;
}

/** An error with its causes; of what is no Fault also where it was thrown. */
function causes(cause: unknown): string {
  if (cause === undefined) return "";
  const error = asError(cause);
  return `\n    because: ${isFault(error) ? error.message : error.stack}${causes(error.cause)}`;
}
