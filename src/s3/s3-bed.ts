// SPDX-License-Identifier: Apache-2.0
// What tests of the adapter stand on: a simulated S3 that listens on loopback, its clock, and places in it. A test that
// waits for the simulated clock lets `run` move it.

import { SeededRandom, SimClock } from "#sim/index.ts";
import { type S3Features, S3Simulator, type S3Trouble } from "#s3sim/index.ts";
import { type Instant, milliseconds } from "#base/index.ts";
import { type HttpListener, listenHttp, SystemClock } from "#world/index.ts";
import type { S3Place } from "./connect.ts";

/** Keys of the simulated S3. */
export const bedKeys = { id: "AKIDBED", secret: "secret of the bed" };

/** A simulated S3 for tests. */
export class S3Bed {
  readonly clock = new SimClock({ start: 1_767_225_600_000 as Instant });
  readonly random = new SeededRandom("s3");
  readonly simulator: S3Simulator;
  readonly #listener: Promise<HttpListener>;
  readonly #closing: (() => void | Promise<void>)[] = [];
  #buckets = 0;

  constructor(options: { readonly features?: Partial<S3Features> } = {}) {
    this.simulator = new S3Simulator({
      clock: this.clock,
      // The SDK signs by the system's clock.
      signatureClock: new SystemClock(),
      random: this.random.fork("server"),
      keys: bedKeys,
      ...options,
    });
    this.#listener = listenHttp((request) => this.simulator.handle(request));
  }

  /** A bucket of its own. */
  async place({ hasLocks = false, prefix = "" } = {}): Promise<S3Place> {
    this.#buckets += 1;
    const bucket = `bucket-${this.#buckets}`;
    this.simulator.makeBucket(bucket, { hasLocks });
    const { port } = await this.#listener;
    return {
      location: {
        bucket,
        prefix: prefix === "" ? "" : `${prefix}/`,
        endpoint: `http://127.0.0.1:${port}`,
        region: undefined,
        isPathStyle: true,
      },
      access: { keys: bedKeys },
    };
  }

  /** Gives the requests to come their troubles, in order; later ones have none. */
  troubles(...list: readonly (S3Trouble | undefined)[]): void {
    const left = [...list];
    this.simulator.options.trouble = () => left.shift();
  }

  /** The result of work that waits for the simulated clock now and then: real answers come, and then time moves. */
  async run<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const note = (): void => {
      isDone = true;
    };
    work.then(note, note);
    while (!isDone) {
      await this.clock.advance(milliseconds(1));
      await new Promise((resolve) => setImmediate(resolve));
    }
    return work;
  }

  /** Something to close in the end. */
  onClose(close: () => void | Promise<void>): void {
    this.#closing.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closing.splice(0)) await close();
    await (await this.#listener).close();
  }
}
