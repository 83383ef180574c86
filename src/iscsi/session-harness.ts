// SPDX-License-Identifier: Apache-2.0
// For the tests of this room: a target whose units are as simple as can be, on a simulated network, and an initiator.
// The units know five commands: nothing, write, read, fail, and wait until told.

import { silentLog, type Endpoint, type Log } from "#base/index.ts";
import { SeededRandom, SimClock, SimNetwork, type NetworkBehaviour } from "#sim/index.ts";
import type { ChapPolicy } from "./chap-policy.ts";
import { IscsiInitiator } from "./initiator.ts";
import type { Nexus, ScsiTask, TargetDevice, TaskResult, UnitManagement } from "./scsi-task.ts";
import { SessionRegistry } from "./session-registry.ts";
import type { TargetSettings } from "./settings.ts";
import type { TargetDirectory, TargetRefusal } from "./target-directory.ts";
import { TargetPortal } from "./target-portal.ts";

/** CDB opcodes that the fake unit knows; bytes 2 … 5 are a length. */
export const fakeOpcodes = { nothing: 0x00, write: 0x0a, read: 0x08, fail: 0x03, wait: 0xc0, early: 0xc1 } as const;

/** A CDB for the fake unit. */
export function fakeCdb(opcode: number, length = 0): Uint8Array {
  const cdb = new Uint8Array(16);
  cdb[0] = opcode;
  new DataView(cdb.buffer).setUint32(2, length);
  return cdb;
}

/** The bytes that the fake unit reads: each differs from its neighbours. */
export function pattern(length: number, start = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = index * 31 + (index >>> 8) * 7 + start;
  return bytes;
}

/** Fixed format sense of the fake unit. */
export const fakeSense = Uint8Array.of(0x70, 0, 0x80, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0);

/** Units that keep what they are told. */
export class FakeDevice implements TargetDevice {
  readonly events: string[] = [];
  readonly written: Uint8Array[] = [];
  readonly waiting: ScsiTask[] = [];
  readonly running = new Set<ScsiTask>();
  released = 0;
  placeableBytes = 64 * 1024 * 1024;
  /** Where the next write goes; made when undefined. */
  nextPlace: { bytes: Uint8Array; release(): void; onMoved?: (() => void) | undefined } | undefined;
  /** Runs before an abort is answered. */
  beforeAbort: () => Promise<void> = () => Promise.resolve();

  nexusOpened(nexus: Nexus): void {
    this.events.push(`opened ${nexus.initiatorName}`);
  }

  nexusClosed(nexus: Nexus, how: "logout" | "lost"): Promise<void> {
    this.events.push(`closed ${nexus.initiatorName} ${how}`);
    return Promise.resolve();
  }

