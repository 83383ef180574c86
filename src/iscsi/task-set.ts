// SPDX-License-Identifier: Apache-2.0
// The commands of one session that have no answer yet: makes them from command PDUs, routes their write data, asks for
// more of it (R2T), sends their answers, and opens the command window by what can be placed.

import { BusyBarrier } from "./busy-barrier.ts";
import { asError, limits, type Log } from "#base/index.ts";
import { scsiStatus, type RejectReason } from "./codes.ts";
import { lunOf, parseAdditionalHeaders, wholeCdb } from "./command-header.ts";
import { DataOutTransfer } from "./data-out.ts";
import type { SessionParameters } from "./negotiation.ts";
import { ReadyToTransfer, type DataOut, type ScsiCommand } from "./pdu-layouts.ts";
import { dropSink, type PduHeader, type PduSink } from "./pdu-reader.ts";
import type { Nexus, TargetDevice, TaskResult } from "./scsi-task.ts";
import { senseOf, type TransportFailure } from "./sense.ts";
import type { TargetSettings } from "./settings.ts";
import { serialNumber } from "./serial-number.ts";
import type { TargetOutput } from "./target-output.ts";
import { TargetTask, type TaskHeader, type TaskOwner } from "./target-task.ts";
import { sendAnswer } from "./task-answer.ts";
import type { ManagedSession } from "./task-management.ts";

/** What the set needs. */
export interface TaskSetOptions {
  readonly device: TargetDevice;
  readonly nexus: Nexus;
  readonly output: TargetOutput;
  readonly parameters: SessionParameters;
  readonly settings: TargetSettings;
  readonly log: Log;
  /** The data digest of this PDU was wrong. */
  badDigest(header: PduHeader): void;
  /** The memory that data is received into may be another one now. */
  placeChanged(): void;
}

/** Commands that are always welcome when none is outstanding: with a full ring, more of them would only be copied. */
const leastWindow = 1;
/** Write data of a command, until one is seen: the usual block of a backup. */
const usualDataOut = 256 * 1024;

/** The commands of one session. */
export class TaskSet implements TaskOwner {
  readonly #device: TargetDevice;
  readonly #nexus: Nexus;
  readonly #output: TargetOutput;
  readonly #settings: TargetSettings;
  readonly #log: Log;
  readonly #badDigest: (header: PduHeader) => void;
  readonly #placeChanged: () => void;
  readonly #tasks = new Map<number, TargetTask>();
  readonly #barrier: BusyBarrier;
  #parameters: SessionParameters;
  #largestDataOut = usualDataOut;
  #dataInBytes = 0;
  #immediateCount = 0;
  #commandCount = 0;
  #nextTransferTag = 1;
  #closing: Promise<void> | undefined;

  constructor(options: TaskSetOptions) {
    this.#device = options.device;
    this.#nexus = options.nexus;
    this.#output = options.output;
    this.#parameters = options.parameters;
    this.#settings = options.settings;
    this.#log = options.log;
    this.#barrier = new BusyBarrier(4 * options.settings.commandWindow);
    this.#badDigest = (header) => options.badDigest(header);
    this.#placeChanged = () => options.placeChanged();
    this.#output.onStamp(() => this.#openWindow());
  }

  get parameters(): SessionParameters {
    return this.#parameters;
  }
  /** The initiator declared another MaxRecvDataSegmentLength. */
  setPeerReceiveSegment(size: number): void {
    this.#parameters = { ...this.#parameters, peerReceiveSegment: size };
  }
  get commandCount(): number {
    return this.#commandCount;
  }
  get outstanding(): number {
    return this.#tasks.size;
  }
  get isClosed(): boolean {
    return this.#closing !== undefined;
  }
  /** The set as task management works on it. */
  get managed(): ManagedSession {
    return {
      device: this.#device,
      nexus: this.#nexus,
      window: this.#output.window,
      tasks: this.#tasks,
      drop: (task) => this.#remove(task),
    };
  }

