// SPDX-License-Identifier: Apache-2.0
// A gateway in a small simulated world, for tests: disk, bucket, network and clock outlive its processes. Hosts are our
// own initiator; every promise is run to its end on the simulated clock.

import { asError, defined, minutes, seconds, silentLog, type Duration, type Endpoint, type Log } from "#base/index.ts";
import { IscsiInitiator, type InitiatorSession, type InitiatorSettings } from "#iscsi/index.ts";
import {
  decodeSense,
  MoveMedium,
  nameOfSense,
  Read6,
  Rewind,
  scsiStatusName,
  TestUnitReady,
  Write6,
  WriteFilemarks6,
} from "#scsi/index.ts";
import {
  SeededRandom,
  SimClock,
  SimDisk,
  SimNetwork,
  SimObjectStore,
  type ProcessClock,
  type SimMachine,
} from "#sim/index.ts";
import type { ObjectStore, SealingOptions } from "#store/index.ts";
import { Gateway } from "./gateway.ts";
import { defaultSettings, type GatewaySettings } from "./settings.ts";
import type { CartridgeState } from "./cartridge-life.ts";

const MiB = 1024 * 1024;
const gatewayAddress = "10.0.0.1";
/** Size of the cartridges that tests make. */
export const testSize = 64 * MiB;

/** Settings of tests: small store, quick thaw polls, no first library. */
export const testSettings: GatewaySettings = {
  ...defaultSettings,
  instance: "test",
  portals: [{ listen: { host: gatewayAddress, port: 3260 }, allowAnyone: true }],
  firstLibrary: undefined,
  thawPoll: seconds(30),
  cacheBytes: 64 * MiB,
  uploadBufferBytes: 64 * MiB,
  storeSizes: { segmentSize: MiB, ringSize: 2 * MiB },
};

/** A small library: 2 drives, 6 storage slots, 2 mail slots. */
export const smallLibrary = { name: "lib", drives: 2, storageSlots: 6, mailSlots: 2 } as const;

/** Everything that outlives a gateway, and the gateway. */
export class TestWorld {
  readonly clock = new SimClock();
  readonly random = new SeededRandom("gateway tests");
  readonly network = new SimNetwork({ clock: this.clock, random: this.random.fork("network") });
  /** Of the machine that the gateway runs on. */
  disk = new SimDisk({ random: this.random.fork("disk") });
  readonly objects = new SimObjectStore({
    clock: this.clock,
    random: this.random.fork("objects"),
    thawDelay: { Expedited: minutes(5), Standard: minutes(240), Bulk: minutes(720) },
  });
  /** The store that pools may mirror to, by the name `far`. */
  readonly mirror = new SimObjectStore({
    clock: this.clock,
    random: this.random.fork("mirror"),
    thawDelay: { Expedited: minutes(5), Standard: minutes(240), Bulk: minutes(720) },
  });
  /** Lines of the gateway's log at level error. */
  readonly errors: string[] = [];
  /** How objects are sealed; plain unless a test says so. */
  sealing: SealingOptions | undefined;
  #process: { readonly clock: ProcessClock; readonly machine: SimMachine; readonly gateway: Gateway } | undefined;
  #hosts = 0;

