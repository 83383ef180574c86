// SPDX-License-Identifier: Apache-2.0
// Simulated files of the manager's state: in memory, every write whole.

import { type ByteSource, ByteCollector, sourceOf } from "#base/index.ts";
import type { StateFiles, StateSource } from "#media/index.ts";

/** State in memory. */
export class SimStateFiles implements StateFiles {
  readonly files = new Map<string, Uint8Array>();

  read(name: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.files.get(name)?.slice());
  }

  open(name: string): Promise<StateSource | undefined> {
    const content = this.files.get(name);
    if (content === undefined) return Promise.resolve(undefined);
    return Promise.resolve({ ...sourceOf(content), close: () => Promise.resolve() });
  }

  write(name: string, content: Uint8Array): Promise<void> {
    this.files.set(name, content.slice());
    return Promise.resolve();
  }

  async writeFrom(name: string, content: ByteSource): Promise<void> {
    const collector = new ByteCollector();
    const piece = new Uint8Array(65_536);
    for (let count = await content.read(piece); count > 0; count = await content.read(piece)) {
      await collector.sink(piece.subarray(0, count));
    }
    this.files.set(name, collector.bytes());
  }

  append(name: string, content: Uint8Array): Promise<void> {
    this.files.set(name, new Uint8Array(Buffer.concat([this.files.get(name) ?? new Uint8Array(0), content])));
    return Promise.resolve();
  }

  remove(name: string): Promise<void> {
    this.files.delete(name);
    return Promise.resolve();
  }
}
