// SPDX-License-Identifier: Apache-2.0
// Partitions of a medium: the medium partition mode page (SSC-4 8.3.4) and what sizes FORMAT MEDIUM makes of it. Pure.
// As LTO drives, ours partition on FORMAT MEDIUM only (POFM).

import { putUint } from "#codec/index.ts";
import { MediumPartitionPage, type LtoGeneration } from "#scsi/index.ts";

/** What a host selected with the mode page. */
export interface Partitioning {
  /** Undefined: one partition. `initiator`: sizes as given; `drive`: the drive chooses them. */
  readonly by: "initiator" | "drive" | undefined;
  /** Beyond the first. */
  readonly additional: number;
  /** Bytes of one unit of `sizes`. */
  readonly unitBytes: number;
  readonly sizes: readonly number[];
}

/** One partition. */
export const noPartitioning: Partitioning = { by: undefined, additional: 0, unitBytes: 1e9, sizes: [] };

/** PARTITION SIZE: what the others leave. */
const rest = 0xffff;
/** The smallest partition: room for a block of some size, its warning zone and an index. */
export const partitionSizeMin = 4 * 1024 * 1024;
/** Sizes begin behind this many bytes of the page. */
const sizesAt = MediumPartitionPage.size;

/** Partitions beyond the first that a generation of cartridges can have. */
export function additionalMax(generation: LtoGeneration): number {
  if (generation >= 6) return 3;
  return generation === 5 ? 1 : 0;
}

/** What the page asks for; undefined when more than one way to partition is selected. */
export function partitioningOf(page: Uint8Array): Partitioning | undefined {
  const { fixedPartitions, selectPartitions, initiatorPartitions, ...fields } = MediumPartitionPage.decode(page);
  const ways = [fixedPartitions, selectPartitions, initiatorPartitions].filter((isSelected) => isSelected).length;
  if (ways > 1) return undefined;
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const sizes: number[] = [];
  for (let at = sizesAt; at + 2 <= page.byteLength; at += 2) sizes.push(view.getUint16(at));
  const units = [1, 1e3, 1e6, 10 ** fields.sizeExponent];
  return {
    by: ways === 0 ? undefined : initiatorPartitions ? "initiator" : "drive",
    additional: fields.additionalDefined,
    unitBytes: units[fields.sizeUnit] ?? 1,
    sizes,
  };
}

/** The sizes of the partitions in bytes, together all of the capacity; undefined when they do not fit. */
export function partitionSizes(wanted: Partitioning, capacityBytes: number): readonly number[] | undefined {
  const { by, additional, unitBytes, sizes } = wanted;
  if (by === undefined || additional === 0) return [capacityBytes];
  if (by === "drive") {
    // As a drive that chooses: small partitions for an index each, and nearly everything in the first.
    const small = Math.max(partitionSizeMin, Math.floor(capacityBytes / 40));
    return complete([rest, ...Array.from({ length: additional }, () => small)], capacityBytes, 1);
  }
  return complete(sizes.slice(0, additional + 1), capacityBytes, unitBytes);
}

/** One size at most says "what is left"; where none does, the largest gets what the units left over. */
function complete(sizes: readonly number[], capacityBytes: number, unitBytes: number): readonly number[] | undefined {
  const open = sizes.filter((size) => size === rest).length;
  if (open > 1) return undefined;
  const bytes = sizes.map((size) => (size === rest ? 0 : size * unitBytes));
  const given = bytes.reduce((sum, size) => sum + size, 0);
  const left = capacityBytes - given;
  const taker = open === 1 ? sizes.indexOf(rest) : bytes.indexOf(Math.max(...bytes));
  // A host computes in whole units, of which the last may be more than there is.
  if (open === 0 && left < -unitBytes) return undefined;
  const whole = bytes.map((size, index) => (index === taker ? size + left : size));
  return whole.every((size) => size >= partitionSizeMin) ? whole : undefined;
}

/** The page of a medium with partitions of these sizes; `slots` is how many sizes it has room for. */
export function partitionPage(sizes: readonly number[], slots: number): Uint8Array {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  // Units so small that small media have sizes too, and so large that they fit their fields.
  const exponent = total / 1e6 < rest ? 6 : 9;
  const page = new Uint8Array(sizesAt + 2 * slots);
  MediumPartitionPage.encodeInto(page, 0, {
    pageLength: page.byteLength - 2,
    maximumAdditional: slots - 1,
    additionalDefined: Math.max(0, sizes.length - 1),
    initiatorPartitions: sizes.length > 1,
    sizeUnit: 3,
    onFormatMedium: true,
    formatRecognition: 3,
    sizeExponent: exponent,
  });
  for (const [index, size] of sizes.slice(0, slots).entries()) {
    putUint(page, sizesAt + 2 * index, 2, Math.min(rest - 1, Math.ceil(size / 10 ** exponent)));
  }
  return page;
}
