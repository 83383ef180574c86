// SPDX-License-Identifier: Apache-2.0
// A host that uses one drive: loads cartridges, writes, reads, positions, overwrites, erases, ejects, and after each lost
// connection finds out what became of its last commands. It keeps its books in the LibraryBook, and every answer of the
// gateway is compared with them.

import { milliseconds, seconds, sleep } from "#base/index.ts";
import { blockContent, blockLengthMin, identifyBlock } from "./block-content.ts";
import type { ChangerDriver } from "./changer-driver.ts";
import { CheckFailure, expect } from "./check-failure.ts";
import { DriveFailed, SessionLost } from "./host-session.ts";
import { type CartridgeBook, type LibraryBook, type Place, shelf } from "./library-book.ts";
import type { SeededRandom } from "./random.ts";
import type { PendingChange, TapeObject } from "./tape-book.ts";
import { type ReadAnswer, ReadFailed, type TapeDriver, type WriteAnswer } from "./tape-driver.ts";
import { landing } from "./tape-motion.ts";
import type { World } from "./world.ts";

/** What a host works with. */
export interface TapeHostOptions {
  readonly world: World;
  readonly book: LibraryBook;
  readonly random: SeededRandom;
  readonly name: string;
  readonly driveAddress: number;
  readonly drive: TapeDriver;
  readonly changer: ChangerDriver;
  /** A new number for a block. */
  readonly nextBlock: () => number;
  /** Called after each step. */
  readonly stepped: () => void;
}

/** How often a host tries to read a tape whose segments are in an object store that fails often. */
const failedReadsMax = 20;

/** How often a drive may fail a host, in a world where few disk writes fail, or the disk is full for a while. */
const failedDrivesMax = 100;

/** What MOVE MEDIUM answers when no drive has failed. */
const moveWords: readonly string[] = ["good", "destination-full", "not-unloaded"];

/** A host with one drive. */
export class TapeHost {
  readonly #options: TapeHostOptions;
  #loaded: CartridgeBook | undefined;
  /** Object number; undefined when only the drive knows. */
  #position: number | undefined;
  /** Since a whole tape was read. */
  #failedReads = 0;
  #failedDrives = 0;

  constructor(options: TapeHostOptions) {
    this.#options = options;
  }

