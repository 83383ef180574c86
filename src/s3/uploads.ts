// SPDX-License-Identifier: Apache-2.0
// Uploads in parts that survive a broken connection, a killed server and a killed gateway: what was sent stays with the
// server, and the next put of the same object under the same key sends only what is missing. A part counts as sent when
// its size and MD5 are those of our bytes; an upload that holds anything else is aborted.

import { createHash } from "node:crypto";
import type { CreateMultipartUploadCommandInput } from "@aws-sdk/client-s3";
import { type Instant, limits } from "#base/index.ts";
import { crc32, storeFault } from "#store/index.ts";
import type { S3Api } from "./client.ts";
import { s3Error } from "./errors.ts";

/** Where an upload goes, and what its completion carries. */
export interface UploadTarget {
  readonly bucket: string;
  readonly key: string;
  readonly sizeBytes: number;
  readonly crc32: number;
  readonly partSize: number;
  readonly hasChecksums: boolean;
  /** Metadata, class and locks. */
  readonly create: Partial<CreateMultipartUploadCommandInput>;
  readonly signal: AbortSignal | undefined;
}

/** A part that the server has. */
interface SentPart {
  readonly number: number;
  readonly etag: string;
}

/** An upload whose parts are all there. */
export interface ReadyUpload {
  readonly id: string;
  readonly parts: readonly SentPart[];
  /** True when parts of an earlier attempt were used. */
  readonly isResumed: boolean;
}

type KnownParts = ReadonlyMap<number, { readonly size: number; readonly etag: string }>;

/** The content differs from what the upload began with. */
class OtherContent extends Error {
  override readonly name = "OtherContent";
}

/** CRC32 as S3 writes it. */
export function crcText(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString("base64");
}

/** The unfinished uploads of one place in a bucket. */
export class Uploads {
  readonly #api: S3Api;
  /** By key: what earlier attempts left, of this process or one before. */
  readonly #unfinished = new Map<string, string>();
  readonly #buffers: Buffer[] = [];
  /** Bytes of parts that needed not be sent again. */
  resumedBytes = 0;

  constructor(api: S3Api) {
    this.#api = api;
  }

