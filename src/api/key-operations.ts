// SPDX-License-Identifier: Apache-2.0
// Operations on the keys that data keys are wrapped with.

import * as z from "zod";
import { operation } from "./operation.ts";
import { Task } from "./schemas.ts";

const Key = z.object({
  provider: z.string().describe("Who keeps it: file, passphrase, aws-kms or vault"),
  key: z.string().describe("Its name"),
  isCurrent: z.boolean().describe("True for the key that wraps new data keys"),
  problem: z.string().optional().describe("Why it does not open what it wraps; absent when it does"),
});

/** What can be done with keys. */
export const keyOperations = [
  operation({
    name: "key.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/keys" },
    summary: "List the keys that wrap data keys, each tried with a canary",
    input: z.strictObject({}),
    output: z.array(Key),
    positional: [],
    columns: ["provider", "key", "isCurrent", "problem"],
    examples: [{ title: "All keys", input: {} }],
    handler: ({ gateway }) => gateway.listKeys(),
  }),
  operation({
    name: "key.check",
    kind: "task",
    permission: "operator",
    route: { method: "post", path: "/keys/check" },
    summary: "Open the data key of every cartridge; fails when one does not open",
    input: z.strictObject({}),
    output: Task,
    positional: [],
    examples: [{ title: "All cartridges", input: {} }],
    handler: ({ gateway }, _input, caller) => gateway.checkKeys({ who: caller.name }),
  }),
  operation({
    name: "key.rotate",
    kind: "task",
    permission: "admin",
    route: { method: "post", path: "/keys/rotate" },
    summary: "Make a new key and wrap every data key with it; no data is uploaded again",
    description:
      "May be interrupted and begun again. With --no-renew the current key is kept: to go on after an interruption, or to move to " +
      "another provider that was named in the configuration. Keep a copy of a new key file, and of the old one while older copies of the bucket exist.",
    input: z.strictObject({
      renew: z.boolean().optional().describe("Make a new key first; default true, where the provider can"),
    }),
    output: Task,
    positional: [],
    examples: [
      { title: "A new key", input: {} },
      { title: "To another provider", input: { renew: false } },
    ],
    handler: ({ gateway }, input, caller) => gateway.rotateKeys(input.renew ?? true, { who: caller.name }),
  }),
] as const;
