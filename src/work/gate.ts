// SPDX-License-Identifier: Apache-2.0
// A gate lets a bounded number of jobs through at a time, in the order they came. With one place it is a lock. Gates do
// not know each other: who takes several takes them in the order that the README of the room says.

/** Lets `places` jobs run at a time. */
export class Gate {
  readonly #queue: (() => void)[] = [];
  #free: number;

  constructor(places = 1) {
    this.#free = places;
  }

  /** Jobs that wait to get in. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** True when a job would have to wait. */
  get isBusy(): boolean {
    return this.#free === 0;
  }

  /** Runs `job` when its turn has come; gives the place back however it ends. */
  async run<T>(job: () => Promise<T>): Promise<T> {
    const leave = await this.enter();
    try {
      return await job();
    } finally {
      leave();
    }
  }

  /** Resolves inside; call the result once to leave. Rejects with the signal's reason when aborted while waiting. */
  enter(signal?: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (this.#free > 0) {
        this.#free -= 1;
        return resolve(() => this.#leave());
      }
      const onAbort = (): void => {
        this.#queue.splice(this.#queue.indexOf(admit), 1);
        reject(signal?.reason);
      };
      const admit = (): void => {
        signal?.removeEventListener("abort", onAbort);
        resolve(() => this.#leave());
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#queue.push(admit);
    });
  }

  #leave(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
