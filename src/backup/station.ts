// SPDX-License-Identifier: Apache-2.0
// A station: a drive, with the changer that serves it if there is one. Cartridges are asked for by label; how they come is the
// station's business. Port of this room; a library and a drive alone implement it, and the simulator.

import type { TapeDrive } from "#format/index.ts";
import { exportMove, loadMoves, type Move, onlineLabels, type TapeChanger, unloadMoves } from "#driver/index.ts";

/** Port: a drive that can be given cartridges. */
export interface TapeStation {
  /** For messages, and for locks. */
  readonly name: string;
  /** Name of the changer; undefined: people put cartridges in. */
  readonly changer: string | undefined;
  /**
   * Brings a cartridge into the drive, where a changer can, and opens the drive. Without a changer it is whatever somebody
   * put in. Faults of `driver` when the cartridge is not there.
   */
  load(labelText: string): Promise<TapeDrive>;
  /** Opens the drive with the cartridge that is in it. Fault `driver.not-ready` when there is none. */
  open(): Promise<TapeDrive>;
  /** Out of the drive: into a slot, or out of its mouth. */
  unload(): Promise<void>;
  /** Into a mail slot; false when the cartridge is not in the changer. Without a changer: out of the drive. */
  export(labelText: string): Promise<boolean>;
  /** Labels of the cartridges that can be loaded; undefined without a changer. */
  labels(): Promise<readonly string[] | undefined>;
}

/** A drive of a library. */
export class LibraryStation implements TapeStation {
  readonly name: string;
  readonly changer: string;
  readonly #changer: TapeChanger;
  readonly #driveNumber: number;
  readonly #openDrive: () => Promise<TapeDrive>;

  /** `openDrive` opens the drive at place `driveNumber` of the changer. */
  constructor(options: {
    readonly name: string;
    readonly changer: TapeChanger;
    readonly driveNumber: number;
    readonly openDrive: () => Promise<TapeDrive>;
  }) {
    this.name = options.name;
    this.changer = options.changer.name;
    this.#changer = options.changer;
    this.#driveNumber = options.driveNumber;
    this.#openDrive = options.openDrive;
  }

  async load(labelText: string): Promise<TapeDrive> {
    await this.#make(loadMoves(await this.#changer.status(), this.changer, labelText, this.#driveNumber));
    return this.#openDrive();
  }

  open(): Promise<TapeDrive> {
    return this.#openDrive();
  }

  async unload(): Promise<void> {
    await this.#make(unloadMoves(await this.#changer.status(), this.changer, this.#driveNumber));
  }

  async export(labelText: string): Promise<boolean> {
    const move = exportMove(await this.#changer.status(), this.changer, labelText, this.#driveNumber);
    if (move !== undefined) await this.#make([move]);
    return move !== undefined;
  }

  async labels(): Promise<readonly string[]> {
    return onlineLabels(await this.#changer.status());
  }

  async #make(moves: readonly Move[]): Promise<void> {
    for (const { from, to } of moves) await this.#changer.move(from, to);
  }
}
