// SPDX-License-Identifier: Apache-2.0
// The life of one simulated process: it dies at one of its steps, and from then on nothing that it does has an effect, and
// nothing that it waits for comes. Ports that belong to it are wrapped here: state, and the files of datastores.

import type { Files, NewFile } from "#datastore/index.ts";
import type { StateFiles } from "#media/index.ts";
import type { SeededRandom } from "./random.ts";

/** What a dead process waits for. */
const never = <T>(): Promise<T> => new Promise<T>(() => {});

/** The life of a process. */
export class Lifetime {
  readonly #random: SeededRandom;
  #stepsLeft: number;
  #isAlive = true;
  #end: () => void = () => {};
  /** Resolves when the process dies. */
  readonly died: Promise<void>;
  /** The step at which it died. */
  lastStep = "";

  /** `steps`: so many are made before it dies. */
  constructor(random: SeededRandom, steps: number) {
    this.#random = random;
    this.#stepsLeft = steps;
    this.died = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** It does not die of nothing any more. */
  spare(): void {
    this.#stepsLeft = Number.POSITIVE_INFINITY;
  }

  /** It dies before its next step. */
  kill(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#end();
  }

  /**
   * One step with an effect outside of the process. When the process dies here, the effect is there in full, in part
   * (`partly`), or not at all, and the caller waits for ever.
   */
  async step<T>(what: string, effect: () => Promise<T>, partly?: () => Promise<unknown>): Promise<T> {
    if (!this.#isAlive) return never();
    this.#stepsLeft -= 1;
    if (this.#stepsLeft >= 0) return this.reading(await effect());
    this.lastStep = what;
    const fate = this.#random.below(3);
    if (fate === 0) await effect();
    if (fate === 1 && partly !== undefined) await partly();
    this.kill();
    return never();
  }

  /** What a process that lives gets; a dead one waits for it. */
  reading<T>(value: T): T | Promise<T> {
    return this.#isAlive ? value : never();
  }
}

/** The state of a manager, as long as it lives. An append may be torn. */
export function mortalState(state: StateFiles, life: Lifetime, random: SeededRandom): StateFiles {
  return {
    read: async (name) => life.reading(await state.read(name)),
    open: async (name) => life.reading(await state.open(name)),
    write: (name, content) => life.step(`write ${name}`, () => state.write(name, content)),
    writeFrom: (name, content) => life.step(`write ${name}`, () => state.writeFrom(name, content)),
    append: (name, content) =>
      life.step(
        `append to ${name}`,
        () => state.append(name, content),
        () => state.append(name, content.subarray(0, random.below(content.byteLength + 1))),
      ),
    remove: (name) => life.step(`remove ${name}`, () => state.remove(name)),
  };
}

/** The files of a datastore, as long as their user lives. */
export function mortalFiles(files: Files, life: Lifetime): Files {
  const newFile = (path: string, file: NewFile): NewFile => ({
    append: async (bytes) => life.reading(await file.append(bytes)),
    rewrite: async (offset, bytes) => life.reading(await file.rewrite(offset, bytes)),
    commit: () => life.step(`write ${path}`, () => file.commit()),
    discard: () => life.step(`discard ${path}`, () => file.discard()),
  });
  return {
    facts: async (path) => life.reading(await files.facts(path)),
    open: async (path) => life.reading(await files.open(path)),
    list: async (folder) => life.reading(await files.list(folder)),
    create: async (path) => newFile(path, await life.reading(await files.create(path))),
    makeFolder: (path) => life.step(`make ${path}`, () => files.makeFolder(path)),
    touch: async (path) => life.reading(await files.touch(path)),
    rename: (from, to) => life.step(`rename ${from}`, () => files.rename(from, to)),
    remove: (path) => life.step(`remove ${path}`, () => files.remove(path)),
    removeFolder: (path) => life.step(`remove ${path}`, () => files.removeFolder(path)),
  };
}
