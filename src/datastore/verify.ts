// SPDX-License-Identifier: Apache-2.0
// Verifies a snapshot: every file against the manifest, every chunk against its checksum and, where it is not encrypted,
// its digest. What is wrong is listed; nothing is changed.

import { createHash } from "node:crypto";
import { asError, equalBytes, hexFromBytes, isFault, limits } from "#base/index.ts";
import { chunkDigest, idKeyOf } from "#keys/index.ts";
import { readWhole } from "./chunk-store.ts";
import { checkBlob, decodeBlob, isEncryptedKind } from "./data-blob.ts";
import type { Datastore } from "./datastore.ts";
import type { ManifestFile } from "./manifest.ts";
import { snapshotPath, type SnapshotPlace } from "./names.ts";

/** How a verification goes on. */
export interface VerifyOptions {
  /** Chunks that were verified before in this run, by digest: they are not read again. */
  readonly good: Set<string>;
  /** Of the client; encrypted chunks can then be compared with their digests. */
  readonly key?: Uint8Array;
  /** Asked between chunks; throws to end the verification. */
  check(): void;
}

/** Verifies a snapshot. Resolves with what is wrong, in words; empty: all is well. Faults of the disk are thrown. */
export async function verifySnapshot(
  store: Datastore,
  place: SnapshotPlace,
  options: VerifyOptions,
): Promise<readonly string[]> {
  const problems: string[] = [];
  const manifest = await collected(problems, () => store.manifest(place));
  for (const file of manifest?.files ?? []) {
    const path = `${snapshotPath(place.namespace, place.snapshot)}/${file.name}`;
    await collected(problems, async () => {
      if (file.name.endsWith(".blob")) await verifyBlob(store, path, file, problems);
      else await verifyIndex(store, path, file, options, problems);
    });
  }
  return problems;
}

async function verifyBlob(store: Datastore, path: string, file: ManifestFile, problems: string[]): Promise<void> {
  const blob = await readWhole(store.files, path, limits.dataBlob);
  checkBlob(blob, path);
  const isListed = createHash("sha256").update(blob).digest("hex") === file.checksum;
  if (!isListed || blob.byteLength !== file.sizeBytes) problems.push(`${path} is not the file that the manifest lists`);
}

async function verifyIndex(
  store: Datastore,
  path: string,
  listed: ManifestFile,
  options: VerifyOptions,
  problems: string[],
): Promise<void> {
  const { index, file } = await store.openIndex(path);
  const hash = createHash("sha256");
  try {
    const isListed = index.checksum === listed.checksum && index.sizeBytes === listed.sizeBytes;
    if (!isListed) problems.push(`${path} is not the file that the manifest lists`);
    for (let number = 0; number < index.chunkCount; number++) {
      options.check();
      const { digest, start, end } = await index.chunk(number);
      const endBytes = new Uint8Array(8);
      new DataView(endBytes.buffer).setBigUint64(0, BigInt(end), true);
      hash.update(index.kind === "dynamic" ? endBytes : new Uint8Array(0)).update(digest);
      const hex = hexFromBytes(digest);
      if (options.good.has(hex)) continue;
      const isGood = await collected(problems, () => verifyChunk(store, digest, end - start, listed, options));
      if (isGood === true) options.good.add(hex);
    }
    if (hash.digest("hex") !== index.checksum) problems.push(`${path} does not have its checksum`);
  } finally {
    await file.close();
  }
}

async function verifyChunk(
  store: Datastore,
  digest: Uint8Array,
  size: number,
  listed: ManifestFile,
  { key }: VerifyOptions,
): Promise<true> {
  const what = `the chunk ${hexFromBytes(digest)}`;
  const blob = await store.chunks.read(digest);
  const isEncrypted = isEncryptedKind(checkBlob(blob, what));
  if (isEncrypted !== (listed.cryptMode === "encrypt")) throw new Damage(`${what} is not encrypted as it should be`);
  if (isEncrypted && key === undefined) return true;
  const data = decodeBlob(blob, { what, ...(key === undefined ? {} : { key }) });
  if (data.byteLength !== size) throw new Damage(`${what} has ${data.byteLength} bytes, not ${size}`);
  const expected = chunkDigest(data, isEncrypted && key !== undefined ? idKeyOf(key) : undefined);
  if (!equalBytes(expected, digest)) throw new Damage(`${what} does not have its digest`);
  return true;
}

/** Something is wrong with what is stored. */
class Damage extends Error {}

/** Undefined, and a line, for what is missing or damaged. */
async function collected<T>(problems: string[], use: () => Promise<T>): Promise<T | undefined> {
  try {
    return await use();
  } catch (error) {
    const codes = ["damaged", "chunk-missing", "file-missing", "snapshot-missing"];
    const isDamage = error instanceof Damage || codes.some((code) => isFault(error, `datastore.${code}`));
    if (!isDamage) throw error;
    problems.push(asError(error).message);
    return undefined;
  }
}
