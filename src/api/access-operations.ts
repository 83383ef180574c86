// SPDX-License-Identifier: Apache-2.0
// Operations on what initiators see: targets, portals, sessions, CHAP credentials and allow-lists.

import * as z from "zod";
import { apiFault } from "./faults.ts";
import { given } from "./handling.ts";
import { operation } from "./operation.ts";
import { Chap, Endpoint, initiatorName, libraryName, Nothing, Session, Target, targetName } from "./schemas.ts";

const secret = z.string().min(12).max(64).meta({ secret: true });
const target = targetName;
const targetExample = "iqn.2026-11.io.capstan:0a1b2c3d.main.drive-01";
const initiatorExample = "iqn.1993-08.org.debian:01:5f3a9c";
const allowColumns = ["target", "initiator"];
const Allowed = z.object({ target: z.string(), initiator: z.string() });
const pair = z.strictObject({ target, initiator: initiatorName });

/** What can be done with targets and those who log in to them. */
export const accessOperations = [
  operation({
    name: "target.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/targets" },
    summary: "List the iSCSI targets with their devices, portals and sessions",
    input: z.strictObject({ library: libraryName.optional() }),
    output: z.array(Target),
    positional: [],
    columns: ["name", "units", "portals", "chap", "allow", "sessions"],
    examples: [
      { title: "All targets", input: {} },
      { title: "Those of one library", input: { library: "main" } },
    ],
    handler: ({ gateway }, input) => gateway.listTargets(input.library),
  }),
  operation({
    name: "target.show",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/targets/{name}" },
    summary: "Show one iSCSI target",
    input: z.strictObject({ name: targetName }),
    output: Target,
    positional: ["name"],
    examples: [{ title: "A drive's target", input: { name: targetExample } }],
    handler: ({ gateway }, input) => gateway.getTarget(input.name),
  }),
  operation({
    name: "portal.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/portals" },
    summary: "List the addresses at which initiators can connect",
    input: z.strictObject({}),
    output: z.array(Endpoint),
    positional: [],
    examples: [{ title: "All portals", input: {} }],
    handler: ({ gateway }) => gateway.portals(),
  }),
  operation({
    name: "session.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/sessions" },
    summary: "List the initiators that are logged in",
    input: z.strictObject({ target: target.optional() }),
    output: z.array(Session),
    positional: [],
    columns: ["id", "initiator", "target", "remoteAddress", "since"],
    examples: [{ title: "All sessions", input: {} }],
    handler: ({ gateway }, input) => gateway.listSessions(input.target),
  }),
  operation({
    name: "session.disconnect",
    kind: "change",
    permission: "operator",
    route: { method: "delete", path: "/sessions/{id}" },
    summary: "Disconnect a session; the initiator may log in again",
    input: z.strictObject({ id: z.int().min(0).describe("Id of the session") }),
    output: Nothing,
    positional: ["id"],
    examples: [{ title: "Session 3", input: { id: 3 } }],
    handler: async ({ gateway }, input) => {
      await gateway.disconnectSession(input.id);
      return {};
    },
  }),
  operation({
    name: "access.chap.set",
    kind: "change",
    permission: "admin",
    route: { method: "put", path: "/access/chap" },
    summary: "Set the CHAP secret with which an initiator logs in to a target",
    description:
      "Sessions of that pair are closed. With a mutual secret, different from the other, the target proves itself too.",
    input: z.strictObject({
      target,
      initiator: initiatorName,
      user: z.string().min(1).max(255).optional().describe("CHAP name; the initiator name by default"),
      secret: secret.describe("12 to 64 characters; Windows takes at most 16"),
      mutualUser: z.string().min(1).max(255).optional().describe("CHAP name of the target"),
      mutualSecret: secret.optional().describe("Secret with which the target proves itself"),
    }),
    output: Target,
    positional: [],
    columns: ["name", "chap", "allow"],
    examples: [
      {
        title: "A secret for one host",
        input: { target: targetExample, initiator: initiatorExample, secret: "correct horse battery" },
      },
    ],
    handler: ({ gateway }, { mutualUser, mutualSecret, ...rest }) =>
      gateway.setChap({
        target: rest.target,
        initiator: rest.initiator,
        secret: rest.secret,
        ...given({ user: rest.user }),
        ...(mutualSecret === undefined ? {} : { mutual: { secret: mutualSecret, ...given({ user: mutualUser }) } }),
      }),
  }),
  operation({
    name: "access.chap.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/access/chap" },
    summary: "List CHAP credentials, without their secrets",
    input: z.strictObject({ target: target.optional() }),
    output: z.array(Chap),
    positional: [],
    columns: ["target", "initiator", "user", "mutual"],
    examples: [{ title: "All credentials", input: {} }],
    handler: ({ gateway }, input) => {
      const targets = input.target === undefined ? gateway.listTargets() : [gateway.getTarget(input.target)];
      return targets.flatMap((view) => view.chap);
    },
  }),
  operation({
    name: "access.chap.delete",
    kind: "change",
    permission: "admin",
    route: { method: "delete", path: "/access/chap" },
    summary: "Delete the CHAP credentials of an initiator for a target",
    input: pair,
    output: Target,
    positional: [],
    columns: ["name", "chap", "allow"],
    examples: [{ title: "One host", input: { target: targetExample, initiator: initiatorExample } }],
    handler: ({ gateway }, input) => gateway.removeChap(input.target, input.initiator),
  }),
  operation({
    name: "access.allow.add",
    kind: "change",
    permission: "admin",
    route: { method: "post", path: "/access/allow" },
    summary: "Add an initiator to the allow-list of a target",
    description: "A target with an allow-list lets nobody else in.",
    input: pair,
    output: Target,
    positional: [],
    columns: ["name", "chap", "allow"],
    examples: [{ title: "One host", input: { target: targetExample, initiator: initiatorExample } }],
    handler: ({ gateway }, input) => {
      const { allow } = gateway.getTarget(input.target);
      return gateway.setAllowList(input.target, [...new Set([...allow, input.initiator])]);
    },
  }),
  operation({
    name: "access.allow.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/access/allow" },
    summary: "List the allow-lists of targets",
    input: z.strictObject({ target: target.optional() }),
    output: z.array(Allowed),
    positional: [],
    columns: allowColumns,
    examples: [{ title: "All allow-lists", input: {} }],
    handler: ({ gateway }, input) => {
      const targets = input.target === undefined ? gateway.listTargets() : [gateway.getTarget(input.target)];
      return targets.flatMap((view) => view.allow.map((initiator) => ({ target: view.name, initiator })));
    },
  }),
  operation({
    name: "access.allow.remove",
    kind: "change",
    permission: "admin",
    route: { method: "delete", path: "/access/allow" },
    summary: "Remove an initiator from the allow-list of a target",
    input: pair,
    output: Target,
    positional: [],
    columns: ["name", "chap", "allow"],
    examples: [{ title: "One host", input: { target: targetExample, initiator: initiatorExample } }],
    handler: ({ gateway }, input) => {
      const { allow } = gateway.getTarget(input.target);
      if (!allow.includes(input.initiator)) {
        const details = { initiator: input.initiator, target: input.target, known: allow.join(", ") || "none" };
        throw apiFault("initiator-unknown", details);
      }
      return gateway.setAllowList(
        input.target,
        allow.filter((initiator) => initiator !== input.initiator),
      );
    },
  }),
] as const;
