// SPDX-License-Identifier: Apache-2.0
// What a logical unit is given and what it asks for, in words that know no transport. The tasks and nexuses of a
// transport (iSCSI) have these shapes; they need no conversion.

/** The path a command came by. Identity is the object; `id` is unique among all nexuses of this process. */
export interface UnitNexus {
  readonly id: number;
  readonly initiatorName: string;
  /** Initiator session identifier, hexadecimal. With the name it is the initiator port: SPC-5, TransportID. */
  readonly isid: string;
  /** iSCSI name of the target: VPD page 83h. */
  readonly targetName: string;
  readonly portalGroupTag: number;
}

/** One command for a logical unit. See `ScsiTask` of the iscsi room for the contract of each member. */
export interface UnitTask {
  readonly nexus: UnitNexus;
  readonly lun: number;
  readonly cdb: Uint8Array;
  readonly attribute: number;
  readonly expectedDataOut: number;
  readonly expectedDataIn: number;
  place: { readonly bytes: Uint8Array; release(): void } | undefined;
  readonly dataComplete: boolean;
  onDataComplete: (() => void) | undefined;
  readonly aborted: boolean;
  finish(result: UnitResult): void;
}

/** What a command ended with, in bytes. */
export interface UnitResult {
  readonly status: number;
  readonly sense?: Uint8Array;
  readonly dataIn?: { readonly bytes: Uint8Array; release(): void };
  readonly transferLength?: number;
}

/** What the gateway does with a logical unit. */
export interface LogicalUnit {
  /** Another unit of its target came or went: 3F/0E for every nexus. */
  lunsChanged(): void;
  nexusOpened(nexus: UnitNexus): void;
  /** Drops what hangs on the nexus: RESERVE, PREVENT, unit attentions; `lost` leaves 29/07 for its successor. */
  nexusClosed(nexus: UnitNexus, how: "logout" | "lost"): Promise<void>;
  accept(task: UnitTask): void;
  abort(task: UnitTask): Promise<void>;
  /** ABORT TASK SET (of this nexus), CLEAR TASK SET, LOGICAL UNIT RESET. */
  manage(function_: "abort-task-set" | "clear-task-set" | "reset", nexus: UnitNexus | undefined): Promise<void>;
  readonly placeableBytes: number;
}
