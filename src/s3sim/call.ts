// SPDX-License-Identifier: Apache-2.0
// One request to the simulated S3 as its operations see it, and what all of them need.

import type { Clock, Duration, Random } from "#base/index.ts";
import type { S3Bucket } from "./bucket.ts";
import type { RequestBook } from "./request-book.ts";
import type { HttpRequest } from "./wire.ts";

/** How a server can be less than Amazon's. */
export interface S3Features {
  /** If-None-Match and If-Match are looked at. */
  readonly conditions: boolean;
  /** The same where an upload in parts completes. */
  readonly partedConditions: boolean;
  /** GLACIER and DEEP_ARCHIVE are cold and can be thawed; without it they are names. */
  readonly thaw: boolean;
  /** Classes that can be put into. */
  readonly classes: readonly string[];
  /** Checksums in headers are compared. */
  readonly checksums: boolean;
}

/** What every operation may use. */
export interface S3World {
  readonly clock: Clock;
  readonly random: Random;
  readonly features: S3Features;
  readonly thawDelay: Readonly<Record<string, Duration>>;
  readonly book: RequestBook;
  readonly buckets: Map<string, S3Bucket>;
}

/** A request to a bucket. */
export interface S3Call {
  readonly world: S3World;
  readonly request: HttpRequest;
  readonly query: URLSearchParams;
  readonly bucket: S3Bucket;
  /** Empty for requests to the bucket itself. */
  readonly key: string;
}

/** Smallest part of an upload but the last. */
export const partSizeMin = 5 * 1024 * 1024;
