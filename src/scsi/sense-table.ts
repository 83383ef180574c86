// SPDX-License-Identifier: Apache-2.0
// Sense codes by name: sense key, additional sense code and qualifier, and what an operator can do about it.
// SPC-4, SSC-4, SMC-3. A code may stand under several keys: each is a row of its own.

import type { Table } from "#codec/index.ts";
import type { SenseKey } from "./status.ts";

/** One answer that a unit can give. */
export interface SenseRow {
  readonly key: SenseKey;
  readonly asc: number;
  readonly ascq: number;
  /** For people: what it means, and what they can do where that helps. */
  readonly advice: string;
}

const row = <const Key extends SenseKey>(key: Key, asc: number, ascq: number, advice: string) =>
  ({ key, asc, ascq, advice }) as const;

/** Every answer with sense data that our units give or that callers branch on. */
export const senseTable = {
  // Ordinary traffic of a tape drive.
  "no-sense": row("no-sense", 0x00, 0x00, "nothing to report"),
  "filemark-detected": row("no-sense", 0x00, 0x01, "a filemark was met"),
  "early-warning": row("no-sense", 0x00, 0x02, "the end of the medium is near; what was sent is written"),
  "beginning-of-partition": row("no-sense", 0x00, 0x04, "the beginning of the partition was met"),
  "programmable-early-warning": row("no-sense", 0x00, 0x07, "the programmed warning zone begins here"),
  "operation-in-progress": row("no-sense", 0x00, 0x16, "an operation is running; wait for it"),
  "erase-in-progress": row("no-sense", 0x00, 0x18, "the medium is being erased; wait for it"),
  "locate-in-progress": row("no-sense", 0x00, 0x19, "the medium is being positioned; wait for it"),
  "rewind-in-progress": row("no-sense", 0x00, 0x1a, "the medium is being rewound; wait for it"),
  "end-of-data": row("blank-check", 0x00, 0x05, "nothing is recorded behind this point"),
  "volume-overflow": row("volume-overflow", 0x00, 0x02, "the medium is full; continue on another cartridge"),
  "end-of-partition": row("medium-error", 0x00, 0x02, "the end of the partition was met while reading"),
  miscompare: row("miscompare", 0x1d, 0x00, "the data on the medium differs from the data that was sent"),

  // Not ready.
  "not-ready": row("not-ready", 0x04, 0x00, "the unit is not ready"),
  "becoming-ready": row("not-ready", 0x04, 0x01, "the unit is becoming ready; wait a moment"),
  "load-needed": row("not-ready", 0x04, 0x02, "the cartridge was unloaded; send LOAD or move it"),
  "intervention-needed": row("not-ready", 0x04, 0x03, "the unit waits for an operator"),
  "format-in-progress": row("not-ready", 0x04, 0x04, "the medium is being formatted; wait for it"),
  "not-ready-operation": row("not-ready", 0x04, 0x07, "a long operation is running; wait for it"),
  "incompatible-medium": row("not-ready", 0x30, 0x00, "this cartridge does not fit this drive; take another one"),
  "unknown-format": row("not-ready", 0x30, 0x01, "the format of this cartridge cannot be read here"),
  "incompatible-format": row("not-ready", 0x30, 0x02, "this generation of cartridge cannot be read by this drive"),
  "cleaning-cartridge": row("not-ready", 0x30, 0x03, "a cleaning cartridge is in the drive"),
  "medium-not-present": row("not-ready", 0x3a, 0x00, "no cartridge is in the drive"),
  "medium-not-present-chip": row("not-ready", 0x3a, 0x04, "the cartridge is unloaded; only its memory chip answers"),

  // The world behind the unit failed.
  "write-error": row("medium-error", 0x0c, 0x00, "data could not be stored; see the gateway's log for the cause"),
  "read-error": row("medium-error", 0x11, 0x00, "recorded data could not be read back; see the gateway's log"),
  "positioning-error": row("hardware-error", 0x15, 0x01, "the cartridge could not be moved; see the gateway's log"),
  "guard-check-failed": row("hardware-error", 0x10, 0x01, "a block arrived damaged; check the path to the drive"),
  "target-failure": row("hardware-error", 0x44, 0x00, "the unit stopped after an internal error; reset it"),
  "self-test-failure": row("hardware-error", 0x3e, 0x03, "the self-test failed; see the gateway's log"),

  // Requests that cannot be carried out.
  "parameter-list-length": row("illegal-request", 0x1a, 0x00, "the parameter list is cut or too long"),
  "invalid-opcode": row("illegal-request", 0x20, 0x00, "the unit does not have this command"),
  "element-address": row("illegal-request", 0x21, 0x01, "there is no such element"),
  "invalid-field-in-cdb": row("illegal-request", 0x24, 0x00, "the command holds a value that is not supported"),
  "command-sequence-error": row("illegal-request", 0x2c, 0x00, "another command has to come first"),
  "not-append-only": row("illegal-request", 0x20, 0x0c, "this works in append-only mode only"),
  "unit-not-supported": row("illegal-request", 0x25, 0x00, "there is no such logical unit"),
  "invalid-field-in-parameters": row("illegal-request", 0x26, 0x00, "the parameter list holds a wrong value"),
  "parameter-not-supported": row("illegal-request", 0x26, 0x01, "the parameter list holds an unknown parameter"),
  "invalid-release": row("illegal-request", 0x26, 0x04, "the reservation is of another scope or type"),
  "incompatible-medium-requested": row("illegal-request", 0x30, 0x00, "this cartridge does not fit this drive"),
  "saving-not-supported": row("illegal-request", 0x39, 0x00, "the unit keeps no saved parameters"),
  "not-at-beginning": row("illegal-request", 0x3b, 0x0c, "this works at the beginning of the medium only"),
  "destination-full": row("illegal-request", 0x3b, 0x0d, "a cartridge is in the destination already"),
  "source-empty": row("illegal-request", 0x3b, 0x0e, "no cartridge is in the source"),
  "magazine-not-accessible": row("illegal-request", 0x3b, 0x11, "the cartridge is on the shelf; retrieve it first"),
  "load-or-eject-failed": row("illegal-request", 0x53, 0x00, "the cartridge could not be loaded or ejected"),
  "not-unloaded": row("illegal-request", 0x53, 0x01, "the drive has not unloaded its cartridge"),
  "removal-prevented": row("illegal-request", 0x53, 0x02, "a host has locked the cartridge in; it must allow removal"),
  "memory-full": row("illegal-request", 0x55, 0x06, "the memory chip of the cartridge is full"),
  "registrations-exhausted": row("illegal-request", 0x55, 0x04, "too many hosts have registered a reservation key"),

  // The medium may not be written.
  "write-protected": row("data-protect", 0x27, 0x00, "the cartridge is write protected"),
  "cannot-write-format": row("data-protect", 0x30, 0x05, "this drive can only read this generation of cartridge"),
  "write-once": row("data-protect", 0x30, 0x0c, "recorded data of this cartridge may not be overwritten"),
  "key-instance-changed": row("data-protect", 0x2a, 0x13, "another host changed the encryption key that was locked"),
  "cannot-decrypt": row("data-protect", 0x74, 0x01, "the block is encrypted; give the drive its key"),
  "not-encrypted": row(
    "data-protect",
    0x74,
    0x02,
    "the block is not encrypted, but only encrypted ones were asked for",
  ),
  "wrong-key": row("data-protect", 0x74, 0x03, "the block was encrypted with another key"),
  "integrity-failed": row("data-protect", 0x74, 0x04, "the encrypted block was changed since it was written"),
  "not-raw-readable": row("data-protect", 0x74, 0x0a, "the block was written so that it cannot be read undecrypted"),
  "no-encryption-parameters": row("data-protect", 0x74, 0x0b, "what was sent is no encrypted block of this format"),

  // Unit attentions: SPC-4.
  "medium-changed": row("unit-attention", 0x28, 0x00, "a cartridge was loaded"),
  "mail-slot-accessed": row("unit-attention", 0x28, 0x01, "an operator used the mail slots; take inventory"),
  "power-on": row("unit-attention", 0x29, 0x01, "the gateway was started; positions are at the beginning"),
  "bus-reset": row("unit-attention", 0x29, 0x02, "the target was reset"),
  "unit-reset": row("unit-attention", 0x29, 0x03, "the unit was reset"),
  "internal-reset": row("unit-attention", 0x29, 0x04, "the unit was restarted after an internal error"),
  "nexus-loss": row("unit-attention", 0x29, 0x07, "the last session was lost with commands under way"),
  "mode-parameters-changed": row("unit-attention", 0x2a, 0x01, "another host changed mode parameters"),
  "log-parameters-changed": row("unit-attention", 0x2a, 0x02, "another host changed log parameters"),
  "reservations-preempted": row("unit-attention", 0x2a, 0x03, "another host took over the reservation"),
  "reservations-released": row("unit-attention", 0x2a, 0x04, "another host released the reservation"),
  "registrations-preempted": row("unit-attention", 0x2a, 0x05, "another host removed the registration"),
  "timestamp-changed": row("unit-attention", 0x2a, 0x10, "another host changed the timestamp"),
  "encryption-changed": row("unit-attention", 0x2a, 0x11, "another host changed the encryption parameters"),
  "commands-cleared": row("unit-attention", 0x2f, 0x00, "another host cleared the commands under way"),
  "microcode-changed": row("unit-attention", 0x3f, 0x01, "the gateway was updated"),
  "inquiry-changed": row("unit-attention", 0x3f, 0x03, "the unit's identity has changed; scan again"),
  "luns-changed": row("unit-attention", 0x3f, 0x0e, "logical units were added or removed; scan again"),
  "removal-requested": row("unit-attention", 0x5a, 0x01, "an operator asks for the cartridge"),
} as const satisfies Table<SenseRow>;

/** Name of an answer with sense data. */
export type SenseName = keyof typeof senseTable;
/** Names of the unit attentions. */
export type AttentionName = {
  [Name in SenseName]: (typeof senseTable)[Name]["key"] extends "unit-attention" ? Name : never;
}[SenseName];

const names = new Map<string, SenseName>();
for (const [name, { key, asc, ascq }] of Object.entries(senseTable) as [SenseName, SenseRow][]) {
  names.set(`${key}/${asc}/${ascq}`, name);
}

/** The name of a combination; undefined when the table does not have it. */
export function senseName(key: SenseKey, asc: number, ascq: number): SenseName | undefined {
  return names.get(`${key}/${asc}/${ascq}`);
}
