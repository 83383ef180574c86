// SPDX-License-Identifier: Apache-2.0
// A station: a drive, with the changer that serves it if there is one. Cartridges are asked for by label; how they come is the
// station's business. Port of this room; a library and a drive alone implement it, and the simulator.

import { type Clock, isFault, limits, sleep } from "#base/index.ts";
import type { TapeDrive } from "#format/index.ts";
import {
  type ChangerStatus,
  cleaningMove,
  exportMove,
  loadMoves,
  type Move,
  onlineLabels,
  type TapeChanger,
  unloadMoves,
} from "#driver/index.ts";
import type { Gate } from "#work/index.ts";

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
  /** Cleans the drive with a cleaning cartridge of the changer. A station without this needs a person for it. */
  readonly clean?: (() => Promise<void>) | undefined;
}

/** A drive that stands alone: people put cartridges in and take them out. */
export class StandaloneStation implements TapeStation {
  readonly name: string;
  readonly changer = undefined;
  readonly #openDrive: () => Promise<TapeDrive>;

  constructor(options: { readonly name: string; readonly openDrive: () => Promise<TapeDrive> }) {
    this.name = options.name;
    this.#openDrive = options.openDrive;
  }

  load(): Promise<TapeDrive> {
    return this.#openDrive();
  }

  open(): Promise<TapeDrive> {
    return this.#openDrive();
  }

  async unload(): Promise<void> {
    await (await this.#openDrive()).eject();
  }

  async export(): Promise<boolean> {
    await this.unload();
    return true;
  }

  labels(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}

/** A drive of a library. */
export class LibraryStation implements TapeStation {
  readonly name: string;
  readonly changer: string;
  readonly #changer: TapeChanger;
  readonly #driveNumber: number;
  readonly #openDrive: () => Promise<TapeDrive>;
  readonly #robot: Gate;
  readonly #clock: Clock;
  readonly #ejectsBeforeUnload: boolean;

  /**
   * `openDrive` opens the drive at place `driveNumber` of the changer. `robot` is shared by all stations of a changer: between
   * looking where everything is and moving something nobody else moves anything.
   */
  constructor(options: {
    readonly name: string;
    readonly changer: TapeChanger;
    readonly driveNumber: number;
    readonly openDrive: () => Promise<TapeDrive>;
    readonly robot: Gate;
    readonly clock: Clock;
    readonly ejectsBeforeUnload?: boolean;
  }) {
    this.name = options.name;
    this.#clock = options.clock;
    this.#ejectsBeforeUnload = options.ejectsBeforeUnload === true;
    this.changer = options.changer.name;
    this.#changer = options.changer;
    this.#driveNumber = options.driveNumber;
    this.#openDrive = options.openDrive;
    this.#robot = options.robot;
  }

  async load(labelText: string): Promise<TapeDrive> {
    await this.#make((status) => loadMoves(status, this.changer, labelText, this.#driveNumber));
    return this.#openDrive();
  }

  open(): Promise<TapeDrive> {
    return this.#openDrive();
  }

  async unload(): Promise<void> {
    await this.#make((status) => unloadMoves(status, this.changer, this.#driveNumber));
  }

  async export(labelText: string): Promise<boolean> {
    const made = await this.#make((status) => {
      const move = exportMove(status, this.changer, labelText, this.#driveNumber);
      return move === undefined ? [] : [move];
    });
    return made > 0;
  }

  async labels(): Promise<readonly string[]> {
    return onlineLabels(await this.#changer.status());
  }

  async clean(): Promise<void> {
    await this.unload();
    await this.#make((status) => [cleaningMove(status, this.changer, this.#driveNumber)]);
    // A drive keeps a cleaning cartridge until it is done; until then the robot cannot take it.
    const deadline = this.#clock.monotonic() + limits.driveCleaning;
    for (;;) {
      await sleep(this.#clock, limits.cartridgeRetry);
      try {
        return await this.unload();
      } catch (error) {
        if (!isFault(error, "driver.command-failed") || this.#clock.monotonic() > deadline) throw error;
      }
    }
  }

  /** Resolves with the number of moves. */
  #make(decide: (status: ChangerStatus) => readonly Move[]): Promise<number> {
    return this.#robot.run(async () => {
      const status = await this.#changer.status();
      const moves = decide(status);
      const own = status.drives.find(({ number }) => number === this.#driveNumber);
      for (const { from, to } of moves) {
        if (this.#ejectsBeforeUnload && from === own?.address) await (await this.#openDrive()).eject();
        await this.#changer.move(from, to);
      }
      return moves.length;
    });
  }
}
