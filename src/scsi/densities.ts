// SPDX-License-Identifier: Apache-2.0
// LTO generations: density codes, medium types, nominal capacity, barcode suffixes; and the descriptor of REPORT
// DENSITY SUPPORT. SSC-4; the values are those that LTO drives report.

import { ascii, bit, layout, uint, type Table } from "#codec/index.ts";

/** A generation of LTO cartridges. */
export type LtoGeneration = 3 | 4 | 5 | 6 | 7 | 8 | 9;

/** What a generation of cartridges looks like on the wire. */
export interface DensityRow {
  readonly generation: LtoGeneration;
  /** Density code: MODE SENSE block descriptor, REPORT DENSITY SUPPORT, MAM 0405h. */
  readonly code: number;
  readonly bitsPerMillimetre: number;
  readonly tracks: number;
  /** Nominal capacity in units of 10^6 bytes. */
  readonly capacityMegabytes: number;
  /** Medium type of the mode parameter header, for data and for write-once cartridges. */
  readonly mediumType: { readonly data: number; readonly writeOnce: number };
  readonly name: string;
  readonly description: string;
  /** Last two characters of a barcode. */
  readonly suffix: { readonly data: string; readonly writeOnce: string | undefined };
}

/** The generations that our drives read or write. */
export const densities = {
  "lto-3": {
    generation: 3,
    code: 0x44,
    bitsPerMillimetre: 9638,
    tracks: 704,
    capacityMegabytes: 400_000,
    mediumType: { data: 0x38, writeOnce: 0x3c },
    name: "U-316",
    description: "Ultrium 3/16T",
    suffix: { data: "L3", writeOnce: "LT" },
  },
  "lto-4": {
    generation: 4,
    code: 0x46,
    bitsPerMillimetre: 12_725,
    tracks: 896,
    capacityMegabytes: 800_000,
    mediumType: { data: 0x48, writeOnce: 0x4c },
    name: "U-416",
    description: "Ultrium 4/16T",
    suffix: { data: "L4", writeOnce: "LU" },
  },
  "lto-5": {
    generation: 5,
    code: 0x58,
    bitsPerMillimetre: 15_142,
    tracks: 1280,
    capacityMegabytes: 1_500_000,
    mediumType: { data: 0x58, writeOnce: 0x5c },
    name: "U-516",
    description: "Ultrium 5/16T",
    suffix: { data: "L5", writeOnce: "LV" },
  },
  "lto-6": {
    generation: 6,
    code: 0x5a,
    bitsPerMillimetre: 15_142,
    tracks: 2176,
    capacityMegabytes: 2_500_000,
    mediumType: { data: 0x68, writeOnce: 0x6c },
    name: "U-616",
    description: "Ultrium 6/16T",
    suffix: { data: "L6", writeOnce: "LW" },
  },
  "lto-7": {
    generation: 7,
    code: 0x5c,
    bitsPerMillimetre: 19_107,
    tracks: 3584,
    capacityMegabytes: 6_000_000,
    mediumType: { data: 0x78, writeOnce: 0x7c },
    name: "U-732",
    description: "Ultrium 7/32T",
    suffix: { data: "L7", writeOnce: "LX" },
  },
  "lto-8": {
    generation: 8,
    code: 0x5e,
    bitsPerMillimetre: 20_669,
    tracks: 6656,
    capacityMegabytes: 12_000_000,
    mediumType: { data: 0x88, writeOnce: 0x8c },
    name: "U-832",
    description: "Ultrium 8/32T",
    suffix: { data: "L8", writeOnce: "LY" },
  },
  "lto-9": {
    generation: 9,
    code: 0x60,
    bitsPerMillimetre: 21_456,
    tracks: 8960,
    capacityMegabytes: 18_000_000,
    mediumType: { data: 0x98, writeOnce: 0x9c },
    name: "U-932",
    description: "Ultrium 9/32T",
    suffix: { data: "L9", writeOnce: "LZ" },
  },
} as const satisfies Table<DensityRow>;

/** Name of a density. */
export type DensityName = keyof typeof densities;

/** The density that a generation of cartridges is written in. */
export function densityOf(generation: LtoGeneration): DensityRow {
  return densities[`lto-${generation}`];
}

/** What the last two characters of a barcode say about a cartridge. */
export interface BarcodeMeaning {
  readonly generation: LtoGeneration;
  readonly kind: "data" | "write-once";
}

const suffixes = new Map<string, BarcodeMeaning>();
for (const { generation, suffix } of Object.values(densities)) {
  suffixes.set(suffix.data, { generation, kind: "data" });
  suffixes.set(suffix.writeOnce, { generation, kind: "write-once" });
}

/** What a barcode says about its cartridge; undefined when it does not end with the suffix of a generation we know. */
export function barcodeMeaning(barcode: string): BarcodeMeaning | undefined {
  return suffixes.get(barcode.slice(-2));
}

/** True for a cleaning cartridge's barcode: `CLN` in front, as LTO libraries expect. */
export const isCleaningBarcode = (barcode: string): boolean => barcode.startsWith("CLN");

/** Header of the REPORT DENSITY SUPPORT data: SSC-4. */
export const DensityHeader = layout("REPORT DENSITY SUPPORT header", 4, {
  /** Bytes that follow this field. */
  availableLength: uint(0, 2),
});

/** Density support data block descriptor: SSC-4. */
export const DensityDescriptor = layout("density support descriptor", 52, {
  primaryCode: uint(0, 1),
  secondaryCode: uint(1, 1),
  writable: bit(2, 7),
  duplicate: bit(2, 6),
  default: bit(2, 5),
  descriptorLengthValid: bit(2, 0),
  descriptorLength: uint(3, 2),
  bitsPerMillimetre: uint(5, 3),
  /** Width of the medium in tenths of a millimetre. */
  mediumWidth: uint(8, 2),
  tracks: uint(10, 2),
  capacityMegabytes: uint(12, 4),
  organization: ascii(16, 8),
  name: ascii(24, 8),
  description: ascii(32, 20),
});

/** Who assigns LTO densities, as drives report it. */
export const densityOrganization = "LTO-CVE";
/** Width of LTO media in tenths of a millimetre. */
export const mediumWidth = 127;
