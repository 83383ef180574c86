// SPDX-License-Identifier: Apache-2.0
// TapeAlert flags: SSC-4 annex A, table A.1. Only those that our units can raise; log page 2Eh has a parameter for each
// of the 64.

import type { Table } from "#codec/index.ts";

/** Flags by name: their numbers, which are also the parameter codes of log page 2Eh. */
export const tapeAlertFlags = {
  "hard-error": 3,
  "read-failure": 5,
  "write-failure": 6,
  "write-protect": 9,
  "unsupported-format": 12,
  "cleaning-media": 11,
  "write-once-overwrite-attempted": 60,
} as const satisfies Table<number>;
/** Name of a flag. */
export type TapeAlertName = keyof typeof tapeAlertFlags;

/** How many flags the standard has. */
export const tapeAlertCount = 64;