  /**
   * Takes so many steps, whatever happens to its connections, and puts its cartridge back, unless it `keeps` it where
   * it is.
   */
  async run(steps: number, { keeps = false }: { readonly keeps?: boolean } = {}): Promise<void> {
    for (let step = 0; step < steps;) {
      await this.#untilDone(async () => {
        while (step < steps) {
          await this.#step();
          step += 1;
          this.#options.stepped();
        }
      });
    }
    if (!keeps) await this.#untilDone(() => this.#putAway());
  }

  get driveAddress(): number {
    return this.#options.driveAddress;
  }

  /** What it has in its drive. */
  get loaded(): CartridgeBook | undefined {
    return this.#loaded;
  }

  /** The gateway is gone, and another one comes in its place: the host begins anew. */
  forget(): void {
    this.#options.drive.session.drop();
    this.#options.changer.session.drop();
    if (this.#loaded !== undefined) this.#letGo(this.#loaded);
  }

  /** Loads a cartridge, reads all of it, compares, and puts it back. */
  async inspect(cartridge: CartridgeBook): Promise<void> {
    await this.#untilDone(async () => {
      if (this.#loaded !== cartridge) await this.#load(cartridge);
      await this.#verify();
      await this.#putAway();
    });
  }

  /** Loads a cartridge of which not everything can be read, lets `act` read what can be, and puts it back. */
  async salvage(cartridge: CartridgeBook, act: (drive: TapeDriver) => Promise<void>): Promise<void> {
    await this.#untilDone(async () => {
      if (this.#loaded !== cartridge) await this.#load(cartridge, { reads: false });
      await act(this.#options.drive);
      this.#position = undefined;
      await this.#takeOutUnread();
    });
  }

  async logout(): Promise<void> {
    await this.#options.drive.session.logout();
    await this.#options.changer.session.logout();
  }

  #say(text: string): void {
    this.#options.world.trace.event(this.#options.name, text);
  }

  /** Repeats `act` until no lost connection ends it, each time after finding out where things stand. */
  async #untilDone(act: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await this.#recover();
        return await act();
      } catch (error) {
        this.#position = undefined;
        if (error instanceof ReadFailed) await this.#waitForStore(error);
        else if (error instanceof DriveFailed) await this.#takeLosses(error);
        else if (error instanceof SessionLost) this.#noteLost(error);
        else throw error;
      }
    }
  }

  /** A drive that failed has told so by a nexus that is gone: what was not synced may be lost, and nobody says it again. */
  #noteLost(error: SessionLost): void {
    this.#say(`lost its session: ${error.message}`);
    const cartridge = this.#loaded;
    if (cartridge === undefined) return;
    const failedWrites = this.#options.world.failedWritesOf(cartridge.id);
    if (failedWrites > cartridge.failedWrites) cartridge.tape.crashed();
    cartridge.failedWrites = failedWrites;
  }

  /** The object store fails at times; it must not fail for ever. */
  async #waitForStore(error: ReadFailed): Promise<void> {
    this.#failedReads += 1;
    if (this.#failedReads > failedReadsMax) throw new CheckFailure(`reading goes on failing: ${error.message}`);
    this.#say("could not read and tries again");
    await sleep(this.#options.world.clock, seconds(5));
  }

  /**
   * What was not synced may be lost; the host positions anew and looks. Only for a cartridge that could not be opened at
   * a start the gateway is restarted, as its operator would.
   */
  async #takeLosses(error: DriveFailed): Promise<void> {
    const { world, book } = this.#options;
    this.#failedDrives += 1;
    if (this.#failedDrives > failedDrivesMax) throw new CheckFailure(`a drive goes on failing: ${error.message}`);
    this.#say(`has a drive that failed: ${error.message}`);
    this.#loaded?.tape.crashed();
    if (error.isShut) await world.restart(() => book.crashed());
    // A robot needs a little room too; whoever makes it takes a while.
    await sleep(world.clock, seconds(world.disk.options.capacityBytes === undefined ? 1 : 30));
  }

  /** Waits for the drive. One whose cartridge could not be opened, because a write failed while it was, has failed. */
  async #expectReady(what: string): Promise<void> {
    const { drive, world } = this.#options;
    if (await drive.waitReady()) return;
    if (world.mayFailDisk) throw new DriveFailed(`no cartridge: ${what}`, { isShut: true });
    throw new CheckFailure(what);
  }

  async #recover(): Promise<void> {
    const { changer, drive } = this.#options;
    await changer.session.connect();
    if (!drive.session.isConnected) {
      await drive.session.connect();
      this.#position = undefined;
    }
    const cartridge = this.#loaded;
    if (cartridge === undefined) return;
    if (cartridge.perhaps !== undefined) await this.#settleMove(cartridge, cartridge.perhaps);
    if (cartridge.place !== this.#options.driveAddress) {
      this.#letGo(cartridge);
      return;
    }
    await this.#expectReady(`${cartridge.barcode} is not ready in the drive it was in`);
    if (cartridge.tape.isUncertain || this.#position === undefined) await this.#verify();
  }

  /** A move was not answered: it happened or it did not, and the inventory says which. */
  async #settleMove(cartridge: CartridgeBook, perhaps: Place): Promise<void> {
    const found = await this.#options.changer.inventory();
    const place = found.find(({ barcode }) => barcode === cartridge.barcode)?.address ?? shelf;
    expect(
      place === cartridge.place || place === perhaps,
      `${cartridge.barcode} was moved from ${cartridge.place} to ${perhaps} and is in ${place}`,
    );
    if (place !== cartridge.place && cartridge.place === this.#options.driveAddress) this.#unloaded(cartridge);
    this.#say(`finds ${cartridge.barcode} in ${place}`);
    cartridge.place = place;
    cartridge.perhaps = undefined;
    cartridge.moves += 1;
  }

  async #step(): Promise<void> {
    const { random, world } = this.#options;
    if (this.#loaded === undefined) return this.#loadSome();
    const fills = world.scenario.fillsCartridges ? 1 : 0;
    switch (
      random.weighted({ write: 8, mark: 6, motion: 5, overwrite: 2, read: 5, all: 1, erase: 0.5, put: 2, fill: fills })
    ) {
      case "write":
        return this.#writeAtEnd(random.between(1, 25));
      case "mark":
        return this.#writeMarks();
      case "motion":
        return this.#move();
      case "overwrite":
        return this.#overwrite();
      case "read":
        return this.#readSome(random.between(1, 8));
      case "all":
        return this.#verify();
      case "erase":
        return this.#erase();
      case "put":
        return random.chance(0.75) ? this.#putBack() : this.#eject();
      case "fill":
        return this.#fill();
    }
  }

  async #loadSome(): Promise<void> {
    const { book, random, world } = this.#options;
    const idle = book.idleCartridges();
    if (idle.length === 0) return sleep(world.clock, milliseconds(random.between(1, 1000)));
    await this.#load(random.pick(idle));
  }

  async #load(cartridge: CartridgeBook, { reads = true }: { readonly reads?: boolean } = {}): Promise<void> {
    const { driveAddress } = this.#options;
    cartridge.user = this.#options.name;
    this.#loaded = cartridge;
    this.#position = undefined;
    if (cartridge.place !== driveAddress) {
      const word = await this.#moveTo(cartridge, driveAddress, driveAddress);
      expect(word === "good", `loading ${cartridge.barcode} answers ${word}`);
    }
    await this.#expectReady(`${cartridge.barcode} is not in the drive after it was moved there`);
    this.#position = 0;
    if (reads && cartridge.tape.isUncertain) await this.#verify();
  }

  /** Sends MOVE MEDIUM. `lands` is where the cartridge is afterwards: a mail slot leads to the shelf. */
  async #moveTo(cartridge: CartridgeBook, address: number, lands: Place): Promise<string> {
    expect(cartridge.place !== shelf, "a cartridge that is moved is in an element");
    cartridge.perhaps = lands;
    cartridge.been.add(lands);
    cartridge.moves += 1;
    const word = await this.#options.changer.move(cartridge.place, address);
    this.#say(`moves ${cartridge.barcode} from ${cartridge.place} to ${address}: ${word}`);
    if (!moveWords.includes(word) && this.#options.world.mayFailDisk)
      throw new DriveFailed(`MOVE MEDIUM answers ${word}`);
    cartridge.perhaps = undefined;
    cartridge.moves += 1;
    if (word === "good") cartridge.place = lands;
    if (word === "good" && lands === shelf) cartridge.ejectedAt ??= this.#options.world.clock.now();
    return word;
  }

  /** Its content is durable, and nobody knows a position any more. */
  #unloaded(cartridge: CartridgeBook): void {
    if (!cartridge.tape.isUncertain) cartridge.tape.synced();
    this.#position = undefined;
  }

  #letGo(cartridge: CartridgeBook): void {
    cartridge.user = undefined;
    this.#loaded = undefined;
    this.#position = undefined;
  }

  async #putBack(): Promise<void> {
    await this.#takeOut("storage-slot");
  }

  /** Puts back for good: while the robot waits for a drive, a new cartridge may come into the slot that was free. */
  async #putAway(): Promise<void> {
    const { world } = this.#options;
    while (this.#loaded !== undefined) {
      await this.#putBack();
      if (this.#loaded !== undefined) await sleep(world.clock, seconds(1));
    }
  }

  /** Puts a cartridge back that cannot be read whole. */
  async #takeOutUnread(): Promise<void> {
    const cartridge = this.#loaded;
    const [slot] = this.#options.book.freeElements("storage-slot");
    expect(cartridge !== undefined && slot !== undefined, "every cartridge has a slot to go back to");
    const word = await this.#moveTo(cartridge, slot.address, slot.address);
    expect(word === "good", `taking ${cartridge.barcode} out answers ${word}`);
    this.#letGo(cartridge);
  }

  async #eject(): Promise<void> {
    await this.#takeOut("mail-slot");
  }

  async #takeOut(kind: "storage-slot" | "mail-slot"): Promise<void> {
    const { book, random, drive, driveAddress } = this.#options;
    const cartridge = this.#loaded;
    const free = book.freeElements(kind);
    if (cartridge === undefined || free.length === 0) return;
    const element = random.pick(free);
    element.claimedBy = this.#options.name;
    try {
      if (cartridge.place === driveAddress && random.chance(0.5)) {
        await drive.unload();
        this.#unloaded(cartridge);
      }
      let word = await this.#moveTo(cartridge, element.address, kind === "mail-slot" ? shelf : element.address);
      if (word === "not-unloaded") {
        await drive.unload();
        word = await this.#moveTo(cartridge, element.address, kind === "mail-slot" ? shelf : element.address);
      }
      expect(word === "good" || word === "destination-full", `taking ${cartridge.barcode} out answers ${word}`);
      if (word === "good") {
        this.#unloaded(cartridge);
        this.#letGo(cartridge);
      } else {
        await this.#expectReady("a cartridge that did not move cannot be loaded again");
        this.#position = undefined;
        await this.#verify();
      }
    } finally {
      element.claimedBy = undefined;
    }
  }

  async #writeAtEnd(count: number): Promise<void> {
    const { endOfData } = this.#cartridge.tape;
    if (this.#position !== endOfData) await this.#locate(endOfData);
    await this.#writeBlocks(count);
  }

  async #overwrite(): Promise<void> {
    const { endOfData } = this.#cartridge.tape;
    await this.#locate(this.#options.random.between(0, endOfData));
    await this.#writeBlocks(this.#options.random.between(1, 4));
  }

  async #fill(): Promise<void> {
    const { endOfData } = this.#cartridge.tape;
    await this.#locate(endOfData);
    while (await this.#writeBlocks(32));
  }

  /** Writes at the position, several blocks at a time. False when the cartridge is full or protected. */
  async #writeBlocks(count: number): Promise<boolean> {
    const { random, world, drive, nextBlock } = this.#options;
    const { tape } = this.#cartridge;
    const sent: { readonly change: PendingChange; readonly answer: Promise<WriteAnswer> }[] = [];
    let at = this.#known;
    const cutsBack = at < tape.endOfData;
    for (let index = 0; index < count; index++) {
      const block = nextBlock();
      const length = random.between(blockLengthMin, world.scenario.blockLengthMax);
      const change = tape.append(at, block);
      world.blockLengths.set(block, length);
      const answer = drive.write(blockContent(block, length));
      answer.catch(() => {});
      sent.push({ change, answer });
      at += 1;
      // What waits in the initiator would be sent although a block before it was refused, and nobody could help it.
      if (sent.length < world.scenario.queueDepth && drive.session.sendsAtOnce) continue;
      const answers = await Promise.allSettled(sent.map((item) => item.answer));
      // What was refused for the moment is not overtaken.
      if (answers.some((item) => item.status === "fulfilled" && item.value === "busy")) break;
    }
    let written = 0;
    let refusal: WriteAnswer | undefined;
    for (const { change, answer } of sent) {
      const word = await answer;
      if (word === "written") {
        expect(refusal !== "busy", "nothing is written behind a block that was refused");
        change.done();
        written += 1;
      } else {
        refusal = word;
        if (word === "write-protected" || !cutsBack) change.undone();
      }
    }
    this.#say(`writes ${written} of ${count} blocks${refusal === undefined ? "" : ` (${refusal})`}`);
    this.#checkRefusal(refusal);
    this.#position = refusal === undefined ? at : undefined;
    if (refusal !== undefined) await this.#verify();
    if (refusal !== "busy") return refusal === undefined;
    await sleep(world.clock, milliseconds(random.between(1, 3000)));
    return true;
  }

  #checkRefusal(refusal: WriteAnswer | undefined): void {
    const { isReadOnly, barcode } = this.#cartridge;
    if (isReadOnly) expect(refusal === "write-protected", `${barcode} was retrieved and takes writes`);
    else expect(refusal !== "write-protected", `${barcode} takes no writes`);
  }

  async #writeMarks(): Promise<void> {
    const { random, drive } = this.#options;
    const { tape, isReadOnly } = this.#cartridge;
    if (this.#position !== tape.endOfData && random.chance(0.8)) await this.#locate(tape.endOfData);
    const [count, immediate] = [random.between(isReadOnly ? 1 : 0, 2), random.chance(0.2)];
    let at = this.#known;
    const changes = Array.from({ length: count }, () => tape.append(at++, "filemark"));
    const word = await drive.writeFilemarks(count, immediate);
    this.#say(`writes ${count} filemarks${immediate ? " at once" : ""}: ${word}`);
    if (word === "written") for (const change of changes) change.done();
    if (word === "write-protected") for (const change of changes.toReversed()) change.undone();
    this.#checkRefusal(word === "written" ? undefined : word);
    this.#position = word === "written" ? at : undefined;
    if (word !== "written") return this.#verify();
    if (!immediate) tape.synced();
  }

  async #erase(): Promise<void> {
    const { random, drive } = this.#options;
    const { tape } = this.#cartridge;
    await this.#locate(random.between(0, tape.endOfData));
    const change = tape.cut(this.#known);
    const word = await drive.erase();
    this.#say(`erases from ${this.#position}: ${word}`);
    this.#checkRefusal(word === "written" ? undefined : word);
    if (word === "written") {
      change.done();
      tape.synced();
    } else change.undone();
  }

  async #locate(objectNumber: number): Promise<void> {
    const { drive } = this.#options;
    const isThere = await drive.locate(objectNumber);
    expect(isThere, `object ${objectNumber} of ${this.#cartridge.tape.endOfData} can be located`);
    this.#position = objectNumber;
    this.#durable();
  }

  /** REWIND, LOCATE and SPACE make durable what was written before them. */
  #durable(): void {
    this.#cartridge.tape.synced();
  }

  async #move(): Promise<void> {
    const { random, drive } = this.#options;
    const { objects, endOfData } = this.#cartridge.tape;
    const from = this.#known;
    switch (random.weighted({ rewind: 1, locate: 2, space: 3, end: 1 })) {
      case "rewind":
        await drive.rewind();
        this.#position = 0;
        this.#durable();
        break;
      case "locate":
        await this.#locate(random.between(0, endOfData));
        break;
      case "end":
        await drive.space("end-of-data", 0);
        this.#position = endOfData;
        this.#durable();
        break;
      case "space": {
        const motion = { kind: random.pick(["blocks", "filemarks"] as const), count: random.between(-6, 6) };
        const expected = landing(objects, from, motion);
        const word = await drive.space(motion.kind, motion.count);
        expect(word === expected.word, `SPACE ${motion.kind} ${motion.count} from ${from} answers ${word}`);
        this.#position = expected.position;
        // A count of 0 does nothing, and so makes nothing durable.
        if (motion.count !== 0) this.#durable();
        break;
      }
    }
    const position = await drive.position();
    expect(position === this.#position, `the drive is at ${position} and should be at ${this.#position}`);
  }

  async #readSome(count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      const at = this.#known;
      const expected = this.#cartridge.tape.objects[at];
      const found = objectOf(await this.#options.drive.read(), this.#cartridge);
      expect(found === expected, `object ${at} of ${this.#cartridge.barcode} is ${found} and was ${expected}`);
      if (found === undefined) return;
      this.#position = at + 1;
    }
    this.#say(`reads ${count} objects up to ${this.#position}`);
  }

  /** Reads everything from the beginning and compares it with what may be there. */
  async #verify(): Promise<void> {
    const { drive } = this.#options;
    const cartridge = this.#cartridge;
    await drive.rewind();
    const found: TapeObject[] = [];
    for (let next = objectOf(await drive.read(), cartridge); next !== undefined;) {
      found.push(next);
      next = objectOf(await drive.read(), cartridge);
    }
    this.#say(`reads all of ${cartridge.barcode}: ${found.length} objects`);
    cartridge.tape.observe(found);
    this.#failedReads = 0;
    this.#position = found.length;
    this.#durable();
  }

  get #cartridge(): CartridgeBook {
    expect(this.#loaded !== undefined, "a cartridge is loaded");
    return this.#loaded;
  }

  get #known(): number {
    expect(this.#position !== undefined, "the position is known");
    return this.#position;
  }
}

/** What was read, as the books name it; undefined for end of data. Damaged content is a failed check. */
function objectOf(answer: ReadAnswer, cartridge: CartridgeBook): TapeObject | undefined {
  if (answer.kind !== "block") return answer.kind === "filemark" ? "filemark" : undefined;
  const block = identifyBlock(answer.bytes);
  expect(block !== undefined, `${cartridge.barcode} gives ${answer.bytes.byteLength} bytes that nobody wrote`);
  return block;
}
