// SPDX-License-Identifier: Apache-2.0
// What becomes of a gateway when some of what lies there while nothing runs is damaged. A check-up must name it, mending
// must mend what it says it mends, and nothing may be lost but what has no whole copy left: damaged bytes are refused, and
// never served.

import { isFault, milliseconds, minutes, sleep } from "#base/index.ts";
import { checkUp, mendFindings } from "#gateway/index.ts";
import { Findings, type Finding } from "#store/index.ts";
import { identifyBlock } from "./block-content.ts";
import { expect } from "./check-failure.ts";
import { type CartridgeBook, type LibraryBook, shelf } from "./library-book.ts";
import type { Operator } from "./operator.ts";
import type { SeededRandom } from "./random.ts";
import { type Hurt, isOnlyCopy, rot } from "./rot.ts";
import { SafeState } from "./safe-state.ts";
import type { TapeObject } from "./tape-book.ts";
import { ReadFailed, type TapeDriver } from "./tape-driver.ts";
import type { TapeHost } from "./tape-host.ts";
import type { World } from "./world.ts";

/** What decay needs. */
export interface DecayOptions {
  readonly world: World;
  readonly book: LibraryBook;
  readonly random: SeededRandom;
  readonly operator: Operator;
  readonly hosts: readonly TapeHost[];
}

/** As often as `capstan doctor --repair` looks again. */
const repairRounds = 4;

/** What happens after the last look. */
export class Decay {
  readonly #options: DecayOptions;
  readonly #safe: SafeState;
  #hurts: readonly Hurt[] = [];
  readonly #mended = new Set<string>();
  /** What check-ups have said, as long as it was not only advice. */
  readonly #told: Finding[] = [];

  constructor(options: DecayOptions) {
    this.#options = options;
    this.#safe = new SafeState(options);
  }

