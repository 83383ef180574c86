// SPDX-License-Identifier: Apache-2.0
// A lifetime: an abort signal and an ordered close. What was added last is closed first.

/** Owns things that must be closed together. */
export class Scope {
  readonly #controller = new AbortController();
  readonly #closers: (() => Promise<void> | void)[] = [];
  #closing: Promise<void> | undefined;

  /** Aborted when the scope starts to close. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Runs `close` when the scope closes, after everything that is added later. */
  add(close: () => Promise<void> | void): void {
    this.#closers.push(close);
  }

  /** Closes everything, last added first. Every closer runs; the first error is thrown at the end. Idempotent. */
  close(reason: unknown = new Error("closed")): Promise<void> {
    this.#closing ??= this.#closeAll(reason);
    return this.#closing;
  }

  async #closeAll(reason: unknown): Promise<void> {
    this.#controller.abort(reason);
    const errors: unknown[] = [];
    for (const close of this.#closers.splice(0).toReversed()) {
      try {
        await close();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
