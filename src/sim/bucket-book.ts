// SPDX-License-Identifier: Apache-2.0
// Who put which object in the bucket last. A process that another one has taken over from may put objects of its own,
// which nothing names, but neither replaces nor deletes what its successor has put.

import { expect } from "./check-failure.ts";

/** The processes that ever changed the bucket, by number: a later one has taken over from those before. */
export class BucketBook {
  readonly #owners = new Map<string, number>();
  #violation: string | undefined;

  /** A process has put an object, or deleted it. */
  note(writer: number, what: "put" | "delete", key: string): void {
    const owner = this.#owners.get(key) ?? 0;
    // What a gateway says of itself is replaced over and over, and says of which epoch it is.
    if (writer < owner && !key.endsWith("/status")) {
      this.#violation ??= `${key}, which process ${owner} has put, met a ${what} of process ${writer} before it`;
    }
    if (what === "put") this.#owners.set(key, Math.max(owner, writer));
    else this.#owners.delete(key);
  }

  /** No process has touched what a later one has put. */
  check(): void {
    expect(this.#violation === undefined, `the bucket has two masters: ${this.#violation}`);
  }
}
