// SPDX-License-Identifier: Apache-2.0
// Who is told what, and how: targets, and matchers that say which notices go to which of them. Kept as JSON, in words that a
// person can read; secrets are in a file of their own.

import { type Json, type JsonObject, isJsonArray, isJsonObject, parseJson, prettyJson } from "#base/index.ts";
import { notifyFault } from "./faults.ts";
import { isMailAddress } from "./mail-message.ts";
import { type Notice, type NoticeType, noticeTypes, severities, type Severity } from "./notice.ts";
import type { MailServer } from "./smtp.ts";
import { checkTemplate } from "./template.ts";

interface CommonTarget {
  readonly name: string;
  readonly comment: string | undefined;
  readonly isDisabled: boolean;
}
interface MailTarget extends CommonTarget {
  readonly from: string;
  readonly to: readonly string[];
  /** Templates of subject and text. */
  readonly subject: string;
  readonly text: string;
}

/** Where notices go. */
export type NotifyTarget =
  | (MailTarget & { readonly kind: "smtp"; readonly server: MailServer; readonly user: string | undefined })
  | (MailTarget & { readonly kind: "sendmail" })
  | (CommonTarget & {
      readonly kind: "webhook";
      readonly method: "POST" | "PUT" | "GET";
      /** Template, as are the values of headers and the body. */
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    });

/** Which notices go where: all conditions that are given must hold. */
export interface Matcher {
  readonly name: string;
  readonly targets: readonly string[];
  /** Empty: all. */
  readonly severities: readonly Severity[];
  readonly types: readonly NoticeType[];
  /** Fields with their values, `job-id=nightly`. */
  readonly fields: Readonly<Record<string, string>>;
  readonly isDisabled: boolean;
}

/** All of it. */
export interface NotifyConfig {
  readonly targets: readonly NotifyTarget[];
  readonly matchers: readonly Matcher[];
}

/** Templates that are taken when none are given. */
export const defaultTemplates = {
  subject: "{{title}}",
  text: "{{message}}\n\nSeverity: {{severity}}\nHost:     {{host}}\nTime:     {{time}}\n",
  body: '{"title":{{json title}},"message":{{json message}},"severity":{{json severity}},"type":{{json type}},"host":{{json host}},"time":{{json time}}}',
} as const;

/** The targets of a notice. Where there are no matchers, everything goes to all. */
export function targetsOf({ targets, matchers }: NotifyConfig, notice: Notice): readonly NotifyTarget[] {
  const enabled = targets.filter(({ isDisabled }) => !isDisabled);
  const active = matchers.filter(({ isDisabled }) => !isDisabled);
  if (matchers.length === 0) return enabled;
  const named = new Set(active.filter((matcher) => doesMatch(matcher, notice)).flatMap((matcher) => matcher.targets));
  return enabled.filter(({ name }) => named.has(name));
}

/** True when a notice is what a matcher asks for. */
export function doesMatch(matcher: Matcher, notice: Notice): boolean {
  const isSeverity = matcher.severities.length === 0 || matcher.severities.includes(notice.severity);
  const isType = matcher.types.length === 0 || matcher.types.includes(notice.type);
  return isSeverity && isType && Object.entries(matcher.fields).every(([name, value]) => notice.fields[name] === value);
}

const safeName = /^[A-Za-z0-9_][A-Za-z0-9._-]{1,31}$/;

