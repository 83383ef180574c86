// SPDX-License-Identifier: Apache-2.0
// Reads a ledger and changes nothing: what lies behind its last whole batch stays there.

import { asError, isFault } from "#base/index.ts";
import type { Disk } from "./disk.ts";
import { storeFault } from "./faults.ts";
import { decodeLedger, type LedgerContent, recordText } from "./ledger-format.ts";
import { readSmallFile } from "./small-file.ts";

/** The facts of a ledger, oldest first; undefined when there is no such file. Faults as for `Ledger.open`. */
export async function readLedger<Fact>(
  disk: Disk,
  path: string,
  decode: (value: unknown) => Fact,
): Promise<readonly Fact[] | undefined> {
  const bytes = await readSmallFile(disk, path);
  if (bytes === undefined) return undefined;
  return factsAt(path, bytes, decodeLedger(path, bytes), decode);
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
