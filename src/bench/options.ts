// SPDX-License-Identifier: Apache-2.0
// The bench's command line.

import { parseArgs } from "node:util";
import { offers } from "./tape-client.ts";

/** What is measured, and how long. */
export interface BenchOptions {
  /** Interleaved rounds of which medians are taken. */
  readonly rounds: number;
  /** GiB per measurement of the throughput matrix. */
  readonly sizeGiB: number;
  /** GiB of the long write. */
  readonly sustainedGiB: number;
  readonly blockSizes: readonly number[];
  readonly depths: readonly number[];
  readonly initiator: keyof typeof offers;
  /** Drives at once. */
  readonly drives: number;
  /** Data of all targets lies below this folder. */
  readonly folder: string;
  readonly parts: readonly Part[];
  readonly withTgt: boolean;
}

/** Parts of the bench, in the order in which they run. */
export const parts = [
  "throughput",
  "sustained",
  "drives",
  "start",
  "upload",
  "far",
  "control",
  "scale",
  "size",
] as const;
/** One of them. */
export type Part = (typeof parts)[number];

/** Printed for --help. */
export const usage = `npm run bench -- [options]

Measures the gateway with its own initiator, and Debian's tgt beside it where it is installed and this runs as root.
  --rounds N       interleaved rounds, medians are shown (5)
  --size GIB       per measurement (0.5)
  --sustained GIB  of the long write onto a new cartridge (8)
  --blocks LIST    block sizes in bytes (65536,262144,1048576)
  --depths LIST    commands outstanding (1,4)
  --initiator KIND like: ${Object.keys(offers).join(", ")} (linux)
  --drives N       drives at once (8)
  --dir DIR        where all data goes; use the disk you want to know about (/var/tmp)
  --only LIST      some of: ${parts.join(", ")}
  --no-tgt         without tgt`;

/** Reads the command line; undefined when only help is wanted. */
export function readOptions(args: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string", default: "5" },
      size: { type: "string", default: "0.5" },
      sustained: { type: "string", default: "8" },
      blocks: { type: "string", default: "65536,262144,1048576" },
      depths: { type: "string", default: "1,4" },
      initiator: { type: "string", default: "linux" },
      drives: { type: "string", default: "8" },
      dir: { type: "string", default: "/var/tmp" },
      only: { type: "string", default: "throughput,sustained,drives,start,upload,far,control" },
      "no-tgt": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  return {
    rounds: positive("--rounds", values.rounds),
    sizeGiB: positive("--size", values.size),
    sustainedGiB: positive("--sustained", values.sustained),
    blockSizes: values.blocks.split(",").map((text) => positive("--blocks", text)),
    depths: values.depths.split(",").map((text) => positive("--depths", text)),
    initiator: initiatorOf(values.initiator),
    drives: positive("--drives", values.drives),
    folder: values.dir,
    parts: values.only.split(",").map(partOf),
    withTgt: !values["no-tgt"],
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${name} takes numbers above 0, not "${text}"`);
  return value;
}

function initiatorOf(text: string): keyof typeof offers {
  if (text === "linux" || text === "windows") return text;
  throw new Error(`--initiator takes ${Object.keys(offers).join(", ")}, not "${text}"`);
}

function partOf(text: string): Part {
  const part = parts.find((candidate) => candidate === text);
  if (part === undefined) throw new Error(`--only takes ${parts.join(", ")}, not "${text}"`);
  return part;
}
