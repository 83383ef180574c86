// SPDX-License-Identifier: Apache-2.0
// Places of objects as an operator writes them: a folder, or a URL, and what goes with it.

import { isAbsolute, resolve } from "node:path";
import type { Duration } from "#base/index.ts";
import type { StorageClass } from "#store/index.ts";

/** True for what is a URL and no folder. */
export const isUrl = (place: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//.test(place);

/** A folder as an absolute path, a URL as it is. */
export function absolutePlace(place: string, base: string): string {
  return isUrl(place) || isAbsolute(place) ? place : resolve(base, place);
}

/** A class that another place plays. */
export interface LabelSetting {
  readonly storageClass: StorageClass;
  /** A folder, or the URL of a bucket. */
  readonly place: string;
}

/** A store that pools may mirror to. */
export interface MirrorSetting {
  readonly name: string;
  /** A folder, or the URL of a bucket. */
  readonly store: string;
  readonly labelClasses: readonly LabelSetting[];
  readonly s3: S3Settings;
}

/** What `[store.s3]` says. Paths are absolute. */
export interface S3Settings {
  readonly accessKey?: string;
  readonly secretKey?: string;
  readonly sessionToken?: string;
  readonly profile?: string;
  /** File of certificates to trust. */
  readonly trust?: string;
  readonly proxy?: string;
  readonly partSize?: number;
  readonly timeout?: Duration;
}
