// SPDX-License-Identifier: Apache-2.0
// Drive and changer models: identity strings, what a drive reads and writes, and where a library's elements begin.
// The first row of each table is the default.

import type { Table } from "#codec/index.ts";
import type { LtoGeneration } from "./densities.ts";

/** A model of tape drive. */
export interface DriveModel {
  /** T10 vendor identification: at most 8 characters. */
  readonly vendor: string;
  /** Product identification: at most 16 characters. */
  readonly product: string;
  /** Product revision level: at most 4 characters. */
  readonly revision: string;
  /** For people. */
  readonly title: string;
  readonly generation: LtoGeneration;
  /** Generations that it reads and writes, newest first. */
  readonly writes: readonly LtoGeneration[];
  /** Generations that it reads only. */
  readonly readsOnly: readonly LtoGeneration[];
  /** READ BLOCK LIMITS, in bytes. */
  readonly blockSizeMin: number;
  readonly blockSizeMax: number;
}

/** First element addresses of a library. */
export interface FirstAddresses {
  readonly picker: number;
  readonly drive: number;
  readonly storage: number;
  readonly mail: number;
}

/** A model of medium changer. */
export interface ChangerModel {
  readonly vendor: string;
  readonly product: string;
  readonly revision: string;
  readonly title: string;
  /** Where its elements begin unless a library says otherwise. */
  readonly firstAddresses: FirstAddresses;
}

const MiB = 1024 * 1024;

const compatibility = {
  5: { writes: [5, 4], readsOnly: [3] },
  6: { writes: [6, 5], readsOnly: [4] },
  7: { writes: [7, 6], readsOnly: [5] },
  8: { writes: [8, 7], readsOnly: [] },
  9: { writes: [9, 8], readsOnly: [] },
} as const;

function ibm<const Generation extends keyof typeof compatibility>(generation: Generation, revision: string) {
  return {
    vendor: "IBM",
    product: `ULT3580-TD${generation}`,
    revision,
    title: `IBM LTO Ultrium ${generation}`,
    generation,
    ...compatibility[generation],
    blockSizeMin: 1,
    blockSizeMax: 8 * MiB,
  } as const;
}

function hpe<const Generation extends keyof typeof compatibility>(
  generation: Generation,
  identity: { readonly vendor: string; readonly revision: string },
) {
  return {
    ...identity,
    product: `Ultrium ${generation}-SCSI`,
    title: `HPE LTO Ultrium ${generation}`,
    generation,
    ...compatibility[generation],
    blockSizeMin: 1,
    blockSizeMax: 8 * MiB,
  } as const;
}

function quantum<const Generation extends keyof typeof compatibility>(generation: Generation, revision: string) {
  return {
    vendor: "QUANTUM",
    product: `ULTRIUM-HH${generation}`,
    revision,
    title: `Quantum LTO Ultrium ${generation}`,
    generation,
    ...compatibility[generation],
    blockSizeMin: 1,
    blockSizeMax: 8 * MiB,
  } as const;
}

/** The drives that a library can have. Their names are part of a library's stored configuration. */
export const driveModels = {
  "ibm-lto8": ibm(8, "HB81"),
  "ibm-lto5": ibm(5, "B170"),
  "ibm-lto6": ibm(6, "E6R3"),
  "ibm-lto7": ibm(7, "G9Q1"),
  "ibm-lto9": ibm(9, "N9P1"),
  "hpe-lto5": hpe(5, { vendor: "HP", revision: "Z64D" }),
  "hpe-lto6": hpe(6, { vendor: "HP", revision: "J5SS" }),
  "hpe-lto7": hpe(7, { vendor: "HPE", revision: "M5B1" }),
  "hpe-lto8": hpe(8, { vendor: "HPE", revision: "N4B1" }),
  "hpe-lto9": hpe(9, { vendor: "HPE", revision: "R3G3" }),
  "quantum-lto5": quantum(5, "D8D5"),
  "quantum-lto6": quantum(6, "JAX6"),
  "quantum-lto7": quantum(7, "KAH0"),
  "quantum-lto8": quantum(8, "MA71"),
  "quantum-lto9": quantum(9, "P371"),
} as const satisfies Table<DriveModel>;
/** Name of a drive model. */
export type DriveModelName = keyof typeof driveModels;

/** The changers that a library can have. Their names are part of a library's stored configuration. */
export const changerModels = {
  capstan: {
    vendor: "CAPSTAN",
    product: "VTL",
    revision: "0100",
    title: "Capstan virtual library",
    firstAddresses: { picker: 0, drive: 256, storage: 4096, mail: 768 },
  },
  "stk-l700": {
    vendor: "STK",
    product: "L700",
    revision: "0107",
    title: "StorageTek L700",
    firstAddresses: { picker: 0, drive: 500, storage: 1000, mail: 10 },
  },
  "ibm-3584": {
    vendor: "IBM",
    product: "03584L32",
    revision: "0402",
    title: "IBM TS3500",
    firstAddresses: { picker: 1, drive: 257, storage: 1025, mail: 769 },
  },
  "ibm-ts3100": {
    vendor: "IBM",
    product: "3573-TL",
    revision: "D.60",
    title: "IBM TS3100 and TS3200",
    firstAddresses: { picker: 1, drive: 256, storage: 4096, mail: 16 },
  },
  "hpe-msl": {
    vendor: "HP",
    product: "MSL G3 Series",
    revision: "E.20",
    title: "HPE StoreEver MSL",
    firstAddresses: { picker: 0, drive: 1, storage: 1001, mail: 101 },
  },
  "quantum-scalar-i3": {
    vendor: "QUANTUM",
    product: "Scalar i3-i6",
    revision: "200G",
    title: "Quantum Scalar i3 and i6",
    firstAddresses: { picker: 1, drive: 256, storage: 4096, mail: 16 },
  },
} as const satisfies Table<ChangerModel>;
/** Name of a changer model. */
export type ChangerModelName = keyof typeof changerModels;
