// SPDX-License-Identifier: Apache-2.0
// Writes a new snapshot into a datastore: chunks first, then indexes and blobs, the manifest last. Until then the snapshot
// counts as unfinished, and `abandon` removes it.

import { createHash } from "node:crypto";
import {
  assert,
  type ByteSink,
  type ByteSource,
  type Clock,
  epochSeconds,
  type JsonObject,
  limits,
  newUuid,
  type Random,
  readFully,
} from "#base/index.ts";
import { chunkDigest, idKeyOf } from "#keys/index.ts";
import { IndexBuilder, indexHeadSize } from "./chunk-index.ts";
import { writeWhole } from "./chunk-store.ts";
import { Chunker, type ChunkSizes } from "./chunker.ts";
import { encodeBlob } from "./data-blob.ts";
import type { Datastore } from "./datastore.ts";
import { datastoreFault } from "./faults.ts";
import type { NewFile } from "./files.ts";
import { encodeManifest, type ManifestFile, manifestName } from "./manifest.ts";
import { snapshotPath, type SnapshotPlace } from "./names.ts";

/** What a new snapshot needs. */
export interface SnapshotWriterOptions {
  readonly store: Datastore;
  readonly place: SnapshotPlace;
  readonly owner: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Given: the snapshot is encrypted by us, as a client would. */
  readonly key?: Uint8Array;
}

/** What has been written, for people. */
export interface SnapshotStatistics {
  readonly chunks: number;
  readonly bytes: number;
  /** Chunks that were not there before, and their bytes as stored. */
  readonly newChunks: number;
  readonly storedBytes: number;
}

/** Size of the chunks of images: what Proxmox's server makes. */
export const fixedChunkSize = 4_194_304;

/** A dynamic file that is being written. */
export interface DynamicFile {
  readonly sink: ByteSink;
  /** Ends the file. */
  finish(): Promise<void>;
}

/** Writes one snapshot. */
export class SnapshotWriter {
  readonly #options: SnapshotWriterOptions;
  readonly #folder: string;
  readonly #files: ManifestFile[] = [];
  readonly #idKey: Uint8Array | undefined;
  readonly #open = new Set<NewFile>();
  #statistics: SnapshotStatistics = { chunks: 0, bytes: 0, newChunks: 0, storedBytes: 0 };

  private constructor(options: SnapshotWriterOptions) {
    this.#options = options;
    this.#folder = snapshotPath(options.place.namespace, options.place.snapshot);
    this.#idKey = options.key === undefined ? undefined : idKeyOf(options.key);
  }

