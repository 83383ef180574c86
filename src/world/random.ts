// SPDX-License-Identifier: Apache-2.0
// Randomness of the operating system: fit for secrets.

import { randomBytes, randomInt } from "node:crypto";
import type { Random } from "#base/index.ts";

/** The operating system's random source. */
export class SystemRandom implements Random {
  bytes(count: number): Uint8Array {
    return new Uint8Array(randomBytes(count));
  }

  below(limit: number): number {
    return randomInt(limit);
  }
}