  /** A command's turn has come: the unit gets it before its data is there. */
  begin(command: ScsiCommand, header: PduHeader): PduSink | { readonly reject: RejectReason } {
    if (this.isClosed) return dropSink(this.#output.reader);
    if (this.#tasks.has(command.initiatorTaskTag)) return { reject: "taskInProgress" };
    if (command.immediate && this.#immediateCount >= limits.immediateCommands) {
      return { reject: "tooManyImmediateCommands" };
    }
    const taskHeader = this.#taskHeader(command, header);
    if (taskHeader === undefined) return { reject: "invalidPduField" };
    return this.#start(taskHeader, command, { pdu: header, isStopped: this.#isStopped(taskHeader, command) });
  }

  /** A Data-Out came. Undefined when no task here is waiting for it. */
  dataOut(pdu: DataOut, header: PduHeader): PduSink | undefined {
    const task = this.#tasks.get(pdu.initiatorTaskTag);
    const transfer = task?.transfer;
    if (task === undefined || transfer === undefined) return undefined;
    const where = transfer.arrive(pdu);
    if (typeof where !== "number") {
      this.#fail(task, where);
      return dropSink(this.#output.reader);
    }
    return task.sink(where, this.#output.reader.scratch, (isGood) => this.#dataDone(task, header, isGood));
  }

  /** Ends all tasks and the nexus. Resolves when none of them has an effect any more. Idempotent. */
  close(how: "logout" | "lost"): Promise<void> {
    this.#closing ??= this.#close(how);
    return this.#closing;
  }

  taskFinished(task: TargetTask, result: TaskResult): void {
    this.#remove(task);
    if (isRefusal(result)) {
      const { lun } = task.header;
      const toldCmdSn = this.#output.window.last;
      const answer = { statSn: serialNumber(this.#output.peek().statSn), toldCmdSn };
      if (task.wasStopped) this.#barrier.followerRefused(lun, answer);
      else this.#barrier.unitRefused(lun, answer);
    }
    sendAnswer(task, result, this.#output, this.#parameters);
  }

  taskBug(task: TargetTask, error: unknown): void {
    this.#log.error("a unit failed in a command", { cdb: Buffer.from(task.cdb).toString("hex") }, error);
    if (this.#tasks.has(task.header.initiatorTaskTag)) this.#fail(task, "internal-failure");
  }

  placeChanged(): void {
    this.#placeChanged();
  }

  #taskHeader(command: ScsiCommand, header: PduHeader): TaskHeader | undefined {
    const none = { extendedCdb: undefined, readLength: undefined };
    const more = header.additional.byteLength === 0 ? none : parseAdditionalHeaders(header.additional);
    if (more === undefined) return undefined;
    const { isRead, isWrite, expectedLength, lunFirstLevel, lunRest } = command;
    const expectedDataIn = isRead ? (isWrite ? (more.readLength ?? 0) : expectedLength) : 0;
    return {
      nexus: this.#nexus,
      lun: lunOf(command),
      lunField: { lunFirstLevel, lunRest },
      cdb: wholeCdb(command.cdb, more.extendedCdb),
      attribute: command.attribute,
      isImmediate: command.immediate,
      initiatorTaskTag: command.initiatorTaskTag,
      expectedDataOut: isWrite ? expectedLength : 0,
      expectedDataIn,
    };
  }

  /** A command before this one was turned away, and the initiator did not know that. */
  #isStopped({ lun, isImmediate }: TaskHeader, { cmdSn, expStatSn }: ScsiCommand): boolean {
    if (isImmediate) return false;
    const numbers = { cmdSn: serialNumber(cmdSn), expStatSn: serialNumber(expStatSn) };
    const isOnTheWay = (): boolean => {
      return [...this.#tasks.values()].some(
        (task) => task.header.lun === lun && task.pendingStatus === scsiStatus.busy,
      );
    };
    return this.#barrier.stops(lun, numbers, isOnTheWay);
  }

  #start(
    header: TaskHeader,
    command: ScsiCommand,
    { pdu, isStopped }: { readonly pdu: PduHeader; readonly isStopped: boolean },
  ): PduSink {
    const started =
      header.expectedDataOut > 0 || command.dataLength > 0 || !command.isFinal
        ? DataOutTransfer.start(
            { expected: header.expectedDataOut, immediateLength: command.dataLength, isFinal: command.isFinal },
            this.#parameters,
          )
        : undefined;
    const transfer = started instanceof DataOutTransfer ? started : undefined;
    const task = new TargetTask(header, transfer, this);
    this.#add(task);
    if (started !== undefined && typeof started === "string") {
      this.#answerFailure(task, started);
      return dropSink(this.#output.reader);
    }
    if (isStopped) task.stop({ status: scsiStatus.busy });
    else this.#offer(task);
    task.ensurePlace();
    // What is asked for now is on its way while the rest of this PDU arrives.
    if (task.isRunning) this.#grant(task);
    if (command.dataLength > 0) {
      return task.sink(0, this.#output.reader.scratch, (isGood) => this.#dataDone(task, pdu, isGood));
    }
    return dropSink(this.#output.reader, () => this.#dataDone(task, pdu, true));
  }

  #offer(task: TargetTask): void {
    try {
      this.#device.accept(task);
    } catch (error) {
      this.taskBug(task, error);
    }
  }

  #dataDone(task: TargetTask, header: PduHeader, isGood: boolean): void {
    if (!isGood) this.#badDigest(header);
    if (task.transfer === undefined) return;
    if (!isGood) return this.#fail(task, "digest-error");
    task.dataArrived();
    if (task.isRunning) this.#grant(task);
  }

  /** Asks for the write data that is still missing. Only as much as has a place. */
  #grant(task: TargetTask): void {
    const { transfer } = task;
    const wanted = task.wantedDataOut;
    if (transfer === undefined || !transfer.isShortOf(wanted)) return;
    for (const grant of transfer.grants(wanted, () => this.#newTransferTag())) {
      const { initiatorTaskTag, lunField } = task.header;
      const fields = { ...grant, initiatorTaskTag, ...lunField, ...this.#output.peek() };
      this.#output.sender.send(ReadyToTransfer.encode(fields));
    }
  }

  #newTransferTag(): number {
    const tag = this.#nextTransferTag;
    this.#nextTransferTag = (tag % 0x7fff_ffff) + 1;
    return tag;
  }

  #add(task: TargetTask): void {
    this.#tasks.set(task.header.initiatorTaskTag, task);
    this.#commandCount++;
    this.#dataInBytes += task.expectedDataIn;
    if (task.header.isImmediate) this.#immediateCount++;
    if (task.expectedDataOut > 0) this.#largestDataOut = task.expectedDataOut;
  }

  /** Takes a task out. One that the unit has not answered is ended. */
  #remove(task: TargetTask): void {
    const { initiatorTaskTag, isImmediate } = task.header;
    if (this.#tasks.get(initiatorTaskTag) !== task) return;
    this.#tasks.delete(initiatorTaskTag);
    this.#dataInBytes -= task.expectedDataIn;
    if (isImmediate) this.#immediateCount--;
    task.end();
  }

  /** The transport ends a task that the unit knows: the answer goes out when the unit has let go of it. */
  #fail(task: TargetTask, failure: TransportFailure): void {
    this.#log.warn("a command was ended by the transport", { failure });
    this.#remove(task);
    this.#device.abort(task).then(
      () => this.#answerFailure(task, failure),
      (thrown: unknown) => {
        this.#log.error("a unit failed to abort a command", {}, asError(thrown));
        this.#answerFailure(task, "internal-failure");
      },
    );
  }

  #answerFailure(task: TargetTask, failure: TransportFailure): void {
    this.#remove(task);
    if (this.isClosed) return;
    const result = { status: scsiStatus.checkCondition, sense: senseOf(failure), transferLength: 0 };
    sendAnswer(task, result, this.#output, this.#parameters);
  }

  /**
   * New commands are welcome as far as their write data can be placed and the data of outstanding reads is not more
   * than the send queue takes. The window never closes what was opened before.
   */
  #openWindow(): void {
    const { commandWindow, sendQueue } = this.#settings;
    const outstanding = this.#tasks.size;
    const placeable = Math.floor(this.#device.placeableBytes / this.#largestDataOut);
    let room = Math.max(0, Math.min(commandWindow - outstanding, placeable));
    if (this.#dataInBytes > sendQueue) room = 0;
    if (outstanding === 0) room = Math.max(room, leastWindow);
    this.#output.window.openFor(room);
  }

  async #close(how: "logout" | "lost"): Promise<void> {
    const tasks = [...this.#tasks.values()];
    for (const task of tasks) this.#remove(task);
    await Promise.all(tasks.map((task) => this.#device.abort(task)));
    await this.#device.nexusClosed(this.#nexus, how);
  }
}

const isRefusal = ({ status }: TaskResult): boolean => status === scsiStatus.busy || status === scsiStatus.taskSetFull;
