// SPDX-License-Identifier: Apache-2.0
// The dialogue with a mail server, against scripts: what is said in which order, what is refused, and what is never said.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Envelope, type MailConnection, sendMail } from "./smtp.ts";

/** A server that answers each command by the first pattern that fits. */
class Script implements MailConnection {
  readonly said: string[] = [];
  isTls = false;
  data: string | undefined;
  readonly #answers: readonly (readonly [RegExp, string])[];
  #lines: string[] = ["220 mail.example.com ESMTP"];

  constructor(answers: readonly (readonly [RegExp, string])[]) {
    this.#answers = answers;
  }

  readLine(): Promise<string> {
    const line = this.#lines.shift();
    return line === undefined ? Promise.reject(new Error("closed")) : Promise.resolve(line);
  }

  write(text: string): Promise<void> {
    if (this.said.at(-1) === "DATA" && this.data === undefined) {
      this.data = text;
      this.#lines.push("250 queued");
      return Promise.resolve();
    }
    const command = text.replace(/\r\n$/, "");
    this.said.push(command);
    const answer = this.#answers.find(([pattern]) => pattern.test(command))?.[1] ?? "250 fine";
    this.#lines.push(...answer.split("\n"));
    return Promise.resolve();
  }

  startTls(): Promise<void> {
    this.isTls = true;
    this.said.push("(tls)");
    return Promise.resolve();
  }

  close(): void {}
}

const envelope: Envelope = {
  host: "tape1",
  from: "tape@example.com",
  to: ["a@example.com", "b@example.com"],
  message: "Subject: x\r\n\r\nhello\r\n",
  login: { user: "tape", password: "pa55word" },
  server: { host: "mail.example.com", port: 587, mode: "starttls" },
  isLocal: false,
};
const normal = [
  [/^EHLO/, "250-mail.example.com\n250-STARTTLS\n250 AUTH LOGIN PLAIN"],
  [/^STARTTLS/, "220 go"],
  [/^AUTH PLAIN/, "235 welcome"],
  [/^DATA/, "354 go on"],
] as const;

test("a mail is handed over behind STARTTLS, with the password behind it", async () => {
  const script = new Script(normal);
  await sendMail(script, envelope);
  const password = Buffer.from("\0tape\0pa55word").toString("base64");
  assert.deepEqual(script.said, [
    "EHLO tape1",
    "STARTTLS",
    "(tls)",
    "EHLO tape1",
    `AUTH PLAIN ${password}`,
    "MAIL FROM:<tape@example.com>",
    "RCPT TO:<a@example.com>",
    "RCPT TO:<b@example.com>",
    "DATA",
    "QUIT",
  ]);
});

test("AUTH LOGIN is spoken where PLAIN is not", async () => {
  const script = new Script([
    [/^EHLO/, "250-x\n250-STARTTLS\n250 AUTH LOGIN"],
    [/^STARTTLS/, "220 go"],
    [/^AUTH LOGIN/, "334 VXNlcm5hbWU6"],
    [/^dGFwZQ==$/, "334 UGFzc3dvcmQ6"],
    [/^cGE1NXdvcmQ=$/, "235 welcome"],
    [/^DATA/, "354 go on"],
  ]);
  await sendMail(script, envelope);
  assert.ok(script.data !== undefined);
});

test("nothing is sent without encryption that was asked for, and no password without any", async () => {
  const bare = new Script([[/^EHLO/, "250 mail.example.com"]]);
  await assert.rejects(sendMail(bare, envelope), /does not offer STARTTLS/);
  assert.deepEqual(bare.said, ["EHLO tape1"]);
  const plain = new Script(normal);
  const server = { ...envelope.server, mode: "plain" } as const;
  await assert.rejects(sendMail(plain, { ...envelope, server }), /not sent without encryption/);
  assert.deepEqual(plain.said, ["EHLO tape1"]);
  const local = new Script(normal);
  await sendMail(local, { ...envelope, server, isLocal: true });
  assert.ok(!local.isTls && local.data !== undefined);
});

const refusals: readonly (readonly [RegExp, string, RegExp])[] = [
  [/^AUTH/, "535 no", /answers the user and the password with 535 no/],
  [/^MAIL/, "452 full", /MAIL FROM:<tape@example.com> with 452 full/],
  [/^RCPT TO:<b/, "550-nobody\n550 here", /RCPT TO:<b@example.com> with 550 nobody here/],
  [/^DATA/, "554 no", /DATA with 554/],
  [/^MAIL/, "what?", /does not answer MAIL FROM:<tape@example.com> in SMTP/],
];
for (const [pattern, answer, expected] of refusals) {
  test(`a server that answers ${pattern.source} with "${answer.replace("\n", " ")}" is quoted, without the password`, async () => {
    const script = new Script([[pattern, answer], ...normal]);
    await assert.rejects(sendMail(script, envelope), (error: Error) => {
      assert.match(error.message, expected);
      assert.ok(!error.message.includes("pa55word") && !error.message.includes("AHRhcGU"));
      return true;
    });
    assert.equal(script.data, undefined);
  });
}

test("no message ends before its end: lines that begin with a dot are doubled", async () => {
  const line = fc.constantFrom("", ".", "..", ".x", "x", "x.", "hello");
  await fc.assert(
    fc.asyncProperty(fc.array(line), async (lines) => {
      const message = lines.map((text) => `${text}\r\n`).join("");
      const script = new Script(normal);
      await sendMail(script, { ...envelope, message });
      const sent = (script.data ?? "").split("\r\n");
      assert.deepEqual(sent.splice(-2), [".", ""]);
      const read = sent.map((text) => text.replace(/^\./, ""));
      assert.ok(!sent.includes("."));
      assert.equal(read.map((text) => `${text}\r\n`).join(""), message === "" ? "\r\n" : message);
    }),
  );
});
