// SPDX-License-Identifier: Apache-2.0
// What the two sides know of each other's CHAP names and secrets. Who keeps them is not this room's business.

/** CHAP algorithms by the names that configuration uses; RFC 7143 section 12.1.3 and IANA's registry. */
export const chapAlgorithms = {
  "sha3-256": { code: 8, hash: "sha3-256", size: 32 },
  sha256: { code: 7, hash: "sha256", size: 32 },
  sha1: { code: 6, hash: "sha1", size: 20 },
  md5: { code: 5, hash: "md5", size: 16 },
} as const;

/** Name of a CHAP algorithm. */
export type ChapAlgorithm = keyof typeof chapAlgorithms;

/** A CHAP name and the secret that goes with it. */
export interface ChapCredentials {
  readonly name: string;
  readonly secret: Uint8Array;
}

/** How one target (or discovery) authenticates initiators. */
export interface ChapPolicy {
  /** True: a login without CHAP is refused. False: CHAP only when the initiator puts it first. */
  readonly isRequired: boolean;
  /** What is accepted; the first of the initiator's list that is here is taken. */
  readonly algorithms: readonly ChapAlgorithm[];
  /** The secret of the initiator that names itself `chapName` (case-sensitive); undefined refuses it. */
  initiatorSecret(chapName: string): Uint8Array | undefined;
  /** How the target proves itself to an initiator that asks (mutual CHAP); undefined refuses to. */
  targetCredentials(chapName: string): ChapCredentials | undefined;
}
