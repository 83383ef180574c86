// SPDX-License-Identifier: Apache-2.0
// Requests and answers of HTTP as values, the errors of S3 as a table, and as much XML as S3 needs.

import { bytesFromText, textFromBytes } from "#base/index.ts";

/** A request that has arrived whole. */
export interface HttpRequest {
  readonly method: string;
  /** As it came, percent-encoded. */
  readonly path: string;
  readonly query: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What is sent back. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** `none`: the connection is reset instead; `cut`: it is reset when half of the body was sent. */
  readonly delivery: "whole" | "none" | "cut";
}

/** Errors that S3 answers with, and their HTTP status. */
const errors = {
  AccessDenied: 403,
  BadDigest: 400,
  BucketAlreadyOwnedByYou: 409,
  EntityTooSmall: 400,
  InvalidAccessKeyId: 403,
  InvalidArgument: 400,
  InvalidBucketState: 409,
  InvalidObjectState: 403,
  InvalidPart: 400,
  InvalidRange: 416,
  InvalidRequest: 400,
  InvalidStorageClass: 400,
  MalformedXML: 400,
  MethodNotAllowed: 405,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchObjectLockConfiguration: 404,
  NoSuchUpload: 404,
  NoSuchVersion: 404,
  NotImplemented: 501,
  ObjectAlreadyInActiveTierError: 403,
  ObjectLockConfigurationNotFoundError: 404,
  PreconditionFailed: 412,
  RequestTimeTooSkewed: 403,
  RestoreAlreadyInProgress: 409,
  SignatureDoesNotMatch: 403,
  SlowDown: 503,
  XAmzContentSHA256Mismatch: 400,
} as const;

/** Code of an error. */
export type S3Code = keyof typeof errors;

/** A request that is answered with an error. */
export class S3Refusal extends Error {
  override readonly name = "S3Refusal";
  readonly code: S3Code;

  constructor(code: S3Code, message: string) {
    super(message);
    this.code = code;
  }

  get status(): number {
    return errors[this.code];
  }
}

/** An answer; without a body unless given. */
export function answer(
  status: number,
  headers: Readonly<Record<string, string | undefined>> = {},
  body: Uint8Array = new Uint8Array(0),
): HttpAnswer {
  const present = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { status, headers: Object.fromEntries(present), body, delivery: "whole" };
}

/** An answer with an XML document. */
export function xmlAnswer(document: string, status = 200): HttpAnswer {
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n${document}`;
  return answer(status, { "content-type": "application/xml" }, bytesFromText(text));
}

/** The answer of a refusal. */
export function refusalAnswer(refusal: S3Refusal, hasBody: boolean): HttpAnswer {
  if (!hasBody) return answer(refusal.status);
  return xmlAnswer(element("Error", { Code: refusal.code, Message: refusal.message }), refusal.status);
}

/** What an element may hold: text, or other elements that are made already. */
export type XmlContent = string | number | boolean | undefined;

/** An element with children of its own; undefined ones are left out. `raw` is put behind them as it is. */
export function element(name: string, children: Readonly<Record<string, XmlContent>>, raw = ""): string {
  const inner = Object.entries(children)
    .filter(([, value]) => value !== undefined)
    .map(([child, value]) => `<${child}>${escaped(String(value))}</${child}>`);
  return `<${name}>${inner.join("")}${raw}</${name}>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** The texts of all elements of a name in a document, in order; nested elements stay as they are. */
export function elementsOf(document: Uint8Array | string, name: string): readonly string[] {
  const text = typeof document === "string" ? document : textFromBytes(document);
  const pattern = new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`, "g");
  return Array.from(text.matchAll(pattern), (match) => unescaped(match[1] ?? ""));
}

/** The text of the first of them. Refuses a document without. */
export function elementOf(document: Uint8Array | string, name: string): string {
  const [first] = elementsOf(document, name);
  if (first === undefined) throw new S3Refusal("MalformedXML", `there is no ${name}`);
  return first;
}

function unescaped(text: string): string {
  if (text.includes("<")) return text;
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#34;", '"')
    .replaceAll("&amp;", "&");
}
