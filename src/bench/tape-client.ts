// SPDX-License-Identifier: Apache-2.0
// A tape drive as the bench uses it: our own initiator, one session, blocks written and read with several commands
// outstanding. Every block begins with a number that is checked on reading.

import { openSync, closeSync, readSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Bug, silentLog, type Endpoint } from "#base/index.ts";
import { IscsiInitiator, type InitiatorSession, type ScsiAnswer } from "#iscsi/index.ts";
import {
  decodeSense,
  LoadUnload,
  MoveMedium,
  ModeSelect6,
  Read6,
  Rewind,
  scsiStatus,
  senseName,
  TestUnitReady,
  Write6,
  WriteFilemarks6,
} from "#scsi/index.ts";
import { SystemClock, SystemRandom, TcpNetwork } from "#world/index.ts";

/** What a run over many blocks came to. */
export interface Passage {
  readonly bytes: number;
  /** Blocks only. */
  readonly seconds: number;
  /** The filemark that makes written data durable. */
  readonly filemarkSeconds: number;
  /** Per block, ascending. */
  readonly latenciesMs: Float64Array;
}

/** Blocks to write or read from the beginning of the tape. */
export interface Workload {
  readonly count: number;
  readonly blockSize: number;
  /** Commands outstanding. */
  readonly depth: number;
}

const regionSize = 1 << 20;
const regionCount = 64;
const numberSize = 16;

/** Blocks that do not compress; up to 64 may be in flight. */
class BlockSource {
  readonly #pool = Buffer.alloc(regionSize * regionCount);

  constructor() {
    const file = openSync("/dev/urandom", "r");
    readSync(file, this.#pool);
    closeSync(file);
  }

  /** Block `number`; valid until block `number` + 64 is asked for. */
  block(number: number, size: number): Buffer {
    if (size > regionSize) throw new Bug(`the bench knows blocks of up to ${regionSize} bytes`);
    const start = (number % regionCount) * regionSize;
    const block = this.#pool.subarray(start, start + size);
    block.writeBigUInt64BE(BigInt(number), 0);
    block.writeBigUInt64BE(0n, numberSize / 2);
    return block;
  }
}

const initiator = new IscsiInitiator({
  network: new TcpNetwork(),
  clock: new SystemClock(),
  random: new SystemRandom(),
  log: silentLog,
  name: "iqn.2026-11.io.capstan:bench",
});
const source = new BlockSource();

/** What initiators offer: Linux sends a block of 256 KiB at once, Windows waits for R2T and sends 64 KiB bursts. */
export const offers = {
  linux: {
    initialR2t: false,
    immediateData: true,
    firstBurst: 262_144,
    maxBurst: 16_776_192,
    maxReceiveSegment: 262_144,
  },
  windows: {
    initialR2t: true,
    immediateData: true,
    firstBurst: 65_536,
    maxBurst: 262_144,
    maxReceiveSegment: 65_536,
  },
} as const;

/** One session with one logical unit. */
export class TapeClient {
  readonly #session: InitiatorSession;
  readonly #lun: number;

  private constructor(session: InitiatorSession, lun: number) {
    this.#session = session;
    this.#lun = lun;
  }

  /** Logs in with what an initiator of that kind offers. */
  static async open(
    portal: Endpoint,
    target: string,
    lun: number,
    like: keyof typeof offers = "linux",
  ): Promise<TapeClient> {
    return new TapeClient(await initiator.login(portal, target, offers[like]), lun);
  }

  async close(): Promise<void> {
    await this.#session.logout();
  }

