// SPDX-License-Identifier: Apache-2.0
// Jobs on datastores, without tapes: making a snapshot of a directory, restoring files of one, verifying, collecting.

import { type Clock, epochSeconds, limits, type Random } from "#base/index.ts";
import {
  archiveTree,
  collectGarbage,
  type CollectionResult,
  type Datastore,
  extractMember,
  openArchive,
  type SnapshotPlace,
  SnapshotWriter,
  type SourceTree,
  type TargetTree,
  verifySnapshot,
  withArchive,
} from "#datastore/index.ts";
import type { TaskContext } from "#work/index.ts";
import { backupFault } from "./faults.ts";
import { selectSnapshots } from "./backup-job.ts";

/** What a new snapshot is made of. */
export interface CreateSnapshotOptions {
  readonly store: Datastore;
  readonly place: SnapshotPlace;
  readonly owner: string;
  readonly tree: SourceTree;
  readonly clock: Clock;
  readonly random: Random;
  readonly context: TaskContext;
}

/** Makes a snapshot of a directory; what could not be read is in the warnings. A failed one leaves nothing but chunks. */
export async function createSnapshot(options: CreateSnapshotOptions): Promise<SnapshotWriter["statistics"]> {
  const { tree, context } = options;
  const writer = await SnapshotWriter.begin(options);
  const files = context.counter("files", "files");
  const bytes = context.counter("read", "bytes");
  try {
    await archiveTree(writer, tree, {
      file: (_path, sizeBytes) => {
        files.add(1);
        bytes.add(sizeBytes);
      },
      warn: (text) => context.warn(text),
      check: () => context.checkpoint(),
    });
    await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
  return writer.statistics;
}

/** Restores a path of an archive, and all below it, into a tree. */
export async function extractPath(
  context: TaskContext,
  from: { readonly store: Datastore; readonly place: SnapshotPlace; readonly archive: string; readonly path: string },
  target: TargetTree,
): Promise<void> {
  const counter = context.counter("files", "files");
  await withArchive(await openArchive(from.store, from.place, from.archive), async (tree) => {
    const member = await tree.lookUp(pathNames(from.path));
    await extractMember(tree, member, target, {
      member: () => counter.add(1),
      warn: (text) => context.warn(text),
      check: () => context.checkpoint(),
    });
  });
}

/** The names of a path. */
export const pathNames = (path: string): readonly Uint8Array[] =>
  path
    .split("/")
    .filter((name) => name !== "")
    .map((name) => Buffer.from(name));

/** Verifies all snapshots of a datastore. Fault `backup.with-errors`; what is wrong is in the warnings. */
export async function verifyStore(context: TaskContext, store: Datastore): Promise<number> {
  const wanted = { namespace: [], depth: limits.namespaceDepth, filters: [], isLatestOnly: false };
  const places = await selectSnapshots({ ...wanted, store, context });
  const counter = context.counter("snapshots", "snapshots", places.length);
  const good = new Set<string>();
  let failed = 0;
  for (const place of places) {
    const problems = await verifySnapshot(store, place, { good, check: () => context.checkpoint() });
    for (const problem of problems) context.warn(problem);
    if (problems.length > 0) failed += 1;
    counter.add(1);
  }
  if (failed > 0) throw backupFault("with-errors", { count: failed });
  return places.length;
}

/** Removes chunks that nothing refers to. */
export function collectStore(context: TaskContext, store: Datastore, clock: Clock): Promise<CollectionResult> {
  return collectGarbage(store, { now: epochSeconds(clock.now()), check: () => context.checkpoint() });
}
