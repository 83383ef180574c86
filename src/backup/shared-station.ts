// SPDX-License-Identifier: Apache-2.0
// A station of a library with several drives. A cartridge that an earlier job left in another drive is fetched from there when
// nobody uses that drive; one that is in use is waited for with empty hands, so that no two jobs wait for each other.

import { isFault } from "#base/index.ts";
import type { TapeDrive } from "#format/index.ts";
import type { TapeStation } from "./station.ts";

/** A station that gets its cartridges from other drives too. */
export class SharedStation implements TapeStation {
  readonly #station: TapeStation;
  readonly #emptyIdleDrives: () => Promise<void>;

  /** `emptyIdleDrives` puts what is in the library's other drives into slots, unless somebody uses them. */
  constructor(station: TapeStation, emptyIdleDrives: () => Promise<void>) {
    this.#station = station;
    this.#emptyIdleDrives = emptyIdleDrives;
  }

  get name(): string {
    return this.#station.name;
  }

  get changer(): string | undefined {
    return this.#station.changer;
  }

  async load(labelText: string): Promise<TapeDrive> {
    try {
      return await this.#station.load(labelText);
    } catch (error) {
      if (!isFault(error, "driver.cartridge-elsewhere")) throw error;
    }
    await this.#station.unload();
    await this.#emptyIdleDrives();
    return this.#station.load(labelText);
  }

  open(): Promise<TapeDrive> {
    return this.#station.open();
  }

  unload(): Promise<void> {
    return this.#station.unload();
  }

  export(labelText: string): Promise<boolean> {
    return this.#station.export(labelText);
  }

  get clean(): (() => Promise<void>) | undefined {
    const { clean } = this.#station;
    return clean === undefined ? undefined : () => clean.call(this.#station);
  }

  labels(): Promise<readonly string[] | undefined> {
    return this.#station.labels();
  }
}