/** Checks a target. Faults `notify.bad-target`, `notify.bad-template`. */
export function checkTarget(target: NotifyTarget): void {
  const { name } = target;
  const refuse = (reason: string): Error => notifyFault("bad-target", { name, reason });
  if (!safeName.test(name)) throw refuse("a name has 2 to 32 letters, digits, dots, underlines and hyphens");
  if (target.kind === "webhook") {
    for (const text of [target.url, target.body, ...Object.values(target.headers)]) checkTemplate(text);
    if (!/^https?:\/\/[^\s]+$/.test(target.url)) throw refuse(`${target.url} does not begin with http:// or https://`);
    const bad = Object.keys(target.headers).find((header) => !/^[A-Za-z0-9!#$%&'*+.^_|~-]+$/.test(header));
    if (bad !== undefined) throw refuse(`"${bad}" is no name of a header`);
    return;
  }
  for (const address of [target.from, ...target.to]) {
    if (!isMailAddress(address)) throw refuse(`"${address}" is no mail address`);
  }
  if (target.to.length === 0) throw refuse("it has nobody to send to");
  for (const text of [target.subject, target.text]) {
    checkTemplate(text);
    if (/\{\{\s*(?:json\s+)?secret\s*\}\}/.test(text)) throw refuse("a secret does not belong into a mail");
  }
}

/** Checks a matcher; its targets must be there. Fault `notify.bad-matcher`. */
export function checkMatcher(matcher: Matcher, targets: readonly NotifyTarget[]): void {
  const { name } = matcher;
  const refuse = (reason: string): Error => notifyFault("bad-matcher", { name, reason });
  if (!safeName.test(name)) throw refuse("a name has 2 to 32 letters, digits, dots, underlines and hyphens");
  if (matcher.targets.length === 0) throw refuse("it names no target");
  const missing = matcher.targets.find((wanted) => !targets.some((target) => target.name === wanted));
  if (missing !== undefined) throw refuse(`there is no target "${missing}"`);
}

/** The text of the file. */
export function notifyConfigText(config: NotifyConfig): string {
  return prettyJson(JSON.parse(JSON.stringify(config)) as Json);
}

/** Reads the file; undefined: it is not there. Fault `notify.damaged`. */
export function parseNotifyConfig(file: string, text: string | undefined): NotifyConfig {
  if (text === undefined) return { targets: [], matchers: [] };
  const read = new Reader(file);
  const json = read.object(parseJson(text));
  const targets = read.list(json, "targets").map((row) => targetOf(read, row));
  const matchers = read.list(json, "matchers").map((row) => matcherOf(read, row));
  return { targets, matchers };
}

function targetOf(read: Reader, row: JsonObject): NotifyTarget {
  const common = {
    name: read.text(row, "name"),
    comment: row["comment"] === undefined ? undefined : read.text(row, "comment"),
    isDisabled: row["isDisabled"] === true,
  };
  const kind = read.choice(row, "kind", ["smtp", "sendmail", "webhook"] as const);
  if (kind === "webhook") {
    const method = read.choice(row, "method", ["POST", "PUT", "GET"] as const);
    const rest = { url: read.text(row, "url"), headers: read.texts(row, "headers"), body: read.text(row, "body") };
    return { ...common, kind, method, ...rest };
  }
  const mail = {
    from: read.text(row, "from"),
    to: read.words(row, "to"),
    subject: read.text(row, "subject"),
    text: read.text(row, "text"),
  };
  if (kind === "sendmail") return { ...common, kind, ...mail };
  const server = read.object(row["server"]);
  const mode = read.choice(server, "mode", ["tls", "starttls", "plain"] as const);
  const { port } = server;
  if (typeof port !== "number") throw read.damaged('"port" is not a number');
  const user = row["user"] === undefined ? undefined : read.text(row, "user");
  return { ...common, kind, ...mail, user, server: { host: read.text(server, "host"), port, mode } };
}

function matcherOf(read: Reader, row: JsonObject): Matcher {
  const known = <T extends string>(key: string, choices: readonly T[]): readonly T[] =>
    choices.filter((choice) => read.words(row, key).includes(choice));
  return {
    name: read.text(row, "name"),
    targets: read.words(row, "targets"),
    severities: known("severities", severities),
    types: known("types", noticeTypes),
    fields: read.texts(row, "fields"),
    isDisabled: row["isDisabled"] === true,
  };
}

/** Reads values out of JSON, or says what is wrong with it. */
class Reader {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  damaged(reason: string): Error {
    return notifyFault("damaged", { file: this.#file, reason });
  }

  object(value: Json | undefined): JsonObject {
    if (!isJsonObject(value)) throw this.damaged("an object is missing");
    return value;
  }

  list(row: JsonObject, key: string): readonly JsonObject[] {
    const value = row[key];
    if (!isJsonArray(value)) throw this.damaged(`"${key}" is not a list`);
    return value.map((item) => this.object(item));
  }

  text(row: JsonObject, key: string): string {
    const value = row[key];
    if (typeof value !== "string") throw this.damaged(`"${key}" is not a text`);
    return value;
  }

  words(row: JsonObject, key: string): readonly string[] {
    const value = row[key];
    const isWords = isJsonArray(value) && value.every((word) => typeof word === "string");
    if (!isWords) throw this.damaged(`"${key}" is not a list of texts`);
    return value.map(String);
  }

  texts(row: JsonObject, key: string): Readonly<Record<string, string>> {
    const value = this.object(row[key]);
    return Object.fromEntries(Object.keys(value).map((name) => [name, this.text(value, name)]));
  }

  choice<T extends string>(row: JsonObject, key: string, choices: readonly T[]): T {
    const text = this.text(row, key);
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw this.damaged(`"${key}" is none of ${choices.join(", ")}`);
    return found;
  }
}
