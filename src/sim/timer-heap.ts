// SPDX-License-Identifier: Apache-2.0
// The pending timers of the simulated clock, earliest first; timers of the same instant in the order they were set.
// A plain binary heap. It does not run anything.

/** One pending timer. */
export interface HeapEntry {
  readonly at: number;
  readonly sequence: number;
  /** Undefined once the timer was cancelled. */
  callback: (() => void) | undefined;
}

const comesBefore = (left: HeapEntry, right: HeapEntry): boolean =>
  left.at < right.at || (left.at === right.at && left.sequence < right.sequence);

/** Entries ordered by instant, then by sequence. */
export class TimerHeap {
  readonly #entries: HeapEntry[] = [];

  get size(): number {
    return this.#entries.length;
  }

  /** The earliest entry that was not cancelled; cancelled ones before it are dropped. */
  peek(): HeapEntry | undefined {
    for (;;) {
      const first = this.#entries[0];
      if (first === undefined || first.callback !== undefined) return first;
      this.#removeFirst();
    }
  }

  push(entry: HeapEntry): void {
    const entries = this.#entries;
    let index = entries.length;
    entries.push(entry);
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = entries[above];
      if (parent === undefined || !comesBefore(entry, parent)) break;
      entries[index] = parent;
      index = above;
    }
    entries[index] = entry;
  }

  /** Removes and returns the earliest entry that was not cancelled. */
  pop(): HeapEntry | undefined {
    const first = this.peek();
    if (first !== undefined) this.#removeFirst();
    return first;
  }

  #removeFirst(): void {
    const entries = this.#entries;
    const moving = entries.pop();
    if (moving === undefined || entries.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      let smaller = entries[child];
      const right = entries[child + 1];
      if (smaller !== undefined && right !== undefined && comesBefore(right, smaller)) {
        smaller = right;
        child += 1;
      }
      if (smaller === undefined || !comesBefore(smaller, moving)) break;
      entries[index] = smaller;
      index = child;
    }
    entries[index] = moving;
  }
}
