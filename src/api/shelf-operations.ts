// SPDX-License-Identifier: Apache-2.0
// Operations on what is on the shelf: retrieve, hold, lock, delete, take back; and on shelf pools.

import * as z from "zod";
import { limits } from "#base/index.ts";
import { apiFault } from "./faults.ts";
import { given, onlyLibrary } from "./handling.ts";
import { operation } from "./operation.ts";
import {
  barcode,
  Cartridge,
  cartridgeColumns as columns,
  cartridgeSize,
  Costs,
  CreationRule,
  Estimate,
  libraryName,
  maybeLibrary,
  money,
  name,
  Nothing,
  Pool,
  poolName,
  retentionLock,
  shelfClass,
  size,
  tapeFiles,
  Task,
  thawTier,
  timeInput,
} from "./schemas.ts";

const byBarcode = z.strictObject({ barcode });
const anExample = (title: string) => [{ title, input: { barcode: "CAP001L8" } }];

interface MirrorInput {
  readonly mirror?: string | undefined;
  readonly mirrorClass?: z.output<typeof shelfClass> | undefined;
  readonly mirrorLock?: z.output<typeof retentionLock> | undefined;
  readonly mirrorDays?: number | undefined;
}

/** Fault `api.bad-input` for a word about a second copy that nobody asked for. */
function mirrorOf({ mirror, mirrorClass, mirrorLock, mirrorDays }: MirrorInput) {
  const rest = given({ storageClass: mirrorClass, lock: mirrorLock, retentionDays: mirrorDays });
  if (mirror !== undefined) return { store: mirror, ...rest };
  const [word] = Object.keys(rest);
  if (word !== undefined)
    throw apiFault("bad-input", {
      operation: "pool.create",
      problems: "mirrorClass, mirrorLock and mirrorDays need mirror",
    });
  return undefined;
}

