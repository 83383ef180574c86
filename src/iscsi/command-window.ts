// SPDX-License-Identifier: Apache-2.0
// The order of commands in a session: RFC 7143 section 4.2.2.1. Says which command's turn it is, which ones wait for a
// hole to close, and which lie outside of the window and are dropped without a word.

import { assert } from "#base/index.ts";
import { isSerialWithin, isSerialBefore, serialAfter, serialDistance, type SerialNumber } from "./serial-number.ts";

/** What to do with a command. */
export type CommandTurn = "now" | "later" | "never";

/** The window of one session. `Waiting` is what is kept of a command that came too early. */
export class CommandWindow<Waiting> {
  #expected: SerialNumber;
  #last: SerialNumber;
  readonly #waiting = new Map<SerialNumber, Waiting | "skip">();

  /** `first`: the CmdSN of the login, which is that of the first command too. */
  constructor(first: SerialNumber) {
    this.#expected = first;
    this.#last = serialAfter(first, -1);
  }

  /** ExpCmdSN. */
  get expected(): SerialNumber {
    return this.#expected;
  }

  /** MaxCmdSN. */
  get last(): SerialNumber {
    return this.#last;
  }

  /** How many commands may still be sent. */
  get open(): number {
    return serialDistance(this.#expected, this.#last) + 1;
  }

  /** Opens the window for `count` commands from the expected one on. It never closes what was opened. */
  openFor(count: number): void {
    assert(count >= 0, "a window of no less than nothing");
    const last = serialAfter(this.#expected, count - 1);
    if (isSerialBefore(this.#last, last)) this.#last = last;
  }

  /** A non-immediate command arrived. With "now" it counts as received. */
  arrive(number: SerialNumber): CommandTurn {
    if (!isSerialWithin(number, this.#expected, this.#last) || this.#waiting.has(number)) return "never";
    if (number !== this.#expected) return "later";
    this.#expected = serialAfter(number);
    this.#passSkipped();
    return "now";
  }

  /** Keeps a command whose turn is later. */
  hold(number: SerialNumber, command: Waiting): void {
    assert(isSerialBefore(this.#expected, number), "a command that came too early");
    this.#waiting.set(number, command);
  }

  /** The number counts as received although its command never comes: the task was aborted before. False: not open. */
  skip(number: SerialNumber): boolean {
    if (!isSerialWithin(number, this.#expected, this.#last)) return false;
    this.#waiting.set(number, "skip");
    this.#passSkipped();
    return true;
  }

  #passSkipped(): void {
    while (this.#waiting.get(this.#expected) === "skip") {
      this.#waiting.delete(this.#expected);
      this.#expected = serialAfter(this.#expected);
    }
  }

  /** Takes the next command that waits no more, if there is one. */
  takeReady(): Waiting | undefined {
    this.#passSkipped();
    const next = this.#waiting.get(this.#expected);
    if (next === undefined || next === "skip") return undefined;
    this.#waiting.delete(this.#expected);
    this.#expected = serialAfter(this.#expected);
    return next;
  }

  /** The commands that wait. */
  *held(): IterableIterator<Waiting> {
    for (const command of this.#waiting.values()) if (command !== "skip") yield command;
  }
}
