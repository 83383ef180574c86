// SPDX-License-Identifier: Apache-2.0
// Turns for changes of one key: each waits for the one before, whether that succeeded or not.

/** Keys whose changes wait for each other. */
export class KeyTurns {
  /** Per key: the last change, while one runs. */
  readonly #last = new Map<string, Promise<void>>();

  /** The result of `change`, which begins when every earlier one of the key has ended. */
  async run<T>(key: string, change: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const turn = (before ?? Promise.resolve()).then(change);
    const settled = turn.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(key, settled);
    try {
      return await turn;
    } finally {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    }
  }
}
