// SPDX-License-Identifier: Apache-2.0
// What people ask of datastores, without tapes: lists, looking into snapshots, and the jobs as tasks.

import { epochSeconds, type Instant, instantOf, limits } from "#base/index.ts";
import {
  archiveNames,
  datastoreFault,
  isSafeName,
  type KeepRules,
  namespaceText,
  openArchive,
  parseNamespace,
  parseSnapshotPath,
  rootArchive,
  snapshotPath,
  type SnapshotPlace,
  type SnapshotWriter,
  withArchive,
} from "#datastore/index.ts";
import { openKey, parseKeyText } from "#keys/index.ts";
import { asDirectory, shownName, type TreeMember } from "#pxar/index.ts";
import type { TaskRecord } from "#work/index.ts";
import type { Manager } from "./manager.ts";
import {
  collectStore,
  createImage,
  createSnapshot,
  extractImage,
  extractPath,
  type NewSnapshotOptions,
  pathNames,
  pruneStore,
  verifyStore,
} from "./store-jobs.ts";

/** A snapshot in a list. */
export interface SnapshotView {
  readonly snapshot: string;
  readonly namespace: string;
  readonly time: Instant;
  readonly isFinished: boolean;
  readonly files: readonly string[];
  /** Of images and archives, before chunks are shared. */
  readonly sizeBytes: number;
}

/** A member of an archive in a list. Names that are no text are shown as text that looks like them. */
export interface MemberView {
  readonly name: string;
  readonly type: string;
  readonly sizeBytes?: number;
  /** Permissions in octal digits; empty for a hard link. */
  readonly mode: string;
}

/** A place inside of a snapshot. */
export interface InnerPath {
  readonly store: string;
  /** `[ns/…/]type/id/time`. */
  readonly snapshot: string;
  readonly archive: string | undefined;
  readonly path: string | undefined;
}

/** The key of a client: its JSON or paper text, and its passphrase. */
export interface ClientKey {
  readonly text: string;
  readonly passphrase: string;
}

/** A snapshot that is to be made. */
export interface NewSnapshot {
  readonly store: string;
  readonly source: string;
  readonly id: string;
  readonly namespace: string | undefined;
  readonly owner: string | undefined;
  /** Given: it is encrypted with the key of a client. */
  readonly encryption: ClientKey | undefined;
}

const clientKey = (key: ClientKey | undefined): Uint8Array | undefined =>
  key === undefined ? undefined : openKey(parseKeyText(key.text), key.passphrase);

function placeOf(text: string): SnapshotPlace {
  const place = parseSnapshotPath(text);
  if (place === undefined) throw datastoreFault("bad-name", { text, expected: "a snapshot, [ns/a/]type/id/time" });
  return place;
}

function memberView({ member }: TreeMember): MemberView {
  const mode = member.type === "hardlink" ? "" : (member.metadata.mode & 0o7777).toString(8).padStart(4, "0");
  const sizeBytes = member.type === "file" ? { sizeBytes: member.content.sizeBytes } : {};
  return { name: shownName(member.name), type: member.type, mode, ...sizeBytes };
}

/** Answers for datastores. */
export class StoreDesk {
  readonly #manager: Manager;

  constructor(manager: Manager) {
    this.#manager = manager;
  }

  /** The snapshots of a datastore, in a namespace and below. */
  async snapshots(name: string, namespace = ""): Promise<readonly SnapshotView[]> {
    const store = this.#manager.store(name);
    const views: SnapshotView[] = [];
    for (const inner of await store.namespaces(parseNamespace(namespace), limits.namespaceDepth)) {
      for (const group of await store.groups(inner)) {
        for (const place of await store.snapshots(inner, group)) {
          const isFinished = await store.isFinished(place);
          const files = isFinished ? (await store.manifest(place)).files : [];
          views.push({
            snapshot: snapshotPath(inner, place.snapshot),
            namespace: namespaceText(inner),
            time: instantOf(place.snapshot.time),
            isFinished,
            files: files.map((file) => file.name),
            sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
          });
        }
      }
    }
    return views;
  }

