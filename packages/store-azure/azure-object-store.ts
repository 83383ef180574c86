// SPDX-License-Identifier: Apache-2.0
// The object store port over Azure Blob Storage. Blocks carry the MD5 of their content in their name, so that an upload that
// was interrupted goes on where it was. Rehydration is for good in Azure; that a thaw ends is played with a small blob.

import { createHash } from "node:crypto";
import {
  type BlobGetPropertiesResponse,
  type BlockBlobClient,
  type ContainerClient,
  RestError,
} from "@azure/storage-blob";
import { type Clock, type Duration, type Instant, isFault, later } from "../../src/base/index.ts";
import {
  checkClass,
  checkLegalHold,
  checkPutAbilities,
  checkRetentionMode,
  checkTier,
  crc32,
  objectKey,
  type ObjectInfo,
  type ObjectKey,
  type ObjectStore,
  type ObjectStoreAbilities,
  type ObjectVersion,
  type PutOptions,
  type Retention,
  type StorageClass,
  storeFault,
  type ThawState,
  type ThawTier,
} from "../../src/store/index.ts";

/** What the adapter needs. */
export interface AzureObjectStoreOptions {
  readonly container: ContainerClient;
  /** Empty, or with a "/" at its end. */
  readonly prefix: string;
  readonly clock: Clock;
  /** Classes to offer; all unless given. */
  readonly classes?: readonly StorageClass[];
  /** Objects longer than this go up in blocks of this size: 16 MiB unless given. */
  readonly blockSize?: number;
}

const tierOf: Readonly<Partial<Record<StorageClass, string>>> = {
  STANDARD: "Hot",
  STANDARD_IA: "Cool",
  GLACIER_IR: "Cold",
  DEEP_ARCHIVE: "Archive",
};
const allClasses = ["STANDARD", "STANDARD_IA", "GLACIER_IR", "DEEP_ARCHIVE"] as const;
const thawPrefix = "thaws/";
const crcName = "capstancrc32";
const className = "capstanclass";

/** An `ObjectStore` in a container. */
export class AzureObjectStore implements ObjectStore {
  readonly abilities: ObjectStoreAbilities;
  readonly #options: AzureObjectStoreOptions;
  readonly #blockSize: number;
  /** Bytes of blocks that needed not be sent again. */
  resumedBytes = 0;

  constructor(options: AzureObjectStoreOptions) {
    const { classes = allClasses, blockSize = 16 * 1024 * 1024 } = options;
    this.#options = options;
    this.#blockSize = blockSize;
    this.abilities = {
      createOnly: true,
      replaceOnly: true,
      classes,
      thaw: classes.includes("DEEP_ARCHIVE") ? { DEEP_ARCHIVE: ["Expedited", "Standard"] } : {},
      retention: [],
      legalHold: false,
    };
  }

