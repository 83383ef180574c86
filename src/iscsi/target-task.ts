// SPDX-License-Identifier: Apache-2.0
// One SCSI command inside a target session: what the units see of it (ScsiTask), and where its write data goes.
//
//   state     | data complete   | finish called            | aborted or failed
//   running   | unit is told    | finished, or draining    | ended
//   draining  | finished        | (once only)              | ended
//   answered  | nothing         | (once only)              | nothing
//   ended     | nothing         | result is released       | nothing

import { assert, limits } from "#base/index.ts";
import type { DataOutTransfer } from "./data-out.ts";
import type { PduSink } from "./pdu-reader.ts";
import type { DataPlace, Nexus, ScsiTask, TaskResult } from "./scsi-task.ts";

/** What of a command PDU the task keeps. */
export interface TaskHeader {
  readonly nexus: Nexus;
  readonly lun: number;
  /** The LUN field as it came: for the headers of the answers. */
  readonly lunField: { readonly lunFirstLevel: number; readonly lunRest: number };
  readonly cdb: Uint8Array;
  readonly attribute: number;
  readonly isImmediate: boolean;
  readonly initiatorTaskTag: number;
  readonly expectedDataOut: number;
  readonly expectedDataIn: number;
}

/** What a task tells its session. */
export interface TaskOwner {
  /** The unit is done and no data is on its way any more: the answer can go. */
  taskFinished(task: TargetTask, result: TaskResult): void;
  /** The unit finished the task a second time, or threw: we are wrong somewhere. */
  taskBug(task: TargetTask, error: unknown): void;
  /** Write data that is arriving goes elsewhere from now on: the place moved, or is the unit's no more. */
  placeChanged(): void;
}

type State = "running" | "draining" | "answered" | "ended";

/** One SCSI command. */
export class TargetTask implements ScsiTask {
  readonly header: TaskHeader;
  readonly transfer: DataOutTransfer | undefined;
  readonly #owner: TaskOwner;
  place: DataPlace | undefined = undefined;
  onDataComplete: (() => void) | undefined = undefined;
  #state: State = "running";
  #dataComplete: boolean;
  #result: TaskResult | undefined;
  #wasStopped = false;

  constructor(header: TaskHeader, transfer: DataOutTransfer | undefined, owner: TaskOwner) {
    this.header = header;
    this.transfer = transfer;
    this.#owner = owner;
    this.#dataComplete = transfer === undefined;
  }

  get nexus(): Nexus {
    return this.header.nexus;
  }
  get lun(): number {
    return this.header.lun;
  }
  get cdb(): Uint8Array {
    return this.header.cdb;
  }
  get attribute(): number {
    return this.header.attribute;
  }
  get expectedDataOut(): number {
    return this.header.expectedDataOut;
  }
  get expectedDataIn(): number {
    return this.header.expectedDataIn;
  }
  get dataComplete(): boolean {
    return this.#dataComplete;
  }
  get aborted(): boolean {
    return this.#state === "ended";
  }
  /** True while the unit may still use the data that arrives. */
  get isRunning(): boolean {
    return this.#state === "running";
  }

  /** It never reached its unit. */
  get wasStopped(): boolean {
    return this.#wasStopped;
  }
  /** Status of the answer that waits for data on its way to be over. */
  get pendingStatus(): number | undefined {
    return this.#state === "draining" ? this.#result?.status : undefined;
  }

  /** Bytes of write data that have a place: more is not asked for. */
  get wantedDataOut(): number {
    return this.#state === "running" ? Math.min(this.place?.bytes.byteLength ?? 0, this.expectedDataOut) : 0;
  }

  /** After the unit accepted the task: a place of the session's own where the unit named none. */
  ensurePlace(): void {
    if (this.#state !== "running" || this.expectedDataOut === 0) return;
    if (this.place === undefined) {
      const bytes = new Uint8Array(Math.min(this.expectedDataOut, limits.parameterData));
      this.place = { bytes, release: () => {} };
    }
    this.place.onMoved = () => this.#owner.placeChanged();
  }

  /** Where data of one PDU goes, which starts at `start` of the write data. What has no place is dropped. */
  sink(start: number, scratch: Uint8Array, done: (isDataGood: boolean) => void): PduSink {
    return {
      room: (offset) => {
        if (this.#state !== "running") return scratch;
        const bytes = this.place?.bytes;
        return bytes === undefined || start + offset >= bytes.byteLength ? scratch : bytes.subarray(start + offset);
      },
      done,
    };
  }

  /** A PDU with write data is complete: tells the unit, or sends the answer that waited for it. */
  dataArrived(): void {
    const { transfer } = this;
    if (transfer === undefined) return;
    if (this.#state === "draining" && transfer.isQuiet) return this.#answer();
    if (this.#state !== "running" || this.#dataComplete || !transfer.isComplete(this.wantedDataOut)) return;
    this.#dataComplete = true;
    this.#guard(() => this.onDataComplete?.());
  }

  /** Ends the task instead of its unit. */
  stop(result: TaskResult): void {
    this.#wasStopped = true;
    this.finish(result);
  }

  finish(result: TaskResult): void {
    if (this.#state === "ended") return result.dataIn?.release();
    if (this.#state !== "running") {
      result.dataIn?.release();
      return this.#owner.taskBug(this, new Error("a task was finished twice"));
    }
    this.#result = result;
    this.#state = "draining";
    this.#leavePlace();
    if (this.transfer === undefined || this.transfer.isQuiet) this.#answer();
  }

  /** Ends the task without an answer of the unit. `finish` is ignored from now on. */
  end(): void {
    if (this.#state === "answered") return;
    if (this.#state === "draining") this.#result?.dataIn?.release();
    this.#result = undefined;
    this.#state = "ended";
    this.#leavePlace();
  }

  /** What still arrives must not be read into memory that the unit has given back. */
  #leavePlace(): void {
    if (this.transfer !== undefined && !this.#dataComplete) this.#owner.placeChanged();
  }

  /** Runs a callback of the unit; what it throws is a bug of the unit and ends only this task. */
  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#owner.taskBug(this, error);
    }
  }

  #answer(): void {
    const result = this.#result;
    assert(result !== undefined, "a result to answer with");
    this.#result = undefined;
    this.#state = "answered";
    this.#owner.taskFinished(this, result);
  }
}
