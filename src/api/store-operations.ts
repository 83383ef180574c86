// SPDX-License-Identifier: Apache-2.0
// Operations on the store: how full it is, what only this machine has, what is wrong.

import * as z from "zod";
import { operation } from "./operation.ts";
import { Alarm, money, size, Store, Task, time, UnstoredCartridge } from "./schemas.ts";

const ScrubState = z.object({
  state: z.enum(["never", "unfinished", "ended"]),
  report: z
    .object({
      startedAt: time,
      endedAt: time.optional(),
      cartridges: z.int(),
      localSegments: z.int(),
      localBytes: z.int(),
      objects: z.int().describe("Objects that were read back"),
      objectBytes: z.int(),
      coldObjects: z.int().describe("Not read: they need a thaw, or are in an archive class"),
      unpaidObjects: z.int().describe("Not read: the money was spent"),
      repaired: z.int().describe("Copies that were made anew from the other one"),
      findings: z.array(
        z.object({
          area: z.string(),
          subject: z.string(),
          severity: z.enum(["advice", "warning", "damage"]),
          what: z.string(),
          advice: z.string(),
        }),
      ),
    })
    .optional(),
});

const scrubStateOf = ({ endedAt }: { readonly endedAt?: unknown }): "unfinished" | "ended" =>
  endedAt === undefined ? "unfinished" : "ended";

/** What can be asked of the store. */
export const storeOperations = [
  operation({
    name: "store.status",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/store" },
    summary: "Show cache, upload buffer and how far the upload is behind",
    input: z.strictObject({}),
    output: Store,
    positional: [],
    examples: [{ title: "Now", input: {} }],
    handler: ({ gateway }) => gateway.status().store,
  }),
  operation({
    name: "store.lag",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/store/lag" },
    summary: "List what would be lost if this machine were lost now, cartridge by cartridge",
    description: "The most first. A cartridge that is not listed is in the object store as a whole.",
    input: z.strictObject({}),
    output: z.array(UnstoredCartridge),
    positional: [],
    columns: ["barcode", "bytes", "objects", "age", "recoveryPointObjects", "recoveryPointAt"],
    examples: [{ title: "Now", input: {} }],
    handler: ({ gateway }) => gateway.listUnstored(),
  }),
  operation({
    name: "store.scrub",
    kind: "task",
    permission: "operator",
    route: { method: "post", path: "/store/scrub" },
    summary: "Read all local segments back, and objects if wanted, and mend one copy from the other",
    description:
      "Goes on where the last one was interrupted. Nothing is thawed, and nothing in archive classes is read. What is not said here is as " +
      "in [store.scrub] of the configuration.",
    input: z.strictObject({
      objects: z.boolean().optional().describe("Read objects of STANDARD and STANDARD_IA back too"),
      bytesPerSecond: size.optional().describe("Read no more than this, here and there together"),
      moneyLimit: money.optional().describe("Read no objects beyond this cost, by the price table"),
    }),
    output: Task,
    positional: [],
    examples: [{ title: "Objects too, for five dollars at most", input: { objects: true, moneyLimit: 5 } }],
    handler: ({ gateway }, input, caller) => gateway.scrub(input, { who: caller.name }),
  }),
  operation({
    name: "store.scrub-report",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/store/scrub" },
    summary: "Show what the last scrub read, found and mended, or has so far",
    input: z.strictObject({}),
    output: ScrubState,
    positional: [],
    examples: [{ title: "The last one", input: {} }],
    handler: async ({ gateway }) => {
      const report = await gateway.scrubReport();
      return report === undefined ? { state: "never" as const } : { state: scrubStateOf(report), report };
    },
  }),
  operation({
    name: "alarm.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/alarms" },
    summary: "List what needs an operator, the worst first",
    input: z.strictObject({}),
    output: z.array(Alarm),
    positional: [],
    columns: ["severity", "name", "since", "text", "advice"],
    examples: [{ title: "Now", input: {} }],
    handler: ({ gateway }) => gateway.status().alarms,
  }),
] as const;
