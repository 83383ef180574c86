// SPDX-License-Identifier: Apache-2.0
// Where SPACE and LOCATE end: SSC-4 7.3, 7.4, 7.17. Pure: from a place and a count to where the medium lands and why.
// The image is only asked where filemarks are; no object is read.

import { after } from "./eventually.ts";
import type { Eventually, FileNumber, Image, ObjectNumber } from "./image.ts";

/** Why a motion stopped, or that it did not. */
export type MotionEnd = "done" | "filemark" | "end-of-data" | "beginning";

/** What became of SPACE or LOCATE: `residue` objects were not passed (never negative). */
export interface Motion {
  readonly end: MotionEnd;
  readonly residue: number;
}

/** Where a motion starts: `file` filemarks lie before `position`. */
export interface Place {
  readonly image: Image;
  readonly position: number;
  readonly file: number;
}

/** Where a motion ends. */
export interface Landing {
  readonly position: number;
  readonly file: number;
  readonly motion: Motion;
}

const arrived: Motion = { end: "done", residue: 0 };

function landing(position: number, file: number, motion = arrived): Landing {
  return { position, file, motion };
}

/** Over `count` blocks, but no further than behind a filemark or to end of data. */
export function blocksForward({ image, position, file }: Place, count: number): Eventually<Landing> {
  const target = position + count;
  if (file < image.fileCount) {
    return after(image.filemarkAt(file as FileNumber), (mark) =>
      target <= mark ? landing(target, file) : landing(mark + 1, file + 1, { end: "filemark", residue: target - mark }),
    );
  }
  const { endOfData } = image;
  return target <= endOfData
    ? landing(target, file)
    : landing(endOfData, file, { end: "end-of-data", residue: target - endOfData });
}

/** Back over `count` blocks, but no further than before a filemark or to the beginning. */
export function blocksBackward({ image, position, file }: Place, count: number): Eventually<Landing> {
  const target = position - count;
  if (file > 0) {
    return after(image.filemarkAt((file - 1) as FileNumber), (mark) =>
      target > mark ? landing(target, file) : landing(mark, file - 1, { end: "filemark", residue: mark + 1 - target }),
    );
  }
  return target >= 0 ? landing(target, 0) : landing(0, 0, { end: "beginning", residue: -target });
}

/** Behind the `count`th filemark from here, or to end of data. */
export function filemarksForward({ image, position, file }: Place, count: number): Eventually<Landing> {
  if (count === 0) return landing(position, file);
  const target = file + count;
  if (target <= image.fileCount) {
    return after(image.filemarkAt((target - 1) as FileNumber), (mark) => landing(mark + 1, target));
  }
  return endLanding(image, target - image.fileCount);
}

/** Before the `count`th filemark back from here, or to the beginning. */
export function filemarksBackward({ image, file }: Place, count: number): Eventually<Landing> {
  const target = file - count;
  if (target < 0) return landing(0, 0, { end: "beginning", residue: -target });
  return after(image.filemarkAt(target as FileNumber), (mark) => landing(mark, target));
}

/** To an object, or to end of data when it lies beyond. */
export function objectLanding(image: Image, target: number): Eventually<Landing> {
  const { endOfData } = image;
  if (target >= endOfData) return endLanding(image, target - endOfData);
  return after(image.filemarksBefore(target as ObjectNumber), (file) => landing(target, file));
}

/** To the beginning of a logical file, or to end of data when there is none of that number. */
export function fileLanding(image: Image, target: number): Eventually<Landing> {
  if (target === 0) return landing(0, 0);
  if (target > image.fileCount) return endLanding(image, target - image.fileCount);
  return after(image.filemarkAt((target - 1) as FileNumber), (mark) => landing(mark + 1, target));
}

function endLanding(image: Image, residue: number): Landing {
  const { endOfData, fileCount } = image;
  return landing(endOfData, fileCount, residue === 0 ? arrived : { end: "end-of-data", residue });
}
