// SPDX-License-Identifier: Apache-2.0
// Verifies tapes without restoring anything: every block is read, every chunk is compared with its checksum and digest, every
// snapshot with its manifest, and the catalog with the tape. What is wrong is told of by name; nothing is changed.

import { createHash, type Hash } from "node:crypto";
import { asError, type ByteSource, hexFromBytes, isFault, limits, type Uuid } from "#base/index.ts";
import { checkBlob, decodeManifest, indexHeadSize, type Manifest, manifestName } from "#datastore/index.ts";
import type { SnapshotFileReader, TapeDrive } from "#format/index.ts";
import { type KeyRing, setKeyOf } from "#keys/index.ts";
import { type CartridgeCatalog, type CartridgeRecord, type Librarian, mediaFault } from "#media/index.ts";
import type { TaskContext } from "#work/index.ts";
import { checkChunk } from "./restore-job.ts";
import { requestCartridge, type RequestOptions } from "./request.ts";
import { readCartridge } from "./tape-walk.ts";

/** What verifying needs. */
export interface VerifyTapeOptions extends RequestOptions {
  readonly librarian: Librarian;
  readonly keys: KeyRing;
  readonly context: TaskContext;
}

/** What was read, and what is wrong. */
export interface TapeVerdict {
  readonly cartridges: readonly string[];
  readonly snapshots: number;
  readonly chunks: number;
  readonly bytes: number;
  /** In words, with cartridge and tape file. */
  readonly problems: readonly string[];
}

interface Tally {
  readonly cartridges: string[];
  snapshots: number;
  chunks: number;
  bytes: number;
  readonly problems: string[];
  /** By store and digest: chunks that are on the tapes that were read, and good. */
  readonly good: Set<string>;
}

/**
 * Verifies cartridges of one set, in the order of the set. Whether all chunks of a snapshot are there is known when all cartridges
 * up to its own are read; for others the catalogs are asked.
 */
export async function verifyTapes(
  options: VerifyTapeOptions,
  members: readonly CartridgeRecord[],
  records: readonly CartridgeRecord[],
): Promise<TapeVerdict> {
  const tally: Tally = { cartridges: [], snapshots: 0, chunks: 0, bytes: 0, problems: [], good: new Set() };
  const { context, librarian, station } = options;
  const catalogs = new Map<Uuid, CartridgeCatalog>();
  for (const { label } of members) {
    const catalog = await librarian.catalog(label.uuid);
    if (catalog === undefined) context.warn(`there is no catalog of ${label.labelText}; its tape is verified without`);
    else catalogs.set(label.uuid, catalog);
  }
  const read = new Set(records.map(({ label }) => label.uuid));
  const unread = members.filter(({ label }) => !read.has(label.uuid));
  const elsewhere = unread.flatMap(({ label }) => catalogs.get(label.uuid) ?? []);
  for (const record of records) {
    context.phase(`reading ${record.label.labelText}`);
    await verifyCartridge(options, { record, catalog: catalogs.get(record.label.uuid), elsewhere }, tally);
    await station.unload();
  }
  const { good: _, ...verdict } = tally;
  return verdict;
}

interface Work {
  readonly record: CartridgeRecord;
  readonly catalog: CartridgeCatalog | undefined;
  /** Catalogs of cartridges of the set that are not read. */
  readonly elsewhere: readonly CartridgeCatalog[];
}

async function verifyCartridge(options: VerifyTapeOptions, work: Work, tally: Tally): Promise<void> {
  const { context, keys } = options;
  const { record, catalog } = work;
  const { labelText } = record.label;
  const problem = (text: string): void => {
    tally.problems.push(text);
    context.warn(text);
  };
  const { drive, labels } = await requestCartridge(options, record);
  tally.cartridges.push(labelText);
  if (labels.set?.uuid !== record.set?.uuid || labels.set?.setIndex !== record.set?.setIndex) {
    return problem(
      `${labelText} is number ${labels.set?.setIndex} of the set ${labels.set?.uuid ?? "of nobody"} on tape`,
    );
  }
  await openWithKey(drive, labels.set, keys);
  const counter = context.counter("read", "bytes");
  const found = await readCartridge(
    { drive, record, context, damaged: (what, error) => problem(`${what}: ${error.message}`) },
    {
      chunk: (store, digest, blob, what) => {
        tally.chunks += 1;
        tally.bytes += blob.byteLength;
        counter.add(blob.byteLength);
        const wrong = wrongChunk(digest, blob);
        if (wrong === undefined) tally.good.add(`${store} ${hexFromBytes(digest)}`);
        else problem(`${what}: ${wrong}`);
        return Promise.resolve();
      },
      snapshot: async (reader, what) => {
        tally.snapshots += 1;
        const isThere = (store: string, digest: Uint8Array): boolean =>
          tally.good.has(`${store} ${hexFromBytes(digest)}`) ||
          work.elsewhere.some((other) => other.chunkFile(store, digest) !== undefined);
        for (const text of await wrongInSnapshot(reader, isThere)) problem(`${what}: ${text}`);
        return true;
      },
    },
  );
  await drive.setEncryptionKey(undefined);
  if (catalog === undefined) return;
  for (const text of disagreements(catalog, found.catalog)) problem(`${labelText}: ${text}`);
}

