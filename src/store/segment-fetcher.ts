// SPDX-License-Identifier: Apache-2.0
// The segments that loaded cartridges fetch from the object store, for whoever reads them.

import type { DemandThaw } from "./demand-thaw.ts";
import type { Entry } from "./directory-entry.ts";
import { FetchStream } from "./fetch-stream.ts";
import type { ByteSource } from "./file-window.ts";
import type { RemoteSegments } from "./read-sources.ts";
import type { FetchOptions } from "./segment-fetch.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";

/** One stream of fetches per cartridge. */
export class SegmentFetcher implements RemoteSegments {
  readonly #options: FetchOptions;
  readonly #streams = new Map<StoredCartridge, FetchStream>();
  readonly #demands = new Map<StoredCartridge, DemandThaw>();

  constructor(options: FetchOptions) {
    this.#options = options;
  }

  open(cartridge: StoredCartridge, entry: Entry): ByteSource {
    return this.#streamOf(cartridge).open(entry);
  }

  goAhead(cartridge: StoredCartridge, entry: Entry): void {
    this.#streamOf(cartridge).goAhead(entry);
  }

  rest(cartridge: StoredCartridge): void {
    this.#streams.get(cartridge)?.rest();
  }

  /** From now on segments of the cartridge are fetched when `demand` says that they can be. Ends with `close`. */
  thawOnDemand(cartridge: StoredCartridge, demand: DemandThaw): void {
    this.#demands.set(cartridge, demand);
  }

  /** The cartridge is unloaded: what is not complete is given up. */
  async close(cartridge: StoredCartridge): Promise<void> {
    const stream = this.#streams.get(cartridge);
    this.#streams.delete(cartridge);
    this.#demands.get(cartridge)?.close();
    this.#demands.delete(cartridge);
    await stream?.close();
  }

  #streamOf(cartridge: StoredCartridge): FetchStream {
    const known = this.#streams.get(cartridge);
    if (known !== undefined) return known;
    const stream = new FetchStream(this.#options, cartridge, this.#demands.get(cartridge));
    this.#streams.set(cartridge, stream);
    return stream;
  }
}
