// SPDX-License-Identifier: Apache-2.0
// A simulated station of the manager: a drive, a shelf of cartridges that a robot reaches, and mail slots. People can take
// cartridges away and bring them back.

import type { TapeStation } from "#backup/index.ts";
import { driverFault } from "#driver/index.ts";
import type { TapeDrive } from "#format/index.ts";
import { SimCartridge, type SimCartridgeOptions, SimTapeDrive } from "./tape-cartridge.ts";

/** A station with a robot. */
export class SimStation implements TapeStation {
  readonly name = "drive0";
  readonly changer = "lib";
  readonly drive = new SimTapeDrive();
  /** In storage slots, by label. */
  readonly shelf = new Map<string, SimCartridge>();
  /** In mail slots. */
  readonly mail = new Map<string, SimCartridge>();
  /** Labels in the order in which they were loaded. */
  readonly loads: string[] = [];
  #loaded: string | undefined;

  /** Puts a new cartridge on the shelf. */
  add(labelText: string, options: SimCartridgeOptions = {}): SimCartridge {
    const cartridge = new SimCartridge(options);
    this.shelf.set(labelText, cartridge);
    return cartridge;
  }

  async load(labelText: string): Promise<TapeDrive> {
    if (this.#loaded !== labelText) {
      const cartridge = this.shelf.get(labelText);
      if (cartridge === undefined) throw driverFault("cartridge-missing", { label: labelText, changer: this.changer });
      await this.unload();
      this.shelf.delete(labelText);
      this.drive.load(cartridge);
      this.#loaded = labelText;
      this.loads.push(labelText);
    }
    return this.drive;
  }

  open(): Promise<TapeDrive> {
    if (this.#loaded === undefined) {
      return Promise.reject(driverFault("not-ready", { device: this.name, answer: "there is no cartridge" }));
    }
    return Promise.resolve(this.drive);
  }

  async unload(): Promise<void> {
    const { cartridge } = this.drive;
    if (cartridge !== undefined && this.#loaded !== undefined) {
      await this.drive.eject();
      this.shelf.set(this.#loaded, cartridge);
    }
    this.#loaded = undefined;
  }

  async export(labelText: string): Promise<boolean> {
    if (this.#loaded === labelText) await this.unload();
    const cartridge = this.shelf.get(labelText);
    if (cartridge === undefined) return false;
    this.shelf.delete(labelText);
    this.mail.set(labelText, cartridge);
    return true;
  }

  labels(): Promise<readonly string[]> {
    const loaded = this.#loaded === undefined ? [] : [this.#loaded];
    return Promise.resolve([...loaded, ...this.shelf.keys()]);
  }
}