async function openWithKey(
  drive: TapeDrive,
  set: { readonly uuid: Uuid; readonly key: { readonly fingerprint: string } | undefined } | undefined,
  keys: KeyRing,
): Promise<void> {
  if (set?.key !== undefined) await drive.setEncryptionKey(setKeyOf(keys.key(set.key.fingerprint), set.uuid));
}

function wrongChunk(digest: Uint8Array, blob: Uint8Array): string | undefined {
  try {
    checkChunk(digest, blob);
    return undefined;
  } catch (error) {
    if (!isFault(error)) throw error;
    return error.message;
  }
}

/** What is wrong in the tape file of a snapshot: its own files against the manifest, and its chunks. */
async function wrongInSnapshot(
  reader: SnapshotFileReader,
  isThere: (store: string, digest: Uint8Array) => boolean,
): Promise<readonly string[]> {
  const { store, snapshot } = reader.name;
  const problems: string[] = [];
  let manifest: Manifest | undefined;
  const seen = new Map<string, { readonly checksum: string; readonly sizeBytes: number }>();
  for (let file = await reader.next(); file !== undefined; file = await reader.next()) {
    const { name, sizeBytes, content } = file;
    if (name === manifestName) {
      if (sizeBytes > limits.storeFile)
        throw mediaFault("damaged", { what: name, reason: `it has ${sizeBytes} bytes` });
      try {
        manifest = decodeManifest(await wholeOf(content, sizeBytes), `the manifest of ${store}:${snapshot}`);
      } catch (error) {
        if (!isFault(error)) throw error;
        problems.push(error.message);
      }
    } else if (name.endsWith("idx")) {
      const { checksum, missing } = await readIndex(content, name, (digest) => isThere(store, digest));
      seen.set(name, { checksum, sizeBytes });
      if (missing > 0) problems.push(`${missing} chunks of ${name} of ${store}:${snapshot} are missing or damaged`);
    } else {
      if (sizeBytes > limits.dataBlob) throw mediaFault("damaged", { what: name, reason: `it has ${sizeBytes} bytes` });
      const bytes = await wholeOf(content, sizeBytes);
      const wrong = wrongBlob(bytes, name);
      if (wrong !== undefined) problems.push(`${store}:${snapshot}: ${wrong}`);
      seen.set(name, { checksum: createHash("sha256").update(bytes).digest("hex"), sizeBytes });
    }
  }
  for (const { name, checksum } of manifest?.files ?? []) {
    if (seen.get(name)?.checksum !== checksum) {
      problems.push(`${name} of ${store}:${snapshot} is ${seen.has(name) ? "not what its manifest lists" : "missing"}`);
    }
  }
  return problems;
}

async function wholeOf(content: ByteSource, sizeBytes: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(sizeBytes);
  let filled = 0;
  for (;;) {
    const count = await content.read(bytes.subarray(filled));
    if (count === 0) return bytes.subarray(0, filled);
    filled += count;
  }
}

function wrongBlob(bytes: Uint8Array, name: string): string | undefined {
  try {
    checkBlob(bytes, name);
    return undefined;
  } catch (error) {
    return asError(error).message;
  }
}

/** The checksum of an index is that of all behind its head; entries end with a digest. */
async function readIndex(
  content: ByteSource,
  name: string,
  isThere: (digest: Uint8Array) => boolean,
): Promise<{ readonly checksum: string; readonly missing: number }> {
  const entrySize = name.endsWith(".didx") ? 40 : 32;
  const hash: Hash = createHash("sha256");
  await readExactly(content, new Uint8Array(indexHeadSize));
  const entries = new Uint8Array(entrySize * 4096);
  const lacking = new Set<string>();
  for (;;) {
    const count = await readExactly(content, entries);
    hash.update(entries.subarray(0, count));
    for (let end = entrySize; end <= count; end += entrySize) {
      const digest = entries.subarray(end - 32, end);
      if (!isThere(digest)) lacking.add(hexFromBytes(digest));
    }
    if (count < entries.byteLength) break;
  }
  return { checksum: hash.digest("hex"), missing: lacking.size };
}

async function readExactly(content: ByteSource, into: Uint8Array): Promise<number> {
  let filled = 0;
  while (filled < into.byteLength) {
    const count = await content.read(into.subarray(filled));
    if (count === 0) break;
    filled += count;
  }
  return filled;
}

/** What the catalog names and the tape does not have. What only the tape has was not committed, and is no problem. */
export function disagreements(catalog: CartridgeCatalog, tape: CartridgeCatalog): readonly string[] {
  const problems: string[] = [];
  for (const { store, path, fileNumber, uuid } of catalog.snapshots) {
    const found = tape.snapshot(store, path);
    if (found?.uuid === uuid && found.fileNumber === fileNumber) continue;
    problems.push(`its catalog names ${store}:${path} in tape file ${fileNumber}, which is not there`);
  }
  const onTape = new Map(tape.archives.map((archive) => [archive.fileNumber, archive]));
  for (const { fileNumber, uuid, store, chunkCount } of catalog.archives) {
    const found = onTape.get(fileNumber);
    const isSame = found?.uuid === uuid && found.store === store && found.chunkCount === chunkCount;
    if (!isSame) {
      const actual = found === undefined ? "which is not there" : `where ${found.chunkCount} of ${found.store} are`;
      problems.push(`its catalog names ${chunkCount} chunks of ${store} in tape file ${fileNumber}, ${actual}`);
    }
  }
  return problems;
}
