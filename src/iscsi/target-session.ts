// SPDX-License-Identifier: Apache-2.0
// Full-feature phase of the target: which PDU goes to which part, and in which order commands take effect. RFC 7143
// chapter 11 for the PDUs, section 4.2.2 for the order. One session has one connection. The parts decide: CommandWindow,
// TaskSet, TextExchange, task-management.

import { asError, limits, type Log } from "#base/index.ts";
import { keepHeader, keptSize, type HeldCommand, type KeptPdu } from "./held-command.ts";
import {
  logoutReasons,
  logoutResponses,
  managementFunctions,
  noTag,
  opcodes,
  pduNameOf,
  rejectReasons,
  type RejectReason,
} from "./codes.ts";
import { lunOf } from "./command-header.ts";
import {
  AsyncMessage,
  DataOut,
  LogoutRequest,
  LogoutResponse,
  NopIn,
  NopOut,
  Reject,
  ScsiCommand,
  TaskManagementRequest,
  TaskManagementResponse,
  TextRequest,
  TextResponse,
} from "./pdu-layouts.ts";
import { dropSink, gatherSink, type PduHeader, type PduSink } from "./pdu-reader.ts";
import { serialNumber } from "./serial-number.ts";
import type { TargetOutput } from "./target-output.ts";
import { manage } from "./task-management.ts";
import type { TaskSet } from "./task-set.ts";
import type { TextExchange } from "./text-exchange.ts";
import { asyncEvents } from "./codes.ts";

/** What the session asks its connection to do. */
export interface SessionConnection {
  readonly log: Log;
  /** The protocol is broken in a way that leaves nothing to say. */
  drop(reason: string): void;
  /** The initiator logs out: end all tasks, then call `answer`, then close. */
  logOut(answer: () => void): void;
  /** Every session of the target ends, this one included. */
  coldReset(): void;
}

/** What the session works with. `tasks` is undefined in a discovery session. */
export interface TargetSessionParts {
  readonly output: TargetOutput;
  readonly tasks: TaskSet | undefined;
  readonly text: TextExchange;
  readonly connection: SessionConnection;
  readonly maxReceiveSegment: number;
}

const discoveryWindow = 8;

/** A session in full-feature phase. */
export class TargetSession {
  readonly #output: TargetOutput;
  readonly #tasks: TaskSet | undefined;
  readonly #text: TextExchange;
  readonly #connection: SessionConnection;
  readonly #maxReceiveSegment: number;
  #heldBytes = 0;
  #errorCount = 0;
  #nextTag = 1;

  constructor(parts: TargetSessionParts) {
    this.#output = parts.output;
    this.#tasks = parts.tasks;
    this.#text = parts.text;
    this.#connection = parts.connection;
    this.#maxReceiveSegment = parts.maxReceiveSegment;
    // Text, NOP and logout are all that a discovery session has; each is done with when the next one comes.
    if (parts.tasks === undefined) this.#output.onStamp(() => this.#output.window.openFor(discoveryWindow));
  }

