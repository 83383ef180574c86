// SPDX-License-Identifier: Apache-2.0
// Jobs on datastores, without tapes: making a snapshot of a directory, restoring files of one, verifying, collecting.

import { type ByteSource, type Clock, epochSeconds, limits, type Random } from "#base/index.ts";
import {
  archiveTree,
  collectGarbage,
  type CollectionResult,
  type Datastore,
  extractMember,
  type Files,
  type KeepRules,
  type Namespace,
  openArchive,
  openContent,
  prune,
  snapshotPath,
  type SnapshotPlace,
  SnapshotWriter,
  type SourceTree,
  type TargetTree,
  verifySnapshot,
  withArchive,
} from "#datastore/index.ts";
import { rangeSource } from "#pxar/index.ts";
import type { TaskContext } from "#work/index.ts";
import { backupFault } from "./faults.ts";
import { selectSnapshots } from "./backup-job.ts";

/** What every new snapshot needs. */
export interface NewSnapshotOptions {
  readonly store: Datastore;
  readonly place: SnapshotPlace;
  readonly owner: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly context: TaskContext;
  /** Given: it is encrypted as a client does it. */
  readonly key?: Uint8Array;
}

/** What a new snapshot is made of. */
export interface CreateSnapshotOptions extends NewSnapshotOptions {
  readonly tree: SourceTree;
}

/** Makes a snapshot of a directory; what could not be read is in the warnings. A failed one leaves nothing but chunks. */
export function createSnapshot(options: CreateSnapshotOptions): Promise<SnapshotWriter["statistics"]> {
  const { tree, context } = options;
  const files = context.counter("files", "files");
  const bytes = context.counter("read", "bytes");
  return newSnapshot(options, (writer) =>
    archiveTree(writer, tree, {
      file: (_path, sizeBytes) => {
        files.add(1);
        bytes.add(sizeBytes);
      },
      warn: (text) => context.warn(text),
      check: () => context.checkpoint(),
    }),
  );
}

/** Makes a snapshot of an image, in chunks of one size: `NAME.img.fidx`. Fault `backup.empty-image`. */
export async function createImage(
  options: NewSnapshotOptions,
  source: { readonly files: Files; readonly path: string; readonly name: string },
): Promise<SnapshotWriter["statistics"]> {
  const { context } = options;
  const image = await source.files.open(source.path);
  try {
    const { sizeBytes } = image;
    if (sizeBytes === 0) throw backupFault("empty-image", { path: source.path });
    const bytes = context.counter("read", "bytes", sizeBytes);
    const content = rangeSource(image, 0, sizeBytes);
    const counted: ByteSource = {
      read: async (into) => {
        context.checkpoint();
        const count = await content.read(into);
        bytes.add(count);
        return count;
      },
    };
    return await newSnapshot(options, (writer) => writer.fixedFile(`${source.name}.img.fidx`, counted, sizeBytes));
  } finally {
    await image.close();
  }
}

async function newSnapshot(
  options: NewSnapshotOptions,
  fill: (writer: SnapshotWriter) => Promise<void>,
): Promise<SnapshotWriter["statistics"]> {
  const writer = await SnapshotWriter.begin(options);
  try {
    await fill(writer);
    await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
  return writer.statistics;
}

/** What is extracted. */
export interface ExtractFrom {
  readonly store: Datastore;
  readonly place: SnapshotPlace;
  readonly archive: string;
  /** Of the client that made it, when it is encrypted. */
  readonly key: Uint8Array | undefined;
}

/** Restores an image of a snapshot as a file `NAME.img` of a tree. */
export async function extractImage(context: TaskContext, from: ExtractFrom, target: TargetTree): Promise<void> {
  const opened = await openContent(from.store, from.place, from.archive, from.key);
  const { content } = opened;
  try {
    const bytes = context.counter("restored", "bytes", content.sizeBytes);
    const source = rangeSource(content, 0, content.sizeBytes);
    const name = Buffer.from(from.archive.replace(/\.fidx$/, ""));
    await target.writeFile([name], {
      read: async (into) => {
        context.checkpoint();
        const count = await source.read(into);
        bytes.add(count);
        return count;
      },
    });
  } finally {
    await opened.close();
  }
}

/** What a pruning decides about a snapshot. */
export interface PrunedSnapshot {
  readonly snapshot: string;
  readonly isKept: boolean;
  readonly reason: string;
}

/** Removes the snapshots of each group that no rule keeps; `isTrial`: only says which. Chunks stay until they are collected. */
export async function pruneStore(
  context: TaskContext,
  store: Datastore,
  how: { readonly namespace: Namespace; readonly depth: number; readonly rules: KeepRules; readonly isTrial: boolean },
): Promise<readonly PrunedSnapshot[]> {
  const decided: PrunedSnapshot[] = [];
  for (const namespace of await store.namespaces(how.namespace, how.depth)) {
    for (const group of await store.groups(namespace)) {
      const candidates = await Promise.all(
        (await store.snapshots(namespace, group)).map(async (place) => ({
          place,
          time: place.snapshot.time,
          isFinished: await store.isFinished(place),
          isProtected: await store.isProtected(place),
        })),
      );
      for (const { candidate, isKept, reason } of prune(candidates, how.rules)) {
        context.checkpoint();
        const snapshot = snapshotPath(namespace, candidate.place.snapshot);
        context.log(`${isKept ? "keeps" : how.isTrial ? "would remove" : "removes"} ${snapshot}: ${reason}`);
        if (!isKept && !how.isTrial) await store.removeSnapshot(candidate.place);
        decided.push({ snapshot, isKept, reason });
      }
    }
  }
  return decided;
}

/** Restores a path of an archive, and all below it, into a tree. */
export async function extractPath(
  context: TaskContext,
  from: ExtractFrom & { readonly path: string },
  target: TargetTree,
): Promise<void> {
  const counter = context.counter("files", "files");
  await withArchive(await openArchive(from.store, from.place, from.archive, from.key), async (tree) => {
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
