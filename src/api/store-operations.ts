// SPDX-License-Identifier: Apache-2.0
// Operations on the store: how full it is, what only this machine has, what is wrong.

import * as z from "zod";
import { operation } from "./operation.ts";
import { Alarm, Store, UnstoredCartridge } from "./schemas.ts";

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
