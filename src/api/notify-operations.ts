// SPDX-License-Identifier: Apache-2.0
// Who is told what by mail and by webhook: targets, and matchers that say which notices go to which of them.

import * as z from "zod";
import { defaultTemplates, type NotifyTarget, type NoticeDesk, noticeTypes, severities } from "#notify/index.ts";
import { apiFault } from "./faults.ts";
import type { ApiContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { Nothing, time } from "./schemas.ts";

const targetName = z.string().describe("Name of the target");
const matcherName = z.string().describe("Name of the matcher");
const comment = z.string().max(256).optional().describe("One line for people");
const mail = {
  from: z.string().describe("Address that mails come from"),
  to: z.string().describe("Addresses that mails go to, separated by commas"),
  subject: z.string().optional().describe(`Template of the subject, ${defaultTemplates.subject} when left out`),
  text: z
    .string()
    .optional()
    .describe("Template of the text: {{message}}, {{severity}}, {{host}}, {{fields.job-id}}, …"),
};

const TargetView = z.object({
  name: z.string(),
  kind: z.enum(["smtp", "sendmail", "webhook"]),
  place: z.string(),
  to: z.array(z.string()).optional(),
  hasSecret: z.boolean(),
  enabled: z.boolean(),
  lastDelivered: time.optional(),
  lastError: z.string().optional(),
  waiting: z.int(),
  comment: z.string().optional(),
});
const MatcherView = z.object({
  name: z.string(),
  targets: z.array(z.string()),
  severities: z.array(z.string()),
  types: z.array(z.string()),
  fields: z.array(z.string()),
});

/** Fault `api.no-manager`. */
function deskOf(context: ApiContext): NoticeDesk {
  if (context.notices === undefined) throw apiFault("no-manager");
  return context.notices;
}

function placeOf(target: NotifyTarget): string {
  if (target.kind === "sendmail") return "this machine";
  if (target.kind === "smtp") return `${target.server.host}:${target.server.port} ${target.server.mode}`;
  // A path may hold a token.
  return new URL(target.url.replaceAll(/\{\{.*?\}\}/g, "x")).origin;
}

function targetView(desk: NoticeDesk, target: NotifyTarget) {
  const { name, kind, comment: remark, isDisabled } = target;
  const to = target.kind === "webhook" ? undefined : target.to;
  const { lastDelivered, lastError, waiting } = desk.delivery(name);
  const told = { lastDelivered, lastError, waiting };
  return {
    name,
    kind,
    place: placeOf(target),
    to,
    hasSecret: desk.hasSecret(name),
    enabled: !isDisabled,
    comment: remark,
    ...told,
  };
}

const words = (text: string | undefined): readonly string[] =>
  (text ?? "").split(/[, ]+/).filter((word) => word !== "");

/** The words of a field, each of which must be one of `known`. Fault `api.bad-input`. */
function choicesOf<T extends string>(field: string, text: string | undefined, known: readonly T[]): readonly T[] {
  return words(text).map((word) => {
    const found = known.find((choice) => choice === word);
    if (found !== undefined) return found;
    const problems = `${field}: ${word} is none of ${known.join(", ")}`;
    throw apiFault("bad-input", { operation: "notify.matcher.create", problems });
  });
}

/** `name=value` lines or words as an object. Fault `api.bad-input`. */
function pairsOf(field: string, texts: readonly string[], separator: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.map((text) => {
      const place = text.indexOf(separator);
      const problems = `${field}: "${text}" is no name${separator}value`;
      if (place < 1) throw apiFault("bad-input", { operation: "notify", problems });
      return [text.slice(0, place).trim(), text.slice(place + separator.length).trim()] as const;
    }),
  );
}

