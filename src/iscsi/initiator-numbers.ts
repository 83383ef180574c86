// SPDX-License-Identifier: Apache-2.0
// The numbers of one session of our initiator: command numbers and the window the target grants, the status number that
// is expected next, and task tags. RFC 7143 section 4.2.2.

import { isSerialBefore, serialAfter, serialDistance, serialNumber, type SerialNumber } from "./serial-number.ts";

/** The numbers of one session. */
export class InitiatorNumbers {
  #cmdSn: SerialNumber;
  #maxCmdSn: SerialNumber;
  #expStatSn: SerialNumber;
  #lastTag = 0;

  constructor(start: { readonly cmdSn: number; readonly maxCmdSn: number; readonly expStatSn: number }) {
    this.#cmdSn = serialNumber(start.cmdSn);
    this.#maxCmdSn = serialNumber(start.maxCmdSn);
    this.#expStatSn = serialNumber(start.expStatSn);
  }

  /** CmdSN of the next command; immediate ones carry it too. */
  get cmdSn(): SerialNumber {
    return this.#cmdSn;
  }

  get expStatSn(): SerialNumber {
    return this.#expStatSn;
  }

  /** True while the target takes another command. */
  get isOpen(): boolean {
    return serialDistance(this.#cmdSn, this.#maxCmdSn) >= 0;
  }

  /** Takes the number of the next command. */
  takeCmdSn(): SerialNumber {
    const taken = this.#cmdSn;
    this.#cmdSn = serialAfter(taken);
    return taken;
  }

  /** Every PDU of the target tells of the window; those with a status count. */
  update(
    pdu: { readonly statSn: number; readonly expCmdSn: number; readonly maxCmdSn: number },
    hasStatus: boolean,
  ): void {
    if (hasStatus) this.#expStatSn = serialNumber(pdu.statSn + 1);
    const last = serialNumber(pdu.maxCmdSn);
    const isWindow = !isSerialBefore(last, serialAfter(serialNumber(pdu.expCmdSn), -1));
    if (isWindow && isSerialBefore(this.#maxCmdSn, last)) this.#maxCmdSn = last;
  }

  /** A task tag that `isUsed` does not know. */
  newTag(isUsed: (tag: number) => boolean): number {
    do this.#lastTag = (this.#lastTag % 0x7fff_ffff) + 1;
    while (isUsed(this.#lastTag));
    return this.#lastTag;
  }
}
