// SPDX-License-Identifier: Apache-2.0
// Port: where randomness comes from. The real one is the operating system's, the simulated one a seeded generator.

/** Source of random values. */
export interface Random {
  /** `count` random bytes, fit for secrets in the real world. */
  bytes(count: number): Uint8Array;
  /** A whole number from 0 up to, not including, `limit` (1 … 2^48). */
  below(limit: number): number;
}

/** A random identifier of 32 hexadecimal digits. */
export function randomId(random: Random): string {
  return Buffer.from(random.bytes(16)).toString("hex");
}
