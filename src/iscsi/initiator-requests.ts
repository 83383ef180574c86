// SPDX-License-Identifier: Apache-2.0
// The requests of our initiator that are no SCSI commands: NOP, text, task management, logout. All are immediate, each
// has one answer, and a target that owes one for too long is given up.

import { concatBytes, limits, type Clock } from "#base/index.ts";
import { logoutReasons, noTag } from "./codes.ts";
import { lunFieldOf } from "./command-header.ts";
import { iscsiFault } from "./faults.ts";
import type { InitiatorLink } from "./initiator-link.ts";
import type { InitiatorNumbers } from "./initiator-numbers.ts";
import { LogoutRequest, NopOut, TaskManagementRequest, TaskManagementResponse } from "./pdu-layouts.ts";
import { TextRequest, TextResponse } from "./pdu-layouts.ts";
import type { PduHeader } from "./pdu-reader.ts";
import { encodeText, parseText, type TextPair } from "./text.ts";

/** What the requests are sent with. */
export interface InitiatorRequestsOptions {
  readonly link: InitiatorLink;
  readonly clock: Clock;
  readonly numbers: InitiatorNumbers;
  /** For messages. */
  readonly target: string;
  /** Tags of commands, which requests must not use. */
  readonly isTagUsed: (tag: number) => boolean;
}

interface Answer {
  readonly header: PduHeader;
  readonly data: Uint8Array;
}

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/** Numbers that every request carries. */
interface RequestNumbers {
  readonly immediate: true;
  readonly initiatorTaskTag: number;
  readonly cmdSn: number;
  readonly expStatSn: number;
}

const noBytes = new Uint8Array(0);

/** The requests of one session. */
export class InitiatorRequests {
  readonly #options: InitiatorRequestsOptions;
  readonly #waiting = new Map<number, Waiting>();
  #end: Error | undefined;

  constructor(options: InitiatorRequestsOptions) {
    this.#options = options;
  }

  /** True when a request with this tag waits for its answer. */
  has(tag: number): boolean {
    return this.#waiting.has(tag);
  }

  /** NOP-Out with `data`. */
  async ping(data: Uint8Array): Promise<void> {
    await this.#ask((numbers) => [NopOut.encode({ ...numbers, targetTransferTag: noTag }), data]);
  }

  /** A text request, and as many empty ones as the target needs to say everything. */
  async text(pairs: readonly TextPair[]): Promise<readonly TextPair[]> {
    const pieces: Uint8Array[] = [];
    let size = 0;
    let data = encodeText(pairs);
    for (let targetTransferTag = noTag; ; data = noBytes) {
      const tag = targetTransferTag;
      const answer = await this.#ask((numbers) => [
        TextRequest.encode({ ...numbers, isFinal: true, targetTransferTag: tag }),
        data,
      ]);
      const response = TextResponse.decode(answer.header.bytes);
      size += answer.data.byteLength;
      if (size > limits.textResponse) throw this.#broken("a text response without end");
      pieces.push(answer.data);
      if (response.targetTransferTag === noTag || response.isFinal) break;
      ({ targetTransferTag } = response);
    }
    const parsed = parseText(concatBytes(pieces));
    if ("problem" in parsed) throw this.#broken(parsed.problem);
    return parsed.pairs;
  }

  /** Task management; resolves with the response code. */
  async manage(
    function_: number,
    lun: number,
    reference: { readonly referencedTaskTag: number; readonly refCmdSn: number },
  ): Promise<number> {
    const answer = await this.#ask((numbers) => [
      TaskManagementRequest.encode({ ...numbers, function: function_, ...lunFieldOf(lun), ...reference }),
      noBytes,
    ]);
    return TaskManagementResponse.decode(answer.header.bytes).response;
  }

  /** Asks the target to close the session. */
  async logout(): Promise<void> {
    await this.#ask((numbers) => [LogoutRequest.encode({ ...numbers, reason: logoutReasons.closeSession }), noBytes]);
  }

  /** The answer to a request came. */
  answer(header: PduHeader, data: Uint8Array): void {
    const waiting = this.#waiting.get(header.initiatorTaskTag);
    this.#waiting.delete(header.initiatorTaskTag);
    waiting?.resolve({ header: { ...header, bytes: header.bytes.slice() }, data });
  }

  /** The target rejected a request. */
  reject(tag: number, fault: Error): void {
    const waiting = this.#waiting.get(tag);
    this.#waiting.delete(tag);
    waiting?.reject(fault);
  }

  /** The session is over: no request is answered any more. */
  end(fault: Error): void {
    this.#end = fault;
    for (const waiting of this.#waiting.values()) waiting.reject(fault);
    this.#waiting.clear();
  }

  #ask(make: (numbers: RequestNumbers) => [header: Uint8Array, data: Uint8Array]): Promise<Answer> {
    const { link, clock, numbers, isTagUsed } = this.#options;
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) return reject(this.#end);
      const initiatorTaskTag = numbers.newTag((tag) => isTagUsed(tag) || this.#waiting.has(tag));
      const timer = clock.setTimer(limits.managementTimeout, () => link.fail("the target does not answer"));
      this.#waiting.set(initiatorTaskTag, {
        resolve: (answer) => {
          timer.cancel();
          resolve(answer);
        },
        reject: (error) => {
          timer.cancel();
          reject(error);
        },
      });
      const { cmdSn, expStatSn } = numbers;
      const [header, data] = make({ immediate: true, initiatorTaskTag, cmdSn, expStatSn });
      link.sender.send(header, data);
    });
  }

  #broken(reason: string): Error {
    return iscsiFault("protocol-error", { target: this.#options.target, reason });
  }
}
