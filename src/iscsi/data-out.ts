// SPDX-License-Identifier: Apache-2.0
// The write data of one command: what comes unasked (immediate data and unsolicited Data-Out), what is asked for with
// R2T, and in which order it must arrive. RFC 7143 sections 4.2.5.2, 11.3.4, 11.7 and 11.8. Pure bookkeeping.

import { assert } from "#base/index.ts";
import { noTag } from "./codes.ts";
import type { SessionParameters } from "./negotiation.ts";
import type { DataOut } from "./pdu-layouts.ts";

/** What an initiator did wrong; each is one sense code of RFC 7143 section 11.4.7.2. */
export type DataOutBreach = "unexpected-unsolicited" | "wrong-amount" | "out-of-order";

/** A request for data: the fields of an R2T. */
export interface DataGrant {
  readonly targetTransferTag: number;
  readonly r2tSn: number;
  readonly bufferOffset: number;
  readonly desiredLength: number;
}

interface OpenGrant {
  next: number;
  readonly end: number;
  dataSn: number;
}

/** The command's part of the transfer. */
export interface DataOutStart {
  /** EDTL: bytes the initiator has. */
  readonly expected: number;
  readonly immediateLength: number;
  /** The command's F bit: no unsolicited Data-Out follows. */
  readonly isFinal: boolean;
}

/** The write data of one command. */
export class DataOutTransfer {
  readonly #expected: number;
  readonly #unsolicitedMax: number;
  readonly #parameters: SessionParameters;
  /** Most commands never need one. */
  #open: Map<number, OpenGrant> | undefined;
  /** True while the initiator may still send without being asked. */
  #isUnsolicited: boolean;
  #unsolicitedSn = 0;
  /** Everything below was received or granted. */
  #next: number;
  #r2tSn = 0;
  #received: number;

  private constructor(start: DataOutStart, parameters: SessionParameters) {
    this.#expected = start.expected;
    this.#parameters = parameters;
    this.#unsolicitedMax = Math.min(parameters.firstBurst, start.expected);
    this.#isUnsolicited = !start.isFinal;
    this.#next = start.immediateLength;
    this.#received = start.immediateLength;
  }

  /** Starts the transfer of a command, or says what is wrong with it. */
  static start(start: DataOutStart, parameters: SessionParameters): DataOutTransfer | DataOutBreach {
    if (start.immediateLength > 0 && !parameters.immediateData) return "unexpected-unsolicited";
    if (!start.isFinal && parameters.initialR2t) return "unexpected-unsolicited";
    if (start.immediateLength > Math.min(parameters.firstBurst, start.expected)) return "wrong-amount";
    return new DataOutTransfer(start, parameters);
  }

  /** Bytes that have arrived or are arriving. */
  get received(): number {
    return this.#received;
  }

  /** Grants that were made: for ExpDataSN. */
  get grantCount(): number {
    return this.#r2tSn;
  }

  /** True when nothing is on its way: nothing unsolicited announced, no grant open. */
  get isQuiet(): boolean {
    return !this.#isUnsolicited && this.#openCount === 0;
  }

  get #openCount(): number {
    return this.#open === undefined ? 0 : this.#open.size;
  }

  /** A Data-Out header came. Returns where its data goes, or what is wrong with it. */
  arrive(pdu: DataOut): number | DataOutBreach {
    return pdu.targetTransferTag === noTag ? this.#unsolicited(pdu) : this.#solicited(pdu);
  }

  #unsolicited(pdu: DataOut): number | DataOutBreach {
    if (!this.#isUnsolicited) return "unexpected-unsolicited";
    const end = pdu.bufferOffset + pdu.dataLength;
    if (pdu.bufferOffset !== this.#next || pdu.dataSn !== this.#unsolicitedSn) return "out-of-order";
    if (end > this.#unsolicitedMax) return "wrong-amount";
    this.#unsolicitedSn++;
    this.#next = end;
    this.#received += pdu.dataLength;
    if (pdu.isFinal) this.#isUnsolicited = false;
    return pdu.bufferOffset;
  }

  #solicited(pdu: DataOut): number | DataOutBreach {
    const grant = this.#open?.get(pdu.targetTransferTag);
    if (grant === undefined) return "out-of-order";
    const end = pdu.bufferOffset + pdu.dataLength;
    if (pdu.bufferOffset !== grant.next || pdu.dataSn !== grant.dataSn) return "out-of-order";
    if (end > grant.end || pdu.isFinal !== (end === grant.end)) return "wrong-amount";
    grant.dataSn++;
    grant.next = end;
    this.#received += pdu.dataLength;
    if (pdu.isFinal) this.#open?.delete(pdu.targetTransferTag);
    return pdu.bufferOffset;
  }

  /** True when `wanted` bytes are there and nothing more is on its way. */
  isComplete(wanted: number): boolean {
    return this.isQuiet && this.#received >= Math.min(wanted, this.#expected);
  }

  /** True when grants may be made so that `wanted` bytes arrive. */
  isShortOf(wanted: number): boolean {
    if (this.#isUnsolicited || this.#openCount >= this.#parameters.outstandingR2t) return false;
    return this.#next < Math.min(wanted, this.#expected);
  }

  /** The grants that may be made now so that `wanted` bytes arrive; `newTag` makes a transfer tag. */
  grants(wanted: number, newTag: () => number): readonly DataGrant[] {
    const goal = Math.min(wanted, this.#expected);
    const made: DataGrant[] = [];
    while (this.isShortOf(wanted)) {
      const desiredLength = Math.min(this.#parameters.maxBurst, goal - this.#next);
      const targetTransferTag = newTag();
      const open = (this.#open ??= new Map<number, OpenGrant>());
      assert(!open.has(targetTransferTag), "a transfer tag of its own");
      open.set(targetTransferTag, { next: this.#next, end: this.#next + desiredLength, dataSn: 0 });
      made.push({ targetTransferTag, r2tSn: this.#r2tSn++, bufferOffset: this.#next, desiredLength });
      this.#next += desiredLength;
    }
    return made;
  }
}
