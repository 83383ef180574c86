// SPDX-License-Identifier: Apache-2.0
// What a HEAD of S3 says, in the words of the port.

import type { HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import type { Instant } from "#base/index.ts";
import type {
  ObjectInfo,
  ObjectKey,
  ObjectStoreAbilities,
  ObjectVersion,
  Retention,
  StorageClass,
  ThawState,
} from "#store/index.ts";

/** Name of the metadata that holds the CRC32 of the content: eight hexadecimal digits. */
export const crcName = "capstan-crc32";

/** Metadata of an object. */
export function metadataOf(crc: number): Record<string, string> {
  return { [crcName]: crc.toString(16).padStart(8, "0") };
}

/** An object that was not put by us has no checksum that we know; this is none. */
const noChecksum = -1;

/** The answer as the port tells it. */
export function infoOf(key: ObjectKey, head: HeadObjectCommandOutput, abilities: ObjectStoreAbilities): ObjectInfo {
  const storageClass = classOf(head.StorageClass);
  const crc = head.Metadata?.[crcName];
  return {
    key,
    sizeBytes: head.ContentLength ?? 0,
    storageClass,
    thaw: abilities.thaw[storageClass] === undefined ? { kind: "warm" } : thawOf(head.Restore),
    crc32: crc !== undefined && /^[0-9a-f]{8}$/.test(crc) ? Number.parseInt(crc, 16) : noChecksum,
    version: (head.ETag ?? "") as ObjectVersion,
    retention: retentionOf(head),
    legalHold: head.ObjectLockLegalHoldStatus === "ON",
  };
}

/** Classes by the names that servers use; ones that we never ask for count as what they behave like. */
const classes: Readonly<Record<string, StorageClass>> = {
  STANDARD: "STANDARD",
  REDUCED_REDUNDANCY: "STANDARD",
  STANDARD_IA: "STANDARD_IA",
  ONEZONE_IA: "STANDARD_IA",
  INTELLIGENT_TIERING: "STANDARD_IA",
  GLACIER_IR: "GLACIER_IR",
  GLACIER: "GLACIER",
  DEEP_ARCHIVE: "DEEP_ARCHIVE",
};

/** STANDARD is not named in answers. */
function classOf(name: string | undefined): StorageClass {
  return classes[name ?? "STANDARD"] ?? "STANDARD";
}

/** Reads `x-amz-restore`: `ongoing-request="true"`, or `ongoing-request="false", expiry-date="…"`. */
export function thawOf(restore: string | undefined): ThawState {
  if (restore === undefined) return { kind: "frozen" };
  if (/ongoing-request="true"/.test(restore)) return { kind: "thawing", readyAt: undefined };
  const until = Date.parse(/expiry-date="([^"]+)"/.exec(restore)?.[1] ?? "");
  return { kind: "thawed", until: (Number.isNaN(until) ? 0 : until) as Instant };
}

function retentionOf({
  ObjectLockMode: mode,
  ObjectLockRetainUntilDate: until,
}: HeadObjectCommandOutput): Retention | undefined {
  if ((mode !== "GOVERNANCE" && mode !== "COMPLIANCE") || until === undefined) return undefined;
  return { mode, until: until.getTime() as Instant };
}