  get gateway(): Gateway {
    return defined(this.#process, "a gateway that runs").gateway;
  }

  /** Runs a promise to its end on the simulated clock. */
  run<T>(promise: Promise<T>, within?: Duration): Promise<T> {
    return this.clock.runUntil(promise, within);
  }

  /** Starts a gateway on what is there. */
  async start(settings: Partial<GatewaySettings> = {}, objects: ObjectStore = this.objects): Promise<Gateway> {
    const clock = this.clock.process();
    const machine = this.network.machine(gatewayAddress);
    const gateway = new Gateway({
      clock,
      random: this.random.fork(`boot ${this.#hosts}`),
      log: this.#log(),
      network: machine,
      disk: this.disk.attach(),
      objects,
      mirrors: new Map([["far", this.mirror]]),
      sealing: this.sealing,
      settings: { ...testSettings, ...settings },
    });
    await this.run(gateway.start());
    this.#process = { clock, machine, gateway };
    return gateway;
  }

  /** Stops in good order. */
  async stop(): Promise<void> {
    await this.run(this.gateway.stop());
    this.#end();
    this.disk.kill();
  }

  /** Ends the process without a word. `power`: what was not synced may be lost. */
  kill(how: "process" | "power" = "process"): void {
    this.#end();
    if (how === "process") this.disk.kill();
    else this.disk.crash();
  }

  /** Another machine, with nothing on its disk; what ran on the one before still runs there. */
  moveToNewMachine(): void {
    this.disk = new SimDisk({ random: this.random.fork("another disk") });
    this.#process = undefined;
  }

  /** Logs a new host in. */
  async login(target: string, settings: InitiatorSettings = {}, name?: string): Promise<Host> {
    this.#hosts += 1;
    const initiator = this.initiator(name);
    const session = await this.run(initiator.login(this.portal, target, settings));
    return new Host(this, session);
  }

  /** An initiator on a machine of its own. */
  initiator(name = `iqn.2026-11.io.capstan.test:host-${this.#hosts}`): IscsiInitiator {
    const network = this.network.machine(`10.0.1.${this.#hosts}`);
    const random = this.random.fork(`host ${this.#hosts}`);
    return new IscsiInitiator({ network, clock: this.clock, random, log: silentLog, name });
  }

  get portal(): Endpoint {
    return { host: gatewayAddress, port: 3260 };
  }

  /** Runs until the cartridge is in this state. */
  async until(barcode: string, state: CartridgeState, within: Duration = minutes(60 * 24)): Promise<void> {
    const end = this.clock.monotonic() + within;
    while (this.gateway.getCartridge(barcode).state !== state) {
      if (this.clock.monotonic() > end) {
        throw new Error(`${barcode} is ${this.gateway.getCartridge(barcode).state}, not ${state}`);
      }
      await this.clock.advance(seconds(1));
    }
  }

  #end(): void {
    const process = defined(this.#process, "a gateway that runs");
    process.clock.kill();
    process.machine.crash();
    this.#process = undefined;
  }

  #log(): Log {
    const log: Log = {
      ...silentLog,
      error: (message, _fields, cause) =>
        void this.errors.push(cause === undefined ? message : `${message}: ${asError(cause).message}`),
      child: () => log,
    };
    return log;
  }
}

/** What a command came to: `good`, the name of its sense, or another status; and its data. */
export interface Answer {
  readonly word: string;
  readonly data: Uint8Array;
}

/** A host that is logged in to one target. */
export class Host {
  readonly session: InitiatorSession;
  readonly #world: TestWorld;

  constructor(world: TestWorld, session: InitiatorSession) {
    this.#world = world;
    this.session = session;
  }

  /** Sends a command to a LUN (0) and gives its answer, whatever it is. */
  async send(
    cdb: Uint8Array,
    more: { lun?: number; dataOut?: Uint8Array; dataInLength?: number } = {},
  ): Promise<Answer> {
    const answer = await this.#world.run(this.session.execute({ lun: 0, cdb, ...more }));
    const sense = answer.sense.byteLength > 0 ? decodeSense(answer.sense) : undefined;
    const word = sense === undefined ? scsiStatusName(answer.status) : nameOfSense(sense);
    return { word: word ?? `unknown ${answer.status}`, data: answer.dataIn };
  }

  /** TEST UNIT READY. */
  async ready(lun = 0): Promise<string> {
    return (await this.send(TestUnitReady.encode({}), { lun })).word;
  }

  /** TEST UNIT READY until it is no unit attention any more; the attentions and what came last. */
  async attentions(lun = 0): Promise<readonly string[]> {
    const words: string[] = [];
    do words.push(await this.ready(lun));
    while (words.length < 5 && !["good", "medium-not-present", "becoming-ready"].includes(words.at(-1) ?? ""));
    return words;
  }

  async move(source: number, destination: number): Promise<string> {
    return (await this.send(MoveMedium.encode({ source, destination }))).word;
  }

  async rewind(): Promise<string> {
    return (await this.send(Rewind.encode({}))).word;
  }

  async write(block: Uint8Array, lun = 0): Promise<string> {
    return (await this.send(Write6.encode({ transferLength: block.byteLength }), { lun, dataOut: block })).word;
  }

  async filemark(): Promise<string> {
    return (await this.send(WriteFilemarks6.encode({ transferLength: 1 }))).word;
  }

  async read(length = 65_536): Promise<Answer> {
    const cdb = Read6.encode({ transferLength: length, suppressIncorrectLength: true });
    return this.send(cdb, { dataInLength: length });
  }

  async logout(): Promise<void> {
    await this.#world.run(this.session.logout());
  }
}

/** A block whose content follows from its number. */
export function testBlock(number: number, size = 65_536): Uint8Array {
  const block = new Uint8Array(size);
  for (let index = 0; index < size; index++) block[index] = (index * 31 + number * 17 + (index >> 8)) & 0xff;
  return block;
}
