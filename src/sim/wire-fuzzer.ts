// SPDX-License-Identifier: Apache-2.0
// A mutating fuzzer for the target's side of the wire. It talks like an initiator that is broken in every way it can
// think of: right PDUs with wrong bits, right bits in the wrong order, pieces missing, connections cut. Everything follows
// from a seed. In memory, without sockets; the units behind the target are the caller's.

import { assert, bytesFromHex, seconds, type Log, type LogFields } from "#base/index.ts";
import {
  DataOut,
  LogoutRequest,
  NopOut,
  noTag,
  opcodes,
  ReadyToTransfer,
  ScsiCommand,
  TaskManagementRequest,
  TextRequest,
  type TextPair,
} from "#iscsi/index.ts";
import type { SeededRandom } from "./random.ts";
import { capturedPdus } from "./wire-corpus-vectors.ts";
import { Wire, type WireWorld } from "./wire.ts";

/** What the fuzzer attacks and how much. */
export interface FuzzOptions {
  readonly world: WireWorld;
  /** Sessions that are open. */
  readonly sessionCount: () => number;
  /** More queued bytes than this, and one answer, are a leak. */
  readonly sendQueue: number;
  readonly random: SeededRandom;
  /** Mutated PDUs to send at least. */
  readonly pduCount: number;
  /** CDBs that are right, to start from; each is 16 bytes or fewer. */
  readonly cdbs: readonly Uint8Array[];
  /** Called when a session is over and its connection closed. */
  readonly between?: () => Promise<void> | void;
}

/** What happened. */
export interface FuzzResult {
  readonly pdus: number;
  readonly sessions: number;
  /** Sessions that reached full-feature phase. */
  readonly loggedIn: number;
  /** Answers of any kind. */
  readonly answers: number;
}

/** A log that turns every error line, which says that we were wrong, into a thrown error later. */
export class ErrorLog implements Log {
  readonly errors: string[] = [];
  debug(): void {}
  info(): void {}
  warn(): void {}
  error(message: string, fields?: LogFields, cause?: unknown): void {
    const text = cause instanceof Error ? (cause.stack ?? cause.message) : "";
    this.errors.push(`${message} ${JSON.stringify(fields ?? {})} ${text}`);
  }
  child(): Log {
    return this;
  }
  /** Throws when there was an error line. */
  throwErrors(): void {
    assert(this.errors.length === 0, `no error lines, not: ${this.errors.slice(0, 3).join("; ")}`);
  }
}

const keyChoices: readonly (readonly TextPair[])[] = [
  [],
  [["InitialR2T", "Yes"]],
  [
    ["InitialR2T", "Yes"],
    ["ImmediateData", "No"],
    ["MaxBurstLength", "1024"],
    ["MaxOutstandingR2T", "4"],
  ],
  [
    ["InitialR2T", "No"],
    ["FirstBurstLength", "2048"],
    ["MaxBurstLength", "4096"],
    ["MaxRecvDataSegmentLength", "512"],
  ],
];
const longData = 3000;
/** What may be queued on top of the limit: the answers to the commands of one window. */
const answerMax = 64 * 1024 * 1024;

/** Runs the fuzzer. Throws when something is thrown, when the target hangs, or when memory is not bounded. */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const fuzzer = new Fuzzer(options);
  while (fuzzer.result.pdus < options.pduCount) await fuzzer.session();
  return fuzzer.result;
}

