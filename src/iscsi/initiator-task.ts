// SPDX-License-Identifier: Apache-2.0
// One command of our initiator that has no answer yet: its write data in the order the negotiation allows, its read data
// in place, and its answer.

import { assert } from "#base/index.ts";
import { noTag } from "./codes.ts";
import type { SessionParameters } from "./negotiation.ts";
import { DataOut, type DataIn, type ReadyToTransfer, type ScsiResponse } from "./pdu-layouts.ts";
import type { OutgoingPdu } from "./pdu-sender.ts";

/** How a command ended. A status other than GOOD is an answer, not an error. */
export interface ScsiAnswer {
  readonly status: number;
  /** Empty unless the status came with sense data. */
  readonly sense: Uint8Array;
  /** What arrived, also beside CHECK CONDITION. */
  readonly dataIn: Uint8Array;
  /**
   * What the target reported: positive, so many bytes fewer than expected were transferred (underflow); negative, so
   * many more would have been (overflow).
   */
  readonly residual: number;
}

const noBytes = new Uint8Array(0);

/** What a task is about. */
export interface InitiatorTaskOptions {
  readonly tag: number;
  readonly lunField: { readonly lunFirstLevel: number; readonly lunRest: number };
  readonly dataOut: Uint8Array;
  /** As long as what the target may send. */
  readonly dataIn: Uint8Array;
  readonly parameters: SessionParameters;
}

/** How much of the write data goes out unasked. */
export interface FirstData {
  readonly immediate: Uint8Array;
  readonly isFinal: boolean;
  readonly followers: readonly OutgoingPdu[];
}

/** A command under way. */
export class InitiatorTask {
  readonly tag: number;
  readonly #options: InitiatorTaskOptions;
  #received = 0;

  constructor(options: InitiatorTaskOptions) {
    this.tag = options.tag;
    this.#options = options;
  }

  /** Immediate data, and unsolicited Data-Out behind it: section 4.2.5.2. */
  firstData(expStatSn: number): FirstData {
    const { dataOut, parameters } = this.#options;
    const burst = Math.min(parameters.firstBurst, dataOut.byteLength);
    const room = parameters.immediateData ? Math.min(burst, parameters.peerReceiveSegment) : 0;
    const immediate = dataOut.subarray(0, room);
    if (parameters.initialR2t || room >= burst) return { immediate, isFinal: true, followers: [] };
    return { immediate, isFinal: false, followers: this.#dataOut({ from: room, to: burst, tag: noTag, expStatSn }) };
  }

  /** The Data-Out that an R2T asks for; undefined when it asks for what is not there. */
  requested(r2t: ReadyToTransfer, expStatSn: number): readonly OutgoingPdu[] | undefined {
    const from = r2t.bufferOffset;
    const to = from + r2t.desiredLength;
    if (to > this.#options.dataOut.byteLength || r2t.desiredLength === 0) return undefined;
    return this.#dataOut({ from, to, tag: r2t.targetTransferTag, expStatSn });
  }

  #dataOut(what: { readonly from: number; readonly to: number; readonly tag: number; readonly expStatSn: number }) {
    const { dataOut, lunField, parameters } = this.#options;
    const pdus: OutgoingPdu[] = [];
    for (let offset = what.from, dataSn = 0; offset < what.to; dataSn++) {
      const end = Math.min(offset + parameters.peerReceiveSegment, what.to);
      const header = DataOut.encode({
        isFinal: end === what.to,
        ...(what.tag === noTag ? undefined : lunField),
        initiatorTaskTag: this.tag,
        targetTransferTag: what.tag,
        expStatSn: what.expStatSn,
        dataSn,
        bufferOffset: offset,
      });
      pdus.push({ header, data: dataOut.subarray(offset, end) });
      offset = end;
    }
    return pdus;
  }

  /** True when the data of a Data-In lies inside of what was expected. */
  fits(pdu: DataIn): boolean {
    return pdu.bufferOffset + pdu.dataLength <= this.#options.dataIn.byteLength;
  }

  /** Where the data of a Data-In goes that fits. */
  room(pdu: DataIn, offset: number): Uint8Array {
    const start = pdu.bufferOffset + offset;
    assert(start < this.#options.dataIn.byteLength, "data that fits");
    return this.#options.dataIn.subarray(start, pdu.bufferOffset + pdu.dataLength);
  }

  /** The data of a Data-In is complete. Returns the answer when the status came with it. */
  dataArrived(pdu: DataIn): ScsiAnswer | undefined {
    this.#received = Math.max(this.#received, pdu.bufferOffset + pdu.dataLength);
    return pdu.hasStatus ? this.#answer(pdu, noBytes) : undefined;
  }

  /** The SCSI Response is there; `data` is its data segment: the length of the sense data and the sense data. */
  responded(pdu: ScsiResponse, data: Uint8Array): ScsiAnswer {
    const length = ((data[0] ?? 0) << 8) | (data[1] ?? 0);
    return this.#answer(pdu, data.subarray(2, 2 + length));
  }

  #answer(pdu: DataIn | ScsiResponse, sense: Uint8Array): ScsiAnswer {
    const count = pdu.residualCount;
    return {
      status: pdu.status,
      sense,
      dataIn: this.#options.dataIn.subarray(0, this.#received),
      residual: pdu.underflow ? count : pdu.overflow ? -count : 0,
    };
  }
}
