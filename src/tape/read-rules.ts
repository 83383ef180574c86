// SPDX-License-Identifier: Apache-2.0
// What a READ answers when the block on the medium has another length than the one asked for. SSC-5, READ(6): FIXED,
// SILI, incorrect length and the INFORMATION field. Pure decisions; who reads is the medium.

/** A variable-mode read of one block. */
export interface VariableRead {
  /** The CDB's transfer length. */
  readonly requested: number;
  /** Length of the block on the medium. */
  readonly actual: number;
  readonly suppressIncorrectLength: boolean;
  /** Block length of the mode block descriptor; 0 in variable mode. */
  readonly blockLength: number;
}

/** How to answer it. */
export interface LengthDecision {
  /** Bytes of the block that are transferred. */
  readonly transferLength: number;
  /** CHECK CONDITION with ILI; INFORMATION is requested minus actual. */
  readonly incorrectLength: boolean;
  /** Requested minus actual: negative when the block is longer. */
  readonly residue: number;
}

/**
 * Decides a variable-mode read. A shorter block under SILI is good; a longer one only while the mode block length is 0,
 * because otherwise the host could not know that bytes were lost.
 */
export function decideVariableRead(read: VariableRead): LengthDecision {
  const { requested, actual, suppressIncorrectLength, blockLength } = read;
  const residue = requested - actual;
  const transferLength = Math.min(requested, actual);
  if (residue === 0) return { transferLength, incorrectLength: false, residue };
  const suppressed = suppressIncorrectLength && (residue > 0 || blockLength === 0);
  return { transferLength, incorrectLength: !suppressed, residue };
}
