// SPDX-License-Identifier: Apache-2.0
// Where SPACE leads on a list of objects: SSC-5, SPACE. A naive model, for comparing.

import type { TapeObject } from "./tape-book.ts";

/** A SPACE command; a negative count goes back. */
export interface Spacing {
  readonly kind: "blocks" | "filemarks";
  readonly count: number;
}

/** Where it ends, and the word of the answer. */
export interface Landing {
  readonly position: number;
  readonly word: "good" | "filemark-detected" | "end-of-data" | "beginning-of-partition";
}

/** Steps one object at a time, as a tape would wind. */
export function landing(objects: readonly TapeObject[], from: number, spacing: Spacing): Landing {
  const isForward = spacing.count >= 0;
  let position = from;
  let left = Math.abs(spacing.count);
  while (left > 0) {
    const object = objects[isForward ? position : position - 1];
    if (object === undefined) return { position, word: isForward ? "end-of-data" : "beginning-of-partition" };
    position += isForward ? 1 : -1;
    const isFilemark = object === "filemark";
    if (isFilemark && spacing.kind === "blocks") return { position, word: "filemark-detected" };
    if (isFilemark === (spacing.kind === "filemarks")) left -= 1;
  }
  return { position, word: "good" };
}
