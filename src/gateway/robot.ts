// SPDX-License-Identifier: Apache-2.0
// The hand of a library: carries moves out, for hosts and for operators alike. In this order, so that a crash at any
// moment leaves every cartridge in exactly one place, and a host never sees a drive that lags behind its changer:
//
//   1. take cartridges out of the drives they leave, when their data is durable
//   2. open the data of those that go into a drive
//   3. decide once more and make the moves durable; a cartridge that arrives in a mail slot leaves the library here
//   4. put cartridges into drives, close the data of those that are in none any more
//   5. start archiving what was ejected
//
// A failure in 1 to 3 puts everything back: nothing has moved. Locks: the library's, then the book's (in `change`).

import { asError, isFault, type Clock, type Log } from "#base/index.ts";
import type { BayDrive, MoveAnswer, Robot } from "#device/index.ts";
import type { ChangerView, Move, MoveRefusal } from "#library/index.ts";
import type { Gate } from "#work/index.ts";
import type { Book } from "./book.ts";
import type { DriveHost, HeldCartridge } from "./drive-host.ts";
import type { Fact } from "./facts.ts";
import { lifeFacts } from "./life-facts.ts";
import type { GatewayState, LibraryState } from "./state.ts";
import type { ObjectId } from "./views.ts";

/** What a robot needs. */
export interface LibraryRobotOptions {
  readonly library: ObjectId;
  readonly book: Book;
  readonly clock: Clock;
  readonly log: Log;
  /** Held for a whole move. */
  readonly lock: Gate;
  /** The drive in the bay at an address. */
  readonly driveAt: (address: number) => DriveHost | undefined;
  /** Told of moves that happened, after they did. `ejected`: barcodes that left the library. */
  readonly moved: (moves: readonly Move[], ejected: readonly string[], who: string) => void;
}

/** A move that was refused, with the failure behind it. */
export interface MoveFailure {
  readonly kind: "refused";
  readonly reason: MoveRefusal;
  readonly cause?: Error;
}

/** What the robot holds while it works. */
interface Hands {
  /** Out of a drive, by barcode; undefined where a drive had none of the data. */
  readonly taken: Map<string, { readonly from: DriveHost; readonly held: HeldCartridge | undefined }>;
  /** Ready for a drive, by barcode. */
  readonly ready: Map<string, { readonly into: DriveHost; readonly held: HeldCartridge }>;
}

/** The robot of one library. */
export class LibraryRobot implements Robot {
  readonly #options: LibraryRobotOptions;

  constructor(options: LibraryRobotOptions) {
    this.#options = options;
  }

  async move(moves: readonly Move[]): Promise<MoveAnswer> {
    const answer = await this.carry(moves, "host");
    if (answer.kind === "moved") return answer;
    // It does not open now, or what was begun before is not over; both pass.
    const { cause } = answer;
    if (isFault(cause, "store.under-pressure") || isFault(cause, "store.cartridge-busy")) return { kind: "busy" };
    return { kind: "refused", reason: answer.reason };
  }

  driveAt(address: number): BayDrive | undefined {
    const drive = this.#options.driveAt(address);
    if (drive === undefined) return undefined;
    const { state } = drive.unit;
    return {
      vendor: drive.model.vendor,
      product: drive.model.product,
      serial: drive.serial,
      exception: state.kind === "unusable" ? state.reason : undefined,
    };
  }

  /** As `move`, and tells what failed. Never rejects for a reason that somebody could mend. */
  carry(moves: readonly Move[], who: string): Promise<{ readonly kind: "moved" } | MoveFailure> {
    return this.#options.lock.run(() => this.#carryLocked(moves, who));
  }

