// SPDX-License-Identifier: Apache-2.0
// What a bucket holds: versions of objects, newest last, and uploads that are under way.

import type { Instant } from "#base/index.ts";
import { S3Refusal } from "./wire.ts";

/** Storage classes that S3 knows. */
export const classes = [
  "STANDARD",
  "REDUCED_REDUNDANCY",
  "STANDARD_IA",
  "ONEZONE_IA",
  "INTELLIGENT_TIERING",
  "GLACIER_IR",
  "GLACIER",
  "DEEP_ARCHIVE",
] as const;
export type S3Class = (typeof classes)[number];

/** A lock of an object. */
export interface S3Retention {
  readonly mode: "GOVERNANCE" | "COMPLIANCE";
  readonly until: Instant;
}

/** A restore that was asked for. */
export interface S3Restore {
  readonly tier: string;
  readonly readyAt: Instant;
  readonly until: Instant;
}

/** One version of an object, or the mark of its deletion. */
export interface S3Version {
  readonly id: string;
  readonly modified: Instant;
  readonly isDeleteMarker: boolean;
  readonly content: Uint8Array;
  /** With quotes. */
  readonly etag: string;
  readonly storageClass: S3Class;
  readonly metadata: Readonly<Record<string, string>>;
  retention: S3Retention | undefined;
  isHeld: boolean;
  restore: S3Restore | undefined;
}

/** A part of an upload. */
export interface S3Part {
  readonly number: number;
  readonly content: Uint8Array;
  readonly etag: string;
}

/** An upload that is not an object yet. */
export interface S3Upload {
  readonly id: string;
  readonly key: string;
  readonly initiated: Instant;
  readonly storageClass: S3Class;
  readonly metadata: Readonly<Record<string, string>>;
  readonly retention: S3Retention | undefined;
  readonly isHeld: boolean;
  readonly parts: Map<number, S3Part>;
}

/** A bucket. */
export interface S3Bucket {
  readonly name: string;
  isVersioned: boolean;
  readonly hasLocks: boolean;
  readonly objects: Map<string, S3Version[]>;
  readonly uploads: Map<string, S3Upload>;
}

/** The version that counts, when it is no mark of deletion. */
export function currentOf(bucket: S3Bucket, key: string): S3Version | undefined {
  const last = bucket.objects.get(key)?.at(-1);
  return last?.isDeleteMarker === false ? last : undefined;
}

/** Makes a version the one that counts; in a bucket without versions, the only one. */
export function addVersion(bucket: S3Bucket, key: string, version: S3Version): void {
  const versions = bucket.objects.get(key) ?? [];
  if (!bucket.isVersioned) versions.length = 0;
  versions.push(version);
  bucket.objects.set(key, versions);
}

/** Takes a version away. */
export function removeVersion(bucket: S3Bucket, key: string, id: string): void {
  const versions = bucket.objects.get(key) ?? [];
  const rest = versions.filter((version) => version.id !== id);
  if (rest.length === 0) bucket.objects.delete(key);
  else bucket.objects.set(key, rest);
}

/** True while the version must be thawed before it can be read. */
export function isFrozen({ storageClass, restore }: S3Version, now: Instant): boolean {
  if (storageClass !== "GLACIER" && storageClass !== "DEEP_ARCHIVE") return false;
  return restore === undefined || restore.readyAt > now || restore.until <= now;
}

/** Refuses while a version must not be deleted. */
export function checkUnlocked({ isHeld, retention }: S3Version, now: Instant, mayBypass: boolean): void {
  const isBypassed = mayBypass && retention?.mode === "GOVERNANCE";
  const isRetained = retention !== undefined && retention.until > now && !isBypassed;
  if (isHeld || isRetained) throw new S3Refusal("AccessDenied", "the object is protected by object lock");
}
