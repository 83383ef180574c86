// SPDX-License-Identifier: Apache-2.0
// Keeps the order of commands when one of them was answered BUSY or TASK SET FULL. What the initiator had sent behind it, not
// knowing yet, must not be done before it comes again: a tape would have later blocks before earlier ones. RFC 7143
// section 4.2.2.2 tells what it knows: each command carries ExpStatSN, and no command beyond the MaxCmdSN that it was told
// can have been sent before it heard more. Pure.

import { isSerialBefore, type SerialNumber } from "./serial-number.ts";

/** The numbers of an answer that turned a command away. */
export interface TurnedAway {
  readonly statSn: SerialNumber;
  /** MaxCmdSN as it was told before that answer. */
  readonly toldCmdSn: SerialNumber;
}

interface Mark extends TurnedAway {
  /** Commands that were turned away here since the unit itself did so. */
  readonly count: number;
}

/** The commands of one session that were turned away, unit by unit. */
export class BusyBarrier {
  readonly #marks = new Map<number, Mark>();
  readonly #countMax: number;

  /**
   * `countMax`: an initiator that repeats at once, several commands at a time, may never have heard of all answers; after so
   * many it is let through, and the order is its own business.
   */
  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  /** The unit has turned a command away. */
  unitRefused(lun: number, answer: TurnedAway): void {
    this.#marks.set(lun, { ...answer, count: 0 });
  }

  /** A command was turned away because of the one before. */
  followerRefused(lun: number, answer: TurnedAway): void {
    this.#marks.set(lun, { ...answer, count: (this.#marks.get(lun)?.count ?? 0) + 1 });
  }

  /**
   * Whether a command for the unit has to be turned away. `isOnTheWay`: the answer to one before it, which was, has not been
   * sent yet. Once one may pass, so may those behind it: commands come in order.
   */
  stops(
    lun: number,
    command: { readonly cmdSn: SerialNumber; readonly expStatSn: SerialNumber },
    isOnTheWay: () => boolean,
  ): boolean {
    const mark = this.#marks.get(lun);
    if (mark === undefined) return false;
    const hasNotHeard =
      !isSerialBefore(mark.statSn, command.expStatSn) && !isSerialBefore(mark.toldCmdSn, command.cmdSn);
    if ((hasNotHeard || isOnTheWay()) && mark.count < this.#countMax) return true;
    this.#marks.delete(lun);
    return false;
  }
}
