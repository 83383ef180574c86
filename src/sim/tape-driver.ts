// SPDX-License-Identifier: Apache-2.0
// The commands of a tape drive as a host's driver sends them, and their answers in words. Variable block mode. It keeps
// no books; an answer that no drive may give is a failed check.

import { type Duration, milliseconds, seconds, sleep } from "#base/index.ts";
import {
  Erase6,
  LoadUnload,
  Locate16,
  LongPosition,
  Read6,
  ReadPositionLong,
  Rewind,
  Space6,
  spaceCodes,
  TestUnitReady,
  Write6,
  WriteFilemarks6,
} from "#scsi/index.ts";
import { CheckFailure, expect } from "./check-failure.ts";
import { type Command, type HostSession, isBusy, type Reply, wordOf } from "./host-session.ts";
import type { World } from "./world.ts";

/** What became of a write. */
export type WriteAnswer = "written" | "no-space" | "write-protected" | "busy";

/** What a read found. */
export type ReadAnswer =
  | { readonly kind: "block"; readonly bytes: Uint8Array }
  | { readonly kind: "filemark" }
  | { readonly kind: "end-of-data" };

/** A read failed because the object store could not be reached; another try may succeed. */
export class ReadFailed extends Error {
  override readonly name = "ReadFailed";
}

/** Longest time that a drive may take to become ready: what is in its cartridge may have to be fetched, and thawed. */
const readyTries = 1500;
const readyPause: Duration = milliseconds(500);
const readyPauseMax: Duration = seconds(30);
const spaceCountMask = 0xff_ffff;

/** Largest block a host reads. */
export const readLengthMax = 128 * 1024;

/** Talks to one drive. */
export class TapeDriver {
  readonly session: HostSession;
  readonly #world: World;
  /** Reads are sent one at a time, so that all of them may share it. */
  readonly #room = new Uint8Array(readLengthMax);

  constructor(world: World, session: HostSession) {
    this.#world = world;
    this.session = session;
  }

  /** Waits until a cartridge is ready, loading it when a host unloaded it. False when there is none. */
  async waitReady(): Promise<boolean> {
    for (let attempt = 0; attempt < readyTries; attempt++) {
      const word = wordOf(await this.session.execute({ cdb: TestUnitReady.encode({}) }));
      if (word === "good") return true;
      // A cartridge in the mouth is not present either, until a LOAD takes it in.
      if (word === "medium-not-present") {
        if (!(await this.load())) return false;
      } else expect(word === "becoming-ready" || word === "not-ready-operation", `TEST UNIT READY answers ${word}`);
      await sleep(this.#world.clock, milliseconds(Math.min(readyPause * 1.02 ** attempt, readyPauseMax)));
    }
    throw new CheckFailure(`the drive is not ready after ${readyTries} tries`);
  }

  /** Writes one block; the answer may come after later ones were sent. `busy`: none of them was written. */
  async write(block: Uint8Array): Promise<WriteAnswer> {
    const cdb = Write6.encode({ transferLength: block.byteLength });
    const reply = await this.session.executeOnce({ cdb, dataOut: block });
    if (reply.sense?.key === "unit-attention") return this.write(block);
    return isBusy(reply) ? "busy" : writeAnswer(reply, "WRITE");
  }

  async writeFilemarks(count: number, immediate: boolean): Promise<WriteAnswer> {
    const cdb = WriteFilemarks6.encode({ transferLength: count, immediate });
    return writeAnswer(await this.session.execute({ cdb }), "WRITE FILEMARKS");
  }

  async read(): Promise<ReadAnswer> {
    const cdb = Read6.encode({ transferLength: readLengthMax, suppressIncorrectLength: true });
    const reply = await this.#patiently({ cdb, dataInLength: readLengthMax, dataInTo: this.#room });
    const word = wordOf(reply);
    if (word === "good") return { kind: "block", bytes: reply.dataIn };
    if (word === "filemark-detected") return { kind: "filemark" };
    this.#throwReadFailed(word);
    expect(word === "end-of-data", `READ answers ${word}`);
    return { kind: "end-of-data" };
  }

  async rewind(): Promise<void> {
    await this.#good(Rewind.encode({}), "REWIND");
  }

  /** To an object; false when end of data came first. */
  async locate(objectNumber: number): Promise<boolean> {
    const reply = await this.#patiently({ cdb: Locate16.encode({ identifier: BigInt(objectNumber) }) });
    const word = wordOf(reply);
    this.#throwReadFailed(word);
    expect(word === "good" || word === "end-of-data", `LOCATE answers ${word}`);
    return word === "good";
  }

  /** Gives the word of the answer: `good`, `filemark-detected`, `end-of-data`, `beginning-of-partition`. */
  async space(code: keyof typeof spaceCodes, count: number): Promise<string> {
    const cdb = Space6.encode({ code: spaceCodes[code], count: (count & spaceCountMask) >>> 0 });
    const word = wordOf(await this.#patiently({ cdb }));
    this.#throwReadFailed(word);
    return word;
  }

  /** The object number, as the drive says. */
  async position(): Promise<number> {
    const cdb = ReadPositionLong.encode({});
    const reply = await this.session.execute({ cdb, dataInLength: LongPosition.size });
    expect(reply.status === "good", `READ POSITION answers ${wordOf(reply)}`);
    return Number(LongPosition.decode(reply.dataIn).objectNumber);
  }

  async erase(): Promise<WriteAnswer> {
    return writeAnswer(await this.session.execute({ cdb: Erase6.encode({ long: true }) }), "ERASE");
  }

  /** False when there is nothing to load. */
  async load(): Promise<boolean> {
    return wordOf(await this.session.execute({ cdb: LoadUnload.encode({ load: true }) })) === "good";
  }

  async unload(): Promise<void> {
    await this.#good(LoadUnload.encode({ load: false }), "UNLOAD");
  }

  /** As hosts do: while what it wants is being brought, the drive is asked until it is ready, and then once more. */
  async #patiently(command: Command): Promise<Reply> {
    for (let attempt = 0; attempt < readyTries; attempt++) {
      const reply = await this.session.execute(command);
      if (wordOf(reply) !== "becoming-ready") return reply;
      expect(this.#world.scenario.onDemand > 0, "a drive is becoming ready that has nothing to wait for");
      await this.waitReady();
    }
    throw new CheckFailure(`what a host reads was not brought in ${readyTries} tries`);
  }

  /** Where an object lies may have to be read from an object store that fails at times, and so may what lies there. */
  #throwReadFailed(word: string): void {
    const { objectFailures, segmentFailures } = this.#world.scenario;
    const mayFail = objectFailures + segmentFailures > 0 || this.#world.isHurt;
    if (word === "read-error" && mayFail) throw new ReadFailed(word);
  }

  async #good(cdb: Uint8Array, name: string): Promise<void> {
    const word = wordOf(await this.session.execute({ cdb }));
    expect(word === "good", `${name} answers ${word}`);
  }
}

function writeAnswer(reply: Reply, name: string): WriteAnswer {
  const word = wordOf(reply);
  switch (word) {
    case "good":
    case "early-warning":
      return "written";
    case "volume-overflow":
      return "no-space";
    case "write-protected":
      return "write-protected";
    default:
      throw new CheckFailure(`${name} answers ${word}`);
  }
}
