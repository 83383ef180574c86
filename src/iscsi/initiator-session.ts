// SPDX-License-Identifier: Apache-2.0
// A session of our initiator in full-feature phase: sends commands, several at a time, and gathers their answers.
// It never retries and never reconnects: what to do after a loss is for those who know what the commands meant.

import { limits, seconds, type Clock, type Duration, type Log, type Timer } from "#base/index.ts";
import { managementFunctions, managementResponses, noTag, pduNameOf } from "./codes.ts";
import { asyncEvents } from "./codes.ts";
import { lunFieldOf } from "./command-header.ts";
import { iscsiFault } from "./faults.ts";
import type { InitiatorLink, LinkUser } from "./initiator-link.ts";
import { InitiatorNumbers } from "./initiator-numbers.ts";
import { InitiatorRequests } from "./initiator-requests.ts";
import { InitiatorTask, type ScsiAnswer } from "./initiator-task.ts";
import type { InitiatorLoginResult } from "./initiator-login.ts";
import {
  AsyncMessage,
  DataIn,
  NopIn,
  NopOut,
  ReadyToTransfer,
  Reject,
  ScsiCommand,
  ScsiResponse,
  TextResponse,
} from "./pdu-layouts.ts";
import { dropSink, gatherSink, type PduHeader, type PduSink } from "./pdu-reader.ts";
import type { SerialNumber } from "./serial-number.ts";
import type { TextPair } from "./text.ts";

/** A command for a logical unit. */
export interface ScsiRequest {
  readonly lun: number;
  /** 1 … 16 bytes; shorter ones are padded. */
  readonly cdb: Uint8Array;
  /** Data for the unit. Must stay unchanged until the promise settles. */
  readonly dataOut?: Uint8Array;
  /** How many bytes the unit may send; 0 by default. */
  readonly dataInLength?: number;
  /** Memory for data-in, at least `dataInLength` long; made when left out. */
  readonly dataInTo?: Uint8Array;
  /** SAM-5 task attribute code; simple (1) by default. */
  readonly attribute?: number;
  /** Default: `limits.commandTimeout`. */
  readonly timeout?: Duration;
  /** Aborts the task. The promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What a session is made of. */
export interface InitiatorSessionOptions {
  readonly link: InitiatorLink;
  readonly clock: Clock;
  readonly log: Log;
  /** For messages. */
  readonly target: string;
  readonly login: InitiatorLoginResult;
  readonly firstCmdSn: SerialNumber;
  readonly pingAfter: Duration;
}

interface Waiting<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

interface Running extends Waiting<ScsiAnswer> {
  readonly task: InitiatorTask;
  readonly request: ScsiRequest;
  readonly cmdSn: SerialNumber;
  timer: Timer | undefined;
  onAbort: (() => void) | undefined;
}

interface Queued extends Waiting<ScsiAnswer> {
  readonly request: ScsiRequest;
}

const noBytes = new Uint8Array(0);

/** A logged-in session. */
export class InitiatorSession implements LinkUser {
  readonly #options: InitiatorSessionOptions;
  readonly #link: InitiatorLink;
  readonly #running = new Map<number, Running>();
  readonly #requests: InitiatorRequests;
  readonly #numbers: InitiatorNumbers;
  readonly #queue: Queued[] = [];
  readonly #ended: Promise<Error>;
  #resolveEnded: (reason: Error) => void = () => {};
  #end: Error | undefined;
  #isLeaving = false;
  #pingTimer: Timer | undefined;
  #bytesAtPing = -1;
  #isPinged = false;

  constructor(options: InitiatorSessionOptions) {
    this.#options = options;
    this.#link = options.link;
    const { link, clock, target, login } = options;
    this.#numbers = new InitiatorNumbers({ ...login, cmdSn: options.firstCmdSn });
    const isTagUsed = (tag: number): boolean => this.#running.has(tag);
    this.#requests = new InitiatorRequests({ link, clock, target, numbers: this.#numbers, isTagUsed });
    this.#ended = new Promise((resolve) => (this.#resolveEnded = resolve));
    const { headerDigest, dataDigest } = options.login.negotiation.parameters;
    this.#link.setDigests({ header: headerDigest === "CRC32C", data: dataDigest === "CRC32C" });
    this.#link.give(this);
    this.#link.stream.resume();
    this.#watch();
  }