const common = ({ name, comment: remark }: { readonly name: string; readonly comment?: string | undefined }) => {
  return { name, comment: remark, isDisabled: false };
};
const mailOf = (input: {
  readonly from: string;
  readonly to: string;
  readonly subject?: string | undefined;
  readonly text?: string | undefined;
}) => {
  const { from, to, subject = defaultTemplates.subject, text = defaultTemplates.text } = input;
  return { from, to: words(to), subject, text };
};

async function add(context: ApiContext, target: NotifyTarget, secret: string | undefined) {
  const desk = deskOf(context);
  await desk.addTarget(target, secret);
  return targetView(desk, target);
}

const targetOperations = [
  operation({
    name: "notify.target.create-smtp",
    kind: "change",
    permission: "admin",
    route: { method: "post", path: "/notify/smtp-targets" },
    summary: "Set up a mail server that notices are sent through",
    input: z.strictObject({
      name: targetName,
      server: z.string().min(1).describe("Name or address of the mail server"),
      port: z.int().min(1).max(65_535).optional().describe("Its port; by mode 465, 587 or 25 when left out"),
      mode: z.enum(["tls", "starttls", "plain"]).optional().describe("How it is encrypted, tls when left out"),
      user: z.string().optional().describe("User at the server"),
      password: z.string().meta({ secret: true }).optional().describe("Password of the user"),
      ...mail,
      comment,
    }),
    output: TargetView,
    positional: ["name"],
    examples: [
      {
        title: "With a password",
        input: {
          name: "mail",
          server: "smtp.example.com",
          user: "tape",
          password: "secret",
          from: "tape@example.com",
          to: "ops@example.com",
        },
      },
    ],
    handler: (context, input) => {
      const { server: host, mode = "tls", user, password } = input;
      const port = input.port ?? { tls: 465, starttls: 587, plain: 25 }[mode];
      return add(
        context,
        { ...common(input), kind: "smtp", ...mailOf(input), server: { host, port, mode }, user },
        password,
      );
    },
  }),
  operation({
    name: "notify.target.create-sendmail",
    kind: "change",
    permission: "admin",
    route: { method: "post", path: "/notify/sendmail-targets" },
    summary: "Set up addresses that notices go to through the mail system of this machine",
    input: z.strictObject({ name: targetName, ...mail, comment }),
    output: TargetView,
    positional: ["name"],
    examples: [{ title: "To one person", input: { name: "local", from: "root@example.com", to: "ops@example.com" } }],
    handler: (context, input) => add(context, { ...common(input), kind: "sendmail", ...mailOf(input) }, undefined),
  }),
  operation({
    name: "notify.target.create-webhook",
    kind: "change",
    permission: "admin",
    route: { method: "post", path: "/notify/webhook-targets" },
    summary: "Set up a webhook that notices are sent to",
    description:
      "URL, headers and body are templates: {{title}}, {{message}}, {{json message}}, {{fields.job-id}}, {{secret}} and so on.",
    input: z.strictObject({
      name: targetName,
      url: z.string().describe("Address of the webhook"),
      method: z.enum(["POST", "PUT", "GET"]).optional().describe("Method, POST when left out"),
      headers: z.string().optional().describe("Headers, one a line, for example: authorization: Bearer {{secret}}"),
      body: z.string().optional().describe("Body; a JSON object of everything when left out"),
      secret: z.string().meta({ secret: true }).optional().describe("What {{secret}} stands for; never shown"),
      comment,
    }),
    output: TargetView,
    positional: ["name", "url"],
    examples: [
      {
        title: "With a token",
        input: {
          name: "chat",
          url: "https://chat.example.com/hook",
          headers: "authorization: Bearer {{secret}}",
          secret: "t0ken",
        },
      },
    ],
    handler: (context, input) => {
      const { url, method = "POST", body = defaultTemplates.body, secret } = input;
      const lines = (input.headers ?? "").split("\n").filter((line) => line.trim() !== "");
      const headers = { "content-type": "application/json", ...pairsOf("headers", lines, ":") };
      return add(context, { ...common(input), kind: "webhook", url, method, headers, body }, secret);
    },
  }),
  operation({
    name: "notify.target.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/notify/targets" },
    summary: "List notification targets, and how it went with them",
    input: z.strictObject({}),
    output: z.array(TargetView),
    positional: [],
    columns: ["name", "kind", "place", "to", "enabled", "waiting", "lastDelivered", "lastError"],
    examples: [{ title: "All of them", input: {} }],
    handler: (context) => {
      const desk = deskOf(context);
      return desk.config.targets.map((target) => targetView(desk, target));
    },
  }),
  operation({
    name: "notify.target.test",
    kind: "change",
    permission: "operator",
    route: { method: "post", path: "/notify/targets/{name}/test" },
    summary: "Send a test notice to a target, now",
    input: z.strictObject({ name: targetName }),
    output: Nothing,
    positional: ["name"],
    examples: [{ title: "By name", input: { name: "mail" } }],
    handler: async (context, { name }) => {
      await deskOf(context).test(name);
      return {};
    },
  }),
  operation({
    name: "notify.target.remove",
    kind: "change",
    permission: "admin",
    route: { method: "delete", path: "/notify/targets/{name}" },
    summary: "Forget a notification target and its secret",
    input: z.strictObject({ name: targetName }),
    output: Nothing,
    positional: ["name"],
    examples: [{ title: "By name", input: { name: "mail" } }],
    handler: async (context, { name }) => {
      await deskOf(context).removeTarget(name);
      return {};
    },
  }),
] as const;