  /** Makes group and folder. Faults `datastore.snapshot-exists`, `datastore.group-owned`. */
  static async begin(options: SnapshotWriterOptions): Promise<SnapshotWriter> {
    const { store, place, owner } = options;
    const writer = new SnapshotWriter(options);
    if (await store.hasSnapshot(place)) throw datastoreFault("snapshot-exists", { snapshot: writer.#folder });
    await store.claimGroup(place.namespace, place.snapshot, owner);
    await store.files.makeFolder(writer.#folder);
    return writer;
  }

  get statistics(): SnapshotStatistics {
    return this.#statistics;
  }

  /** Begins an archive, `name.didx`: what goes into the sink is cut into chunks. */
  async dynamicFile(name: string, sizes: ChunkSizes): Promise<DynamicFile> {
    assert(name.endsWith(".didx"), "an archive has the extension of one");
    const index = await this.#beginIndex(name, undefined);
    const chunker = new Chunker(sizes);
    const buffer = new Uint8Array(sizes.max);
    let filled = 0;
    const keep = (bytes: Uint8Array): void => {
      buffer.set(bytes, filled);
      filled += bytes.byteLength;
    };
    const put = async (): Promise<void> => {
      await index.add(buffer.subarray(0, filled));
      filled = 0;
    };
    return {
      sink: async (bytes) => {
        let start = 0;
        for (let end = chunker.next(bytes, start); end !== undefined; end = chunker.next(bytes, start)) {
          keep(bytes.subarray(start, end));
          await put();
          start = end;
        }
        keep(bytes.subarray(start));
      },
      finish: async () => {
        if (filled > 0) await put();
        await index.finish();
      },
    };
  }

  /** Writes an image, `name.fidx`, of exactly `sizeBytes`. */
  async fixedFile(name: string, content: ByteSource, sizeBytes: number): Promise<void> {
    assert(name.endsWith(".fidx") && sizeBytes > 0, "an image has bytes, and the extension of one");
    const index = await this.#beginIndex(name, fixedChunkSize);
    const buffer = new Uint8Array(fixedChunkSize);
    for (let left = sizeBytes; left > 0; left -= fixedChunkSize) {
      const chunk = buffer.subarray(0, Math.min(left, fixedChunkSize));
      const count = await readFully(content, chunk);
      if (count < chunk.byteLength) throw datastoreFault("damaged", { what: name, reason: "its source is too short" });
      await index.add(chunk);
    }
    await index.finish();
  }

  /** Writes a blob, `name.blob`. */
  async blob(name: string, data: Uint8Array): Promise<void> {
    assert(name.endsWith(".blob") && name !== manifestName, "a blob has the extension of one");
    const blob = this.#encode(data);
    await writeWhole(this.#options.store.files, `${this.#folder}/${name}`, blob);
    const checksum = createHash("sha256").update(blob).digest("hex");
    this.#files.push({ name, cryptMode: this.#cryptMode, sizeBytes: blob.byteLength, checksum });
  }

  /** Writes the manifest; the snapshot is finished. */
  async finish(unprotected: JsonObject = {}): Promise<void> {
    const { place, key, store } = this.#options;
    const content = {
      snapshot: place.snapshot,
      files: this.#files,
      unprotected,
      ...(key === undefined ? {} : { key }),
    };
    await writeWhole(store.files, `${this.#folder}/${manifestName}`, encodeManifest(content));
  }

  /** Removes what was written; chunks stay until garbage collection. */
  async abandon(): Promise<void> {
    for (const file of this.#open) await file.discard();
    await this.#options.store.files.removeFolder(this.#folder);
  }

  get #cryptMode(): ManifestFile["cryptMode"] {
    return this.#options.key === undefined ? "none" : "encrypt";
  }

  #encode(data: Uint8Array): Uint8Array {
    const { key, random } = this.#options;
    return encodeBlob(data, {
      isCompressed: true,
      ...(key === undefined ? {} : { encryption: { key, iv: random.bytes(16) } }),
    });
  }

  async #beginIndex(name: string, chunkSize: number | undefined): Promise<IndexFile> {
    const { clock, random, store } = this.#options;
    const builder = new IndexBuilder({ uuid: newUuid(random), ctime: epochSeconds(clock.now()) }, chunkSize);
    const file = await store.files.create(`${this.#folder}/${name}`);
    this.#open.add(file);
    // Chunks lie behind the head, which is known last.
    await file.append(new Uint8Array(indexHeadSize));
    return {
      add: async (data) => {
        assert(data.byteLength <= limits.dynamicChunk, "a chunk is no larger than chunks are");
        const digest = chunkDigest(data, this.#idKey);
        await this.#store(digest, data);
        await file.append(builder.add(digest, data.byteLength));
      },
      finish: async () => {
        const { head, checksum } = builder.finish();
        await file.rewrite(0, head);
        await file.commit();
        this.#open.delete(file);
        this.#files.push({ name, cryptMode: this.#cryptMode, sizeBytes: builder.sizeBytes, checksum });
      },
    };
  }

  async #store(digest: Uint8Array, data: Uint8Array): Promise<void> {
    const { chunks, bytes, newChunks, storedBytes } = this.#statistics;
    const { store } = this.#options;
    const all = { chunks: chunks + 1, bytes: bytes + data.byteLength };
    // A chunk that is there need not be compressed again.
    if ((await store.chunks.has(digest)) && (await store.chunks.touch(digest))) {
      this.#statistics = { ...all, newChunks, storedBytes };
      return;
    }
    const blob = this.#encode(data);
    const inserted = await store.chunks.insert(digest, blob);
    const isNew = inserted !== "known";
    this.#statistics = {
      ...all,
      newChunks: newChunks + (isNew ? 1 : 0),
      storedBytes: storedBytes + (isNew ? blob.byteLength : 0),
    };
  }
}

interface IndexFile {
  add(data: Uint8Array): Promise<void>;
  finish(): Promise<void>;
}
