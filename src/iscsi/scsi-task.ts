// SPDX-License-Identifier: Apache-2.0
// What a target session hands to the logical units behind it, and what it wants back. CDBs, sense and data are opaque
// bytes here. The device room has the same shapes in its own words; the gateway joins the two.

/** The path between an initiator port and a target port: SAM-5, I_T nexus. One object per session. */
export interface Nexus {
  readonly initiatorName: string;
  /** ISID, 12 hexadecimal digits. */
  readonly isid: string;
  readonly targetName: string;
  readonly portalGroupTag: number;
  /** Unique among all nexuses of this process. */
  readonly id: number;
  readonly remoteAddress: string;
}

/** Memory for data on its way in; see the contract of the same name in the tape room. */
export interface DataPlace {
  readonly bytes: Uint8Array;
  /** Set by the session; called by the owner right after it moved `bytes`. */
  onMoved?: (() => void) | undefined;
  release(): void;
}

/** What a command ended with. */
export interface TaskResult {
  /** SAM-5 status code. */
  readonly status: number;
  /** Sense data for CHECK CONDITION. */
  readonly sense?: Uint8Array;
  /** Data for the initiator; may accompany CHECK CONDITION. Unchanged until `release`, which the session calls once. */
  readonly dataIn?: { readonly bytes: Uint8Array; release(): void };
  /**
   * Bytes that the command, as its CDB says, wanted to send or receive, where that differs from what was expected:
   * the session computes the residual from it. For data-in, the length of `dataIn` is used when this is absent; for
   * data-out, the expected length.
   */
  readonly transferLength?: number;
}

/** One SCSI command on its way through the target. */
export interface ScsiTask {
  readonly nexus: Nexus;
  /** Logical unit number, flat or peripheral addressing decoded; -1 for a form that no unit can have. */
  readonly lun: number;
  /** 16 bytes, or more with an extended CDB. A copy: may be kept. */
  readonly cdb: Uint8Array;
  /** SAM-5 task attribute code: 0 untagged, 1 simple, 2 ordered, 3 head of queue, 4 ACA. */
  readonly attribute: number;
  /** Bytes the initiator will send at most; 0 for commands without the W bit. */
  readonly expectedDataOut: number;
  /** Bytes the initiator will take at most; 0 for commands without the R bit. */
  readonly expectedDataIn: number;
  /** Where data-out is received; set by `TargetDevice.accept` when expectedDataOut > 0, otherwise the session makes one. */
  place: DataPlace | undefined;
  /** True once all data-out is in `place` (or there is none). */
  readonly dataComplete: boolean;
  /** Called once when `dataComplete` becomes true after `accept`; set by the unit. */
  onDataComplete: (() => void) | undefined;
  /** Set when the task was aborted: the unit does not start it any more; `finish` is then ignored but still allowed. */
  readonly aborted: boolean;
  /** Ends the task. Exactly once. The unit has released `place` by then or does so itself. */
  finish(result: TaskResult): void;
}

/** Task management functions that reach the units. */
export type UnitManagement =
  | "abort-task-set"
  | "clear-task-set"
  | "lun-reset"
  | "target-warm-reset"
  | "target-cold-reset";

/** What stands behind one iSCSI target: its logical units. Implemented by the gateway. */
export interface TargetDevice {
  /** A session begins full-feature phase. */
  nexusOpened(nexus: Nexus): void;
  /**
   * The session is over: by logout, or lost (connection gone, reinstatement). All its tasks were aborted before.
   * Resolves when none of them is running any more.
   */
  nexusClosed(nexus: Nexus, how: "logout" | "lost"): Promise<void>;
  /**
   * A command's header has arrived, in CmdSN order, its data perhaps not. The unit sets `place`, queues the task and
   * runs it when its turn has come and its data is complete. Tasks of one nexus and unit run in the order of `accept`.
   */
  accept(task: ScsiTask): void;
  /** The task was aborted. Resolves when it has no effect any more (not started, or ended). */
  abort(task: ScsiTask): Promise<void>;
  /** Resolves with false when there is no such unit. Aborted tasks are quiet by then. */
  manage(function_: UnitManagement, nexus: Nexus, lun: number): Promise<boolean>;
  /** Bytes of unsolicited data that could be placed now: the session grants its command window by it. */
  readonly placeableBytes: number;
}