  /**
   * Asks the server for unfinished uploads below `prefix`. Old ones are aborted, and of several of one key all but one:
   * what is unfinished is paid for.
   */
  async find(bucket: string, prefix: string, now: Instant): Promise<void> {
    const { sdk, client } = this.#api;
    let marker: { KeyMarker?: string; UploadIdMarker?: string } = {};
    for (let page = 0; page < limits.s3UploadPages; page++) {
      const found = await client.send(
        new sdk.ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...marker }),
      );
      for (const { Key: key, UploadId: id, Initiated: began } of found.Uploads ?? []) {
        if (key === undefined || id === undefined) continue;
        if (began !== undefined && began.getTime() < now - limits.s3UploadAge) {
          await this.abort(bucket, key, id);
          continue;
        }
        const other = this.#unfinished.get(key);
        if (other !== undefined) await this.abort(bucket, key, other);
        this.#unfinished.set(key, id);
      }
      if (found.IsTruncated !== true || found.NextKeyMarker === undefined) return;
      marker = {
        KeyMarker: found.NextKeyMarker,
        ...(found.NextUploadIdMarker === undefined ? {} : { UploadIdMarker: found.NextUploadIdMarker }),
      };
    }
  }

  /** Keys of unfinished uploads. */
  get unfinished(): readonly string[] {
    return [...this.#unfinished.keys()];
  }

  /**
   * Sends all of the content. Fault `store.object-corrupt` when it is not what was announced; then nothing is left.
   * After any other failure the upload waits for the next attempt.
   */
  async send(target: UploadTarget, content: AsyncIterable<Uint8Array>): Promise<ReadyUpload> {
    const { bucket, key } = target;
    const old = this.#unfinished.get(key);
    const known = old === undefined ? undefined : await this.#partsOf(bucket, key, old);
    const id = known === undefined || old === undefined ? await this.#create(target) : old;
    this.#unfinished.set(key, id);
    try {
      const parts = await this.#sendParts(target, id, known ?? new Map(), content);
      return { id, parts, isResumed: known !== undefined };
    } catch (error) {
      if (error instanceof OtherContent) {
        await this.abort(bucket, key, id);
        const reason = "an unfinished upload of other content was in the way and is gone; the next attempt starts anew";
        throw storeFault("object-store-unreachable", { operation: "put", key, reason }, error);
      }
      throw error;
    }
  }

  /** The upload became an object, or will not. */
  forget(key: string, id: string): void {
    if (this.#unfinished.get(key) === id) this.#unfinished.delete(key);
  }

  /** Ends an upload; one that is not there is no error. */
  async abort(bucket: string, key: string, id: string): Promise<void> {
    const { sdk, client } = this.#api;
    this.forget(key, id);
    try {
      await client.send(new sdk.AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: id }));
    } catch (error) {
      if (s3Error(error).status !== 404) throw error;
    }
  }

  async #create({ bucket, key, hasChecksums, create, signal }: UploadTarget): Promise<string> {
    const { sdk, client } = this.#api;
    const checksums = hasChecksums ? ({ ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" } as const) : {};
    const command = new sdk.CreateMultipartUploadCommand({ Bucket: bucket, Key: key, ...checksums, ...create });
    const { UploadId: id } = await client.send(command, signal === undefined ? {} : { abortSignal: signal });
    if (id === undefined) throw new Error("the server began an upload without an identifier");
    return id;
  }

  /** The parts that the server has; undefined when the upload is gone. */
  async #partsOf(bucket: string, key: string, id: string): Promise<KnownParts | undefined> {
    const { sdk, client } = this.#api;
    const parts = new Map<number, { size: number; etag: string }>();
    let marker: string | undefined;
    for (let page = 0; page < limits.s3UploadPages; page++) {
      try {
        const found = await client.send(
          new sdk.ListPartsCommand({ Bucket: bucket, Key: key, UploadId: id, PartNumberMarker: marker }),
        );
        for (const { PartNumber: number = 0, Size: size = 0, ETag: etag = "" } of found.Parts ?? []) {
          parts.set(number, { size, etag });
        }
        if (found.IsTruncated !== true) return parts;
        marker = found.NextPartNumberMarker;
      } catch (error) {
        if (s3Error(error).status !== 404) throw error;
        this.forget(key, id);
        return undefined;
      }
    }
    return parts;
  }

  async #sendParts(
    target: UploadTarget,
    id: string,
    known: KnownParts,
    content: AsyncIterable<Uint8Array>,
  ): Promise<readonly SentPart[]> {
    const sent: Promise<SentPart>[] = [];
    let size = 0;
    let crc = 0;
    let failure: { readonly error: unknown } | undefined;
    try {
      for await (const { number, bytes, giveBack } of this.#partsFrom(content, target)) {
        size += bytes.byteLength;
        crc = crc32(bytes, crc);
        const sending = this.#sendPart(target, { id, number, bytes, known: known.get(number) }).finally(giveBack);
        sending.catch((error: unknown) => (failure ??= { error }));
        sent.push(sending);
        await sent[sent.length - limits.s3PartsInFlight];
        if (failure !== undefined) break;
      }
    } catch (error) {
      failure ??= { error };
    }
    const settled = await Promise.allSettled(sent);
    if (failure !== undefined) throw failure.error;
    if (size !== target.sizeBytes || crc !== target.crc32) await this.#refuse(target, id, { size, crc });
    return settled.filter((part) => part.status === "fulfilled").map(({ value }) => value);
  }

  async #refuse(target: UploadTarget, id: string, { size, crc }: { size: number; crc: number }): Promise<never> {
    const { bucket, key } = target;
    await this.abort(bucket, key, id);
    throw corrupt(key, { size, crc }, { size: target.sizeBytes, crc: target.crc32 });
  }

  async #sendPart(
    { bucket, key, hasChecksums, signal }: UploadTarget,
    part: {
      readonly id: string;
      readonly number: number;
      readonly bytes: Buffer;
      readonly known: { readonly size: number; readonly etag: string } | undefined;
    },
  ): Promise<SentPart> {
    const { sdk, client } = this.#api;
    const { id, number, bytes, known } = part;
    if (known !== undefined) {
      const md5 = createHash("md5").update(bytes).digest("hex");
      if (known.size !== bytes.byteLength || known.etag.replaceAll('"', "") !== md5) {
        throw new OtherContent(`part ${number} of the unfinished upload of ${key} is of other content`);
      }
      this.resumedBytes += bytes.byteLength;
      return { number, etag: known.etag };
    }
    const command = new sdk.UploadPartCommand({
      Bucket: bucket,
      Key: key,
      UploadId: id,
      PartNumber: number,
      Body: bytes,
      ContentLength: bytes.byteLength,
      ...(hasChecksums ? { ChecksumCRC32: crcText(crc32(bytes)) } : {}),
    });
    const { ETag: etag } = await client.send(command, signal === undefined ? {} : { abortSignal: signal });
    if (etag === undefined) throw new Error("the server took a part without a tag");
    return { number, etag };
  }

  /** The content in parts, each in memory of its own until it is given back. */
  async *#partsFrom(
    content: AsyncIterable<Uint8Array>,
    { partSize, signal }: UploadTarget,
  ): AsyncGenerator<{ readonly number: number; readonly bytes: Buffer; readonly giveBack: () => void }> {
    let number = 1;
    let filled = 0;
    let memory: Buffer | undefined;
    const part = (bytes: Buffer): { number: number; bytes: Buffer; giveBack: () => void } => {
      const whole = memory;
      memory = undefined;
      return { number: number++, bytes, giveBack: () => this.#giveBack(whole) };
    };
    for await (const piece of content) {
      signal?.throwIfAborted();
      for (let rest = piece; rest.byteLength > 0;) {
        memory ??= this.#take(partSize);
        const taken = rest.subarray(0, partSize - filled);
        memory.set(taken, filled);
        filled += taken.byteLength;
        rest = rest.subarray(taken.byteLength);
        if (filled < partSize) continue;
        filled = 0;
        yield part(memory);
      }
    }
    if (memory !== undefined) yield part(memory.subarray(0, filled));
  }

  #take(size: number): Buffer {
    const free = this.#buffers.pop();
    return free?.byteLength === size ? free : Buffer.allocUnsafeSlow(size);
  }

  #giveBack(memory: Buffer | undefined): void {
    if (memory !== undefined && this.#buffers.length < limits.s3PartsInFlight) this.#buffers.push(memory);
  }
}

/** Fault `store.object-corrupt`. */
export function corrupt(
  key: string,
  found: { readonly size: number; readonly crc: number },
  expected: { readonly size: number; readonly crc: number },
): Error {
  const text = ({ size, crc }: { size: number; crc: number }): string => `${crc.toString(16)} over ${size} bytes`;
  return storeFault("object-corrupt", { key, actual: text(found), expected: text(expected) });
}
