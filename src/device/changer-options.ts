// SPDX-License-Identifier: Apache-2.0
// What a changer unit is made of, and the port through which it moves cartridges.

import type { Clock, Log } from "#base/index.ts";
import type { ChangerView, Move, MoveRefusal } from "#library/index.ts";
import type { ChangerModel } from "#scsi/index.ts";
import type { UnitNexus } from "./unit-task.ts";

/** What became of a move: done, or refused with nothing changed. `busy`: not now, the same move may be soon. */
export type MoveAnswer =
  | { readonly kind: "moved" }
  | { readonly kind: "busy" }
  | { readonly kind: "refused"; readonly reason: MoveRefusal };

/** What the changer tells about the drive in a bay. SMC-3, DVCID and Except of the data transfer element descriptor. */
export interface BayDrive {
  readonly vendor: string;
  readonly product: string;
  readonly serial: string;
  /** The drive cannot use the cartridge in it. */
  readonly exception: "cleaning" | "incompatible" | undefined;
}

/**
 * Port: carries decided moves out: takes cartridges out of drives and puts them in, makes the move durable, applies it
 * to the changer's state, and archives what arrives in a mail slot. Implemented by the gateway, which decides again
 * under its own lock.
 */
export interface Robot {
  /**
   * Carries out the moves together or none of them (an exchange has two). Resolves with `moved` only when the move is
   * durable and a drive that takes part sees its cartridge. Never rejects for a reason a host could mend.
   */
  move(moves: readonly Move[]): Promise<MoveAnswer>;
  /** The drive in the bay at an element address; undefined when there is none. */
  driveAt(address: number): BayDrive | undefined;
}

/** What a changer unit is made of. */
export interface ChangerOptions {
  readonly model: ChangerModel;
  /** Unit serial number: VPD page 80h. */
  readonly serial: string;
  /** The elements as they are now. */
  readonly changer: ChangerView;
  readonly robot: Robot;
  /** Logical unit numbers of the target it is reached through, for REPORT LUNS. */
  readonly luns: () => readonly number[];
  /** Whether an initiator is told of the start of the process (29/01); see UnitOptions. */
  readonly tellsPowerOn?: (nexus: UnitNexus) => boolean;
  readonly clock: Clock;
  readonly log: Log;
}