  /** A header came. Decides about order before anything else. */
  headerReceived(header: PduHeader): PduSink {
    if (header.dataLength > this.#maxReceiveSegment) {
      this.#connection.drop(`a data segment of ${header.dataLength} bytes, more than was agreed`);
      return dropSink(this.#output.reader);
    }
    const name = pduNameOf(header.opcode);
    if (name === "dataOut") return this.#dataOut(header);
    const isOrdered = name !== undefined && opcodes[name].from === "initiator" && name !== "snackRequest";
    if (!isOrdered || header.isImmediate) return this.#begin(header);
    const number = serialNumber(TextRequest.fields.cmdSn.read(header.bytes, 0));
    switch (this.#output.window.arrive(number)) {
      case "now":
        return this.#thenReady(this.#begin(header));
      case "later":
        return gatherSink(
          header.dataLength,
          this.#holder(header, (kept) => this.#hold(number, kept)),
        );
      case "never":
        // Section 4.2.2.1: a command outside of the window is ignored without a word.
        this.#connection.log.debug("a command outside of the window was ignored", { cmdSn: number });
        return dropSink(this.#output.reader);
    }
  }

  /** A ping of ours, which the initiator answers. */
  ping(): void {
    const fields = { initiatorTaskTag: noTag, targetTransferTag: this.#newTag(), ...this.#output.peek() };
    this.#output.sender.send(NopIn.encode(fields));
  }

  /** Asks the initiator to log out within `seconds`. Section 11.9. */
  requestLogout(seconds: number): void {
    const fields = { initiatorTaskTag: noTag, event: asyncEvents.logoutRequest, parameter3: seconds };
    this.#output.sender.send(AsyncMessage.encode({ ...fields, ...this.#output.status() }));
  }

  /** Write data came with a wrong digest. The command is ended by its task set. */
  rejectDigest(header: PduHeader): void {
    this.#reject(header.bytes, "dataDigestError");
  }

  #newTag(): number {
    const tag = this.#nextTag;
    this.#nextTag = (tag % 0x7fff_ffff) + 1;
    return tag;
  }

  #begin(header: PduHeader): PduSink {
    // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- everything else has one answer
    switch (pduNameOf(header.opcode)) {
      case "scsiCommand":
        return this.#command(header);
      case "nopOut":
        return this.#gather(header, (data) => this.#nop(header, data));
      case "textRequest":
        return this.#gather(header, (data) => this.#textRequest(header, data));
      case "taskManagementRequest":
        return this.#gather(header, () => this.#taskManagement(header));
      case "logoutRequest":
        return this.#gather(header, () => this.#logout(header));
      case "snackRequest":
        return this.#refuse(header, "snackReject");
      case "loginRequest":
        return this.#refuse(header, "protocolError");
      default:
        return this.#refuse(header, "commandNotSupported");
    }
  }

  #gather(header: PduHeader, done: (data: Uint8Array) => void): PduSink {
    return gatherSink(header.dataLength, (data, isGood) => {
      if (isGood) done(data);
      else this.#reject(header.bytes, "dataDigestError");
    });
  }

  #refuse(header: PduHeader, reason: RejectReason): PduSink {
    return dropSink(this.#output.reader, () => this.#reject(header.bytes, reason));
  }

  #reject(header: Uint8Array, reason: RejectReason): void {
    const what = pduNameOf((header[0] ?? 0) & 0x3f) ?? `opcode ${(header[0] ?? 0) & 0x3f}`;
    this.#connection.log.warn("a PDU was rejected", { pdu: what, reason });
    const fields = { reason: rejectReasons[reason], initiatorTaskTag: noTag, ...this.#output.status() };
    this.#output.sender.send(Reject.encode(fields), header.slice());
    if (++this.#errorCount >= limits.protocolErrors) this.#connection.drop("it sent too many broken PDUs");
  }

  /** After this PDU those that waited for it have their turn. */
  #thenReady(sink: PduSink): PduSink {
    if (this.#heldBytes === 0) return sink;
    return {
      room: (offset, length) => sink.room(offset, length),
      done: (isGood) => {
        sink.done(isGood);
        this.#replayHeld();
      },
    };
  }

  #holder(header: PduHeader, keep: (kept: KeptPdu) => void): (data: Uint8Array, isGood: boolean) => void {
    const kept = keepHeader(header);
    return (data, isGood) => {
      if (!isGood) return this.#reject(kept.bytes, "dataDigestError");
      this.#heldBytes += keptSize({ header: kept, data });
      if (this.#heldBytes > limits.heldCommandBytes) {
        return this.#connection.drop("too many commands wait for one that is missing");
      }
      keep({ header: kept, data });
    };
  }

