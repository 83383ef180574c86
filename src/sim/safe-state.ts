// SPDX-License-Identifier: Apache-2.0
// A moment at which everything is in the bucket, and what may be left of it after a loss since.

import { type Duration, hours, minutes, seconds, sleep } from "#base/index.ts";
import type { RecoveredCartridge, RecoveryReport } from "#gateway/index.ts";
import { expect } from "./check-failure.ts";
import { type CartridgeBook, type LibraryBook, shelf } from "./library-book.ts";
import type { Operator } from "./operator.ts";
import { TapeHistory } from "./tape-history.ts";
import type { TapeHost } from "./tape-host.ts";
import type { World } from "./world.ts";

/** What it is about. */
export interface SafeStateOptions {
  readonly world: World;
  readonly book: LibraryBook;
  readonly operator: Operator;
  readonly hosts: readonly TapeHost[];
}

/** Longest virtual time in a calm world until everything is in the bucket. */
const safeWithin: Duration = hours(2);

/** Reads all of a cartridge and compares it with the books. */
export type Inspect = (host: TapeHost | undefined, cartridge: CartridgeBook) => Promise<void>;
const readAll: Inspect = async (host, cartridge) => host?.inspect(cartridge);

/** What was safe, and what the tapes have held since. */
export class SafeState {
  readonly #options: SafeStateOptions;
  #histories = new Map<CartridgeBook, TapeHistory>();

  constructor(options: SafeStateOptions) {
    this.#options = options;
  }

  /** What a tape has held since. */
  historyOf(cartridge: CartridgeBook): TapeHistory | undefined {
    return this.#histories.get(cartridge);
  }

  /** Returns when everything is in the bucket, and the bucket's log says so. */
  async reach(): Promise<void> {
    const { world, operator, book } = this.#options;
    await operator.waitForTasks();
    const deadline = world.clock.monotonic() + safeWithin;
    for (;;) {
      const [first] = await world.call((gateway) => gateway.listUnstored());
      if (first === undefined) break;
      const { barcode, bytes } = first;
      const late = `${bytes} bytes of ${barcode} are not in the bucket after ${safeWithin} ms`;
      expect(world.clock.monotonic() < deadline, late);
      await sleep(world.clock, seconds(20));
    }
    await sleep(world.clock, minutes(1));
    this.#histories = new Map();
    for (const cartridge of book.cartridges.values()) {
      const history = new TapeHistory(cartridge.tape.objects);
      this.#histories.set(cartridge, history);
      cartridge.tape.watcher = (objects) => history.note(objects);
      cartridge.been.clear();
      cartridge.been.add(cartridge.place);
    }
  }

  /** Starts what was recovered and compares it with the books. `isQuiet`: the log had time to tell every place. */
  async compare(report: RecoveryReport, isQuiet: boolean, inspect: Inspect = readAll): Promise<void> {
    const { world, book, operator, hosts } = this.#options;
    for (const host of hosts) host.forget();
    const told = report.cartridges.map(({ barcode }) => barcode).toSorted();
    const known = [...book.cartridges.keys()].toSorted();
    expect(told.join(" ") === known.join(" "), `recovery tells of ${told.join(" ")}; there were ${known.join(" ")}`);
    await world.boot();
    for (const recovered of report.cartridges) await this.#place(recovered, isQuiet);
    await operator.look();
    const inDrives = (cartridge: CartridgeBook): number => (hosts.some(isAt(cartridge)) ? 0 : 1);
    const all = [...book.cartridges.values()].toSorted((left, right) => inDrives(left) - inDrives(right));
    for (const cartridge of all) {
      if (cartridge.place !== shelf) await inspect(hosts.find(isAt(cartridge)) ?? hosts[0], cartridge);
    }
    const [onShelf] = book.shelved();
    if (onShelf !== undefined) {
      await operator.retrieve(onShelf);
      await inspect(hosts[0], onShelf);
    }
    for (const { barcode, lostObjects } of report.cartridges) {
      if (lostObjects > 0) await world.call((gateway) => gateway.acceptLoss(barcode));
    }
    await operator.look();
  }

  /** Takes note of where a cartridge came back, and of what must be on it. */
  async #place({ barcode, objects, lostObjects }: RecoveredCartridge, isQuiet: boolean): Promise<void> {
    const { world, book } = this.#options;
    const cartridge = book.cartridges.get(barcode);
    const history = cartridge && this.#histories.get(cartridge);
    expect(cartridge !== undefined && history !== undefined, `${barcode} is known`);
    const view = await world.call((gateway) => gateway.getCartridge(barcode));
    const place = view.place.kind === "element" ? view.place.address : shelf;
    const been = isQuiet ? [cartridge.place] : [...cartridge.been];
    expect(been.includes(place), `${barcode} came back in ${place} and was in ${been.join(", ")}`);
    const isMarked = view.loss !== undefined && view.writeProtected;
    expect(lostObjects === 0 || isMarked, `${barcode} lost ${lostObjects} objects and is shown as whole`);
    cartridge.place = place;
    cartridge.perhaps = undefined;
    cartridge.user = undefined;
    cartridge.moves += 1;
    cartridge.tape.restored((found) => {
      expect(found.length === objects, `${barcode} has ${found.length} objects; recovery told ${objects}`);
      history.check(barcode, found);
    });
  }
}

const isAt =
  ({ place }: CartridgeBook) =>
  (host: TapeHost): boolean =>
    host.driveAddress === place;