  accept(task: ScsiTask): void {
    const opcode = task.cdb[0];
    const length = new DataView(task.cdb.buffer, task.cdb.byteOffset).getUint32(2);
    this.events.push(`accept ${opcode} lun ${task.lun}`);
    this.running.add(task);
    const finish = (result: TaskResult): void => {
      this.running.delete(task);
      task.finish(result);
    };
    if (opcode === fakeOpcodes.read) return finish({ status: 0, dataIn: this.#data(length) });
    if (opcode === fakeOpcodes.fail) return finish({ status: 2, sense: fakeSense, dataIn: this.#data(length) });
    if (opcode === fakeOpcodes.early) return finish({ status: 2, sense: fakeSense, transferLength: 0 });
    if (opcode === fakeOpcodes.wait) return void this.waiting.push(task);
    if (opcode !== fakeOpcodes.write) return finish({ status: 0, transferLength: 0 });
    if (task.expectedDataOut > 0) {
      task.place = this.nextPlace ?? { bytes: new Uint8Array(Math.min(length, task.expectedDataOut)), release() {} };
      this.nextPlace = undefined;
    }
    const store = (): void => {
      this.written.push(task.place?.bytes.slice() ?? new Uint8Array(0));
      finish({ status: 0, transferLength: length });
    };
    if (task.dataComplete) store();
    else task.onDataComplete = store;
  }

  #data(length: number): { bytes: Uint8Array; release(): void } {
    return { bytes: pattern(length), release: () => void this.released++ };
  }

  async abort(task: ScsiTask): Promise<void> {
    await this.beforeAbort();
    this.events.push(`abort ${task.cdb[0]}`);
    this.running.delete(task);
    task.place?.release();
  }

  manage(function_: UnitManagement, _nexus: Nexus, lun: number): Promise<boolean> {
    this.events.push(`${function_} lun ${lun}`);
    return Promise.resolve(lun === 0);
  }
}

/** A directory with one target; `refusal` and `chap` may be set by a test. */
export class FakeDirectory implements TargetDirectory {
  readonly device: FakeDevice;
  chap: ChapPolicy | undefined;
  refusal: TargetRefusal | undefined;
  sessionsMax = 4;
  targetCount = 1;

  constructor(device: FakeDevice) {
    this.device = device;
  }

  find(name: string): ReturnType<TargetDirectory["find"]> {
    if (name !== targetName) return { kind: "refused", why: "notFound" };
    if (this.refusal !== undefined) return { kind: "refused", why: this.refusal };
    const { device, chap, sessionsMax } = this;
    return { kind: "granted", device, alias: "a fake", portalGroupTag: 1, chap, sessionsMax };
  }

  discovery(): ReturnType<TargetDirectory["discovery"]> {
    return { kind: "granted", chap: undefined };
  }

  list(): ReturnType<TargetDirectory["list"]> {
    return Array.from({ length: this.targetCount }, (_, index) => ({
      name: index === 0 ? targetName : `${targetName}-${index}`,
      addresses: [{ endpoint: portalEndpoint, portalGroupTag: 1 }],
    }));
  }
}

/** The target of the harness. */
export const targetName = "iqn.2026-01.test:drive";
/** The initiator of the harness. */
export const initiatorName = "iqn.2026-01.test:host";
/** Where the target listens. */
export const portalEndpoint: Endpoint = { host: "10.0.0.1", port: 3260 };

/** A network with a target and an initiator. */
export interface Harness {
  readonly clock: SimClock;
  readonly random: SeededRandom;
  readonly network: SimNetwork;
  readonly device: FakeDevice;
  readonly directory: FakeDirectory;
  readonly registry: SessionRegistry;
  readonly portal: TargetPortal;
  readonly initiator: IscsiInitiator;
  /** Lets time pass until the promise settles. */
  run<T>(promise: Promise<T>): Promise<T>;
}

/** Makes a harness. */
export async function makeHarness(
  options: {
    readonly seed?: number;
    readonly settings?: Partial<TargetSettings>;
    readonly behaviour?: NetworkBehaviour;
    readonly log?: Log;
  } = {},
): Promise<Harness> {
  const clock = new SimClock();
  const random = new SeededRandom(options.seed ?? 1);
  const { behaviour } = options;
  const network = new SimNetwork({ clock, random, ...(behaviour === undefined ? {} : { behaviour }) });
  const device = new FakeDevice();
  const directory = new FakeDirectory(device);
  const registry = new SessionRegistry();
  const log = options.log ?? silentLog;
  const settings = options.settings ?? {};
  const server = network.machine(portalEndpoint.host);
  const open = TargetPortal.open(portalEndpoint, {
    network: server,
    clock,
    random,
    log,
    directory,
    registry,
    settings,
  });
  const portal = await clock.runUntil(open);
  const host = network.machine("10.0.0.2");
  const initiator = new IscsiInitiator({ network: host, clock, random, log, name: initiatorName });
  const run = <T>(promise: Promise<T>): Promise<T> => clock.runUntil(promise);
  return { clock, random, network, device, directory, registry, portal, initiator, run };
}
