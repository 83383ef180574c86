// SPDX-License-Identifier: Apache-2.0
// What the parts of a target session send through: the status number, the command window that every response tells of,
// and the sender.

import type { CommandWindow } from "./command-window.ts";
import type { PduReader } from "./pdu-reader.ts";
import type { PduSender } from "./pdu-sender.ts";
import { serialAfter, serialNumber, type SerialNumber } from "./serial-number.ts";
import type { HeldCommand } from "./held-command.ts";

/** The numbers that every PDU of a target carries. */
export interface Stamp {
  readonly statSn: number;
  readonly expCmdSn: number;
  readonly maxCmdSn: number;
}

/** Sending side of one target connection. */
export class TargetOutput {
  readonly sender: PduSender;
  readonly reader: PduReader;
  #window: CommandWindow<HeldCommand>;
  #beforeStamp: () => void = () => {};
  #statSn: SerialNumber;

  constructor(options: {
    readonly sender: PduSender;
    readonly reader: PduReader;
    readonly window: CommandWindow<HeldCommand>;
    readonly firstStatSn: SerialNumber;
  }) {
    this.sender = options.sender;
    this.reader = options.reader;
    this.#window = options.window;
    this.#statSn = options.firstStatSn;
  }

  get window(): CommandWindow<HeldCommand> {
    return this.#window;
  }

  /** The login's first request says where command numbers start. */
  startWindow(window: CommandWindow<HeldCommand>): void {
    this.#window = window;
  }

  /** `update` opens the window as far as there is room, right before it is told to the initiator. */
  onStamp(update: () => void): void {
    this.#beforeStamp = update;
  }

  /** Numbers for a PDU that carries a status: takes the next StatSN. */
  status(): Stamp {
    const stamp = this.peek();
    this.#statSn = serialAfter(this.#statSn);
    return stamp;
  }

  /** Numbers for a PDU that carries no status (R2T, Data-In, ping): StatSN stays. */
  peek(): Stamp {
    this.#beforeStamp();
    return { statSn: this.#statSn, expCmdSn: this.#window.expected, maxCmdSn: this.#window.last };
  }
}

/** The StatSN of the first login response: any number will do. */
export const defaultFirstStatSn = serialNumber(1);
