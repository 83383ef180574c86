// SPDX-License-Identifier: Apache-2.0
// A mail as bytes: headers of RFC 5322 with encoded words of RFC 2047 where they are not ASCII, and the text in base64
// (RFC 2045), so that lines are short and every server passes it on as it is.

import { bytesFromText, httpDate, type Instant } from "#base/index.ts";

/** A mail. */
export interface MailMessage {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly at: Instant;
  /** Unique; becomes the Message-ID together with the host. */
  readonly id: string;
  readonly host: string;
}

const lineEnd = "\r\n";
/** Characters of an encoded word are at most 75, of a line of base64 76. */
const wordBytes = 42;
const base64Line = 76;

/** True for an address that can stand in a header and in a command of SMTP as it is. */
export function isMailAddress(text: string): boolean {
  return /^[^\s<>(),;:\\"[\]@]+@[^\s<>(),;:\\"[\]@]+$/.test(text) && text.length <= 254;
}

/** A line of text for a header. Control characters become blanks: nobody adds headers through a name. */
export function headerText(text: string): string {
  const line = text.replaceAll(/\p{Cc}+/gu, " ").trim();
  if (/^[\x20-\x7e]*$/.test(line) && !line.includes("=?") && line.length <= base64Line * 2) return line;
  const words: string[] = [];
  let word = "";
  for (const character of line) {
    if (bytesFromText(word + character).byteLength > wordBytes) {
      words.push(word);
      word = "";
    }
    word += character;
  }
  return [...words, word].map((part) => `=?UTF-8?B?${base64(part)}?=`).join(`${lineEnd} `);
}

const base64 = (text: string): string => Buffer.from(text, "utf8").toString("base64");

/** The time as RFC 5322 writes it, in UTC. */
const mailDate = (at: Instant): string => httpDate(at).replace("GMT", "+0000");

/** The mail, each line ended by CR LF. */
export function mailText(message: MailMessage): string {
  const { from, to, subject, text, at, id, host } = message;
  const body = base64(text.replaceAll(/\r?\n/g, lineEnd)).match(new RegExp(`.{1,${base64Line}}`, "g")) ?? [];
  const lines = [
    `From: ${from}`,
    `To: ${to.join(`,${lineEnd} `)}`,
    `Subject: ${headerText(subject)}`,
    `Date: ${mailDate(at)}`,
    `Message-ID: <${id}@${host.replaceAll(/[^A-Za-z0-9.-]/g, "-") || "localhost"}>`,
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=UTF-8",
    "Content-Transfer-Encoding: base64",
    // Nobody's holiday reply shall come back (RFC 3834).
    "Auto-Submitted: auto-generated",
    "",
    ...body,
    "",
  ];
  return lines.join(lineEnd);
}
