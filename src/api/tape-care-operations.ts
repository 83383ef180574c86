// SPDX-License-Identifier: Apache-2.0
// What is done with tapes that are written: verifying them, copying them, and planning a restore.

import * as z from "zod";
import { managerOf } from "./handling.ts";
import { operation } from "./operation.ts";
import { bytes, size, Task } from "./schemas.ts";

const drive = z.string().optional().describe("Name of the drive; not needed when there is only one");
const labelText = z.string().optional().describe("Label of a cartridge");
const mediaSet = z.string().optional().describe("UUID of a media set: all of its cartridges");
/** What LTO drives of the last generations read on average. */
const usualRate = 250_000_000;

const duration = z.number().nonnegative().meta({ unit: "milliseconds" });
const PlannedCartridge = z.object({
  labelText: z.string(),
  setIndex: z.int(),
  location: z.string(),
  isHere: z.boolean(),
  hasCatalog: z.boolean(),
  why: z.enum(["all", "snapshots", "chunks"]),
  snapshots: z.int(),
  bytes: bytes.optional(),
  duration,
});

/** Verifying, copying, planning. */
export const tapeCareOperations = [
  operation({
    name: "tape.verify",
    kind: "task",
    permission: "operator",
    route: { method: "post", path: "/tape/verify" },
    summary: "Read a cartridge or a media set and compare everything on it, without restoring",
    description:
      "Chunks with their checksums and digests, snapshots with their manifests and chunks, catalogs with the tape. What is " +
      "wrong is told of by name in the warnings of the task, which fails then. Nothing is changed.",
    input: z.strictObject({ labelText, mediaSet, drive }),
    output: Task,
    positional: [],
    examples: [
      { title: "One cartridge", input: { labelText: "CAP001L8" } },
      { title: "A whole set", input: { mediaSet: "9c1e4a60-0d6b-4b63-9d15-3c1f8f2a7b44" } },
    ],
    handler: (context, input, caller) => {
      const { labelText: label, mediaSet: set, drive: name } = input;
      return managerOf(context).care.verify({ labelText: label, mediaSet: set, drive: name }, caller.name);
    },
  }),
  operation({
    name: "tape.copy",
    kind: "task",
    permission: "operator",
    route: { method: "post", path: "/tape/copy" },
    summary: "Copy a cartridge or a media set onto empty cartridges of another library, as it is",
    description:
      "A physical library to a virtual one, or back. Copies have the labels of the originals, so that either restores without the other; " +
      "a manager that meets both takes them for one cartridge. Each copy is read back and compared.",
    input: z.strictObject({
      drive: z.string().describe("Drive that reads the originals"),
      targetDrive: z.string().describe("Drive that writes the copies"),
      labelText,
      mediaSet,
      targets: z
        .string()
        .optional()
        .describe("Barcodes of the cartridges to write, separated by blanks; empty ones are taken when left out"),
    }),
    output: Task,
    positional: ["drive", "targetDrive"],
    examples: [{ title: "An old tape", input: { drive: "lto", targetDrive: "cloud", labelText: "OLD042L6" } }],
    handler: (context, input, caller) => {
      const { drive: source, targetDrive, labelText: label, mediaSet: set, targets = "" } = input;
      const request = { drive: source, targetDrive, labelText: label, mediaSet: set, targets };
      return managerOf(context).care.copy(request, caller.name);
    },
  }),
  operation({
    name: "tape.restore-plan",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/tape/media-sets/{mediaSet}/restore-plan" },
    summary: "Show which cartridges a restore will load, in which order, where they are, and how long it takes at most",
    input: z.strictObject({
      mediaSet: z.string().describe("UUID of the media set"),
      snapshots: z.string().optional().describe("Snapshots, separated by blanks; the whole set when left out"),
      drive,
      readsPerSecond: size.optional().describe("Bytes that the drive reads in a second; 250MB when left out"),
    }),
    output: z.array(PlannedCartridge),
    positional: ["mediaSet"],
    columns: ["labelText", "setIndex", "location", "isHere", "why", "snapshots", "bytes", "duration"],
    examples: [{ title: "A whole set", input: { mediaSet: "9c1e4a60-0d6b-4b63-9d15-3c1f8f2a7b44" } }],
    handler: async (
      context,
      { mediaSet: set, snapshots = "", drive: name, readsPerSecond: bytesPerSecond = usualRate },
    ) => {
      const wanted = { mediaSet: set, snapshots, drive: name, bytesPerSecond };
      const { cartridges } = await managerOf(context).care.plan(wanted);
      return cartridges;
    },
  }),
] as const;