  #hold(number: ReturnType<typeof serialNumber>, kept: KeptPdu): void {
    this.#output.window.hold(number, { ...kept, followers: [] });
  }

  /** A command that was aborted while it waited is not kept any more. */
  #recountHeld(): void {
    this.#heldBytes = 0;
    for (const held of this.#output.window.held()) {
      for (const kept of [held, ...held.followers]) this.#heldBytes += keptSize(kept);
    }
  }

  /** Commands whose turn has come, with the Data-Out that came behind them. */
  #replayHeld(): void {
    for (let held = this.#output.window.takeReady(); held !== undefined; held = this.#output.window.takeReady()) {
      for (const pdu of [held, ...held.followers]) {
        this.#heldBytes -= keptSize(pdu);
        const sink = pdu === held ? this.#begin(pdu.header) : this.#dataOut(pdu.header);
        for (let offset = 0; offset < pdu.data.byteLength;) {
          const room = sink.room(offset, pdu.data.byteLength - offset);
          const piece = pdu.data.subarray(offset, offset + room.byteLength);
          room.set(piece);
          offset += piece.byteLength;
        }
        sink.done(true);
      }
    }
  }

  #command(header: PduHeader): PduSink {
    const command = ScsiCommand.decode(header.bytes);
    if (this.#tasks === undefined) return this.#refuse(header, "protocolError");
    const sink = this.#tasks.begin(command, header);
    return "reject" in sink ? this.#refuse(header, sink.reject) : sink;
  }

  #dataOut(header: PduHeader): PduSink {
    const pdu = DataOut.decode(header.bytes);
    const sink = this.#tasks?.dataOut(pdu, header);
    if (sink !== undefined) return sink;
    const held = this.#heldBytes > 0 ? this.#heldWith(pdu.initiatorTaskTag) : undefined;
    if (held === undefined) {
      // The data of a task that was aborted or has failed may still be on its way.
      this.#connection.log.debug("write data of no task was dropped", { initiatorTaskTag: pdu.initiatorTaskTag });
      return dropSink(this.#output.reader);
    }
    return gatherSink(
      header.dataLength,
      this.#holder(header, (kept) => held.followers.push(kept)),
    );
  }

  #heldWith(initiatorTaskTag: number): HeldCommand | undefined {
    for (const held of this.#output.window.held()) {
      if (held.header.initiatorTaskTag === initiatorTaskTag) return held;
    }
    return undefined;
  }

  #nop(header: PduHeader, data: Uint8Array): void {
    // Without a task tag it is the answer to a ping of ours, or only tells its ExpStatSN.
    if (header.initiatorTaskTag === noTag) return;
    const { lunFirstLevel, lunRest } = NopOut.decode(header.bytes);
    const { initiatorTaskTag } = header;
    const fields = { lunFirstLevel, lunRest, initiatorTaskTag, targetTransferTag: noTag, ...this.#output.status() };
    const echo = data.subarray(0, this.#tasks?.parameters.peerReceiveSegment ?? data.byteLength);
    this.#output.sender.send(NopIn.encode(fields), echo);
  }

  #textRequest(header: PduHeader, data: Uint8Array): void {
    const request = TextRequest.decode(header.bytes);
    const answer = this.#text.receive(request, data);
    if ("reject" in answer) return this.#reject(header.bytes, answer.reject);
    const { data: text, ...fields } = answer;
    const { initiatorTaskTag, lunFirstLevel, lunRest } = request;
    const numbers = this.#output.status();
    this.#output.sender.send(
      TextResponse.encode({ ...fields, initiatorTaskTag, lunFirstLevel, lunRest, ...numbers }),
      text,
    );
  }

  #taskManagement(header: PduHeader): void {
    const tasks = this.#tasks;
    if (tasks === undefined) return this.#reject(header.bytes, "protocolError");
    const request = TaskManagementRequest.decode(header.bytes);
    this.#connection.log.info("task management", { function: request.function, lun: lunOf(request) });
    const { initiatorTaskTag } = request;
    const respond = (response: number): void => {
      if (tasks.isClosed) return;
      this.#recountHeld();
      this.#output.sender.send(TaskManagementResponse.encode({ response, initiatorTaskTag, ...this.#output.status() }));
      this.#replayHeld();
      if (request.function === managementFunctions.targetColdReset) this.#connection.coldReset();
    };
    manage(tasks.managed, request, lunOf(request)).then(respond, (thrown: unknown) => {
      this.#connection.log.error("task management failed", { function: request.function }, asError(thrown));
      this.#connection.drop("a unit failed in task management");
    });
  }

  #logout(header: PduHeader): void {
    const { reason, initiatorTaskTag } = LogoutRequest.decode(header.bytes);
    const answer = (response: number): void => {
      this.#output.sender.send(
        LogoutResponse.encode({ response, initiatorTaskTag, timeToWait: 2, ...this.#output.status() }),
      );
    };
    if (reason === logoutReasons.removeForRecovery) return answer(logoutResponses.recoveryNotSupported);
    if (reason > logoutReasons.removeForRecovery) return this.#reject(header.bytes, "invalidPduField");
    this.#connection.logOut(() => answer(logoutResponses.success));
  }
}