class Fuzzer {
  readonly result = { pdus: 0, sessions: 0, loggedIn: 0, answers: 0 };
  readonly #options: FuzzOptions;
  readonly #random: SeededRandom;
  readonly #captured = capturedPdus.map(({ header, data }) => ({
    header: bytesFromHex(header),
    data: bytesFromHex(data),
  }));
  #cmdSn = 1;
  #tag = 1;

  constructor(options: FuzzOptions) {
    this.#options = options;
    this.#random = options.random;
  }

  /** One connection, from login to its end. */
  async session(): Promise<void> {
    const { world } = this.#options;
    const wire = new Wire(world);
    this.result.sessions++;
    this.#cmdSn = this.#random.chance(0.1) ? 0xffff_fff8 : 1;
    this.#tag = 1;
    if (this.#random.chance(0.15)) this.#brokenLogin(wire);
    else await this.#logIn(wire);
    for (let left = this.#random.between(1, 60); left > 0 && !this.#isOver(wire); left--) {
      this.#sendSomething(wire);
      if (this.#random.chance(0.25)) await this.#answerGrants(wire);
      if (this.#random.chance(0.02)) await world.clock.advance(seconds(this.#random.below(100)));
    }
    await this.#end(wire);
  }

  async #end(wire: Wire<WireWorld>): Promise<void> {
    const { world } = this.#options;
    wire.stream.takesAtOnce = true;
    wire.stream.take();
    if (this.#random.chance(0.2)) await world.clock.advance(seconds(this.#random.below(200)));
    wire.connection.closed(undefined);
    await world.clock.advance(seconds(1));
    assert(this.#options.sessionCount() === 0, "no session left when its connection is closed");
    await this.#options.between?.();
  }

  #isOver(wire: Wire<WireWorld>): boolean {
    return wire.stream.isDestroyed || wire.stream.isClosed;
  }

  async #logIn(wire: Wire<WireWorld>): Promise<void> {
    const pairs = [...(keyChoices[this.#random.below(keyChoices.length)] ?? [])];
    const digests = { header: this.#random.chance(0.2), data: this.#random.chance(0.2) };
    if (digests.header) pairs.push(["HeaderDigest", "CRC32C"]);
    if (digests.data) pairs.push(["DataDigest", "CRC32C"]);
    await wire.logInDirectly(pairs, { cmdSn: this.#cmdSn });
    wire.headerDigest = digests.header;
    wire.dataDigest = digests.data;
    this.result.loggedIn++;
  }

  /** A login request with wrong bits, or text that is none. */
  #brokenLogin(wire: Wire<WireWorld>): void {
    const [login] = this.#captured.filter(({ header }) => ((header[0] ?? 0) & 0x3f) === opcodes.loginRequest.code);
    assert(login !== undefined, "a captured login");
    this.#feed(wire, wire.frame(this.#mutate(login.header), this.#mutate(login.data)));
  }

  #sendSomething(wire: Wire<WireWorld>): void {
    const pdu = this.#random.chance(0.2) ? this.#capturedPdu() : this.#made();
    let frame = wire.frame(pdu.header, pdu.data, pdu.additional);
    if (this.#random.chance(0.5)) frame = this.#mutate(frame);
    if (this.#random.chance(0.02)) frame = frame.subarray(0, this.#random.below(frame.byteLength));
    if (this.#random.chance(0.02)) wire.stream.takesAtOnce = false;
    this.#feed(wire, frame);
    if (this.#random.chance(0.05)) this.#feed(wire, frame);
  }

  #capturedPdu(): { header: Uint8Array; data: Uint8Array; additional: Uint8Array } {
    const { header, data } = this.#random.pick(this.#captured);
    return { header: this.#mutate(header), data: this.#mutate(data), additional: this.#additional() };
  }

  #additional(): Uint8Array {
    if (this.#random.chance(0.95)) return new Uint8Array(0);
    const bytes = this.#random.bytes(4 * this.#random.between(1, 12));
    if (this.#random.chance(0.7)) bytes.set([0, bytes.byteLength - 3, this.#random.below(4), 0]);
    return bytes;
  }

  /** A PDU that is right in its place, most of the time. */
  #made(): { header: Uint8Array; data: Uint8Array; additional: Uint8Array } {
    const random = this.#random;
    const initiatorTaskTag = random.chance(0.9) ? this.#tag++ : random.below(20);
    const immediate = random.chance(0.2);
    const cmdSn = random.chance(0.9) ? this.#cmdSn : (this.#cmdSn + random.below(6)) >>> 0;
    if (!immediate && cmdSn === this.#cmdSn) this.#cmdSn = (this.#cmdSn + 1) >>> 0;
    const numbers = { immediate, initiatorTaskTag, cmdSn };
    const additional = this.#additional();
    const data = random.bytes(random.below(random.chance(0.1) ? longData : 64));
    switch (random.below(12)) {
      case 0:
        return { header: NopOut.encode({ ...numbers, targetTransferTag: this.#anyTag() }), data, additional };
      case 1: {
        const text = new TextEncoder().encode(random.chance(0.5) ? "SendTargets=\0" : "SendTargets=All\0");
        const header = TextRequest.encode({
          ...numbers,
          isFinal: random.chance(0.8),
          isContinued: random.chance(0.2),
          targetTransferTag: random.chance(0.8) ? noTag : random.below(4),
        });
        return { header, data: random.chance(0.7) ? text : data, additional };
      }
      case 2: {
        const fields = { function: random.below(10), referencedTaskTag: random.below(this.#tag + 2) };
        const refCmdSn = (cmdSn + random.below(8) - 4) >>> 0;
        return {
          header: TaskManagementRequest.encode({ ...numbers, ...fields, refCmdSn }),
          data: data.subarray(0, 0),
          additional,
        };
      }
      case 3:
      case 4: {
        const header = DataOut.encode({
          isFinal: random.chance(0.5),
          initiatorTaskTag: random.below(this.#tag + 2),
          targetTransferTag: this.#anyTag(),
          dataSn: random.below(3),
          bufferOffset: random.below(longData),
        });
        return { header, data, additional };
      }
      case 5: {
        const isRare = random.chance(0.1);
        const header = LogoutRequest.encode({ ...numbers, reason: isRare ? random.below(3) : 2 });
        return { header, data: data.subarray(0, 0), additional };
      }
      default:
        return {
          header: this.#command(numbers, data),
          data: random.chance(0.5) ? data : data.subarray(0, 0),
          additional,
        };
    }
  }

  #anyTag(): number {
    return this.#random.chance(0.5) ? noTag : this.#random.below(8);
  }

  #command(numbers: { immediate: boolean; initiatorTaskTag: number; cmdSn: number }, data: Uint8Array): Uint8Array {
    const random = this.#random;
    const cdb = random.pick(this.#options.cdbs);
    const lengths = [0, data.byteLength, 512, longData, 65_536, 300_000, random.below(0xffff_ffff)];
    return ScsiCommand.encode({
      ...numbers,
      isFinal: random.chance(0.8),
      isRead: random.chance(0.4),
      isWrite: random.chance(0.5),
      attribute: random.below(8),
      lunFirstLevel: random.chance(0.8) ? 0 : random.below(0x1_0000),
      expectedLength: random.pick(lengths),
      cdb: random.chance(0.3) ? this.#mutate(cdb) : cdb,
    });
  }

  /** Data for what the target asked for: mostly right, so that writes come to an end. */
  async #answerGrants(wire: Wire<WireWorld>): Promise<void> {
    if (!wire.stream.takesAtOnce) return;
    for (const pdu of await wire.take()) {
      this.result.answers++;
      if (pdu.name !== "readyToTransfer" || this.#isOver(wire) || this.#random.chance(0.1)) continue;
      const { initiatorTaskTag, targetTransferTag, bufferOffset, desiredLength } = ReadyToTransfer.decode(pdu.header);
      const data = new Uint8Array(Math.min(desiredLength, 65_536));
      const isFinal = data.byteLength === desiredLength;
      const header = DataOut.encode({ isFinal, initiatorTaskTag, targetTransferTag, bufferOffset });
      this.#feed(wire, wire.frame(header, data));
    }
  }

  #feed(wire: Wire<WireWorld>, bytes: Uint8Array): void {
    this.result.pdus++;
    const pieceSize = this.#random.chance(0.1) ? this.#random.between(1, 50) : Number.POSITIVE_INFINITY;
    if (!this.#isOver(wire)) wire.feed(bytes, pieceSize);
    assert(wire.stream.queuedBytes < this.#options.sendQueue + answerMax, "a send queue that is bounded");
  }

  /** The bytes with one to a few wrong ones. */
  #mutate(bytes: Uint8Array): Uint8Array {
    const random = this.#random;
    const changed = bytes.slice();
    if (changed.byteLength === 0) return changed;
    for (let count = random.between(1, 4); count > 0; count--) {
      // The header matters most: half of the mutations hit the first 48 bytes.
      const reach = random.chance(0.5) ? Math.min(48, changed.byteLength) : changed.byteLength;
      const index = random.below(reach);
      const value = random.pick([
        0,
        0xff,
        0x80,
        0x7f,
        random.below(256),
        (changed[index] ?? 0) ^ (1 << random.below(8)),
      ]);
      changed[index] = value;
    }
    return changed;
  }
}