/** What can be done with archived cartridges and shelf pools. */
export const shelfOperations = [
  operation({
    name: "cartridge.retrieve",
    kind: "task",
    permission: "operator",
    route: { method: "post", path: "/cartridges/{barcode}/retrieve" },
    summary: "Retrieve an archived cartridge from the shelf to a mail slot, read-only",
    description:
      "As a whole, or only some tape files, or on demand: then it appears at once, and what a host reads is thawed when it is read. A faster tier hastens a retrieve that runs.",
    input: z.strictObject({
      barcode,
      library: maybeLibrary,
      tier: thawTier.optional().describe("How fast it thaws; Standard by default"),
      files: tapeFiles.optional(),
      onDemand: z.boolean().optional().describe("Thaw what is read when it is read"),
      moneyLimit: money.optional().describe("What thawing may cost, in the currency of the prices"),
      prefetch: size.optional().describe("On demand: how much is thawed ahead of what is read; 256MiB by default"),
    }),
    output: Task,
    positional: ["barcode"],
    examples: [
      { title: "Retrieve at the usual pace", input: { barcode: "CAP001L8", library: "main" } },
      { title: "Three tape files", input: { barcode: "CAP001L8", files: "3-5" } },
      { title: "What is read, for ten dollars", input: { barcode: "CAP001L8", onDemand: true, moneyLimit: 10 } },
    ],
    handler: ({ gateway }, { barcode: code, library, prefetch, ...rest }, caller) =>
      gateway.retrieveCartridge(
        { barcode: code, library: onlyLibrary(gateway, library), ...given({ ...rest, aheadBytes: prefetch }) },
        { who: caller.name },
      ),
  }),
  operation({
    name: "cartridge.retrieve-more",
    kind: "change",
    permission: "operator",
    route: { method: "post", path: "/cartridges/{barcode}/retrieve-more" },
    summary: "Allow more money, speed or tape files for a cartridge that is retrieved in part",
    input: z.strictObject({
      barcode,
      moneyLimit: money.optional().describe("What thawing may cost from now on, in all"),
      tier: thawTier.optional().describe("How fast the rest thaws"),
      files: tapeFiles.optional(),
    }),
    output: Cartridge,
    positional: ["barcode"],
    columns,
    examples: [{ title: "Twenty dollars in all", input: { barcode: "CAP001L8", moneyLimit: 20 } }],
    handler: ({ gateway }, { barcode: code, ...rest }, caller) =>
      gateway.retrieveMore({ barcode: code, ...given(rest) }, { who: caller.name }),
  }),
  operation({
    name: "cartridge.cancel-retrieve",
    kind: "change",
    permission: "operator",
    route: { method: "post", path: "/cartridges/{barcode}/cancel-retrieve" },
    summary: "Leave a cartridge on the shelf although it is RETRIEVING",
    input: byBarcode,
    output: Cartridge,
    positional: ["barcode"],
    columns,
    examples: anExample("Stop the retrieval"),
    handler: ({ gateway }, input) => gateway.cancelRetrieve(input.barcode),
  }),
  operation({
    name: "cartridge.assign-pool",
    kind: "change",
    permission: "operator",
    route: { method: "post", path: "/cartridges/{barcode}/assign-pool" },
    summary: "Assign another shelf pool to a cartridge",
    description: "Never to a warmer class and never away from a retention lock that holds.",
    input: z.strictObject({ barcode, pool: poolName }),
    output: Cartridge,
    positional: ["barcode", "pool"],
    columns,
    examples: [{ title: "To the coldest class", input: { barcode: "CAP001L8", pool: "deep-archive" } }],
    handler: ({ gateway }, input, caller) => gateway.assignPool(input.barcode, input.pool, { who: caller.name }),
  }),
  operation({
    name: "cartridge.clone",
    kind: "change",
    permission: "operator",
    route: { method: "post", path: "/cartridges/{barcode}/clone" },
    summary: "Make a writable cartridge that shares the data of an archived one until it is written over",
    description:
      "The original, its class and its lock stay as they are. What the clone reads of it is thawed when it is read. The original cannot be deleted before the clone.",
    input: z.strictObject({
      barcode,
      library: maybeLibrary,
      as: z
        .string()
        .regex(/^[A-Z0-9]{5,16}$/, { error: "a barcode is 5 to 16 capital letters and digits" })
        .optional()
        .describe("Barcode of the clone; by default one is made up"),
      barcodePrefix: z
        .string()
        .regex(/^[A-Z0-9]{1,5}$/, { error: "1 to 5 capital letters and digits" })
        .optional()
        .describe("How the barcode that is made up begins; CAP by default"),
      into: z.enum(["storage-slot", "mail-slot"]).optional().describe("Where it appears; a storage slot by default"),
      pool: poolName.optional(),
      tier: thawTier.optional().describe("How fast what it reads thaws; Standard by default"),
      moneyLimit: money.optional().describe("What thawing may cost, in the currency of the prices"),
    }),
    output: Cartridge,
    positional: ["barcode"],
    columns,
    examples: [{ title: "For a trial restore", input: { barcode: "CAP001L8", barcodePrefix: "TRY" } }],
    handler: ({ gateway }, { barcode: code, library, ...rest }, caller) =>
      gateway.cloneCartridge(
        { barcode: code, library: onlyLibrary(gateway, library), ...given(rest) },
        { who: caller.name },
      ),
  }),
  operation({
    name: "cartridge.hold",
    kind: "change",
    permission: "admin",
    route: { method: "post", path: "/cartridges/{barcode}/hold" },
    summary: "Put a cartridge under a legal hold: nobody deletes it or writes on it",
    description: "Nothing bypasses a hold. It ends when it is released, and says so in the events.",
    input: byBarcode,
    output: Cartridge,
    positional: ["barcode"],
    columns,
    examples: anExample("Under a legal hold"),
    handler: ({ gateway }, input, caller) => gateway.setLegalHold(input.barcode, true, { who: caller.name }),
  }),
  operation({
    name: "cartridge.release",
    kind: "change",
    permission: "admin",
    route: { method: "post", path: "/cartridges/{barcode}/release" },
    summary: "Release a cartridge from its legal hold",
    input: byBarcode,
    output: Cartridge,
    positional: ["barcode"],
    columns,
    examples: anExample("Release the hold"),
    handler: ({ gateway }, input, caller) => gateway.setLegalHold(input.barcode, false, { who: caller.name }),
  }),
  operation({
    name: "cartridge.retain",
    kind: "change",
    permission: "admin",
    route: { method: "post", path: "/cartridges/{barcode}/retain" },
    summary: "Set or extend the retention lock of an archived cartridge",
    description: "A lock of kind COMPLIANCE becomes longer and never shorter or of another kind, whoever asks.",
    input: z.strictObject({
      barcode,
      days: z.int().min(1).max(36_500).optional().describe("Locked for so many days from now"),
      until: timeInput.optional().describe("Locked until this time, for example 2033-01-01T00:00:00Z"),
      mode: z.enum(["GOVERNANCE", "COMPLIANCE"]).optional().describe("Kind of lock; by default the one it has"),
      bypassGovernance: z.boolean().optional().describe("Shorten a lock of kind GOVERNANCE"),
    }),
    output: Cartridge,
    positional: ["barcode"],
    columns,
    examples: [{ title: "Another seven years", input: { barcode: "CAP001L8", days: 2555 } }],
    handler: ({ gateway }, { barcode: code, ...rest }, caller) =>
      gateway.retainCartridge({ barcode: code, ...given(rest) }, { who: caller.name }),
  }),
  operation({
    name: "cartridge.delete",
    kind: "task",
    permission: "admin",
    route: { method: "delete", path: "/cartridges/{barcode}" },
    summary: "Delete a cartridge and all its data for ever",
    description:
      "Refused in a drive, while RETRIEVED, under a retention lock and under a legal hold. Its barcode is never used again. With a delete delay it can be taken back until the delay is over.",
    input: z.strictObject({
      barcode,
      bypassGovernance: z.boolean().optional().describe("Delete in spite of a lock of kind GOVERNANCE"),
    }),
    output: Task,
    positional: ["barcode"],
    examples: anExample("For ever"),
    handler: ({ gateway }, input, caller) =>
      gateway.deleteCartridge(input.barcode, {
        who: caller.name,
        ...given({ bypassGovernance: input.bypassGovernance }),
      }),
  }),
  operation({
    name: "cartridge.undelete",
    kind: "change",
    permission: "admin",
    route: { method: "post", path: "/cartridges/{barcode}/undelete" },
    summary: "Take the deletion of a cartridge back, while its bytes are still there",
    input: byBarcode,
    output: Cartridge,
    positional: ["barcode"],
    columns,
    examples: anExample("As if it had not been deleted"),
    handler: ({ gateway }, input, caller) => gateway.undeleteCartridge(input.barcode, { who: caller.name }),
  }),
  operation({
    name: "pool.create",
    kind: "change",
    permission: "admin",
    route: { method: "post", path: "/pools" },
    summary: "Create a shelf pool: the storage class and retention lock of archived cartridges",
    description: "A pool can never be changed.",
    input: z.strictObject({
      name: name.describe("Name of the new pool"),
      storageClass: shelfClass.describe("Class of archived cartridges"),
      lock: retentionLock.optional().describe("Retention lock, NONE by default"),
      retentionDays: z.int().min(0).max(36_500).optional().describe("How long a lock holds"),
      deleteDelayDays: z
        .int()
        .min(0)
        .max(3650)
        .optional()
        .describe("How long a deletion can be taken back; by default as capstan.toml says"),
      gatewayLock: z
        .boolean()
        .optional()
        .describe("Accept a lock that only the gateway holds, where the object store has none"),
      mirror: name.optional().describe("Store of a second copy, as [store.mirrors] in capstan.toml names it"),
      mirrorClass: shelfClass.optional().describe("Class of the second copy; that of the pool by default"),
      mirrorLock: retentionLock.optional().describe("Retention lock of the second copy, NONE by default"),
      mirrorDays: z.int().min(0).max(36_500).optional().describe("How long that lock holds"),
    }),
    output: Pool,
    positional: ["name"],
    examples: [
      {
        title: "Seven years, which nobody can shorten",
        input: { name: "legal", storageClass: "DEEP_ARCHIVE", lock: "COMPLIANCE", retentionDays: 2555 },
      },
      {
        title: "With a second copy somewhere else",
        input: { name: "twice", storageClass: "DEEP_ARCHIVE", mirror: "offsite", mirrorClass: "GLACIER" },
      },
    ],
    handler: ({ gateway }, input) =>
      gateway.createPool({
        name: input.name,
        storageClass: input.storageClass,
        ...given({
          lock: input.lock,
          retentionDays: input.retentionDays,
          deleteDelayDays: input.deleteDelayDays,
          gatewayLock: input.gatewayLock,
          mirror: mirrorOf(input),
        }),
      }),
  }),
  operation({
    name: "pool.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/pools" },
    summary: "List the shelf pools",
    input: z.strictObject({}),
    output: z.array(Pool),
    positional: [],
    examples: [{ title: "All pools", input: {} }],
    handler: ({ gateway }) => gateway.listPools(),
  }),
  operation({
    name: "pool.delete",
    kind: "change",
    permission: "admin",
    route: { method: "delete", path: "/pools/{name}" },
    summary: "Delete a shelf pool that no cartridge uses",
    input: z.strictObject({ name: poolName }),
    output: Nothing,
    positional: ["name"],
    examples: [{ title: "Delete the pool legal", input: { name: "legal" } }],
    handler: async ({ gateway }, input) => {
      await gateway.deletePool(input.name);
      return {};
    },
  }),
  operation({
    name: "rule.set",
    kind: "change",
    permission: "admin",
    route: { method: "put", path: "/libraries/{library}/rules/{prefix}" },
    summary: "Keep cartridges of a prefix in the mail slots of a library: new ones are made when some are taken",
    description:
      "Counted are cartridges with the prefix in mail slots. A move from there to a drive or a storage slot has new ones made, up to the minimum; an eject does not.",
    input: z.strictObject({
      library: libraryName,
      prefix: z
        .string()
        .regex(/^[A-Z0-9]{1,5}$/, { error: "1 to 5 capital letters and digits" })
        .describe("Barcodes begin with it"),
      minimum: z.int().min(1).max(limits.creationMinimum).optional().describe("How many there should be, 1 by default"),
      size: cartridgeSize.optional(),
      pool: poolName.optional(),
      writeOnce: z.boolean().optional().describe("Hosts can append to them and nothing else"),
    }),
    output: z.array(CreationRule),
    positional: ["library", "prefix"],
    examples: [{ title: "Five at hand", input: { library: "default", prefix: "AUTO", minimum: 5 } }],
    handler: ({ gateway }, { size: sizeBytes, ...rest }, caller) => {
      const { library, prefix, ...more } = rest;
      return gateway.setCreationRule({ library, prefix, ...given({ ...more, sizeBytes }) }, { who: caller.name });
    },
  }),
  operation({
    name: "rule.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/rules" },
    summary: "List the rules of automatic creation",
    input: z.strictObject({ library: libraryName.optional() }),
    output: z.array(CreationRule),
    positional: [],
    examples: [{ title: "All rules", input: {} }],
    handler: ({ gateway }, { library }) => gateway.listCreationRules(library),
  }),
  operation({
    name: "rule.delete",
    kind: "change",
    permission: "admin",
    route: { method: "delete", path: "/libraries/{library}/rules/{prefix}" },
    summary: "Delete a rule of automatic creation; its cartridges stay",
    input: z.strictObject({ library: libraryName, prefix: z.string().describe("Prefix of the rule") }),
    output: Nothing,
    positional: ["library", "prefix"],
    examples: [{ title: "No more of them", input: { library: "default", prefix: "AUTO" } }],
    handler: async ({ gateway }, { library, prefix }, caller) => {
      await gateway.deleteCreationRule(library, prefix, { who: caller.name });
      return {};
    },
  }),
  operation({
    name: "shelf.estimate",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/shelf/estimates/{action}/{barcode}" },
    summary: "Say what an archive, retrieve, move or delete would cost, and how long it would take",
    description: "By the prices in capstan.toml, or list prices that should be checked first. Changes nothing.",
    input: z.strictObject({
      action: z.enum(["archive", "retrieve", "move", "delete"]).describe("What would be done"),
      barcode,
      pool: poolName.optional().describe("Archive or move: to this pool, not its own"),
      tier: thawTier.optional().describe("Retrieve: how fast; Standard by default"),
      files: tapeFiles.optional(),
    }),
    output: Estimate,
    positional: ["action", "barcode"],
    examples: [
      { title: "Before a retrieve", input: { action: "retrieve", barcode: "CAP001L8", tier: "Bulk" } },
      { title: "Before a move", input: { action: "move", barcode: "CAP001L8", pool: "deep-archive" } },
    ],
    handler: ({ gateway }, { action, barcode: code, ...rest }) =>
      gateway.estimate({ action, barcode: code, ...given(rest) }),
  }),
  operation({
    name: "shelf.costs",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/shelf/costs" },
    summary: "Show what was asked of the object stores so far, and what it costs",
    input: z.strictObject({}),
    output: Costs,
    positional: [],
    examples: [{ title: "Requests and money", input: {} }],
    handler: ({ gateway }) => gateway.costs(),
  }),
] as const;
