// SPDX-License-Identifier: Apache-2.0
// A datastore in the layout of Proxmox, used in place: what is in it, and how to open it. Writing is in SnapshotWriter.

import { bytesFromText, limits } from "#base/index.ts";
import { type ChunkIndex, openIndex } from "./chunk-index.ts";
import { ChunkStore, readWhole, writeWhole } from "./chunk-store.ts";
import { datastoreFault } from "./faults.ts";
import type { FileFacts, Files, OpenFile } from "./files.ts";
import { clientLogName, decodeManifest, type Manifest, manifestName } from "./manifest.ts";
import {
  type BackupGroup,
  backupTypes,
  compareGroups,
  groupPath,
  groupText,
  isSafeName,
  type Namespace,
  namespacePath,
  parseSnapshotTime,
  snapshotPath,
  type SnapshotPlace,
} from "./names.ts";

/** A file of a snapshot, as it lies in its folder. */
export interface StoredFile {
  readonly name: string;
  readonly path: string;
  readonly facts: FileFacts;
}

/** One datastore. */
export class Datastore {
  /** Its name, by which tapes know it. */
  readonly name: string;
  readonly files: Files;
  readonly chunks: ChunkStore;

  constructor(name: string, files: Files) {
    this.name = name;
    this.files = files;
    this.chunks = new ChunkStore(files);
  }

  /** The namespaces below `start`, itself first, down to `depth` levels, in order. */
  async namespaces(start: Namespace, depth: number = limits.namespaceDepth): Promise<readonly Namespace[]> {
    const found: Namespace[] = [start];
    if (depth === 0) return found;
    const folder = start.length === 0 ? "ns" : `${namespacePath(start)}/ns`;
    for (const { name, isFolder } of await this.files.list(folder)) {
      const isDeeper = isFolder && isSafeName(name) && start.length < limits.namespaceDepth;
      if (isDeeper) found.push(...(await this.namespaces([...start, name], depth - 1)));
    }
    return found;
  }

  /** True when a namespace is there. */
  async hasNamespace(namespace: Namespace): Promise<boolean> {
    return namespace.length === 0 || (await this.files.facts(namespacePath(namespace)))?.type === "folder";
  }

  /** Makes a namespace and those above it. */
  makeNamespace(namespace: Namespace): Promise<void> {
    return this.files.makeFolder(namespacePath(namespace));
  }

  /** The groups of a namespace, in the order of groups. */
  async groups(namespace: Namespace): Promise<readonly BackupGroup[]> {
    const groups: BackupGroup[] = [];
    for (const type of backupTypes) {
      const folder = namespace.length === 0 ? type : `${namespacePath(namespace)}/${type}`;
      for (const { name, isFolder } of await this.files.list(folder)) {
        if (isFolder && isSafeName(name)) groups.push({ type, id: name });
      }
    }
    return groups.toSorted(compareGroups);
  }

  /** The snapshots of a group, the oldest first, whether finished or not. */
  async snapshots(namespace: Namespace, group: BackupGroup): Promise<readonly SnapshotPlace[]> {
    const entries = await this.files.list(groupPath(namespace, group));
    return entries
      .flatMap(({ name, isFolder }) => {
        const time = isFolder ? parseSnapshotTime(name) : undefined;
        return time === undefined ? [] : [{ namespace, snapshot: { ...group, time } }];
      })
      .toSorted((left, right) => left.snapshot.time - right.snapshot.time);
  }

  /** True when the snapshot has its manifest. */
  async isFinished({ namespace, snapshot }: SnapshotPlace): Promise<boolean> {
    const path = `${snapshotPath(namespace, snapshot)}/${manifestName}`;
    return (await this.files.facts(path)) !== undefined;
  }

  /** True when a snapshot's folder is there, finished or not. */
  async hasSnapshot({ namespace, snapshot }: SnapshotPlace): Promise<boolean> {
    return (await this.files.facts(snapshotPath(namespace, snapshot))) !== undefined;
  }

  /** The manifest of a finished snapshot. Faults `datastore.snapshot-missing`, `datastore.damaged`. */
  async manifest({ namespace, snapshot }: SnapshotPlace): Promise<Manifest> {
    const path = snapshotPath(namespace, snapshot);
    if (!(await this.isFinished({ namespace, snapshot }))) {
      throw datastoreFault("snapshot-missing", { snapshot: path });
    }
    return decodeManifest(await readWhole(this.files, `${path}/${manifestName}`, limits.storeFile), path);
  }

  /**
   * The files of a snapshot in the order in which they go to tape: the manifest, what it lists, the client's log if there is
   * one. Fault `datastore.file-missing` for one that the manifest lists and that is not there.
   */
  async storedFiles(place: SnapshotPlace, manifest: Manifest): Promise<readonly StoredFile[]> {
    const folder = snapshotPath(place.namespace, place.snapshot);
    const listed = [manifestName, ...manifest.files.map(({ name }) => name)];
    const files: StoredFile[] = [];
    for (const name of [...listed, clientLogName]) {
      const path = `${folder}/${name}`;
      const facts = await this.files.facts(path);
      if (facts !== undefined) files.push({ name, path, facts });
      else if (name !== clientLogName) throw datastoreFault("file-missing", { path });
    }
    return files;
  }

  /** Opens the index in a file of a snapshot. Whoever opens it closes the file. */
  async openIndex(path: string): Promise<{ readonly index: ChunkIndex; readonly file: OpenFile }> {
    const file = await this.files.open(path);
    try {
      return { index: await openIndex(file, path), file };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Who owns a group; undefined when there is no such group. */
  async owner(namespace: Namespace, group: BackupGroup): Promise<string | undefined> {
    const path = `${groupPath(namespace, group)}/owner`;
    if ((await this.files.facts(path)) === undefined) return undefined;
    const text = Buffer.from(await readWhole(this.files, path, limits.storeFile)).toString("utf8");
    return text.split("\n")[0]?.trim();
  }

  /**
   * Makes a group, or checks that it belongs to `owner`. Fault `datastore.group-owned`.
   */
  async claimGroup(namespace: Namespace, group: BackupGroup, owner: string): Promise<void> {
    const present = await this.owner(namespace, group);
    if (present !== undefined && present !== owner) {
      throw datastoreFault("group-owned", { group: groupText(group), owner: present, asked: owner });
    }
    if (present !== undefined) return;
    const folder = groupPath(namespace, group);
    await this.files.makeFolder(folder);
    await writeWhole(this.files, `${folder}/owner`, bytesFromText(`${owner}\n`));
  }

  /** True when the snapshot may not be removed. */
  async isProtected({ namespace, snapshot }: SnapshotPlace): Promise<boolean> {
    return (await this.files.facts(`${snapshotPath(namespace, snapshot)}/.protected`)) !== undefined;
  }

  /** Removes a snapshot. Faults `datastore.protected`, `datastore.snapshot-missing`. */
  async removeSnapshot(place: SnapshotPlace): Promise<void> {
    const path = snapshotPath(place.namespace, place.snapshot);
    if (!(await this.hasSnapshot(place))) throw datastoreFault("snapshot-missing", { snapshot: path });
    if (await this.isProtected(place)) throw datastoreFault("protected", { snapshot: path });
    // Without its manifest a snapshot counts as unfinished, so that no half of one is ever read.
    await this.files.remove(`${path}/${manifestName}`);
    await this.files.removeFolder(path);
  }
}