  /** Runs it; the gateway is down before and afterwards. */
  async run(): Promise<void> {
    const { world, book, random, hosts, operator } = this.#options;
    await world.boot();
    await this.#safe.reach();
    await Promise.all(hosts.map((host) => host.run(random.between(1, 6))));
    const isSafe = random.chance(0.6);
    if (isSafe) await this.#safe.reach();
    else await sleep(world.clock, milliseconds(random.fraction() * minutes(2)));
    for (const host of hosts) host.forget();
    if (random.chance(0.6)) await world.stop();
    else {
      world.crash("kill");
      book.crashed();
    }
    // What is only on the disk may be lost by one copy; whatever was damaged is found out by its names.
    this.#hurts = rot(world, book, random.fork("rot"));
    for (const { name } of this.#hurts) operator.forgetObject(name);
    const isOnlyLog = this.#hurts.every(({ part }) => part === "log" || part === "status" || part === "snapshot");
    if (isSafe && isOnlyLog && this.#hurts.length > 0 && random.chance(0.5)) return this.#recoverDamaged();
    await this.#repair();
    await world.boot();
    await this.#readEverything(isSafe);
    if (!this.#hurts.some((hurt) => hurt.part === "segment" && isOnlyCopy(world, this.#hurts, hurt))) {
      await this.#fromTheBucket();
    }
    for (const host of hosts) await host.logout();
    await world.stop();
  }

  /** What was mended is whole in the bucket too: from it alone, everything comes back. */
  async #fromTheBucket(): Promise<void> {
    const { world } = this.#options;
    await this.#safe.reach();
    world.loseMachine();
    const report = await world.recover(true);
    for (const { barcode, lostObjects } of report.cartridges) {
      expect(lostObjects === 0, `${barcode} lost ${lostObjects} objects although everything was safe`);
    }
    await this.#safe.compare(report, true, async (host, cartridge) => {
      if (host !== undefined) await this.#read(host, cartridge);
    });
  }

  /** The machine is gone too, and the log in the bucket is damaged: what the tapes held comes back all the same. */
  async #recoverDamaged(): Promise<void> {
    const { world, book, operator, hosts } = this.#options;
    world.loseMachine();
    const report = await world.recover(true);
    await world.boot();
    const isCut = report.damaged.length > 0;
    for (const { key, reason } of report.damaged) world.trace.event("recovery", `goes without ${key}: ${reason}`);
    const views = await world.call((gateway) => gateway.listCartridges());
    // What the log does not know was deleted: it is in the way of nobody who looks.
    for (const { barcode, place } of views) {
      const element = place.kind === "element" ? book.elements.get(place.address) : undefined;
      if (element !== undefined && !book.cartridges.has(barcode)) element.claimedBy = "nobody";
    }
    for (const [barcode, cartridge] of book.cartridges) {
      const place = views.find((each) => each.barcode === barcode)?.place;
      cartridge.place = place?.kind === "element" ? place.address : shelf;
    }
    const isInDrive = ({ barcode }: CartridgeBook): boolean => {
      const place = views.find((each) => each.barcode === barcode)?.place;
      return place?.kind === "element" && place.element === "drive";
    };
    const all = [...book.cartridges.values()];
    for (const cartridge of [...all.filter(isInDrive), ...all.filter((each) => !isInDrive(each))]) {
      const { barcode } = cartridge;
      const view = views.find((each) => each.barcode === barcode);
      // A cartridge that was never written on is only in the log.
      expect(view !== undefined || (isCut && cartridge.tape.endOfData === 0), `${barcode} is not known any more`);
      if (view === undefined) continue;
      cartridge.isReadOnly &&= view.state === "RETRIEVED";
      cartridge.tape.restored((found) => this.#safe.historyOf(cartridge)?.check(barcode, found));
      const host = hosts.find(({ driveAddress }) => driveAddress === cartridge.place) ?? hosts[0];
      if (cartridge.place !== shelf) await host?.inspect(cartridge);
      else if (view.state === "ARCHIVED" && view.library !== undefined) {
        await operator.retrieve(cartridge);
        await hosts[0]?.inspect(cartridge);
      }
    }
    for (const host of hosts) await host.logout();
    await world.stop();
  }

  /** As `capstan doctor --deep --repair`. */
  async #repair(): Promise<void> {
    const { world } = this.#options;
    for (let round = 1; ; round++) {
      const found = await this.#checkUp();
      if (round > repairRounds) break;
      const done = await mendFindings(world.tool(), found, { host: world.machineName, takeOver: true });
      world.disk.kill();
      for (const { subject, text, isDone } of done) {
        expect(!isDone || !this.#mended.has(subject), `${subject} was mended, and is to be mended again`);
        world.trace.event("doctor", `${isDone ? "mends" : "does not mend"} ${subject}: ${text}`);
      }
      for (const { subject, isDone } of done) if (isDone) this.#mended.add(subject);
      if (!done.some(({ isDone }) => isDone)) break;
    }
    // What was put again is as it was.
    this.#hurts = this.#hurts.filter(({ part, name }) => part !== "object" || !this.#mended.has(name));
  }

  async #checkUp(): Promise<readonly Finding[]> {
    const { world } = this.#options;
    const findings = new Findings();
    await checkUp({ ...world.tool(), findings }, { isDeep: true, signal: new AbortController().signal });
    world.disk.kill();
    for (const finding of findings.all) {
      const { subject, severity, what } = finding;
      world.trace.event("doctor", `${severity}: ${subject}: ${what}`);
      if (severity !== "advice") this.#told.push(finding);
    }
    return findings.all;
  }

  async #readEverything(isSafe: boolean): Promise<void> {
    const { world, book, operator, hosts } = this.#options;
    const [host] = hosts;
    expect(host !== undefined, "a library has a drive");
    await this.#note(isSafe);
    await operator.look();
    for (const cartridge of book.cartridges.values()) {
      if (cartridge.place !== shelf) await this.#read(host, cartridge);
    }
    const [onShelf] = book.shelved();
    if (onShelf !== undefined) {
      await operator.retrieve(onShelf);
      await this.#read(host, onShelf);
    }
    for (const { barcode, loss } of await world.call((gateway) => gateway.listCartridges())) {
      if (loss !== undefined) await world.call((gateway) => gateway.acceptLoss(barcode));
    }
    await operator.look();
  }

  /** Takes note of where cartridges are after a loss of what says so, and of what must be on them. */
  async #note(isSafe: boolean): Promise<void> {
    const { world, book } = this.#options;
    const lostLedger = this.#hurts.some(({ part }) => part === "gateway-ledger" || part === "store-ledger");
    const views = await world.call((gateway) => gateway.listCartridges());
    for (const cartridge of book.cartridges.values()) {
      const { barcode, tape } = cartridge;
      const isRebuilt = this.#hurts.some(
        ({ id, part }) => id === cartridge.id && (part === "journal" || part === "directory"),
      );
      if (!lostLedger && !isRebuilt) continue;
      const view = views.find((each) => each.barcode === barcode);
      expect(view !== undefined, `${barcode} is not known any more`);
      const place = view.place.kind === "element" ? view.place.address : shelf;
      const been = isSafe ? [cartridge.place] : [...cartridge.been];
      expect(been.includes(place), `${barcode} came back in ${place} and was in ${been.join(", ")}`);
      cartridge.place = place;
      cartridge.perhaps = undefined;
      cartridge.moves += 1;
      const had = tape.endOfData;
      const isCertain = !tape.isUncertain;
      tape.restored((found) => {
        this.#safe.historyOf(cartridge)?.check(barcode, found);
        const isTold = view.loss !== undefined || found.length >= had || !isCertain;
        expect(isTold, `${barcode} has ${found.length} objects and had ${had}, and nobody says that it lost any`);
      });
    }
  }

  /** Reads a cartridge whole, or, where the last copy of some of it was damaged, as far as it can be read. */
  async #read(host: TapeHost, cartridge: CartridgeBook): Promise<void> {
    const { world } = this.#options;
    const gone = this.#hurts.filter((hurt) => hurt.id === cartridge.id && isOnlyCopy(world, this.#hurts, hurt));
    if (gone.length === 0) return host.inspect(cartridge);
    let found: readonly (TapeObject | undefined)[] = [];
    await host.salvage(cartridge, async (drive) => {
      found = await readWithHoles(drive, cartridge);
    });
    cartridge.tape.observeWithHoles(found);
    const holes = this.#segmentsOf(found, cartridge.tape.objects);
    world.trace.event("decay", `${cartridge.barcode} has ${found.length} objects with holes in ${holes} segments`);
    const story = `${cartridge.barcode} has holes in ${holes} segments at least, and ${gone.length} were damaged`;
    expect(holes <= gone.length, story);
    const isNamed = gone.some(({ name, isCold }) => isCold || this.#told.some((finding) => isAbout(finding, name)));
    expect(holes === 0 || isNamed, `${cartridge.barcode} cannot be read whole, and no check-up has said so`);
  }

  /** In how many segments, at least, lies what cannot be read: a segment holds so many bytes of blocks at most. */
  #segmentsOf(found: readonly (TapeObject | undefined)[], objects: readonly TapeObject[]): number {
    const { segmentSize, blockLengthMax } = this.#options.world.scenario;
    let count = 0;
    let room = -1;
    for (const [at, object] of objects.entries()) {
      const size = object === "filemark" ? 0 : (this.#options.world.blockLengths.get(object) ?? 0);
      room -= size;
      if (found[at] !== undefined || room >= 0) continue;
      count += 1;
      room = segmentSize + blockLengthMax - size;
    }
    return count;
  }
}

const isAbout = ({ subject, what }: Finding, name: string): boolean => subject === name || what.includes(name);

/** Every object of a tape, undefined for what cannot be read. */
async function readWithHoles(drive: TapeDriver, { barcode, tape }: CartridgeBook): Promise<(TapeObject | undefined)[]> {
  const found: (TapeObject | undefined)[] = [];
  let isThere = true;
  await drive.rewind();
  while (found.length <= tape.endOfData) {
    try {
      if (!isThere && !(await drive.locate(found.length))) return found;
      isThere = true;
      const answer = await drive.read();
      if (answer.kind === "end-of-data") return found;
      const object = answer.kind === "filemark" ? "filemark" : identifyBlock(answer.bytes);
      expect(object !== undefined, `${barcode} gives ${found.length} bytes that nobody wrote`);
      found.push(object);
    } catch (error) {
      if (!(error instanceof ReadFailed) && !isFault(error)) throw error;
      found.push(undefined);
      isThere = false;
    }
  }
  return found;
}
