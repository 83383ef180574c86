// SPDX-License-Identifier: Apache-2.0
// Does what was decided about the files of a Proxmox server: sets up what is taken and not there yet, and says what became of
// each section.

import { isFault } from "#base/index.ts";
import type { Files } from "#datastore/index.ts";
import { readWhole } from "#datastore/index.ts";
import { backupFault } from "./faults.ts";
import type { Manager } from "./manager.ts";
import { type ImportItem, planImport } from "./proxmox-import.ts";

/** What became of a section. */
export interface ImportOutcome {
  readonly kind: ImportItem["kind"];
  readonly name: string;
  /** `would-import` in a dry run; `exists`: there is one of this name, which stays as it is. */
  readonly outcome: "imported" | "would-import" | "exists" | "left-out";
  readonly remarks: readonly string[];
}

/** Largest file that is read. */
const fileMax = 4 * 1024 * 1024;

/** Imports from a folder, `/etc/proxmox-backup` on a Proxmox server. Fault `backup.bad-config` when none of the files is there. */
export async function importProxmox(
  manager: Manager,
  options: { readonly path: string; readonly isDryRun: boolean },
): Promise<readonly ImportOutcome[]> {
  const { path, isDryRun } = options;
  const files = manager.ports.files(path);
  const read = (name: string): Promise<string | undefined> => textOf(files, name);
  const [tape, pools, jobs] = [await read("tape.cfg"), await read("media-pool.cfg"), await read("tape-job.cfg")];
  if (tape === undefined && pools === undefined && jobs === undefined) {
    const reason = "it has none of tape.cfg, media-pool.cfg and tape-job.cfg";
    throw backupFault("bad-config", { what: `the folder ${path}`, reason });
  }
  const outcomes: ImportOutcome[] = [];
  for (const item of planImport({ tape, pools, jobs })) outcomes.push(await take(manager, item, isDryRun));
  return outcomes;
}

async function textOf(files: Files, name: string): Promise<string | undefined> {
  if ((await files.facts(name)) === undefined) return undefined;
  return Buffer.from(await readWhole(files, name, fileMax)).toString("utf8");
}

async function take(manager: Manager, item: ImportItem, isDryRun: boolean): Promise<ImportOutcome> {
  const { kind, name, remarks } = item;
  if (item.taken === undefined) return { kind, name, outcome: "left-out", remarks };
  const present: readonly { readonly name: string }[] =
    item.taken === "drive" ? manager.config.drives : item.taken === "pool" ? manager.config.pools : manager.jobs.jobs;
  if (present.some((other) => other.name === name)) return { kind, name, outcome: "exists", remarks };
  if (isDryRun) return { kind, name, outcome: "would-import", remarks };
  try {
    if (item.taken === "drive") await manager.addDrive(item.config);
    else if (item.taken === "pool") await manager.addPool(item.config);
    else await manager.jobs.create(item.config);
    return { kind, name, outcome: "imported", remarks };
  } catch (error) {
    if (!isFault(error)) throw error;
    return { kind, name, outcome: "left-out", remarks: [...remarks, error.message] };
  }
}
