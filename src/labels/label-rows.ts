// SPDX-License-Identifier: Apache-2.0
// Rows of labels as people write them, and the labels that they make: `PREFIX[:TYPE[:MODE[:FIRST[-LAST]]]]`, for example
// `TEST:L9:color:0-19` or `ABC:L8`. A row without a last number fills what is left of the sheet; `skip:3` leaves places free.

import { limits } from "#base/index.ts";
import { labelsFault } from "./faults.ts";

/** What the last two characters of a barcode say. */
export const labelTypes = {
  PA: "LTO-10 (40 TB)",
  LA: "LTO-10",
  L9: "LTO-9",
  L8: "LTO-8",
  M8: "LTO-7 initialized as M8",
  L7: "LTO-7",
  L6: "LTO-6",
  L5: "LTO-5",
  L4: "LTO-4",
  L3: "LTO-3",
  LH: "LTO-10 write-once",
  LZ: "LTO-9 write-once",
  LY: "LTO-8 write-once",
  LX: "LTO-7 write-once",
  LW: "LTO-6 write-once",
  LV: "LTO-5 write-once",
  LU: "LTO-4 write-once",
  LT: "LTO-3 write-once",
  CU: "cleaning unit",
} as const;
export type LabelType = keyof typeof labelTypes;

/** How a label looks: text alone, coloured boxes, boxes without colour. */
export const labelModes = ["simple", "color", "frame"] as const;
export type LabelMode = (typeof labelModes)[number];

/** A place of a sheet: a label, or nothing. */
export interface SheetLabel {
  /** Six characters. */
  readonly volume: string;
  readonly type: LabelType;
  readonly mode: LabelMode;
}

/** A row. */
export interface LabelRow {
  readonly prefix: string;
  readonly type: LabelType;
  readonly mode: LabelMode | "skip";
  readonly first: number;
  /** Undefined: fill. */
  readonly last: number | undefined;
}

const volumeLength = 6;

/** Reads a row. Fault `labels.bad-row`. */
export function parseLabelRow(text: string): LabelRow {
  const bad = (reason: string): Error => labelsFault("bad-row", { text, reason });
  const [prefix = "", type = "L9", mode = "color", range = "0", ...more] = text.split(":");
  if (more.length > 0) throw bad("it is PREFIX:TYPE:MODE:FIRST-LAST");
  if (prefix.toLowerCase() === "skip") {
    if (!/^\d{1,4}$/.test(type)) throw bad("skip is followed by how many places stay free: skip:3");
    return { prefix: "", type: "L9", mode: "skip", first: 0, last: Math.max(Number(type) - 1, 0) };
  }
  const capitals = prefix.toUpperCase();
  if (!/^[A-Z]{0,6}$/.test(capitals)) throw bad("a prefix has up to six letters");
  if (!isOf(labelTypes, type)) throw bad(`${type} is none of ${Object.keys(labelTypes).join(", ")}`);
  const found = labelModes.find((candidate) => candidate === mode);
  if (found === undefined) throw bad(`${mode} is none of ${labelModes.join(", ")}`);
  const numbers = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(range);
  if (numbers === null) throw bad(`${range} is no number and no range of numbers`);
  const first = Number(numbers[1]);
  // Six letters leave no room for a number: there is one such label.
  const only = capitals.length === volumeLength ? first : undefined;
  const last = only ?? (numbers[2] === undefined ? undefined : Math.max(Number(numbers[2]), first));
  if (capitals.length < volumeLength && !hasRoom(capitals, first))
    throw bad(`there is no room for the number ${first}`);
  return { prefix: capitals, type, mode: found, first, last };
}

const isOf = <T extends object>(table: T, key: string): key is keyof T & string => Object.hasOwn(table, key);

const hasRoom = (prefix: string, number: number): boolean => prefix.length + String(number).length <= volumeLength;

/**
 * The places of as many sheets as it takes, in order; undefined is a place without a label. Rows that fill share what is left of
 * the last sheet, the last of them gets the rest. A number that has no room ends its row.
 */
export function planLabels(rows: readonly LabelRow[], placesPerSheet: number): readonly (SheetLabel | undefined)[] {
  const counted = rows.map((row) => (row.last === undefined ? 0 : row.last - row.first + 1));
  const fixed = counted.reduce((sum, count) => sum + count, 0);
  if (fixed > limits.labelsPrinted) {
    throw labelsFault("bad-sheet", { reason: `${fixed} labels are more than ${limits.labelsPrinted} at a time` });
  }
  const fillers = rows.filter(({ last }) => last === undefined).length;
  const left = fillers === 0 ? 0 : placesPerSheet * Math.max(1, Math.ceil((fixed + fillers) / placesPerSheet)) - fixed;
  const share = fillers === 0 ? 0 : Math.floor(left / fillers);
  let seen = 0;
  return rows.flatMap((row, index) => {
    if (row.last === undefined) seen += 1;
    const filled = seen === fillers ? left - share * (fillers - 1) : share;
    return labelsOf(row, row.last === undefined ? filled : (counted[index] ?? 0));
  });
}

function labelsOf({ prefix, type, mode, first }: LabelRow, count: number): readonly (SheetLabel | undefined)[] {
  if (mode === "skip") return Array.from({ length: count }, () => undefined);
  const made: SheetLabel[] = [];
  for (let number = first; number < first + count; number++) {
    const digits = volumeLength - prefix.length;
    if (digits > 0 && !hasRoom(prefix, number)) break;
    const volume = digits === 0 ? prefix : `${prefix}${String(number).padStart(digits, "0")}`;
    made.push({ volume, type, mode });
  }
  return made;
}
