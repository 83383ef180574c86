// SPDX-License-Identifier: Apache-2.0
// What happened in a simulated run: the last events for people, and a hash over all of them for comparing runs.

/** How many events a failing run prints. */
const tailLength = 60;

/** Takes events. */
export class Trace {
  readonly #now: () => number;
  readonly #onEvent: (line: string) => void;
  readonly #tail: string[] = [];
  #high = 0x811c9dc5;
  #low = 0x01000193;
  #count = 0;

  /** `now` gives the virtual time in milliseconds; `onEvent` is told of each event for people as it happens. */
  constructor(now: () => number, onEvent: (line: string) => void = () => {}) {
    this.#now = now;
    this.#onEvent = onEvent;
  }

  /** Events so far. */
  get count(): number {
    return this.#count;
  }

  /** An event that people want to see. */
  event(who: string, text: string): void {
    const line = `${this.#now().toFixed(3).padStart(14)} ms  ${who.padEnd(10)} ${text}`;
    this.#hash(line);
    this.#onEvent(line);
    this.#tail.push(line);
    if (this.#tail.length > tailLength) this.#tail.shift();
  }

  /** An event that only counts for the hash. */
  detail(text: string): void {
    this.#hash(`${this.#now()} ${text}`);
  }

  /** The last events, oldest first. */
  get tail(): readonly string[] {
    return this.#tail;
  }

  /** Hash over all events and their times, in hexadecimal. */
  get hash(): string {
    return [this.#high, this.#low].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
  }

  #hash(text: string): void {
    this.#count += 1;
    for (let index = 0; index < text.length; index++) {
      this.#high = Math.imul(this.#high ^ text.charCodeAt(index), 0x01000193);
    }
    this.#low = Math.imul(this.#low ^ this.#high, 0x85ebca6b);
  }
}
