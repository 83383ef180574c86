// SPDX-License-Identifier: Apache-2.0
// The manifest of a snapshot, `index.json.blob`: which files belong to it, with their checksums, and a signature when the
// client has a key. A snapshot without it is not finished.

import { timingSafeEqual } from "node:crypto";
import {
  bytesFromText,
  type EpochSeconds,
  hexFromBytes,
  isJsonArray,
  isJsonObject,
  type Json,
  type JsonObject,
  parseJson,
  prettyJson,
  sortedJson,
} from "#base/index.ts";
import { fingerprintOf, idKeyOf, signatureOf } from "#keys/index.ts";
import { decodeBlob, encodeBlob } from "./data-blob.ts";
import { datastoreFault } from "./faults.ts";
import { type BackupType, backupTypes, isSafeName, type SnapshotId } from "./names.ts";

/** The manifest's file. */
export const manifestName = "index.json.blob";
/** The log of the client, which the manifest does not list. */
export const clientLogName = "client.log.blob";

/** Whether the chunks of a file are encrypted by the client. */
export type CryptMode = "none" | "encrypt" | "sign-only";
const cryptModes: readonly string[] = ["none", "encrypt", "sign-only"] satisfies readonly CryptMode[];

/** A file that a manifest lists. */
export interface ManifestFile {
  readonly name: string;
  readonly cryptMode: CryptMode;
  /** Index: bytes of the image or archive. Blob: bytes of the file. */
  readonly sizeBytes: number;
  /** Index: its checksum. Blob: SHA-256 of the file. Lower-case hexadecimal. */
  readonly checksum: string;
}

/** A manifest. */
export interface Manifest {
  readonly snapshot: SnapshotId;
  readonly files: readonly ManifestFile[];
  /** Lower-case hexadecimal; undefined: not signed. */
  readonly signature: string | undefined;
  /** What the signature does not cover: notes, state of verification, fingerprint of the key. */
  readonly unprotected: JsonObject;
  /** The document as it was read: the signature covers keys that we do not know, too. */
  readonly document: JsonObject;
}

const bad = (what: string, reason: string): Error => datastoreFault("damaged", { what, reason });

/** Reads the manifest in a blob. `what` names the snapshot. Fault `datastore.damaged`. */
export function decodeManifest(blob: Uint8Array, what: string): Manifest {
  const text = Buffer.from(decodeBlob(blob, { what: `the manifest of ${what}` })).toString("utf8");
  const document = parseJson(text);
  if (!isJsonObject(document)) throw bad(what, "its manifest is not a JSON object");
  const { files, signature, unprotected } = document;
  if (!isJsonArray(files)) throw bad(what, "its manifest lists no files");
  return {
    snapshot: snapshotOf(document, what),
    files: files.map((file) => fileOf(file, what)),
    signature: typeof signature === "string" ? signature : undefined,
    unprotected: isJsonObject(unprotected) ? unprotected : {},
    document,
  };
}

function snapshotOf(document: JsonObject, what: string): SnapshotId {
  const { "backup-type": type, "backup-id": id, "backup-time": time } = document;
  const known = backupTypes.find((candidate) => candidate === type);
  if (known === undefined || typeof id !== "string" || !isSafeName(id)) throw bad(what, "its manifest has no group");
  if (typeof time !== "number" || !Number.isSafeInteger(time)) throw bad(what, "its manifest has no time");
  return { type: known satisfies BackupType, id, time: time as EpochSeconds };
}

const fileName = /^[A-Za-z0-9_][A-Za-z0-9._-]*\.(?:fidx|didx|blob)$/;

function isCryptMode(text: Json): text is CryptMode {
  return typeof text === "string" && cryptModes.includes(text);
}

function fileOf(json: Json, what: string): ManifestFile {
  if (!isJsonObject(json)) throw bad(what, "its manifest has a file that is none");
  const { filename, "crypt-mode": mode = "none", size, csum } = json;
  if (typeof filename !== "string" || !fileName.test(filename)) throw bad(what, "its manifest has a file without name");
  if (!isCryptMode(mode)) throw bad(what, `the crypt mode of ${filename} is unknown`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) throw bad(what, `${filename} has no size`);
  if (typeof csum !== "string" || !/^[0-9a-f]{64}$/i.test(csum)) throw bad(what, `${filename} has no checksum`);
  return { name: filename, cryptMode: mode, sizeBytes: size, checksum: csum.toLowerCase() };
}

/** The text that a signature covers: no blanks, sorted keys, without signature and what is unprotected. */
export function canonicalText(document: JsonObject): string {
  const { signature: _signature, unprotected: _unprotected, ...rest } = document;
  return JSON.stringify(sortedJson(rest));
}

/** True when the manifest was signed with this key. */
export function isSignedWith(manifest: Manifest, key: Uint8Array): boolean {
  if (manifest.signature === undefined || !/^[0-9a-f]{64}$/i.test(manifest.signature)) return false;
  const expected = signatureOf(idKeyOf(key), bytesFromText(canonicalText(manifest.document)));
  return timingSafeEqual(expected, Buffer.from(manifest.signature, "hex"));
}

/** What a manifest is made of. */
export interface ManifestContent {
  readonly snapshot: SnapshotId;
  readonly files: readonly ManifestFile[];
  readonly unprotected?: JsonObject;
  /** Given: the manifest is signed. */
  readonly key?: Uint8Array;
}

/** Makes the blob of a manifest. */
export function encodeManifest(content: ManifestContent): Uint8Array {
  const { snapshot, files, unprotected = {}, key } = content;
  const document = {
    "backup-type": snapshot.type,
    "backup-id": snapshot.id,
    "backup-time": snapshot.time,
    files: files.map(({ name, cryptMode, sizeBytes, checksum }) => {
      return { filename: name, "crypt-mode": cryptMode, size: sizeBytes, csum: checksum };
    }),
  };
  if (key === undefined) return manifestBlob({ ...document, signature: null, unprotected });
  const signature = hexFromBytes(signatureOf(idKeyOf(key), bytesFromText(canonicalText(document))));
  return manifestBlob({
    ...document,
    signature,
    unprotected: { ...unprotected, "key-fingerprint": fingerprintOf(key) },
  });
}

/** The blob of a manifest without the state of a verification: what a restored snapshot begins with. */
export function withoutVerification(manifest: Manifest): Uint8Array {
  const { verify_state: _state, ...unprotected } = manifest.unprotected;
  return manifestBlob({ ...manifest.document, unprotected });
}

/** The blob of a manifest with other notes or states. */
export const withUnprotected = (manifest: Manifest, unprotected: JsonObject): Uint8Array =>
  manifestBlob({ ...manifest.document, unprotected });

const manifestBlob = (document: JsonObject): Uint8Array =>
  encodeBlob(bytesFromText(prettyJson(sortedJson(document))), { isCompressed: true });
