// SPDX-License-Identifier: Apache-2.0
// What is left of a gateway whose machine is lost, or is taken for lost and wakes. It begins where everything is safe;
// hosts work on, and at some instant the machine is gone. What is recovered from bucket and keys alone must be what was
// safe, or more, and what the recovery says: no more, no less, and nothing else.

import { type Duration, isFault, limits, milliseconds, minutes, sleep } from "#base/index.ts";
import type { RecoveredCartridge } from "#gateway/index.ts";
import { blockContent, blockLengthMin } from "./block-content.ts";
import { expect } from "./check-failure.ts";
import { SessionLost } from "./host-session.ts";
import type { LibraryBook } from "./library-book.ts";
import type { Operator } from "./operator.ts";
import type { SeededRandom } from "./random.ts";
import { SafeState } from "./safe-state.ts";
import type { TapeDriver } from "./tape-driver.ts";
import type { TapeHost } from "./tape-host.ts";
import type { Sleeper, World } from "./world.ts";

/** What an aftermath needs. */
export interface AftermathOptions {
  readonly world: World;
  readonly book: LibraryBook;
  readonly random: SeededRandom;
  readonly operator: Operator;
  readonly hosts: readonly TapeHost[];
  /** Another host's way to the drive of that host. */
  readonly witness: (host: TapeHost) => TapeDriver;
  readonly nextBlock: () => number;
}

/** By then a gateway that wakes has tried to change something. */
const wakesWithin: Duration = minutes(12);
/** By then a gateway that woke has asked the bucket at least once, however often it fails. */
const noticesWithin: Duration = minutes(2);

/** What happens after the last look. */
export class Aftermath {
  readonly #options: AftermathOptions;
  readonly #safe: SafeState;

  constructor(options: AftermathOptions) {
    this.#options = options;
    this.#safe = new SafeState(options);
  }

  /** Runs it; the gateway is down before and afterwards. */
  async run(): Promise<void> {
    const { world, hosts } = this.#options;
    await world.boot();
    await this.#safe.reach();
    await this.#options.operator.look();
    if (world.ending === "lost-machine") await this.#loseMachine();
    else await this.#takeOver();
    world.bucket.check();
    for (const host of hosts) await host.logout();
    await world.stop();
  }

  async #loseMachine(): Promise<void> {
    const { world, random, hosts } = this.#options;
    const { uploadBufferBytes, segmentSize, durability, fillsCartridges } = world.scenario;
    const hasRoom = uploadBufferBytes > 2 * segmentSize && durability === "local" && !fillsCartridges;
    const isExact = hasRoom && random.chance(0.6);
    if (isExact) {
      // Nothing is uploaded any more, and the bucket is told how much that is.
      world.objects.options.refuse = (method, key) => method === "put" && key.includes("/segments/");
      world.trace.event("objects", "takes no segments any more");
    }
    await Promise.all(hosts.map((host) => host.run(random.between(1, 6), { keeps: !isExact })));
    await sleep(world.clock, milliseconds(isExact ? limits.statusEvery + minutes(2) : random.fraction() * 90_000));
    world.loseMachine();
    delete world.objects.options.refuse;
    const waits = random.chance(0.5);
    if (waits) await sleep(world.clock, limits.statusExpires);
    const report = await world.recover(!waits);
    if (isExact) for (const cartridge of report.cartridges) this.#checkLoss(cartridge);
    await this.#safe.compare(report, isExact);
  }

  /** What is reported lost is what is on the tape and not in the bucket. */
  #checkLoss({ barcode, objects, lostObjects }: RecoveredCartridge): void {
    const cartridge = this.#options.book.cartridges.get(barcode);
    const history = cartridge && this.#safe.historyOf(cartridge);
    // What was recovered of a tape that was cut back since is another tape than the one that is lost.
    if (cartridge === undefined || history?.isUncut !== true) return;
    const { endOfData } = cartridge.tape;
    const told = `${barcode} had ${endOfData} objects; ${objects} came back and ${lostObjects} are told to be lost`;
    expect(objects + lostObjects === endOfData, told);
  }

  async #takeOver(): Promise<void> {
    const { world, random, hosts, witness } = this.#options;
    await Promise.all(hosts.map((host) => host.run(random.between(1, 8), { keeps: true })));
    const [first] = hosts;
    expect(first !== undefined, "a library has a drive");
    const drive = witness(first);
    await drive.session.connect();
    const isLoaded = first.loaded !== undefined && (await drive.waitReady());
    const sleeper = world.fallAsleep();
    await this.#keepBusy(sleeper, drive, isLoaded);
    const waits = random.chance(0.3);
    if (waits) await sleep(world.clock, limits.statusExpires);
    const report = await world.recover(!waits);
    const goOn = async (): Promise<void> => {
      await this.#safe.compare(report, false);
      await Promise.all(hosts.map((host) => host.run(random.between(1, 4))));
    };
    await Promise.all([this.#wake(sleeper), goOn()]);
    await sleep(world.clock, wakesWithin);
    world.bucket.check();
    await this.#checkFenced(sleeper, drive, isLoaded);
    sleeper.end();
    await this.#safe.reach();
    // From the bucket alone, without a cache: did the sleeper harm anything?
    world.loseMachine();
    const again = await world.recover(true);
    for (const { barcode, lostObjects } of again.cartridges) {
      expect(lostObjects === 0, `${barcode} lost ${lostObjects} objects although everything was safe`);
    }
    await this.#safe.compare(again, true);
  }

  /** Changes of the bucket that will be under way when another one takes over. */
  async #keepBusy({ gateway }: Sleeper, drive: TapeDriver, isLoaded: boolean): Promise<void> {
    const { world, random, nextBlock } = this.#options;
    await gateway.createPool({ name: "late", storageClass: "GLACIER", lock: "NONE", retentionDays: 0 });
    // Blocks that nobody may find again: the bucket does not hear of them before another one has it.
    if (isLoaded) await drive.write(blockContent(nextBlock(), blockLengthMin));
    await sleep(world.clock, milliseconds(random.fraction() * minutes(2)));
  }

  async #wake(sleeper: Sleeper): Promise<void> {
    const { world, random } = this.#options;
    await sleep(world.clock, milliseconds(random.fraction() * random.pick([100, 10_000, 600_000])));
    sleeper.wake();
    await sleep(world.clock, noticesWithin);
    const isInUse = sleeper.gateway.listDrives().some(({ cartridge }) => cartridge !== undefined);
    const { fenced } = sleeper.gateway.status();
    expect(fenced !== undefined || !isInUse, "a gateway that was taken over knows it before hosts write for long");
  }

  /** Whoever was taken over knows it, and its drives take nothing. */
  async #checkFenced({ gateway }: Sleeper, drive: TapeDriver, isLoaded: boolean): Promise<void> {
    const { world, nextBlock } = this.#options;
    expect(gateway.status().fenced !== undefined, "a gateway that was taken over knows it");
    world.trace.event("gateway", `that woke says: ${gateway.status().fenced}`);
    let refusal: unknown;
    await gateway
      .createPool({ name: "later", storageClass: "GLACIER", lock: "NONE", retentionDays: 0 })
      .catch((error: unknown) => (refusal = error));
    expect(isFault(refusal, "store.fenced"), "a gateway that was taken over makes no pools");
    if (!isLoaded) return;
    // It has asked hosts to leave, and has nobody any more.
    const answer = await drive.write(blockContent(nextBlock(), blockLengthMin)).catch((error: unknown) => error);
    expect(answer instanceof SessionLost, `a drive of a gateway that was taken over answers ${String(answer)}`);
    drive.session.drop();
  }
}