  /** Runs a command; after a unit attention, and while the unit becomes ready, it is sent again. */
  async command(cdb: Uint8Array, dataOut?: Uint8Array): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      const data = dataOut === undefined ? {} : { dataOut };
      const answer = await this.#session.execute({ lun: this.#lun, cdb, ...data });
      if (answer.status === scsiStatus.good) return;
      if (tries >= 1000 || !isWorthAnotherTry(answer)) throw new Error(`command ${cdb[0]}: ${problemOf(answer)}`);
      if (tries > 8) await sleep(5);
    }
  }

  /** Waits until a medium is ready and sets variable blocks. */
  async prepare(): Promise<void> {
    await this.command(LoadUnload.encode({ load: true }));
    await this.command(TestUnitReady.encode({}));
    const variableBlocks = Uint8Array.of(0, 0, 0x10, 8, 0, 0, 0, 0, 0, 0, 0, 0);
    const select = ModeSelect6.encode({ pageFormat: true, parameterListLength: variableBlocks.length });
    await this.command(select, variableBlocks);
  }

  async rewind(): Promise<void> {
    await this.command(Rewind.encode({}));
  }

  /** For the changer: MOVE MEDIUM between element addresses. */
  async move(from: number, to: number): Promise<void> {
    await this.command(MoveMedium.encode({ source: from, destination: to }));
  }

  /** Writes blocks from the beginning, then a filemark. */
  async write(workload: Workload): Promise<Passage> {
    const { blockSize } = workload;
    await this.rewind();
    const cdb = Write6.encode({ transferLength: blockSize });
    const passage = await this.#run(workload, async (number) => {
      const dataOut = source.block(number, blockSize);
      const answer = await this.#session.execute({ lun: this.#lun, cdb, dataOut });
      if (answer.status !== scsiStatus.good) throw new Error(`block ${number}: ${problemOf(answer)}`);
    });
    const start = performance.now();
    await this.command(WriteFilemarks6.encode({ transferLength: 1 }));
    return { ...passage, filemarkSeconds: (performance.now() - start) / 1000 };
  }

  /** Reads blocks from the beginning and checks each one's number and length. */
  async read(workload: Workload): Promise<Passage> {
    const { blockSize, depth } = workload;
    await this.rewind();
    const cdb = Read6.encode({ transferLength: blockSize, suppressIncorrectLength: true });
    const places = Array.from({ length: depth }, () => Buffer.alloc(blockSize));
    return await this.#run(workload, async (number, lane) => {
      const place = places[lane];
      if (place === undefined) throw new Bug("every lane has a place");
      const request = { lun: this.#lun, cdb, dataInLength: blockSize, dataInTo: place };
      const answer = await this.#session.execute(request);
      if (answer.status !== scsiStatus.good) throw new Error(`block ${number}: ${problemOf(answer)}`);
      const whole = answer.dataIn.byteLength === blockSize;
      if (!whole || Number(place.readBigUInt64BE(0)) !== number) {
        throw new Error(`block ${number} has wrong contents`);
      }
    });
  }

  async #run(
    { count, blockSize, depth }: Workload,
    one: (number: number, lane: number) => Promise<void>,
  ): Promise<Passage> {
    const latenciesMs = new Float64Array(count);
    let next = 0;
    const lane = async (_: unknown, index: number): Promise<void> => {
      while (next < count) {
        const number = next++;
        const sent = performance.now();
        await one(number, index);
        latenciesMs[number] = performance.now() - sent;
      }
    };
    const start = performance.now();
    await Promise.all(Array.from({ length: depth }, lane));
    const seconds = (performance.now() - start) / 1000;
    return { bytes: count * blockSize, seconds, filemarkSeconds: 0, latenciesMs: latenciesMs.sort() };
  }
}

function isWorthAnotherTry({ status, sense }: ScsiAnswer): boolean {
  if (status !== scsiStatus["check-condition"]) return false;
  const { key, asc, ascq } = decodeSense(sense);
  return key === "unit-attention" || senseName(key, asc, ascq) === "becoming-ready";
}

function problemOf(answer: ScsiAnswer): string {
  if (answer.sense.byteLength === 0) return `status ${answer.status}`;
  return JSON.stringify(decodeSense(answer.sense));
}
