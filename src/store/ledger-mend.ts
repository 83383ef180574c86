// SPDX-License-Identifier: Apache-2.0
// Puts a ledger that was made anew in the place of one that is damaged or lost. The damaged one is kept beside it; a crash
// leaves the old state or the new one, and never an empty ledger that looks like a new beginning.

import type { Log } from "#base/index.ts";
import { folderOf, unlessMissing } from "./disk-paths.ts";
import type { Disk } from "./disk.ts";
import { Ledger } from "./ledger.ts";

/** Where a ledger is replaced. */
export interface LedgerPlace {
  readonly disk: Disk;
  readonly log: Log;
  readonly path: string;
}

/** Replaces the ledger; durable when it resolves. */
export async function replaceLedger({ disk, log, path }: LedgerPlace, facts: readonly unknown[]): Promise<void> {
  const folder = folderOf(path);
  const made = `${path}.mended`;
  // One that a crash left may be half of another attempt.
  await disk.remove(made);
  const ledger = await Ledger.open<unknown>({ disk, log, path: made, decode: (value) => value });
  await ledger.compact(facts);
  await ledger.close();
  const old = await unlessMissing(disk.open(path, { mode: "read" }));
  if (old !== undefined) {
    await old.close();
    await disk.rename(path, await freeName(disk, `${path}.damaged`));
  }
  await disk.rename(made, path);
  await disk.syncFolder(folder);
}

async function freeName(disk: Disk, path: string): Promise<string> {
  const names = new Set(await disk.list(folderOf(path)));
  const nameOf = (full: string): string => full.slice(full.lastIndexOf("/") + 1);
  let name = path;
  for (let number = 2; names.has(nameOf(name)); number++) name = `${path}-${number}`;
  return name;
}
