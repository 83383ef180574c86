// SPDX-License-Identifier: Apache-2.0
// Text requests in full-feature phase: SendTargets and the few keys that may be declared there. RFC 7143 sections 6.4,
// 11.10 and appendix C. One exchange at a time; long answers go out piece by piece, each asked for by the initiator.

import { concatBytes, endpointText, limits, type Endpoint } from "#base/index.ts";
import { noTag, type RejectReason } from "./codes.ts";
import type { TextRequest } from "./pdu-layouts.ts";
import type { TargetListing } from "./target-directory.ts";
import { textKeyRow } from "./text-keys.ts";
import { encodeText, parseNumber, parseText, type TextPair } from "./text.ts";

/** What the exchange asks its session. */
export interface TextSession {
  readonly targetName: string | undefined;
  /** Largest data segment that the initiator takes. */
  readonly peerReceiveSegment: number;
  list(): readonly TargetListing[];
  /** The initiator declares another MaxRecvDataSegmentLength. */
  setPeerReceiveSegment(size: number): void;
}

/** The fields and data of a Text Response, or why the request is rejected. */
export type TextAnswer =
  | {
      readonly isFinal: boolean;
      readonly isContinued: boolean;
      readonly targetTransferTag: number;
      readonly data: Uint8Array;
    }
  | { readonly reject: RejectReason };

/** The text exchanges of one connection. */
export class TextExchange {
  readonly #session: TextSession;
  #tag = noTag;
  #nextTag = 1;
  #asked: Uint8Array[] = [];
  #askedBytes = 0;
  #answer: Uint8Array | undefined;

  constructor(session: TextSession) {
    this.#session = session;
  }

  /** Takes one request. */
  receive(request: TextRequest, data: Uint8Array): TextAnswer {
    const isContinuation = request.targetTransferTag !== noTag;
    if (isContinuation && request.targetTransferTag !== this.#tag) return { reject: "invalidPduField" };
    if (!isContinuation) this.#reset();
    if (this.#answer !== undefined) return this.#piece(this.#answer, request.isFinal);
    this.#askedBytes += data.byteLength;
    if (this.#askedBytes > limits.textRequest) {
      this.#reset();
      return { reject: "outOfResources" };
    }
    this.#asked.push(data);
    if (request.isContinued) return this.#open({ isContinued: false, data: new Uint8Array(0) });
    const parsed = parseText(concatBytes(this.#asked));
    this.#asked = [];
    if ("problem" in parsed) {
      this.#reset();
      return { reject: "protocolError" };
    }
    return this.#piece(encodeText(this.#reply(parsed.pairs)), request.isFinal);
  }

  #reset(): void {
    this.#tag = noTag;
    this.#asked = [];
    this.#askedBytes = 0;
    this.#answer = undefined;
  }

  /** An answer behind which more comes. */
  #open(what: { readonly isContinued: boolean; readonly data: Uint8Array }): TextAnswer {
    if (this.#tag === noTag) {
      this.#tag = this.#nextTag;
      this.#nextTag = (this.#nextTag % 0x7fff_ffff) + 1;
    }
    return { isFinal: false, targetTransferTag: this.#tag, ...what };
  }

  /** As much of the answer as one data segment holds, cut between pairs where possible. */
  #piece(answer: Uint8Array, isFinal: boolean): TextAnswer {
    const room = this.#session.peerReceiveSegment;
    if (answer.byteLength > room) {
      const cut = answer.lastIndexOf(0, room - 1) + 1;
      const size = cut > 0 ? cut : room;
      this.#answer = answer.subarray(size);
      return this.#open({ isContinued: true, data: answer.subarray(0, size) });
    }
    this.#answer = undefined;
    // The initiator has more to say when it left its F bit out.
    if (!isFinal) return this.#open({ isContinued: false, data: answer });
    this.#reset();
    return { isFinal: true, isContinued: false, targetTransferTag: noTag, data: answer };
  }

  #reply(pairs: readonly TextPair[]): TextPair[] {
    const answers: TextPair[] = [];
    for (const [key, value] of pairs) {
      const row = textKeyRow(key);
      if (key === "SendTargets") this.#sendTargets(value, answers);
      else if (key === "MaxRecvDataSegmentLength") this.#declare(value, answers);
      else if (row === undefined) answers.push([key, "NotUnderstood"]);
      else if (row.phase !== "any" || row.sender === "target") answers.push([key, "Reject"]);
    }
    return answers;
  }

  #declare(value: string, answers: TextPair[]): void {
    const size = parseNumber(value);
    const range = textKeyRow("MaxRecvDataSegmentLength")?.range;
    if (size === undefined || range === undefined || size < range[0] || size > range[1]) {
      answers.push(["MaxRecvDataSegmentLength", "Reject"]);
    } else {
      this.#session.setPeerReceiveSegment(size);
    }
  }

  /** Appendix C. In a normal session only its own target may be asked for, by name or with an empty value. */
  #sendTargets(value: string, answers: TextPair[]): void {
    const { targetName } = this.#session;
    if (targetName !== undefined && value === "All") return void answers.push(["SendTargets", "Reject"]);
    const wanted = value === "" ? targetName : value;
    const isAll = targetName === undefined && value === "All";
    for (const listing of this.#session.list()) {
      const isOwn = targetName === undefined || isSameName(listing.name, targetName);
      if (!isAll && !(isOwn && wanted !== undefined && isSameName(listing.name, wanted))) continue;
      answers.push(["TargetName", listing.name]);
      if (listing.alias !== undefined) answers.push(["TargetAlias", listing.alias]);
      for (const { endpoint, portalGroupTag } of listing.addresses) {
        answers.push(["TargetAddress", `${addressText(endpoint)},${portalGroupTag}`]);
      }
    }
  }
}

/** iSCSI names do not depend on case: RFC 7143 section 4.2.7.1. */
const isSameName = (left: string, right: string): boolean => left.toLowerCase() === right.toLowerCase();

/** An IPv4 address that reached us through an IPv6 socket goes out as what it is. */
const addressText = (endpoint: Endpoint): string =>
  endpointText({ ...endpoint, host: endpoint.host.replace(/^::ffff:(?=\d+\.)/i, "") });
