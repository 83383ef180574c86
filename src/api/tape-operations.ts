// SPDX-License-Identifier: Apache-2.0
// What is done with tapes: labels, backup, restore, catalogs, and lists of cartridges and of what is on them. Names of
// commands are those of Proxmox where it has them.

import * as z from "zod";
import { limits } from "#base/index.ts";
import { managerOf } from "./handling.ts";
import { operation } from "./operation.ts";
import { bytes, tapeDrive, Task, time } from "./schemas.ts";

const drive = tapeDrive;
const isAsked = (text: string) => z.boolean().optional().describe(text);

const CartridgeView = z.object({
  labelText: z.string(),
  pool: z.string().optional(),
  mediaSetName: z.string().optional(),
  setIndex: z.int().optional(),
  status: z.string(),
  location: z.string(),
  catalog: z.enum(["ok", "missing"]),
  bytesUsed: bytes.optional(),
  uuid: z.string(),
  mediaSetUuid: z.string().optional(),
});
const ContentView = z.object({
  labelText: z.string(),
  pool: z.string(),
  setIndex: z.int(),
  store: z.string(),
  snapshot: z.string(),
  labelled: time,
  mediaSetUuid: z.string(),
});

/** What can be done with tapes. */
export const tapeOperations = [
  operation({
    name: "tape.barcode-label",
    kind: "task",
    permission: "operator",
    route: { method: "post", path: "/tape/barcode-label" },
    summary: "Label every cartridge of a library that has no label, with its barcode",
    input: z.strictObject({ pool: z.string().optional().describe("Pool that the cartridges are for"), drive }),
    output: Task,
    positional: [],
    examples: [{ title: "All new cartridges, for one pool", input: { pool: "offsite" } }],
    handler: (context, input, caller) =>
      managerOf(context).tapes.labelByBarcode({ pool: input.pool, drive: input.drive }, caller.name),
  }),
  operation({
    name: "tape.label",
    kind: "task",
    permission: "operator",
    route: { method: "post", path: "/tape/label" },
    summary: "Label one empty cartridge",
    description: "In a library it is the one with this barcode; in a folder a new one is made.",
    input: z.strictObject({
      labelText: z.string().describe("Label of the cartridge"),
      pool: z.string().optional().describe("Pool that the cartridge is for"),
      drive,
    }),
    output: Task,
    positional: ["labelText"],
    examples: [{ title: "For one pool", input: { labelText: "CAP001L8", pool: "offsite" } }],
    handler: (context, { labelText, pool, drive: name }, caller) =>
      managerOf(context).tapes.label({ labelText, pool, drive: name }, caller.name),
  }),
  operation({
    name: "tape.inventory",
    kind: "task",
    permission: "operator",
    route: { method: "post", path: "/tape/inventory" },
    summary: "Read the labels of all cartridges of a library into the inventory",
    input: z.strictObject({ drive, catalog: isAsked("Restore catalogs that are missing, from tape") }),
    output: Task,
    positional: [],
    examples: [{ title: "After the inventory was lost", input: { catalog: true } }],
    handler: (context, input, caller) =>
      managerOf(context).tapes.inventory({ drive: input.drive, catalogs: input.catalog === true }, caller.name),
  }),
  operation({
    name: "tape.backup",
    kind: "task",
    permission: "operator",
    route: { method: "post", path: "/tape/backup" },
    summary: "Back up a datastore to a media pool",
    input: z.strictObject({
      store: z.string().describe("Name of the datastore"),
      pool: z.string().describe("Name of the media pool"),
      drive,
      ns: z.string().optional().describe("Namespace to begin with; the root when left out"),
      maxDepth: z.int().min(0).max(limits.namespaceDepth).optional().describe("Levels of namespaces below it"),
      latestOnly: isAsked("Only the latest snapshot of each group"),
      groupFilter: z
        .string()
        .optional()
        .describe("Filters of groups, separated by blanks: type:vm exclude:group:vm/100"),
      ejectMedia: isAsked("Take the cartridge out of the drive at the end"),
      exportMediaSet: isAsked("Move all cartridges of the set to mail slots at the end"),
      forceMediaSet: isAsked("Begin a new media set"),
    }),
    output: Task,
    positional: ["store", "pool"],
    examples: [{ title: "Everything", input: { store: "store1", pool: "offsite" } }],
    handler: (context, input, caller) => {
      const atEnd = input.exportMediaSet === true ? "export" : input.ejectMedia === true ? "unload" : "stay";
      const request = {
        store: input.store,
        pool: input.pool,
        drive: input.drive,
        namespace: input.ns ?? "",
        depth: input.maxDepth,
        isLatestOnly: input.latestOnly === true,
        filters: input.groupFilter ?? "",
        isForced: input.forceMediaSet === true,
        atEnd,
      } as const;
      return managerOf(context).tapes.backup(request, caller.name);
    },
  }),
  operation({
    name: "tape.restore",
    kind: "task",
    permission: "operator",
    route: { method: "post", path: "/tape/restore" },
    summary: "Restore a media set, or single snapshots of it, into datastores",
    description:
      "A whole set is restored without catalogs; single snapshots need the catalogs of all cartridges of the set.",
    input: z.strictObject({
      mediaSet: z.string().describe("UUID of the media set"),
      store: z.string().describe("Target datastore, or a mapping: source=target,other=target,target-for-all-others"),
      snapshots: z
        .string()
        .optional()
        .describe("Snapshots, separated by blanks: store:[ns/a/]type/id/time; all when left out"),
      drive,
      owner: z.string().optional().describe("Owner of new groups, root@pam when left out"),
    }),
    output: Task,
    positional: ["mediaSet", "store"],
    examples: [
      { title: "A whole set", input: { mediaSet: "9c1e4a60-0d6b-4b63-9d15-3c1f8f2a7b44", store: "store2" } },
      {
        title: "One snapshot",
        input: {
          mediaSet: "9c1e4a60-0d6b-4b63-9d15-3c1f8f2a7b44",
          store: "store1=store2",
          snapshots: "store1:vm/100/2026-11-27T12:00:00Z",
        },
      },
    ],
    handler: (context, { mediaSet, store, snapshots = "", drive: name, owner }, caller) =>
      managerOf(context).tapes.restore({ mediaSet, store, snapshots, drive: name, owner }, caller.name),
  }),
  operation({
    name: "tape.catalog",
    kind: "task",
    permission: "operator",
    route: { method: "post", path: "/tape/catalog" },
    summary: "Restore the catalog of a cartridge from its tape",
    input: z.strictObject({
      labelText: z.string().describe("Label of the cartridge"),
      drive,
      scan: isAsked("Read the whole tape, also when there is a catalog on it"),
    }),
    output: Task,
    positional: ["labelText"],
    examples: [{ title: "From the catalogs on tape", input: { labelText: "CAP001L8" } }],
    handler: (context, { labelText, drive: name, scan }, caller) =>
      managerOf(context).tapes.restoreCatalog({ labelText, drive: name, isScan: scan === true }, caller.name),
  }),
  operation({
    name: "tape.key.restore",
    kind: "task",
    permission: "admin",
    route: { method: "post", path: "/tape/keys/restore" },
    summary: "Take the encryption key of a media set from a cartridge, with its passphrase",
    input: z.strictObject({
      labelText: z.string().describe("Label of a cartridge of the set"),
      passphrase: z.string().meta({ secret: true }).describe("Passphrase of the key"),
      drive,
    }),
    output: Task,
    positional: ["labelText"],
    examples: [
      { title: "After the keys were lost", input: { labelText: "CAP001L8", passphrase: "correct horse battery" } },
    ],
    handler: (context, { labelText, drive: name, passphrase }, caller) =>
      managerOf(context).tapes.restoreKey({ labelText, drive: name, passphrase }, caller.name),
  }),
  operation({
    name: "tape.media.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/tape/media" },
    summary: "List the cartridges of the inventory",
    input: z.strictObject({ pool: z.string().optional().describe("Only cartridges of this pool") }),
    output: z.array(CartridgeView),
    positional: [],
    columns: [
      "labelText",
      "pool",
      "mediaSetName",
      "setIndex",
      "status",
      "location",
      "catalog",
      "bytesUsed",
      "mediaSetUuid",
    ],
    examples: [{ title: "All of them", input: {} }],
    handler: (context, input) => managerOf(context).tapes.cartridges(input.pool),
  }),
  operation({
    name: "tape.media.content",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/tape/content" },
    summary: "List the snapshots on tape, by the catalogs",
    input: z.strictObject({
      pool: z.string().optional().describe("Only of this pool"),
      mediaSet: z.string().optional().describe("Only of the media set with this UUID"),
    }),
    output: z.array(ContentView),
    positional: [],
    columns: ["labelText", "pool", "setIndex", "store", "snapshot", "mediaSetUuid"],
    examples: [{ title: "Everything", input: {} }],
    handler: (context, { pool, mediaSet }) => managerOf(context).tapes.content({ pool, mediaSet }),
  }),
] as const;
