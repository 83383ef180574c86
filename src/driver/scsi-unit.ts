// SPDX-License-Identifier: Apache-2.0
// A logical unit in the hands of the manager, over any transport (the port ScsiPort). It waits while a unit becomes ready, takes
// note of unit attentions, and never repeats a command of which nobody knows whether it ran.

import { type Clock, type Duration, limits, seconds, sleep } from "#base/index.ts";
import {
  decodeSense,
  nameOfSense,
  type Sense,
  type SenseName,
  senseTable,
  scsiStatus,
  TestUnitReady,
} from "#scsi/index.ts";
import { driverFault } from "./faults.ts";

/** A command for a unit. */
export interface ScsiCommand {
  readonly cdb: Uint8Array;
  /** Must stay unchanged until the answer is there. */
  readonly dataOut?: Uint8Array;
  readonly dataInLength?: number;
  /** Memory for data-in, at least `dataInLength` long. */
  readonly dataInTo?: Uint8Array;
  readonly timeout?: Duration;
}

/** How a command ended; data and sense come together. */
export interface ScsiResult {
  readonly status: number;
  /** Empty unless there is any. */
  readonly sense: Uint8Array;
  readonly dataIn: Uint8Array;
}

/** Port: sends commands to one logical unit. Rejects when nobody knows what became of a command. */
export interface ScsiPort {
  execute(command: ScsiCommand): Promise<ScsiResult>;
  /** Gives the unit up. */
  close(): Promise<void>;
}

/** The answer to a command, in words where there are any. */
export interface Answer {
  /** `good`, the name of the sense, or `other`. */
  readonly word: "good" | SenseName | "other";
  readonly sense: Sense | undefined;
  readonly dataIn: Uint8Array;
  /** For messages. */
  readonly text: string;
}

const pause: Duration = seconds(1);
/** Qualifier of "end of data detected". */
const endOfDataQualifier = 5;

/** Answers of a unit that is on its way; waiting helps. */
const passing: ReadonlySet<string> = new Set(["becoming-ready", "not-ready-operation", "operation-in-progress"]);

/** One logical unit. */
export class ScsiUnit {
  /** For messages. */
  readonly name: string;
  readonly clock: Clock;
  readonly #port: ScsiPort;

  constructor(name: string, port: ScsiPort, clock: Clock) {
    this.name = name;
    this.#port = port;
    this.clock = clock;
  }

  close(): Promise<void> {
    return this.#port.close();
  }

  /**
   * Sends a command that may be sent again: one that asks, or that leads to the same place each time. Unit attentions and busy
   * answers are waited out. Fault `driver.not-ready` when that takes too long.
   */
  async ask(command: ScsiCommand): Promise<Answer> {
    const deadline = this.clock.monotonic() + limits.driveReady;
    for (let attentions = 0; ;) {
      const answer = await this.#send(command);
      const isBusy = answer.word === "other" && answer.text.startsWith("status");
      if (answer.sense?.key === "unit-attention" && attentions < limits.unitAttentions) {
        attentions += 1;
        continue;
      }
      if (!passing.has(answer.word) && !isBusy) return answer;
      if (this.clock.monotonic() > deadline) {
        throw driverFault("not-ready", { device: this.name, answer: answer.text });
      }
      await sleep(this.clock, pause);
    }
  }

  /** As `ask`, for commands whose only good answer is GOOD. Fault `driver.command-failed`. */
  async must(name: string, command: ScsiCommand): Promise<Uint8Array> {
    const answer = await this.ask(command);
    if (answer.word !== "good") throw this.failed(name, answer);
    return answer.dataIn;
  }

  /**
   * Sends a command that depends on the position, once. A unit attention means that somebody else was there: Fault
   * `driver.was-disturbed`.
   */
  async once(command: ScsiCommand): Promise<Answer> {
    const answer = await this.#send(command);
    if (answer.sense?.key !== "unit-attention") return answer;
    throw driverFault("was-disturbed", { device: this.name, answer: answer.text });
  }

  /** Waits until the unit is ready. False when it has no medium, or needs a LOAD. Fault `driver.not-ready`. */
  async waitReady(): Promise<boolean> {
    const answer = await this.ask({ cdb: TestUnitReady.encode({}) });
    if (answer.word === "good") return true;
    if (answer.sense?.key === "not-ready") return false;
    throw driverFault("not-ready", { device: this.name, answer: answer.text });
  }

  /** The fault of an answer that nobody expected. */
  failed(command: string, answer: Answer): Error {
    const row = answer.word === "good" || answer.word === "other" ? undefined : senseTable[answer.word];
    const advice = row === undefined ? "" : `: ${row.advice}`;
    return driverFault("command-failed", { device: this.name, command, answer: answer.text, advice });
  }

  async #send(command: ScsiCommand): Promise<Answer> {
    const { status, sense: bytes, dataIn } = await this.#port.execute(command);
    if (status === scsiStatus.good) return { word: "good", sense: undefined, dataIn, text: "good" };
    if (bytes.byteLength === 0) {
      return { word: "other", sense: undefined, dataIn, text: `status ${status.toString(16)}h` };
    }
    const sense = decodeSense(bytes);
    const word = wordOf(sense);
    const codes = [sense.asc, sense.ascq].map((code) => code.toString(16).padStart(2, "0")).join("/");
    return { word: word ?? "other", sense, dataIn, text: word ?? `${sense.key} ${codes}` };
  }
}

/**
 * The word of a sense. Targets that say the key alone, or the place under another key (tgt), mean the same: what blank check, volume
 * overflow and the bits for filemark and end of medium say does not depend on the code (SSC-4, sense data).
 */
export function wordOf(sense: Sense): SenseName | undefined {
  const name = nameOfSense(sense);
  if (name !== undefined && name !== "no-sense") return name;
  const { key, asc, ascq } = sense;
  const isEndOfData = asc === 0 && ascq === endOfDataQualifier && (key === "no-sense" || key === "medium-error");
  if (isEndOfData || (key === "blank-check" && asc === 0)) return "end-of-data";
  if (asc !== 0 || ascq !== 0) return name;
  if (key === "volume-overflow") return "volume-overflow";
  if (key !== "no-sense") return name;
  if (sense.filemark) return "filemark-detected";
  return sense.endOfMedium ? "early-warning" : name;
}