  async put(
    key: ObjectKey,
    sizeBytes: number,
    content: AsyncIterable<Uint8Array>,
    options: PutOptions,
  ): Promise<ObjectVersion> {
    checkPutAbilities(key, this.abilities, options);
    options.signal?.throwIfAborted();
    const { storageClass, crc32: sum, condition, signal } = options;
    const blob = this.#blob(key);
    const isWhole = sizeBytes <= this.#blockSize;
    const { blocks, whole } = await this.#send(key, blob, { sizeBytes, content, options, isWhole });
    const creation = {
      tier: tierOf[storageClass] ?? "Hot",
      metadata: { [crcName]: sum.toString(16).padStart(8, "0"), [className]: storageClass },
      conditions:
        condition?.kind === "absent"
          ? { ifNoneMatch: "*" }
          : condition?.kind === "replaces"
            ? { ifMatch: condition.version }
            : {},
      ...(signal === undefined ? {} : { abortSignal: signal }),
    };
    return this.#ask(
      "put",
      key,
      async () => {
        try {
          const answer = isWhole
            ? await blob.upload(whole, whole.byteLength, creation)
            : await blob.commitBlockList([...blocks], creation);
          return (answer.etag ?? "") as ObjectVersion;
        } catch (error) {
          const status = error instanceof RestError ? error.statusCode : undefined;
          if (condition?.kind === "absent" && (status === 409 || status === 412)) {
            throw storeFault("object-exists", { key }, error);
          }
          if (condition?.kind === "replaces" && (status === 404 || status === 412)) {
            throw storeFault("object-changed", { key }, error);
          }
          throw error;
        }
      },
      signal,
    );
  }

  /** Sends blocks, or gathers what is small. Fault `store.object-corrupt` before anything becomes visible. */
  async #send(
    key: ObjectKey,
    blob: BlockBlobClient,
    put: {
      readonly sizeBytes: number;
      readonly content: AsyncIterable<Uint8Array>;
      readonly options: PutOptions;
      readonly isWhole: boolean;
    },
  ): Promise<{ readonly blocks: readonly string[]; readonly whole: Uint8Array }> {
    const { sizeBytes, content, options, isWhole } = put;
    const there = isWhole ? new Set<string>() : await this.#blocksOf(key, blob);
    const memory = Buffer.allocUnsafe(Math.min(this.#blockSize, Math.max(sizeBytes, 1)));
    const blocks: string[] = [];
    let filled = 0;
    let size = 0;
    let crc = 0;
    const flush = async (): Promise<void> => {
      const bytes = memory.subarray(0, filled);
      const id = blockId(blocks.length, bytes);
      blocks.push(id);
      filled = 0;
      if (there.has(id)) this.resumedBytes += bytes.byteLength;
      else await this.#ask("put", key, () => blob.stageBlock(id, bytes, bytes.byteLength), options.signal);
    };
    for await (const piece of content) {
      options.signal?.throwIfAborted();
      size += piece.byteLength;
      crc = crc32(piece, crc);
      for (let rest = piece; rest.byteLength > 0 && size <= sizeBytes;) {
        const taken = rest.subarray(0, memory.byteLength - filled);
        memory.set(taken, filled);
        filled += taken.byteLength;
        rest = rest.subarray(taken.byteLength);
        if (!isWhole && filled === memory.byteLength) await flush();
      }
    }
    if (!isWhole && filled > 0) await flush();
    if (size !== sizeBytes || crc !== options.crc32) {
      const text = (sum: number, bytes: number): string => `${sum.toString(16)} over ${bytes} bytes`;
      throw storeFault("object-corrupt", {
        key,
        actual: text(crc, size),
        expected: text(options.crc32, sizeBytes),
      });
    }
    return { blocks, whole: memory.subarray(0, filled) };
  }

  async #blocksOf(key: ObjectKey, blob: BlockBlobClient): Promise<ReadonlySet<string>> {
    return this.#ask("put", key, async () => {
      try {
        const { uncommittedBlocks = [] } = await blob.getBlockList("uncommitted");
        return new Set(uncommittedBlocks.map(({ name }) => name));
      } catch (error) {
        if (error instanceof RestError && error.statusCode === 404) return new Set<string>();
        throw error;
      }
    });
  }

  async get(key: ObjectKey, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    const info = await this.head(key);
    if (info === undefined) throw storeFault("object-missing", { key });
    if (info.thaw.kind === "frozen" || info.thaw.kind === "thawing") throw storeFault("object-frozen", { key });
    const wanted = Math.max(0, Math.min(length, info.sizeBytes - offset));
    if (wanted === 0) return new Uint8Array(0);
    return this.#ask(
      "get",
      key,
      async () => {
        const answer = await this.#blob(key).download(
          offset,
          wanted,
          signal === undefined ? {} : { abortSignal: signal },
        );
        const bytes = new Uint8Array(wanted);
        let size = 0;
        for await (const piece of answer.readableStreamBody ?? []) {
          const part = piece as Buffer;
          if (size + part.byteLength > wanted) throw new Error("the answer is longer than was asked for");
          bytes.set(part, size);
          size += part.byteLength;
        }
        if (size !== wanted) throw new Error(`the answer was cut short: ${size} of ${wanted} bytes`);
        return bytes;
      },
      signal,
    );
  }

  async head(key: ObjectKey): Promise<ObjectInfo | undefined> {
    const found = await this.#properties(key);
    if (found === undefined) return undefined;
    const storageClass = classOf(found);
    const crc = found.metadata?.[crcName];
    return {
      key,
      sizeBytes: found.contentLength ?? 0,
      storageClass,
      thaw: storageClass === "DEEP_ARCHIVE" ? await this.#thawState(key, found) : { kind: "warm" },
      crc32: crc === undefined ? -1 : Number.parseInt(crc, 16),
      version: (found.etag ?? "") as ObjectVersion,
      retention: undefined,
      legalHold: false,
    };
  }

  async list(prefix: string, after: string | undefined, limit: number): Promise<readonly ObjectKey[]> {
    const { container, prefix: ours } = this.#options;
    return this.#ask("list", prefix, async () => {
      const keys: ObjectKey[] = [];
      for await (const { name } of container.listBlobsFlat({ prefix: ours + prefix })) {
        const key = name.slice(ours.length) as ObjectKey;
        const isBehind = after === undefined || Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0;
        if (isBehind && !key.startsWith(thawPrefix)) keys.push(key);
        if (keys.length === limit) break;
      }
      return keys;
    });
  }

  async delete(key: ObjectKey): Promise<void> {
    await this.#ask("delete", key, () => this.#blob(key).deleteIfExists({ deleteSnapshots: "include" }));
    await this.#ask("delete", key, () => this.#thawBlob(key).deleteIfExists());
  }

  async changeClass(key: ObjectKey, storageClass: StorageClass): Promise<void> {
    checkClass(key, this.abilities, storageClass);
    const info = await this.#existing(key);
    if (info.storageClass === storageClass) return;
    if (info.thaw.kind === "frozen" || info.thaw.kind === "thawing") throw storeFault("object-frozen", { key });
    const blob = this.#blob(key);
    await this.#ask("changeClass", key, async () => {
      const { metadata } = await blob.getProperties();
      // The name of the class first: a blob in the archive keeps the metadata that it has.
      await blob.setMetadata({ ...metadata, [className]: storageClass });
      await blob.setAccessTier(tierOf[storageClass] ?? "Hot");
    });
  }

  async thaw(key: ObjectKey, tier: ThawTier, keep: Duration): Promise<void> {
    const info = await this.#existing(key);
    if (info.thaw.kind === "warm") return;
    checkTier(key, this.abilities, info.storageClass, tier);
    const until = later(this.#options.clock.now(), keep);
    const old = await this.#thawUntil(key);
    const note = Buffer.from(JSON.stringify({ until: Math.max(until, old ?? 0) }));
    await this.#ask("thaw", key, () => this.#thawBlob(key).upload(note, note.byteLength));
    if (info.thaw.kind !== "frozen") return;
    const rehydratePriority = tier === "Expedited" ? "High" : "Standard";
    await this.#ask("thaw", key, () => this.#blob(key).setAccessTier("Hot", { rehydratePriority }));
  }

  async setRetention(key: ObjectKey, retention: Retention): Promise<void> {
    checkRetentionMode(key, this.abilities, retention);
  }

  async setLegalHold(key: ObjectKey): Promise<void> {
    checkLegalHold(key, this.abilities);
  }

  /** What an object of the archive is now. One whose time is over goes back there. */
  async #thawState(key: ObjectKey, found: BlobGetPropertiesResponse): Promise<ThawState> {
    if (found.archiveStatus !== undefined) return { kind: "thawing", readyAt: undefined };
    if (found.accessTier === "Archive") return { kind: "frozen" };
    const until = await this.#thawUntil(key);
    if (until !== undefined && until > this.#options.clock.now()) return { kind: "thawed", until };
    await this.#ask("thaw", key, () => this.#blob(key).setAccessTier("Archive"));
    return { kind: "frozen" };
  }

  async #thawUntil(key: ObjectKey): Promise<Instant | undefined> {
    return this.#ask("thaw", key, async () => {
      try {
        const value: unknown = JSON.parse((await this.#thawBlob(key).downloadToBuffer()).toString());
        const isNote = typeof value === "object" && value !== null && "until" in value;
        return isNote && typeof value.until === "number" ? (value.until as Instant) : undefined;
      } catch (error) {
        if (error instanceof RestError && error.statusCode === 404) return undefined;
        throw error;
      }
    });
  }

  async #properties(key: ObjectKey): Promise<BlobGetPropertiesResponse | undefined> {
    objectKey(key);
    return this.#ask("head", key, async () => {
      try {
        return await this.#blob(key).getProperties();
      } catch (error) {
        if (error instanceof RestError && error.statusCode === 404) return undefined;
        throw error;
      }
    });
  }

  async #existing(key: ObjectKey): Promise<ObjectInfo> {
    const info = await this.head(key);
    if (info === undefined) throw storeFault("object-missing", { key });
    return info;
  }

  #blob(key: ObjectKey): BlockBlobClient {
    const { container, prefix } = this.#options;
    return container.getBlockBlobClient(prefix + key);
  }

  #thawBlob(key: ObjectKey): BlockBlobClient {
    const { container, prefix } = this.#options;
    return container.getBlockBlobClient(prefix + thawPrefix + key);
  }

  async #ask<T>(operation: string, key: string, request: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await request();
    } catch (error) {
      signal?.throwIfAborted();
      if (isFault(error)) throw error;
      const { containerName } = this.#options.container;
      const place = `azure://${containerName}/${this.#options.prefix}${key}`;
      const status = error instanceof RestError ? error.statusCode : undefined;
      const code = error instanceof RestError ? (error.code ?? error.name) : "";
      const reason = `${code}: ${error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error)}`;
      const details = { operation, key: place, reason };
      if (code === "BlobArchived" || code === "BlobBeingRehydrated") throw storeFault("object-frozen", { key }, error);
      if (status === 401 || status === 403) throw storeFault("object-store-denied", details, error);
      const isPassing = status === undefined || status >= 500 || status === 408 || status === 429;
      throw storeFault(isPassing ? "object-store-unreachable" : "object-store-refused", details, error);
    }
  }
}

/** All of one length, as Azure wants them; the MD5 says what is in the block. */
function blockId(number: number, bytes: Uint8Array): string {
  const md5 = createHash("md5").update(bytes).digest("hex");
  return Buffer.from(`${String(number).padStart(6, "0")}-${md5}`).toString("base64");
}

/** The class that we put it into; while it is thawed its tier says otherwise. */
function classOf({ metadata, accessTier }: BlobGetPropertiesResponse): StorageClass {
  const named = allClasses.find((name) => name === metadata?.[className]);
  return named ?? allClasses.find((name) => tierOf[name] === accessTier) ?? "STANDARD";
}
