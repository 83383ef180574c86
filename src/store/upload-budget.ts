// SPDX-License-Identifier: Apache-2.0
// The upload buffer: how many bytes may wait for upload before writers wait.

import type { UploadGate } from "./writer.ts";

/** Open while there is room. */
export class UploadBudget implements UploadGate {
  readonly reason = "the upload buffer is full";
  readonly size: number;
  #used = 0;
  #waiting: (() => void)[] = [];

  constructor(size: number) {
    this.size = size;
  }

  get used(): number {
    return this.#used;
  }

  get isOpen(): boolean {
    return this.#used <= this.size;
  }

  /** So many bytes wait now. */
  update(used: number): void {
    this.#used = used;
    if (!this.isOpen) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async opened(): Promise<void> {
    while (!this.isOpen) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
