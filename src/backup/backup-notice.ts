// SPDX-License-Identifier: Apache-2.0
// What people are told when a backup ended: how, with what, on which cartridges.

import { asError, type Clock, isFault, spanText } from "#base/index.ts";
import type { Notice, Notify } from "#notify/index.ts";
import type { JsonValue } from "#work/index.ts";
import type { BackupResult } from "./backup-job.ts";

/** Which backup it was. */
export interface BackupSubject {
  readonly store: string;
  readonly pool: string;
  readonly drive: string;
  /** The backup job; undefined when somebody asked for it. */
  readonly job: string | undefined;
}

/** Snapshots that are named in a mail; more are counted. */
const namedSnapshots = 100;

/** Runs a backup and tells how it ended. The end of the process is not an end of the backup: it is taken up again. */
export async function telling(
  { clock, notify }: { readonly clock: Clock; readonly notify: Notify },
  subject: BackupSubject,
  run: () => Promise<BackupResult>,
): Promise<JsonValue> {
  const began = clock.monotonic();
  const duration = (): string => spanText(clock.monotonic() - began);
  try {
    const result = await run();
    notify(doneNotice(subject, result, duration()));
    const { set, written, skipped, cartridges } = result;
    return { mediaSet: set, written: written.length, skipped, cartridges: [...cartridges] };
  } catch (error) {
    if (!isFault(error, "work.stopping")) notify(failedNotice(subject, asError(error).message, duration()));
    throw error;
  }
}

const nameOf = ({ job, store }: BackupSubject): string =>
  job === undefined ? `Tape backup of the datastore ${store}` : `Tape backup job ${job} of the datastore ${store}`;

const fieldsOf = ({ store, pool, drive, job }: BackupSubject): Notice["fields"] => {
  return { datastore: store, "media-pool": pool, drive, ...(job === undefined ? {} : { "job-id": job }) };
};

const headOf = ({ store, pool, drive, job }: BackupSubject): readonly string[] => [
  ...(job === undefined ? [] : [`Job:        ${job}`]),
  `Datastore:  ${store}`,
  `Media pool: ${pool}`,
  `Drive:      ${drive}`,
];

function doneNotice(subject: BackupSubject, result: BackupResult, duration: string): Notice {
  const { written, skipped, cartridges } = result;
  const more = written.length - namedSnapshots;
  const lines = [
    ...headOf(subject),
    `Duration:   ${duration}`,
    `Cartridges: ${cartridges.length === 0 ? "none" : cartridges.join(", ")}`,
    "",
    `${written.length} snapshots were written, ${skipped} were on the media set already.`,
    ...written.slice(0, namedSnapshots).map((path) => `  ${path}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
  const title = `${nameOf(subject)} was successful`;
  return { type: "tape-backup", severity: "info", title, text: lines.join("\n"), fields: fieldsOf(subject) };
}

function failedNotice(subject: BackupSubject, reason: string, duration: string): Notice {
  const text = [...headOf(subject), `Duration:   ${duration}`, "", reason].join("\n");
  return {
    type: "tape-backup",
    severity: "error",
    title: `${nameOf(subject)} failed`,
    text,
    fields: fieldsOf(subject),
  };
}