  /** What is in a directory of a snapshot, or the file at the path. */
  async browse(at: InnerPath): Promise<readonly MemberView[]> {
    const store = this.#manager.store(at.store);
    const place = placeOf(at.snapshot);
    const archive = at.archive ?? (await this.#archive(at.store, place));
    return withArchive(await openArchive(store, place, archive), async (tree) => {
      const found = await tree.lookUp(pathNames(at.path ?? ""));
      const directory = asDirectory(found);
      return (directory === undefined ? [found] : await tree.list(directory)).map(memberView);
    });
  }

  /** Makes a snapshot of a directory. */
  createSnapshot(wanted: NewSnapshot, who: string): TaskRecord {
    const tree = this.#manager.ports.tree(wanted.source);
    return this.#create("snapshot.create", wanted, who, (options) => createSnapshot({ ...options, tree }));
  }

  /** Makes a snapshot of an image, such as that of a disk. */
  createImage(wanted: NewSnapshot & { readonly name: string }, who: string): TaskRecord {
    if (!isSafeName(wanted.name))
      throw datastoreFault("bad-name", { text: wanted.name, expected: "the name of an image" });
    const split = wanted.source.lastIndexOf("/");
    const files = this.#manager.ports.files(wanted.source.slice(0, split + 1));
    const source = { files, path: wanted.source.slice(split + 1), name: wanted.name };
    return this.#create("snapshot.create-image", wanted, who, (options) => createImage(options, source));
  }

  #create(
    operation: string,
    wanted: NewSnapshot,
    who: string,
    make: (options: NewSnapshotOptions) => Promise<SnapshotWriter["statistics"]>,
  ): TaskRecord {
    const { clock, random } = this.#manager;
    const store = this.#manager.store(wanted.store);
    const id = { type: "host" as const, id: wanted.id, time: epochSeconds(clock.now()) };
    const namespace = parseNamespace(wanted.namespace ?? "");
    const subject = snapshotPath(namespace, id);
    const place = placeOf(subject);
    const key = clientKey(wanted.encryption);
    const { owner = "root@pam" } = wanted;
    return this.#manager.start({ operation, subject, who }, async (context) => {
      const options = { store, place, owner, clock, random, context };
      return { snapshot: subject, ...(await make(key === undefined ? options : { ...options, key })) };
    });
  }

  /** Restores an image, or a path of a snapshot and all below it, into a folder. */
  extract(at: InnerPath & { readonly encryption?: ClientKey | undefined }, target: string, who: string): TaskRecord {
    const store = this.#manager.store(at.store);
    const place = placeOf(at.snapshot);
    const key = clientKey(at.encryption);
    const { ports } = this.#manager;
    return this.#manager.start({ operation: "snapshot.extract", subject: at.snapshot, who }, async (context) => {
      await ports.files(target).makeFolder("");
      const archive = at.archive ?? (await this.#archive(at.store, place));
      const from = { store, place, archive, key };
      if (archive.endsWith(".fidx")) return extractImage(context, from, ports.tree(target));
      await extractPath(context, { ...from, path: at.path ?? "" }, ports.tree(target));
    });
  }

  /** Removes snapshots that no rule keeps. */
  prune(
    name: string,
    how: {
      readonly namespace: string;
      readonly depth: number | undefined;
      readonly rules: KeepRules;
      readonly isTrial: boolean;
    },
    who: string,
  ): TaskRecord {
    const store = this.#manager.store(name);
    const { depth = limits.namespaceDepth, rules, isTrial } = how;
    const namespace = parseNamespace(how.namespace);
    return this.#manager.start({ operation: "datastore.prune", subject: name, who }, async (context) => {
      const decided = await pruneStore(context, store, { namespace, depth, rules, isTrial });
      const removed = decided.filter(({ isKept }) => !isKept).map(({ snapshot }) => snapshot);
      return { kept: decided.length - removed.length, removed, isTrial };
    });
  }

  /** Removes one snapshot. Faults `datastore.protected`, `datastore.snapshot-missing`. */
  forget(name: string, snapshot: string): Promise<void> {
    return this.#manager.store(name).removeSnapshot(placeOf(snapshot));
  }

  /** Verifies all snapshots of a datastore. */
  verify(name: string, who: string): TaskRecord {
    const store = this.#manager.store(name);
    return this.#manager.start({ operation: "datastore.verify", subject: name, who }, async (context) => {
      return { snapshots: await verifyStore(context, store) };
    });
  }

  /** Removes chunks that nothing refers to. */
  collect(name: string, who: string): TaskRecord {
    const store = this.#manager.store(name);
    return this.#manager.start({ operation: "datastore.collect", subject: name, who }, async (context) => {
      const { removedChunks, removedBytes, missing } = await collectStore(context, store, this.#manager.clock);
      return { removedChunks, removedBytes, missing: missing.length };
    });
  }

  async #archive(store: string, place: SnapshotPlace): Promise<string> {
    const names = await archiveNames(this.#manager.store(store), place);
    const archive = names.find((name) => name === rootArchive) ?? names[0];
    if (archive !== undefined) return archive;
    const { files } = await this.#manager.store(store).manifest(place);
    return files.find(({ name }) => name.endsWith(".img.fidx"))?.name ?? rootArchive;
  }
}
