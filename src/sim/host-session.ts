// SPDX-License-Identifier: Apache-2.0
// A host's way to one logical unit: logs in until it works, sends commands, and takes note of unit attentions as the
// drivers of an operating system do. Throws SessionLost when nobody knows what became of a command.

import {
  type Duration,
  hours,
  isFault,
  limits,
  milliseconds,
  minutes,
  seconds,
  silentLog,
  sleep,
} from "#base/index.ts";
import { IscsiInitiator, type InitiatorSession, type InitiatorSettings } from "#iscsi/index.ts";
import { decodeSense, nameOfSense, scsiStatusName, type Sense, type SenseName } from "#scsi/index.ts";
import { CheckFailure, expect } from "./check-failure.ts";
import type { SeededRandom } from "./random.ts";
import type { World } from "./world.ts";

/** The session is gone, and with it the answers of what was under way. */
export class SessionLost extends Error {
  override readonly name = "SessionLost";
}

/** The drive could not store what was written: what was not synced is lost, or it is not. */
export class DriveFailed extends Error {
  override readonly name = "DriveFailed";
  /** The drive has a cartridge that could not be opened. */
  readonly isShut: boolean;

  constructor(message: string, { isShut = false }: { readonly isShut?: boolean } = {}) {
    super(message);
    this.isShut = isShut;
  }
}

/** A command. */
export interface Command {
  readonly cdb: Uint8Array;
  readonly dataOut?: Uint8Array;
  readonly dataInLength?: number;
  /** Memory for data-in; made when left out. */
  readonly dataInTo?: Uint8Array;
}

/** How it ended. `sense` is set with CHECK CONDITION only; `senseName` when the table knows it. */
export interface Reply {
  readonly status: string;
  readonly sense: Sense | undefined;
  readonly senseName: SenseName | undefined;
  readonly dataIn: Uint8Array;
}

/** Which unit, and who asks. */
export interface HostSessionOptions {
  readonly world: World;
  readonly random: SeededRandom;
  readonly initiator: IscsiInitiator;
  readonly target: string;
  readonly lun: number;
  readonly isid: string;
  /** For the trace. */
  readonly who: string;
}

/** Longest virtual time that a host tries to get in. */
const patience: Duration = minutes(60);
const attentionsMax = 20;
/** Longest virtual time that a full disk or a full upload buffer may take to get room again. */
const pressurePatience: Duration = hours(2);
/** Faults after which a host tries again; anything else is a mistake of the gateway's. */
const passing = ["network.unreachable", "iscsi.session-lost", "iscsi.target-unavailable"];

/** An initiator on a machine of its own. */
export function makeInitiator(world: World, number: number): IscsiInitiator {
  return new IscsiInitiator({
    network: world.network.machine(`10.0.1.${number}`),
    clock: world.clock,
    random: world.random.fork(`initiator ${number}`),
    log: silentLog,
    name: `iqn.2026-11.io.capstan.sim:host-${number}`,
  });
}

/** A session that is made again when it was lost. */
export class HostSession {
  readonly #options: HostSessionOptions;
  #session: InitiatorSession | undefined;

  constructor(options: HostSessionOptions) {
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#session !== undefined;
  }

  /** A command would be on its way at once, and not wait here for those before it to be answered. */
  get sendsAtOnce(): boolean {
    return this.#session?.isOpen ?? false;
  }

