// SPDX-License-Identifier: Apache-2.0
// A tape drive and a changer in the hands of the demonstration: real iSCSI sessions of our own initiator, several blocks
// on their way at a time. Whatever a backup program would do, and nothing else.

import { assert, defined, sleep, milliseconds, type Clock } from "#base/index.ts";
import type { InitiatorSession, ScsiAnswer } from "#iscsi/index.ts";
import {
  decodeSense,
  LoadUnload,
  MoveMedium,
  nameOfSense,
  Read6,
  Rewind,
  scsiStatus,
  TestUnitReady,
  Write6,
  WriteFilemarks6,
  type Sense,
} from "#scsi/index.ts";
import { mainFault } from "./faults.ts";

/** Bytes of a block. */
export const demoBlockSize = 256 * 1024;
/** Blocks on their way at a time. */
const depth = 4;
/** Unit attentions after a login or a load are answers to the next commands, each once. */
const attentionsMax = 16;

/** One logical unit. */
export class DemoUnit {
  readonly #session: InitiatorSession;
  readonly #lun: number;
  readonly #clock: Clock;

  constructor(session: InitiatorSession, lun: number, clock: Clock) {
    this.#session = session;
    this.#lun = lun;
    this.#clock = clock;
  }

  /** Moves a cartridge between element addresses. Fault `main.demo-command`. */
  async move(source: number, destination: number): Promise<void> {
    await this.#command("MOVE MEDIUM", MoveMedium.encode({ source, destination }));
  }

  /** Waits until a cartridge is ready, and rewinds it. */
  async ready(): Promise<void> {
    for (let tries = 0; ; tries++) {
      const sense = await this.#try(TestUnitReady.encode({}));
      if (sense === undefined) break;
      if (tries >= attentionsMax) throw commandFault("TEST UNIT READY", sense);
      if (sense.key !== "unit-attention") await sleep(this.#clock, milliseconds(50));
    }
    await this.#command("REWIND", Rewind.encode({}));
  }

  async unload(): Promise<void> {
    await this.#command("UNLOAD", LoadUnload.encode({ load: false }));
  }

  /** Writes filemarks; what was written before is durable on return. */
  async filemarks(count: number): Promise<void> {
    await this.#command("WRITE FILEMARKS", WriteFilemarks6.encode({ transferLength: count }));
  }

  /** True when the cartridge refuses to be written because it is write-protected. */
  async refusesWrites(): Promise<boolean> {
    const sense = await this.#try(WriteFilemarks6.encode({ transferLength: 1 }));
    return sense?.key === "data-protect";
  }

  /** Writes a stream as blocks of `demoBlockSize`, the last one filled up with zeros. `wrote` is told of each block. */
  async write(stream: AsyncIterable<Uint8Array>, wrote: (bytes: number) => void): Promise<void> {
    const free = Array.from({ length: depth }, () => Buffer.alloc(demoBlockSize));
    const running = new Set<Promise<void>>();
    const send = async (block: Buffer<ArrayBuffer>): Promise<void> => {
      const cdb = Write6.encode({ transferLength: demoBlockSize });
      const answer = await this.#session.execute({ lun: this.#lun, cdb, dataOut: block });
      const sense = senseOf(answer);
      // Early warning: the block was written, and the cartridge was made large enough.
      if (sense !== undefined && !isEarlyWarning(sense)) throw commandFault("WRITE", sense);
      wrote(demoBlockSize);
      free.push(block);
    };
    for await (const block of blocksOf(stream, async () => await takeFree(free, running))) {
      const task = send(block).finally(() => running.delete(task));
      // A failure is met where `running` is awaited; here it only must not count as nobody's.
      task.catch(() => {});
      running.add(task);
    }
    await Promise.all(running);
  }

  /** Reads blocks up to the next filemark; two filemarks are expected there. */
  async *read(): AsyncIterable<Uint8Array> {
    // Three memories take turns: one with the taker, one on its way, one to be asked for.
    const memories = Array.from({ length: 3 }, () => Buffer.alloc(demoBlockSize));
    let count = 0;
    const request = (): Promise<ScsiAnswer> => {
      const cdb = Read6.encode({ transferLength: demoBlockSize });
      const dataInTo = defined(memories[count++ % memories.length], "a memory");
      return this.#session.execute({ lun: this.#lun, cdb, dataInLength: demoBlockSize, dataInTo });
    };
    // One read is always ahead. At the end it meets the second of the two filemarks that end the tape.
    const ahead = [request(), request()];
    for (let next = ahead.shift(); next !== undefined; next = ahead.shift()) {
      const answer = await next;
      const sense = senseOf(answer);
      if (sense === undefined) {
        ahead.push(request());
        yield answer.dataIn;
        continue;
      }
      await Promise.all(ahead);
      if (sense.filemark === true) return;
      throw commandFault("READ", sense);
    }
  }

  async #command(name: string, cdb: Uint8Array): Promise<void> {
    for (let tries = 0; ; tries++) {
      const sense = await this.#try(cdb);
      if (sense === undefined) return;
      if (sense.key !== "unit-attention" || tries >= attentionsMax) throw commandFault(name, sense);
    }
  }

  async #try(cdb: Uint8Array): Promise<Sense | undefined> {
    return senseOf(await this.#session.execute({ lun: this.#lun, cdb }));
  }
}

async function takeFree(
  free: Buffer<ArrayBuffer>[],
  running: ReadonlySet<Promise<void>>,
): Promise<Buffer<ArrayBuffer>> {
  while (free.length === 0) await Promise.race(running);
  const block = free.pop();
  assert(block !== undefined, "a block is free");
  return block;
}

/** Cuts a stream into full blocks in the memory that `take` gives. */
async function* blocksOf(
  stream: AsyncIterable<Uint8Array>,
  take: () => Promise<Buffer<ArrayBuffer>>,
): AsyncIterable<Buffer<ArrayBuffer>> {
  let block: Buffer<ArrayBuffer> | undefined;
  let filled = 0;
  for await (const piece of stream) {
    for (let offset = 0; offset < piece.byteLength;) {
      block ??= await take();
      const part = piece.subarray(offset, offset + demoBlockSize - filled);
      block.set(part, filled);
      filled += part.byteLength;
      offset += part.byteLength;
      if (filled < demoBlockSize) continue;
      yield block;
      block = undefined;
      filled = 0;
    }
  }
  if (block === undefined) return;
  block.fill(0, filled);
  yield block;
}

function senseOf(answer: ScsiAnswer): Sense | undefined {
  if (answer.status === scsiStatus.good) return undefined;
  if (answer.status === scsiStatus["check-condition"]) return decodeSense(answer.sense);
  throw mainFault("demo-command", { command: "command", answer: `status ${answer.status}` });
}

const isEarlyWarning = (sense: Sense): boolean => sense.key === "no-sense" && sense.endOfMedium === true;

const commandFault = (command: string, sense: Sense) =>
  mainFault("demo-command", { command, answer: `${sense.key}, ${nameOfSense(sense) ?? "unknown sense"}` });
