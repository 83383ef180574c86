// SPDX-License-Identifier: Apache-2.0
// What a command ended with: a value, not an exception. `encodeOutcome` turns it into the bytes that a transport sends.

import type { FieldPointer, ScsiStatus, Sense, SenseName } from "#scsi/index.ts";
import { encodeSense, scsiStatus, senseTable, type SenseFormat } from "#scsi/index.ts";
import type { UnitResult } from "./unit-task.ts";

/** Data for the initiator: unchanged until it is released. Anything that has this shape will do (stored bytes). */
export interface DataIn {
  readonly bytes: Uint8Array;
  release(): void;
}

/** What may accompany both success and sense. */
export interface OutcomeExtras {
  readonly dataIn?: DataIn;
  /** Bytes that the command wanted to move, where that is not what the CDB's length field or `dataIn` says. */
  readonly transferLength?: number;
}

/** The command was carried out. */
export interface Good extends OutcomeExtras {
  readonly kind: "good";
}

/** The command ended with sense data; on tape that may be ordinary traffic, and data may come with it. */
export interface Check extends OutcomeExtras {
  readonly kind: "check";
  readonly sense: Sense;
}

/** A bare status. */
export interface BareStatus {
  readonly kind: "status";
  readonly status: Exclude<ScsiStatus, "good" | "check-condition">;
}

/** What a command ended with. */
export type Outcome = Good | Check | BareStatus;

/** What sense may say beside its code. */
export type SenseDetails = Pick<
  Sense,
  "information" | "filemark" | "endOfMedium" | "incorrectLength" | "fieldPointer" | "progress"
>;

const nothing = (): void => {};
const bareGood: Good = Object.freeze({ kind: "good" });

/** Success without data. Allocates nothing. */
export function good(): Good {
  return bareGood;
}

/** Success with data that stays as it is: bytes of our own, or a view that must be released. */
export function goodData(data: Uint8Array | DataIn): Good {
  return { kind: "good", dataIn: data instanceof Uint8Array ? { bytes: data, release: nothing } : data };
}

/** Sense data by name: `check("end-of-data", { information: 3 })`. `extras` may add data. */
export function check(name: SenseName, details: SenseDetails = {}, extras: OutcomeExtras = {}): Check {
  const { key, asc, ascq } = senseTable[name];
  return { kind: "check", sense: { key, asc, ascq, ...details }, ...extras };
}

/** A field of the parameter list is wrong: 05/26/00 with its position. */
export function invalidParameter(position: { readonly byte: number; readonly bit?: number }): Check {
  const fieldPointer: FieldPointer = { in: "parameters", byte: position.byte, bit: position.bit ?? 7 };
  return check("invalid-field-in-parameters", { fieldPointer });
}

/** A bare status. */
export function bareStatus(status: BareStatus["status"]): BareStatus {
  return { kind: "status", status };
}

/** True for an answer with sense. Narrows `T | Check`, which helpers return. */
export function isCheck(value: unknown): value is Check {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "check";
}

/** The outcome with its data cut to an allocation length: length fields inside stay as they are. SPC-4. */
export function truncated(outcome: Outcome, allocationLength: number): Outcome {
  if (outcome.kind === "status" || outcome.dataIn === undefined) return outcome;
  const { dataIn } = outcome;
  if (dataIn.bytes.byteLength <= allocationLength) return outcome;
  const bytes = dataIn.bytes.subarray(0, allocationLength);
  return { ...outcome, dataIn: { bytes, release: () => dataIn.release() } };
}

/** The bytes of an outcome. `format` is the sense format that the control mode page selects. */
export function encodeOutcome(outcome: Outcome, format: SenseFormat): UnitResult {
  if (outcome.kind === "status") return { status: scsiStatus[outcome.status] };
  const { dataIn, transferLength } = outcome;
  // Most commands by far end in one of these two ways.
  if (outcome.kind === "good" && dataIn === undefined) {
    return transferLength === undefined ? { status: scsiStatus.good } : { status: scsiStatus.good, transferLength };
  }
  const extras = {
    ...(dataIn === undefined ? {} : { dataIn }),
    ...(transferLength === undefined ? {} : { transferLength }),
  };
  if (outcome.kind === "good") return { status: scsiStatus.good, ...extras };
  return { status: scsiStatus["check-condition"], sense: encodeSense(outcome.sense, format), ...extras };
}
