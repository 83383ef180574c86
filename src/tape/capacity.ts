// SPDX-License-Identifier: Apache-2.0
// How much fits on a cartridge and where early warning begins. SSC-5, early-warning. Sizes are bytes as the image
// stores them, so that the announced capacity is a promise about what the store has to hold.

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

/** Where a medium of a nominal size warns and ends. */
export interface MediumCapacity {
  /** Nominal size: nothing is written past it. */
  readonly sizeBytes: number;
  /** A write that ends at or past this offset still succeeds and is answered with early warning. */
  readonly earlyWarningAt: number;
}

/**
 * Capacity of a cartridge of `sizeBytes`. The room behind early warning holds trailers and an LTFS index: at least
 * 100 MiB on cartridges of 10 GiB and more, otherwise 1 % of the size, but 1 MiB at least.
 */
export function capacityOf(sizeBytes: number): MediumCapacity {
  const zone =
    sizeBytes >= 10 * GiB
      ? Math.max(100 * MiB, Math.ceil(sizeBytes / 1000))
      : Math.max(MiB, Math.ceil(sizeBytes / 100));
  return { sizeBytes, earlyWarningAt: Math.max(0, sizeBytes - zone) };
}
