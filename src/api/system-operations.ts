// SPDX-License-Identifier: Apache-2.0
// Operations on the installation itself: tasks, status, version, API tokens.

import * as z from "zod";
import { between } from "#base/index.ts";
import { given } from "./handling.ts";
import { operation } from "./operation.ts";
import { roles } from "./roles.ts";
import { Alarm, bytes, Endpoint, name, Nothing, states, Task, taskId, time } from "./schemas.ts";

const Token = z.object({ name: z.string(), role: z.enum(roles), createdAt: time });
const taskColumns = ["id", "operation", "subject", "state", "phase", "counters", "createdAt"];

/** What can be done with the installation. */
export const systemOperations = [
  operation({
    name: "task.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/tasks" },
    summary: "List tasks, newest first",
    input: z.strictObject({
      state: Task.shape.state.optional().describe("Only those in this state"),
      operation: z.string().optional().describe("Only those of this operation"),
      subject: z.string().optional().describe("Only those that work on this, for example a barcode"),
    }),
    output: z.array(Task),
    positional: [],
    columns: taskColumns,
    examples: [
      { title: "All tasks", input: {} },
      { title: "What runs now", input: { state: "running" } },
    ],
    handler: ({ gateway }, input) => gateway.tasks.list(given(input)),
  }),
  operation({
    name: "task.show",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/tasks/{id}" },
    summary: "Show one task with its log",
    input: z.strictObject({ id: taskId }),
    output: Task,
    positional: ["id"],
    examples: [{ title: "One task", input: { id: "00112233445566778899aabbccddeeff" } }],
    handler: ({ gateway }, input) => gateway.tasks.get(input.id),
  }),
  operation({
    name: "task.cancel",
    kind: "change",
    permission: "operator",
    route: { method: "post", path: "/tasks/{id}/cancel" },
    summary: "Cancel a task; answers when it has ended",
    input: z.strictObject({ id: taskId }),
    output: Task,
    positional: ["id"],
    columns: taskColumns,
    examples: [{ title: "One task", input: { id: "00112233445566778899aabbccddeeff" } }],
    handler: ({ gateway }, input, caller) => gateway.tasks.cancel(input.id, caller.name),
  }),
  operation({
    name: "system.status",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/system/status" },
    summary: "Show the installation at one glance",
    input: z.strictObject({}),
    output: z.object({
      instance: z.string(),
      fenced: z.string().optional().describe("Who has taken this gateway over, and when: it is read-only then"),
      state: z.enum(["starting", "ready", "stopping", "stopped"]),
      version: z.string(),
      home: z.string().describe("Data folder"),
      startedAt: time,
      uptime: z.number().meta({ unit: "milliseconds" }),
      portals: z.array(Endpoint),
      libraries: z.int(),
      drives: z.int(),
      loadedDrives: z.int(),
      cartridges: z.int(),
      cartridgesByState: z.record(states, z.int()),
      sessions: z.int(),
      runningTasks: z.int(),
      uploadBufferUsed: bytes,
      cacheUsed: bytes,
      trouble: z.string().optional(),
      alarms: z.array(Alarm).describe("What needs an operator, the worst first"),
    }),
    positional: [],
    examples: [{ title: "Now", input: {} }],
    handler: ({ gateway, system, clock }) => {
      const { store, ...status } = gateway.status();
      return {
        ...status,
        version: system.version,
        home: system.home,
        uptime: between(status.startedAt, clock.now()),
        uploadBufferUsed: store.uploadBufferUsed,
        cacheUsed: store.cacheUsed,
        trouble: store.trouble,
      };
    },
  }),
  operation({
    name: "system.version",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/system/version" },
    summary: "Show the version of the server",
    input: z.strictObject({}),
    output: z.object({ version: z.string(), runtime: z.string(), api: z.string() }),
    positional: [],
    examples: [{ title: "Now", input: {} }],
    handler: ({ system }) => ({ version: system.version, runtime: system.runtime, api: "v1" }),
  }),
  operation({
    name: "token.create",
    kind: "change",
    permission: "admin",
    route: { method: "post", path: "/tokens" },
    summary: "Create an API token; it is shown once and kept only as a hash",
    input: z.strictObject({
      name: name.describe("Name of the new token"),
      role: z.enum(roles).describe("viewer looks, operator moves and retrieves, admin does everything"),
    }),
    output: Token.extend({ token: z.string().describe("The token itself, never shown again") }),
    positional: ["name"],
    columns: ["name", "role", "token"],
    examples: [{ title: "For a monitoring system", input: { name: "grafana", role: "viewer" } }],
    handler: ({ tokens }, input) => {
      const { view, text } = tokens.create(input.name, input.role);
      return { ...view, token: text };
    },
  }),
  operation({
    name: "token.list",
    kind: "query",
    permission: "admin",
    route: { method: "get", path: "/tokens" },
    summary: "List API tokens",
    input: z.strictObject({}),
    output: z.array(Token),
    positional: [],
    examples: [{ title: "All tokens", input: {} }],
    handler: ({ tokens }) => tokens.list(),
  }),
  operation({
    name: "token.revoke",
    kind: "change",
    permission: "admin",
    route: { method: "delete", path: "/tokens/{name}" },
    summary: "Revoke an API token at once",
    input: z.strictObject({ name: name.meta({ suggest: "tokens" }).describe("Name of the token") }),
    output: Nothing,
    positional: ["name"],
    examples: [{ title: "The monitoring system's", input: { name: "grafana" } }],
    handler: ({ tokens }, input) => {
      tokens.revoke(input.name);
      return {};
    },
  }),
] as const;
