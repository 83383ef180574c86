// SPDX-License-Identifier: Apache-2.0
// Puts a snapshot that comes from elsewhere, such as a tape, into a datastore: its files as they are, the manifest last and
// without the state of a verification that somebody else made.

import { type ByteSource, limits, readFully } from "#base/index.ts";
import { writeWhole } from "./chunk-store.ts";
import type { Datastore } from "./datastore.ts";
import { datastoreFault } from "./faults.ts";
import { decodeManifest, type Manifest, manifestName, withoutVerification } from "./manifest.ts";
import { snapshotPath, type SnapshotPlace } from "./names.ts";

/** Puts one snapshot in its place. */
export class SnapshotRestorer {
  readonly #store: Datastore;
  readonly #place: SnapshotPlace;
  readonly #folder: string;
  #manifest: Manifest | undefined;

  private constructor(store: Datastore, place: SnapshotPlace) {
    this.#store = store;
    this.#place = place;
    this.#folder = snapshotPath(place.namespace, place.snapshot);
  }

  /**
   * Makes namespace, group and folder. A folder without a manifest, from a restore that was interrupted, is used again.
   * Faults `datastore.snapshot-exists`, `datastore.group-owned`.
   */
  static async begin(store: Datastore, place: SnapshotPlace, owner: string): Promise<SnapshotRestorer> {
    const restorer = new SnapshotRestorer(store, place);
    if (await store.isFinished(place)) throw datastoreFault("snapshot-exists", { snapshot: restorer.#folder });
    await store.makeNamespace(place.namespace);
    await store.claimGroup(place.namespace, place.snapshot, owner);
    await store.files.makeFolder(restorer.#folder);
    return restorer;
  }

  /** Takes a file. Faults `datastore.damaged` for a manifest that is none, or that is of another snapshot. */
  async add(name: string, content: ByteSource, sizeBytes: number): Promise<void> {
    if (name !== manifestName) return this.#copy(name, content);
    if (sizeBytes > limits.storeFile) throw this.#damaged("its manifest is too large");
    const bytes = new Uint8Array(sizeBytes);
    await readFully(content, bytes);
    const manifest = decodeManifest(bytes, this.#folder);
    const { type, id, time } = this.#place.snapshot;
    const isSame = manifest.snapshot.type === type && manifest.snapshot.id === id && manifest.snapshot.time === time;
    if (!isSame) throw this.#damaged("its manifest is of another snapshot");
    this.#manifest = manifest;
  }

  /** Where its files are. */
  get folder(): string {
    return this.#folder;
  }

  /** The manifest, once it came. */
  get manifest(): Manifest | undefined {
    return this.#manifest;
  }

  /** The snapshot is complete. Fault `datastore.damaged` when its manifest, or a file that it lists, never came. */
  async finish(): Promise<void> {
    const manifest = this.#manifest;
    if (manifest === undefined) throw this.#damaged("its manifest is missing");
    for (const { name } of manifest.files) {
      const facts = await this.#store.files.facts(`${this.#folder}/${name}`);
      if (facts === undefined) throw this.#damaged(`${name} is missing`);
    }
    await writeWhole(this.#store.files, `${this.#folder}/${manifestName}`, withoutVerification(manifest));
  }

  /** Removes what came. */
  abandon(): Promise<void> {
    return this.#store.files.removeFolder(this.#folder);
  }

  async #copy(name: string, content: ByteSource): Promise<void> {
    const file = await this.#store.files.create(`${this.#folder}/${name}`);
    const piece = new Uint8Array(limits.transferSize / 4);
    try {
      for (let count = await content.read(piece); count > 0; count = await content.read(piece)) {
        await file.append(piece.subarray(0, count));
      }
    } catch (error) {
      await file.discard();
      throw error;
    }
    await file.commit();
  }

  #damaged(reason: string): Error {
    return datastoreFault("damaged", { what: this.#folder, reason });
  }
}
