// SPDX-License-Identifier: Apache-2.0
// What a row of a command table holds. The tables themselves are in spc-commands.ts, ssc-commands.ts, smc-commands.ts.

import type { BitPosition, FieldPlace, Table, ValueOf } from "#codec/index.ts";

/** What is asked of a field of a CDB, whatever its kind. */
export interface CdbField extends FieldPlace {
  readonly isAlways: boolean;
  read(bytes: Uint8Array, base: number): unknown;
}

/** What a table needs of a CDB layout, whatever its fields; every `Layout` is one. */
export interface CdbLayout {
  readonly name: string;
  /** Length of the CDB in bytes. The last byte is the control byte. */
  readonly size: number;
  readonly fields: Readonly<Record<string, CdbField>>;
  decode(bytes: Uint8Array, offset?: number): object;
  check(bytes: Uint8Array, offset?: number, ignore?: Readonly<Record<number, number>>): BitPosition | undefined;
}

/** Recommended waiting times in seconds, as REPORT SUPPORTED OPERATION CODES publishes them. */
export interface CommandTimeouts {
  readonly nominal: number;
  readonly recommended: number;
}

/** One command, or one service action of a command that has them. */
export interface CommandRow {
  /** The name as the standard prints it. */
  readonly name: string;
  readonly opcode: number;
  /** Byte 1, bits 4..0, for operation codes that have service actions. */
  readonly serviceAction?: number;
  readonly cdb: CdbLayout;
  /** Which way its data goes, seen from the initiator. */
  readonly data: "none" | "in" | "out";
  /** Runs while the unit is not ready (no medium, becoming ready). Otherwise the unit's readiness is checked first. */
  readonly whileNotReady: boolean;
  /** Runs although a unit attention is pending, and leaves it pending: SPC-4. */
  readonly whileAttention: boolean;
  /** Another nexus holds the unit with RESERVE: SPC-2. `allow` runs, `conflict` does not. */
  readonly underReserve: "allow" | "conflict";
  /**
   * Another nexus holds a persistent reservation: SPC-4, SSC-4. `exempt` runs always, `read` conflicts
   * with exclusive access only, `write` also with write exclusive. On a tape whatever moves the medium is `write`.
   */
  readonly underPersistent: "exempt" | "read" | "write";
  /** A value of a CDB field with which the command hinders nobody and passes reservations of others: SPC-4, SMC-3. */
  readonly exemptWhen?: { readonly field: string; readonly is: number | boolean };
  readonly timeouts: CommandTimeouts;
  /** Where it is defined. */
  readonly standard: string;
}

/** A table of commands. */
export type CommandTable = Table<CommandRow>;
/** What a row's CDB decodes to. */
export type CdbOf<Row extends CommandRow> = ValueOf<Row["cdb"]>;
/** The names of the CDB fields of a row. */
export type CdbFieldOf<Row extends CommandRow> = keyof Row["cdb"]["fields"] & string;

/** Bits of CDB byte 1 that held the LUN in SCSI-2. Initiators still set them, so they are never looked at. */
export const obsoleteLunBits: Readonly<Record<number, number>> = { 1: 0xe0 };

/** Waiting times of classes of commands. Publish generous ones: clients give up when they are too short. */
export const timeouts = {
  /** Answered from memory. */
  quick: { nominal: 1, recommended: 60 },
  /** May wait for a disk or for buffered data to reach it. */
  data: { nominal: 60, recommended: 1500 },
  /** Moves a medium over its whole length, or fetches it from the object store. */
  medium: { nominal: 120, recommended: 3600 },
  /** Erases or formats. */
  erase: { nominal: 3600, recommended: 28_800 },
} as const satisfies Readonly<Record<string, CommandTimeouts>>;