  /** The outcome of the negotiation: key to value in the words of RFC 7143. */
  get negotiated(): Readonly<Record<string, string>> {
    return this.#options.login.negotiation.negotiated;
  }

  /** Resolves, with the reason, when the session is over for whatever reason. */
  get ended(): Promise<Error> {
    return this.#ended;
  }

  /** The target session identifying handle. */
  get tsih(): number {
    return this.#options.login.tsih;
  }

  /** The next command would be sent at once: the target's window is open, and none waits for it. */
  get isOpen(): boolean {
    return this.#queue.length === 0 && this.#numbers.isOpen;
  }

  /**
   * Sends a command and resolves with its answer. Commands are sent in the order of the calls. Rejects with Fault
   * `iscsi.session-lost` (nobody knows whether it ran), `iscsi.command-timeout` (it was aborted) or
   * `iscsi.command-rejected`.
   */
  execute(request: ScsiRequest): Promise<ScsiAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) return reject(this.#lostFault());
      if (request.signal?.aborted === true) return reject(request.signal.reason);
      this.#queue.push({ request, resolve, reject });
      this.#sendQueued();
    });
  }

  /** LOGICAL UNIT RESET. Resolves with the response code of RFC 7143 section 11.6.1. */
  resetLun(lun: number): Promise<number> {
    return this.#manage(managementFunctions.lunReset, lun, { referencedTaskTag: noTag, refCmdSn: 0 });
  }

  /** NOP-Out with `data`; resolves when the answer is there. */
  ping(data: Uint8Array = noBytes): Promise<void> {
    return this.#requests.ping(data);
  }

  /** Text request in full-feature phase; resolves with the pairs of the whole answer. */
  text(pairs: readonly TextPair[]): Promise<readonly TextPair[]> {
    return this.#requests.text(pairs);
  }

  /** Logs out and closes. Commands still running are aborted by the target. */
  async logout(): Promise<void> {
    if (this.#end !== undefined) return;
    this.#isLeaving = true;
    try {
      await this.#requests.logout();
      this.#link.stream.close();
      this.#over(new Error("logged out"));
    } catch (thrown) {
      // The target may close at once instead of answering; either way the session is over.
      if (this.#end === undefined) throw thrown;
    }
  }

  /** Drops the connection without a word, as a crash would. */
  destroy(): void {
    this.#link.fail("the session was given up");
  }

  // ---- LinkUser

  lost(reason: Error): void {
    this.#over(reason);
  }

  headerReceived(header: PduHeader): PduSink {
    // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- everything else has one answer
    switch (pduNameOf(header.opcode)) {
      case "dataIn":
        return this.#dataIn(header);
      case "scsiResponse":
        return this.#gather(header, (data) => this.#scsiResponse(header, data));
      case "readyToTransfer":
        return this.#gather(header, () => this.#readyToTransfer(header));
      case "nopIn":
        return this.#gather(header, (data) => this.#nopIn(header, data));
      case "textResponse":
      case "taskManagementResponse":
      case "logoutResponse":
        return this.#gather(header, (data) => this.#reply(header, data));
      case "reject":
        return this.#gather(header, (data) => this.#rejected(header, data));
      case "asyncMessage":
        return this.#gather(header, () => this.#async(header));
      default:
        this.#link.fail(`the target sent a PDU with opcode ${header.opcode}`);
        return dropSink(this.#link.reader);
    }
  }

  #gather(header: PduHeader, done: (data: Uint8Array) => void): PduSink {
    return gatherSink(header.dataLength, (data, isGood) => {
      if (isGood) done(data);
      else this.#link.fail("the digest of a data segment is wrong");
    });
  }

  // ---- Commands

  #sendQueued(): void {
    while (this.#queue.length > 0 && this.#numbers.isOpen) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      if (next.request.signal?.aborted === true) next.reject(next.request.signal.reason);
      else this.#send(next);
    }
  }

  #send(queued: Queued): void {
    const { request } = queued;
    const dataOut = request.dataOut ?? noBytes;
    const dataInLength = request.dataInLength ?? 0;
    const lunField = lunFieldOf(request.lun);
    const task = new InitiatorTask({
      tag: this.#numbers.newTag((tag) => this.#running.has(tag) || this.#requests.has(tag)),
      lunField,
      dataOut,
      dataIn: request.dataInTo?.subarray(0, dataInLength) ?? new Uint8Array(dataInLength),
      parameters: this.#options.login.negotiation.parameters,
    });
    const cmdSn = this.#numbers.takeCmdSn();
    const running: Running = { ...queued, task, cmdSn, timer: undefined, onAbort: undefined };
    this.#running.set(task.tag, running);
    this.#limit(running);
    const first = task.firstData(this.#numbers.expStatSn);
    const header = ScsiCommand.encode({
      isFinal: first.isFinal,
      isRead: dataInLength > 0,
      isWrite: dataOut.byteLength > 0,
      attribute: request.attribute ?? 1,
      ...lunField,
      initiatorTaskTag: task.tag,
      expectedLength: dataOut.byteLength > 0 ? dataOut.byteLength : dataInLength,
      cmdSn,
      expStatSn: this.#numbers.expStatSn,
      cdb: request.cdb,
    });
    this.#link.sender.sendAll([{ header, data: first.immediate }, ...first.followers]);
  }

  /** Timeout and signal of a command. */
  #limit(running: Running): void {
    const { signal, timeout = limits.commandTimeout } = running.request;
    running.timer = this.#options.clock.setTimer(timeout, () => {
      const command = Buffer.from(running.request.cdb).toString("hex");
      const details = { target: this.#options.target, command, seconds: timeout / 1000 };
      void this.#abort(running, iscsiFault("command-timeout", details));
    });
    if (signal === undefined) return;
    running.onAbort = () => void this.#abort(running, signal.reason);
    signal.addEventListener("abort", running.onAbort, { once: true });
  }

  /** ABORT TASK; the command rejects with `reason` unless its answer comes first. */
  async #abort(running: Running, reason: unknown): Promise<void> {
    const { lun } = running.request;
    const reference = { referencedTaskTag: running.task.tag, refCmdSn: running.cmdSn };
    try {
      const response = await this.#manage(managementFunctions.abortTask, lun, reference);
      const isGone = response === managementResponses.complete || response === managementResponses.taskDoesNotExist;
      if (!isGone) this.#link.fail(`the target cannot abort a command (response ${response})`);
      this.#take(running.task.tag)?.reject(reason);
    } catch {
      // The session is over, and with it every command: #over has told them.
    }
  }

  #take(tag: number): Running | undefined {
    const running = this.#running.get(tag);
    if (running === undefined) return undefined;
    this.#running.delete(tag);
    running.timer?.cancel();
    if (running.onAbort !== undefined) running.request.signal?.removeEventListener("abort", running.onAbort);
    return running;
  }

  #dataIn(header: PduHeader): PduSink {
    const pdu = DataIn.decode(header.bytes);
    const running = this.#running.get(pdu.initiatorTaskTag);
    this.#numbers.update(pdu, pdu.hasStatus);
    // The data of an aborted command may still be on its way.
    if (running === undefined) return dropSink(this.#link.reader);
    if (!running.task.fits(pdu)) {
      this.#link.fail("the target sent more data than was asked for");
      return dropSink(this.#link.reader);
    }
    return {
      room: (offset) => running.task.room(pdu, offset),
      done: (isGood) => {
        if (!isGood) return this.#link.fail("the digest of a data segment is wrong");
        const answer = running.task.dataArrived(pdu);
        if (answer !== undefined) this.#take(running.task.tag)?.resolve(answer);
        this.#sendQueued();
      },
    };
  }

  #scsiResponse(header: PduHeader, data: Uint8Array): void {
    const pdu = ScsiResponse.decode(header.bytes);
    this.#numbers.update(pdu, true);
    const running = this.#take(pdu.initiatorTaskTag);
    if (running !== undefined && pdu.response === 0) running.resolve(running.task.responded(pdu, data));
    else running?.reject(this.#rejectedFault(`service response ${pdu.response}`));
    this.#sendQueued();
  }

  #readyToTransfer(header: PduHeader): void {
    const pdu = ReadyToTransfer.decode(header.bytes);
    this.#numbers.update(pdu, false);
    const running = this.#running.get(pdu.initiatorTaskTag);
    if (running === undefined) return;
    const pdus = running.task.requested(pdu, this.#numbers.expStatSn);
    if (pdus === undefined) this.#link.fail("the target asked for data that is not there");
    else this.#link.sender.sendAll(pdus);
  }

  // ---- Everything else

  async #manage(
    function_: number,
    lun: number,
    reference: { readonly referencedTaskTag: number; readonly refCmdSn: number },
  ): Promise<number> {
    const response = await this.#requests.manage(function_, lun, reference);
    if (function_ !== managementFunctions.abortTask && response === managementResponses.complete) {
      for (const running of this.#running.values()) {
        if (running.request.lun === lun)
          this.#take(running.task.tag)?.reject(this.#rejectedFault("the unit was reset"));
      }
    }
    return response;
  }

  #reply(header: PduHeader, data: Uint8Array): void {
    this.#numbers.update(TextResponse.decode(header.bytes), true);
    this.#requests.answer(header, data);
    this.#sendQueued();
  }

  #nopIn(header: PduHeader, data: Uint8Array): void {
    const pdu = NopIn.decode(header.bytes);
    if (pdu.initiatorTaskTag !== noTag) return this.#reply(header, data);
    this.#numbers.update(pdu, false);
    this.#sendQueued();
    if (pdu.targetTransferTag === noTag) return;
    const { lunFirstLevel, lunRest, targetTransferTag } = pdu;
    const fields = { immediate: true, lunFirstLevel, lunRest, initiatorTaskTag: noTag, targetTransferTag };
    this.#link.sender.send(
      NopOut.encode({ ...fields, cmdSn: this.#numbers.cmdSn, expStatSn: this.#numbers.expStatSn }),
      data,
    );
  }

  #rejected(header: PduHeader, data: Uint8Array): void {
    const pdu = Reject.decode(header.bytes);
    this.#numbers.update(pdu, true);
    const tag = data.byteLength >= 20 ? Buffer.from(data).readUInt32BE(16) : noTag;
    const fault = this.#rejectedFault(`reason ${pdu.reason}`);
    this.#options.log.warn("the target rejected a PDU", { target: this.#options.target, reason: pdu.reason });
    this.#take(tag)?.reject(fault);
    this.#requests.reject(tag, fault);
  }

  #async(header: PduHeader): void {
    const pdu = AsyncMessage.decode(header.bytes);
    this.#numbers.update(pdu, true);
    this.#options.log.info("the target sent an event", { target: this.#options.target, event: pdu.event });
    if (pdu.event !== asyncEvents.logoutRequest || this.#isLeaving) return;
    this.logout().catch((error: unknown) => this.#link.fail(String(error)));
  }

  /** Pings a target that was silent, and gives it up when it stays silent. */
  #watch(): void {
    const received = this.#link.reader.bytesReceived;
    const isSilent = received === this.#bytesAtPing;
    if (isSilent && this.#isPinged) return this.#link.fail("the target does not answer a ping");
    this.#bytesAtPing = received;
    this.#isPinged = isSilent;
    if (isSilent) this.ping().catch(() => {});
    this.#pingTimer = this.#options.clock.setTimer(this.#options.pingAfter, () => this.#watch());
  }

  #over(reason: Error): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    this.#pingTimer?.cancel();
    for (const tag of this.#running.keys()) this.#take(tag)?.reject(this.#lostFault());
    for (const waiting of this.#queue.splice(0)) waiting.reject(this.#lostFault());
    this.#requests.end(this.#lostFault());
    this.#resolveEnded(reason);
  }

  #lostFault(): Error {
    const reason = this.#end?.message ?? "unknown";
    return iscsiFault("session-lost", { target: this.#options.target, reason }, this.#end);
  }

  #rejectedFault(reason: string): Error {
    return iscsiFault("command-rejected", { target: this.#options.target, reason });
  }
}

/** How long a target may be silent before it is pinged, by default. */
export const defaultPingAfter = seconds(30);