const matcherOperations = [
  operation({
    name: "notify.matcher.create",
    kind: "change",
    permission: "admin",
    route: { method: "post", path: "/notify/matchers" },
    summary: "Say which notices go to which targets; while there is no matcher, all go to all",
    input: z.strictObject({
      name: matcherName,
      targets: z.string().describe("Names of targets, separated by commas"),
      severity: z
        .string()
        .optional()
        .describe(`Only of these: ${severities.join(", ")}`),
      type: z
        .string()
        .optional()
        .describe(`Only of these: ${noticeTypes.join(", ")}`),
      field: z.string().optional().describe("Only with these fields, for example: job-id=nightly media-pool=offsite"),
    }),
    output: MatcherView,
    positional: ["name"],
    examples: [
      {
        title: "Errors of one job",
        input: { name: "nightly", targets: "mail", severity: "error", field: "job-id=nightly" },
      },
    ],
    handler: async (context, input) => {
      const matcher = {
        name: input.name,
        targets: words(input.targets),
        severities: choicesOf("severity", input.severity, severities),
        types: choicesOf("type", input.type, noticeTypes),
        fields: pairsOf("field", words(input.field), "="),
        isDisabled: false,
      };
      await deskOf(context).addMatcher(matcher);
      return { ...matcher, fields: Object.entries(matcher.fields).map(([name, value]) => `${name}=${value}`) };
    },
  }),
  operation({
    name: "notify.matcher.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/notify/matchers" },
    summary: "List the matchers",
    input: z.strictObject({}),
    output: z.array(MatcherView),
    positional: [],
    examples: [{ title: "All of them", input: {} }],
    handler: (context) =>
      deskOf(context).config.matchers.map(({ fields, ...matcher }) => {
        return { ...matcher, fields: Object.entries(fields).map(([name, value]) => `${name}=${value}`) };
      }),
  }),
  operation({
    name: "notify.matcher.remove",
    kind: "change",
    permission: "admin",
    route: { method: "delete", path: "/notify/matchers/{name}" },
    summary: "Forget a matcher",
    input: z.strictObject({ name: matcherName }),
    output: Nothing,
    positional: ["name"],
    examples: [{ title: "By name", input: { name: "nightly" } }],
    handler: async (context, { name }) => {
      await deskOf(context).removeMatcher(name);
      return {};
    },
  }),
] as const;

/** Notification targets and matchers. */
export const notifyOperations = [...targetOperations, ...matcherOperations] as const;