  async #carryLocked(moves: readonly Move[], who: string): Promise<{ readonly kind: "moved" } | MoveFailure> {
    const hands: Hands = { taken: new Map(), ready: new Map() };
    try {
      const refusal =
        this.#recheck(moves) ?? (await this.#takeOut(moves, hands)) ?? (await this.#makeReady(moves, hands));
      if (refusal !== undefined) return await this.#putBack(hands, refusal);
      const decided = await this.#commit(moves, hands);
      if (decided.kind === "refused") return await this.#putBack(hands, decided);
      await this.#putIn(hands);
      this.#options.moved(moves, decided.ejected, who);
      return { kind: "moved" };
    } catch (error) {
      if (!isFault(error)) throw error;
      const barcodes = moves.map(({ occupant }) => occupant.barcode).join(", ");
      this.#options.log.error(`${barcodes} could not be moved: ${error.message}`, { barcodes }, error);
      return this.#putBack(hands, { kind: "refused", reason: "failed", cause: error });
    }
  }

  /** The moves were decided a moment ago; since then the library may have changed. */
  #recheck(moves: readonly Move[]): MoveFailure | undefined {
    const { changer } = this.#library();
    const reason = moves.map((move) => refusalOf(changer, move, moves)).find((found) => found !== undefined);
    return reason === undefined ? undefined : { kind: "refused", reason };
  }

  async #takeOut(moves: readonly Move[], hands: Hands): Promise<MoveFailure | undefined> {
    for (const { source, occupant } of moves) {
      const drive = this.#options.driveAt(source.address);
      if (drive === undefined) continue;
      const answer = await drive.take();
      if (answer.kind === "prevented") return { kind: "refused", reason: "removal-prevented" };
      if (answer.kind === "failed") return { kind: "refused", reason: "failed", cause: answer.cause };
      hands.taken.set(occupant.barcode, { from: drive, held: answer.held });
    }
    return undefined;
  }

  async #makeReady(moves: readonly Move[], hands: Hands): Promise<MoveFailure | undefined> {
    for (const { destination, occupant } of moves) {
      const into = this.#options.driveAt(destination.address);
      if (into === undefined) continue;
      const cartridge = this.#options.book.state.cartridge(occupant.barcode);
      const held = hands.taken.get(occupant.barcode)?.held ?? (await into.holdInTime(cartridge));
      hands.ready.set(occupant.barcode, { into, held });
    }
    return undefined;
  }

  #commit(
    moves: readonly Move[],
    hands: Hands,
  ): Promise<{ readonly kind: "decided"; readonly ejected: readonly string[] } | MoveFailure> {
    return this.#options.book.change<{ kind: "decided"; ejected: readonly string[] } | MoveFailure>((state) => {
      const refusal = this.#recheck(moves);
      if (refusal !== undefined) return { facts: [], result: refusal };
      const ejections = moves.filter(({ destination }) => destination.kind === "mail-slot");
      const ejected = ejections.map(({ occupant }) => occupant.barcode);
      const facts = [...this.#historyFacts(hands), this.#movedFact(moves), ...this.#ejectFacts(state, ejected)];
      return { facts, result: { kind: "decided", ejected } };
    });
  }

  #movedFact(moves: readonly Move[]): Fact {
    const steps = moves.map(({ occupant, source, destination }) => {
      return { barcode: occupant.barcode, from: source.address as number, to: destination.address as number };
    });
    return { kind: "moved", library: this.#options.library, steps };
  }

  #historyFacts(hands: Hands): readonly Fact[] {
    const at = this.#options.clock.now();
    return [...hands.taken].flatMap(([barcode, { held }]) => {
      if (held === undefined) return [];
      const { history, memory } = held.inserted;
      return [{ kind: "cartridge-changed" as const, barcode, at, change: { history, memory } }];
    });
  }

  /** The mail slot is emptied at once. */
  #ejectFacts(state: GatewayState, barcodes: readonly string[]): readonly Fact[] {
    const at = this.#options.clock.now();
    return barcodes.flatMap((barcode) => lifeFacts(state, { barcode, input: { kind: "eject" }, at }));
  }

  async #putIn(hands: Hands): Promise<void> {
    for (const { into, held } of hands.ready.values()) into.insert(held);
    for (const [barcode, { from, held }] of hands.taken) {
      if (held !== undefined && !hands.ready.has(barcode)) await from.release(held);
    }
  }

  /** Nothing has moved: what was taken out goes back, what was opened is closed. */
  async #putBack(hands: Hands, failure: MoveFailure): Promise<MoveFailure> {
    for (const [barcode, { into, held }] of hands.ready) {
      if (hands.taken.get(barcode)?.held === undefined) await into.release(held);
    }
    for (const { from, held } of hands.taken.values()) {
      if (held !== undefined) from.insert(held);
    }
    return failure;
  }

  #library(): LibraryState {
    return this.#options.book.state.library(this.#options.library);
  }
}

/** Why one of `moves` cannot be, given that all happen together. */
function refusalOf(changer: ChangerView, move: Move, moves: readonly Move[]): MoveRefusal | undefined {
  const source = changer.elementAt(move.source.address);
  const destination = changer.elementAt(move.destination.address);
  if (source === undefined || destination === undefined) return "bad-address";
  if (source.occupant?.barcode !== move.occupant.barcode) return "source-empty";
  if (!source.accessible || !destination.accessible) return "not-accessible";
  const isVacated = moves.some((other) => other.source.address === destination.address);
  return destination.occupant === undefined || isVacated ? undefined : "destination-full";
}

/** The failure as an Error, for messages. */
export const failureText = ({ reason, cause }: MoveFailure): string =>
  cause === undefined ? reason : asError(cause).message;