  /** Logs in, as often as it takes, and takes note of what happened meanwhile. */
  async connect(): Promise<void> {
    const { world, random } = this.#options;
    const deadline = world.clock.monotonic() + patience;
    while (this.#session === undefined) {
      expect(world.clock.monotonic() < deadline, `${this.#options.who} could not log in for ${patience} ms`);
      this.#session = await this.#login();
      if (this.#session === undefined) await sleep(world.clock, milliseconds(random.between(50, 2000)));
    }
  }

  /**
   * Sends a command and gives its answer; unit attentions are noted and the command is sent again. So it is when the
   * store takes nothing for the moment, as operating systems do; and for longer than they, until there is room.
   */
  async execute(command: Command): Promise<Reply> {
    const deadline = this.#options.world.clock.monotonic() + pressurePatience;
    for (let attempt = 0; attempt < attentionsMax;) {
      const reply = await this.executeOnce(command);
      if (isBusy(reply)) {
        expect(this.#options.world.clock.monotonic() < deadline, `${this.#options.who} was told to wait for too long`);
        await sleep(this.#options.world.clock, seconds(1));
        continue;
      }
      attempt += 1;
      if (reply.sense?.key !== "unit-attention") return reply;
      this.#options.world.trace.event(this.#options.who, `unit attention: ${reply.senseName}`);
    }
    throw new CheckFailure(`${this.#options.who}: ${attentionsMax} unit attentions in a row`);
  }

  /** Sends a command and gives its answer, whatever it is. Throws SessionLost. */
  async executeOnce(command: Command): Promise<Reply> {
    const session = this.#session;
    if (session === undefined) throw new SessionLost("not connected");
    try {
      const began = this.#options.world.clock.monotonic();
      const answer = await session.execute({ lun: this.#options.lun, ...command });
      const reply = readReply(answer.status, answer.sense, answer.dataIn);
      this.#checkPressure(reply, this.#options.world.clock.monotonic() - began);
      const mayFail = this.#options.world.scenario.segmentFailures > 0;
      if (reply.senseName === "write-error" && mayFail) throw new DriveFailed("write-error");
      return reply;
    } catch (error) {
      if (error instanceof DriveFailed) throw error;
      this.drop();
      if (!isFault(error, "iscsi.session-lost")) throw error;
      throw new SessionLost(error.message, { cause: error });
    }
  }

  /** Nobody is told to wait without a reason, or only after a host would have given up. */
  #checkPressure(reply: Reply, took: number): void {
    if (!isBusy(reply)) return;
    const { world, who } = this.#options;
    world.trace.event(who, `is told to wait: ${wordOf(reply)} after ${took.toFixed(0)} ms`);
    const { fullDisks, uploadBufferBytes, segmentSize, durability } = world.scenario;
    const hasReason = durability === "remote" || fullDisks > 0 || uploadBufferBytes <= 2 * segmentSize;
    expect(hasReason, `${who} is told to wait in a world with room: ${wordOf(reply)}`);
    expect(took < 7 * limits.pressureWait, `${who} waited ${took} ms for ${wordOf(reply)}`);
  }

  /** Drops the connection without a word. */
  drop(): void {
    this.#session?.destroy();
    this.#session = undefined;
  }

  async logout(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    try {
      await session?.logout();
    } catch (error) {
      if (!isFault(error, "iscsi.session-lost")) throw error;
    }
  }

  async #login(): Promise<InitiatorSession | undefined> {
    const { world, initiator, target, who } = this.#options;
    try {
      const session = await initiator.login(world.portal, target, this.#settings());
      world.trace.event(who, `is logged in to ${target}`);
      return session;
    } catch (error) {
      if (!passing.some((code) => isFault(error, code))) throw error;
      return undefined;
    }
  }

  #settings(): InitiatorSettings {
    const { world, isid, random } = this.#options;
    const { headerDigest, dataDigest } = world.scenario;
    return {
      isid,
      headerDigest: [headerDigest ? "CRC32C" : "None"],
      dataDigest: [dataDigest ? "CRC32C" : "None"],
      initialR2t: random.chance(0.5),
      immediateData: random.chance(0.7),
      maxReceiveSegment: random.pick([512, 8192, 65_536, 262_144]),
      firstBurst: random.pick([512, 65_536, 262_144]),
      maxBurst: 262_144,
    };
  }
}

function readReply(status: number, senseData: Uint8Array, dataIn: Uint8Array): Reply {
  const name = scsiStatusName(status) ?? `status ${status}`;
  const sense = senseData.byteLength > 0 ? decodeSense(senseData) : undefined;
  return { status: name, sense, senseName: sense === undefined ? undefined : nameOfSense(sense), dataIn };
}

/** The store takes nothing for the moment; the same command may be sent again. */
export function isBusy(reply: Reply): boolean {
  return reply.status === "busy" || reply.senseName === "intervention-needed";
}

/** What a command ended with, in one word: `good`, the name of its sense, or another status. */
export function wordOf(reply: Reply): string {
  if (reply.sense === undefined) return reply.status;
  const { key, asc, ascq } = reply.sense;
  return reply.senseName ?? `${key} ${asc.toString(16)}/${ascq.toString(16)}`;
}
