// SPDX-License-Identifier: Apache-2.0
// What a host knows about a tape that it writes, kept independently of the code under test: what was synced, what was
// acknowledged, and what was on its way when a connection was lost. From it follows what a host may find afterwards.
//
// The book is a list of objects that was durable (`base`), and the steps since, in order. A step is a cut (what lies
// behind a place is gone) or an object at the end. After a lost connection any number of the unanswered steps may have
// happened, after a crash any number of all that were not synced, but never a later step without an earlier one.

import { expect } from "./check-failure.ts";
import type { BlockId } from "./block-content.ts";

/** A block by its number, or a filemark. */
export type TapeObject = BlockId | "filemark";

type Step = { readonly kind: "cut"; readonly at: number } | { readonly kind: "append"; readonly object: TapeObject };

/** A change that was sent and not answered yet. */
export interface PendingChange {
  /** It happened. */
  done(): void;
  /** It did not happen at all. */
  undone(): void;
}

/** The book of one tape. */
export class TapeBook {
  #base: readonly TapeObject[] = [];
  #steps: Step[] = [];
  /** Steps before this were answered. */
  #answered = 0;
  /** What a host finds when every step has happened. */
  #objects: TapeObject[] = [];
  #crashes = 0;
  /** Told of each state that the tape comes to. */
  watcher: ((objects: readonly TapeObject[]) => void) | undefined;
  #restored: ((found: readonly TapeObject[]) => void) | undefined;

  /** What is on the tape when everything sent has happened. */
  get objects(): readonly TapeObject[] {
    return this.#objects;
  }

  get endOfData(): number {
    return this.#objects.length;
  }

  /** True when something was sent and never answered: `observe` before anything else. */
  get isUncertain(): boolean {
    return this.#answered < this.#steps.length;
  }

  /** A write of one object at `at` begins. */
  append(at: number, object: TapeObject): PendingChange {
    const added: Step[] = [];
    if (at < this.#objects.length) added.push({ kind: "cut", at });
    added.push({ kind: "append", object });
    return this.#begin(added);
  }

  /** Everything behind `at` is to be erased. */
  cut(at: number): PendingChange {
    return this.#begin(at < this.#objects.length ? [{ kind: "cut", at }] : []);
  }

  /** Everything that was answered is durable: a command that synchronises was answered. */
  synced(): void {
    expect(!this.isUncertain, "the simulation observes before it syncs");
    this.#base = [...this.#objects];
    this.#steps = [];
    this.#answered = 0;
  }

  /** The gateway lost what it had not synced, or part of it. */
  crashed(): void {
    this.#crashes += 1;
    this.#answered = 0;
  }

  /** The machine was lost: what the next host finds is for `check` to judge, and is what the tape holds from then on. */
  restored(check: (found: readonly TapeObject[]) => void): void {
    this.crashed();
    this.#restored = check;
  }

  /** A host has read the whole tape. It must be what some number of the uncertain steps leads to. */
  observe(found: readonly TapeObject[]): void {
    if (this.#restored !== undefined) {
      this.#restored(found);
      this.#restored = undefined;
      [this.#steps, this.#answered, this.#objects] = [[], 0, [...found]];
      return this.synced();
    }
    const states = this.#possibleStates();
    const match = states.findLast((state) => sameObjects(state.objects, found));
    expect(match !== undefined, this.#describeMismatch(states, found));
    this.#steps = this.#steps.slice(0, match.stepCount);
    this.#answered = this.#steps.length;
    this.#objects = [...match.objects];
    this.watcher?.(this.#objects);
  }

  /** What can be read of the tape, undefined for what cannot: it fits to one of the states that may be found. */
  observeWithHoles(found: readonly (TapeObject | undefined)[]): void {
    this.#restored = undefined;
    const states = this.#possibleStates();
    const fits = ({ objects }: { readonly objects: readonly TapeObject[] }): boolean =>
      objects.length === found.length && objects.every((object, at) => found[at] === undefined || found[at] === object);
    const least = states[0]?.objects ?? [];
    const other = found.findIndex((object, at) => object !== undefined && object !== least[at]);
    const story = `with ${found.length} objects, of which object ${other} is ${found[other]} and was ${least[other]}`;
    expect(states.some(fits), `what can be read of a damaged tape was never on it: ${story}`);
  }

  #begin(added: readonly Step[]): PendingChange {
    for (const step of added) {
      this.#steps.push(step);
      apply(this.#objects, step);
      this.watcher?.(this.#objects);
    }
    const crashes = this.#crashes;
    return {
      done: () => {
        const last = added.at(-1);
        // An answer that is looked at only after a crash does not make the step durable.
        if (last === undefined || crashes !== this.#crashes) return;
        this.#answered = Math.max(this.#answered, this.#steps.indexOf(last) + 1);
      },
      undone: () => this.#remove(added),
    };
  }

  #remove(removed: readonly Step[]): void {
    this.#answered -= this.#steps.slice(0, this.#answered).filter((step) => removed.includes(step)).length;
    this.#steps = this.#steps.filter((step) => !removed.includes(step));
    this.#objects = [...this.#base];
    for (const step of this.#steps) apply(this.#objects, step);
  }

  /** Every state that may be found, with how many steps lead to it. */
  #possibleStates(): { objects: TapeObject[]; stepCount: number }[] {
    const objects = [...this.#base];
    for (const step of this.#steps.slice(0, this.#answered)) apply(objects, step);
    const states = [{ objects: [...objects], stepCount: this.#answered }];
    for (let count = this.#answered; count < this.#steps.length; count++) {
      const step = this.#steps[count];
      if (step !== undefined) apply(objects, step);
      states.push({ objects: [...objects], stepCount: count + 1 });
    }
    return states;
  }

  #describeMismatch(
    states: readonly { readonly objects: readonly TapeObject[] }[],
    found: readonly TapeObject[],
  ): string {
    const least = states[0]?.objects ?? [];
    const same = firstDifference(least, found);
    return [
      `the tape holds ${found.length} objects; ${states.length} states were possible,`,
      `with ${least.length} to ${this.#objects.length} objects. Compared with the first of them, object ${same}`,
      `is ${found[same] ?? "missing"} and was ${least[same] ?? "not there"}.`,
    ].join(" ");
  }
}

function apply(objects: TapeObject[], step: Step): void {
  if (step.kind === "cut") objects.length = step.at;
  else objects.push(step.object);
}

function firstDifference(left: readonly TapeObject[], right: readonly TapeObject[]): number {
  let index = 0;
  while (index < left.length && left[index] === right[index]) index += 1;
  return index;
}

function sameObjects(left: readonly TapeObject[], right: readonly TapeObject[]): boolean {
  return left.length === right.length && firstDifference(left, right) === left.length;
}
