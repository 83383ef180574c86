// SPDX-License-Identifier: Apache-2.0
// Reads a ledger and changes nothing: what lies behind its last whole batch stays there.

import { asError, isFault } from "#base/index.ts";
import type { Disk } from "./disk.ts";
import { storeFault } from "./faults.ts";
import { decodeLedger, type LedgerContent, recordText } from "./ledger-format.ts";
import { readSmallFile } from "./small-file.ts";

/** What a ledger holds. */
export interface LedgerFacts<Fact> {
  /** Oldest first. */
  readonly facts: readonly Fact[];
  /** Counts every fact that was ever added, also those that a snapshot replaced. */
  readonly sequence: number;
}

/** The facts of a ledger, oldest first; undefined when there is no such file. Faults as for `Ledger.open`. */
export async function readLedger<Fact>(
  disk: Disk,
  path: string,
  decode: (value: unknown) => Fact,
): Promise<readonly Fact[] | undefined> {
  return (await readLedgerFacts(disk, path, decode))?.facts;
}

/** The facts of a ledger and how many there ever were. As `readLedger`. */
export async function readLedgerFacts<Fact>(
  disk: Disk,
  path: string,
  decode: (value: unknown) => Fact,
): Promise<LedgerFacts<Fact> | undefined> {
  const bytes = await readSmallFile(disk, path);
  if (bytes === undefined) return undefined;
  const content = decodeLedger(path, bytes);
  return { facts: factsAt(path, bytes, content, decode), sequence: content.nextSequence };
}

/** The facts that were found in the bytes of a ledger. Faults `store.file-damaged`, `store.format-newer`. */
export function factsAt<Fact>(
  path: string,
  bytes: Uint8Array,
  { offsets }: Pick<LedgerContent, "offsets">,
  decode: (value: unknown) => Fact,
): readonly Fact[] {
  return offsets.map((offset) => {
    try {
      const value: unknown = JSON.parse(recordText(bytes, offset));
      return decode(value);
    } catch (error) {
      if (isFault(error, "store.format-newer")) throw error;
      throw storeFault("file-damaged", { path, offset, reason: asError(error).message }, error);
    }
  });
}
