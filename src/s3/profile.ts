// SPDX-License-Identifier: Apache-2.0
// What is known of one S3 server: what the port tells, and what only the adapter needs to know.

import { allAbilities, type ObjectStoreAbilities } from "#store/index.ts";

/** Found by the probe, kept by whoever configured the store, given to the adapter. */
export interface S3Profile {
  readonly abilities: ObjectStoreAbilities;
  /** The bucket keeps old versions: deleting means deleting all of them. */
  readonly isVersioned: boolean;
  /** Conditions hold for uploads in parts too. */
  readonly hasPartedConditions: boolean;
  /** The server compares a CRC32 that a put announces. */
  readonly hasChecksums: boolean;
  /** If-Match takes a tag with its quotes, as HTTP wants it. */
  readonly hasQuotedTags: boolean;
}

/** A tag without its quotes. */
export const unquoted = (tag: string): string => tag.replaceAll('"', "");

/** Amazon S3 with a bucket that was made for object lock; what tests begin with. */
export const fullProfile: S3Profile = {
  abilities: allAbilities,
  isVersioned: true,
  hasPartedConditions: true,
  hasChecksums: true,
  hasQuotedTags: true,
};
