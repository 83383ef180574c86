// SPDX-License-Identifier: Apache-2.0
// Notices: to whom they go, what they say, and that nobody has to wait for them. On a simulated clock.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hours, isFault, limits, silentLog } from "#base/index.ts";
import { SeededRandom, SimClock, SimStateFiles } from "#sim/index.ts";
import { headerText, isMailAddress, mailText } from "./mail-message.ts";
import type { Notice } from "./notice.ts";
import { NoticeDesk, type NoticeDeskOptions } from "./notice-desk.ts";
import {
  defaultTemplates,
  type Matcher,
  notifyConfigText,
  type NotifyTarget,
  parseNotifyConfig,
  targetsOf,
} from "./notify-config.ts";
import { checkTemplate, fillTemplate } from "./template.ts";

const notice: Notice = {
  type: "tape-load",
  severity: "notice",
  title: "Cartridge CAP001L8 is needed",
  text: "please put it\ninto the changer",
  fields: { "label-text": "CAP001L8", "job-id": "nightly" },
};
const hook = (name: string, rest: Partial<NotifyTarget> = {}): NotifyTarget =>
  ({
    name,
    kind: "webhook",
    method: "POST",
    url: "http://127.0.0.1:1/hook",
    headers: { authorization: "Bearer {{secret}}" },
    body: defaultTemplates.body,
    comment: undefined,
    isDisabled: false,
    ...rest,
  }) as NotifyTarget;
const mail = (name: string): NotifyTarget => ({
  name,
  kind: "sendmail",
  from: "tape@example.com",
  to: ["a@example.com", "b@example.com"],
  subject: defaultTemplates.subject,
  text: defaultTemplates.text,
  comment: undefined,
  isDisabled: false,
});
const matcher = (name: string, targets: readonly string[], rest: Partial<Matcher> = {}): Matcher => {
  return { name, targets, severities: [], types: [], fields: {}, isDisabled: false, ...rest };
};

type Sent = Parameters<NoticeDeskOptions["sendHttp"]>[0];

async function bench(answers: readonly (number | Error)[] = []) {
  const clock = new SimClock();
  const files = new SimStateFiles();
  const sent: Sent[] = [];
  const mails: Parameters<NoticeDeskOptions["runSendmail"]>[0][] = [];
  const options: NoticeDeskOptions = {
    files,
    clock,
    random: new SeededRandom(1),
    log: silentLog,
    host: "tape1",
    connectMail: () => Promise.reject(new Error("nobody is there")),
    runSendmail: (message) => Promise.resolve(void mails.push(message)),
    sendHttp: (request) => {
      const answer = answers[sent.length] ?? 200;
      sent.push(request);
      return typeof answer === "number" ? Promise.resolve(answer) : Promise.reject(answer);
    },
  };
  return { clock, files, sent, mails, options, desk: await NoticeDesk.open(options) };
}

test("without matchers all go to all; with them, each notice goes once to every target that one names", () => {
  const targets = [mail("ops"), hook("chat"), hook("off", { isDisabled: true })];
  const names = (matchers: readonly Matcher[]): string[] =>
    targetsOf({ targets, matchers }, notice).map(({ name }) => name);
  assert.deepEqual(names([]), ["ops", "chat"]);
  assert.deepEqual(names([matcher("m1", ["chat", "off"]), matcher("m2", ["chat"])]), ["chat"]);
  assert.deepEqual(names([matcher("m1", ["ops"], { severities: ["error"] })]), []);
  assert.deepEqual(names([matcher("m1", ["ops"], { severities: ["error", "notice"], types: ["tape-load"] })]), ["ops"]);
  assert.deepEqual(names([matcher("m1", ["ops"], { fields: { "job-id": "nightly" } })]), ["ops"]);
  assert.deepEqual(names([matcher("m1", ["ops"], { fields: { "job-id": "weekly" } })]), []);
  assert.deepEqual(names([matcher("m1", ["ops"], { fields: { datastore: "store1" } })]), []);
  assert.deepEqual(names([matcher("m1", ["ops"], { isDisabled: true })]), []);
});

test("templates are filled with everything a notice has, as it is or as JSON, and refuse names that there are not", () => {
  const clock = new SimClock();
  const values = { notice, host: "tape1", at: clock.now(), secret: "s3cret" };
  const fill = (text: string): string => fillTemplate(text, values);
  assert.equal(fill("{{title}} on {{ host }} at {{time}}"), `${notice.title} on tape1 at 2026-01-01T00:00:00.000Z`);
  assert.equal(fill("{{fields.label-text}}/{{fields.nothing}}/{{secret}}"), "CAP001L8//s3cret");
  assert.equal(fill("{{json message}}"), String.raw`"please put it\ninto the changer"`);
  assert.throws(
    () => checkTemplate("{{titel}}"),
    (error) => isFault(error, "notify.bad-template"),
  );
  assert.throws(
    () => checkTemplate("{{constructor}}"),
    (error) => isFault(error, "notify.bad-template"),
  );
  fc.assert(
    fc.property(fc.string(), fc.string(), (title, text) => {
      const filled = fillTemplate(defaultTemplates.body, { ...values, notice: { ...notice, title, text } });
      const body: unknown = JSON.parse(filled);
      assert.ok(typeof body === "object" && body !== null && "title" in body && "message" in body);
      assert.deepEqual([body.title, body.message], [title, text]);
    }),
  );
});

test("no title and no text adds a header, and both are read back as they were", () => {
  const { clock } = { clock: new SimClock() };
  const unfold = (text: string): string =>
    text
      .replaceAll("\r\n ", " ")
      .replaceAll(/\?=\s+=\?UTF-8\?B\?/g, "")
      .replaceAll(/=\?UTF-8\?B\?([^?]*)\?=/g, (_all, word: string) =>
        (word.match(/[^=]+=*/g) ?? []).map((part) => Buffer.from(part, "base64").toString("utf8")).join(""),
      );
  const title = fc.oneof(fc.string(), fc.string({ unit: "grapheme" }), fc.constant("a\r\nBcc: x@example.com"));
  fc.assert(
    fc.property(title, fc.string({ unit: "grapheme" }), (subject, text) => {
      const message = mailText({ from: "a@b.c", to: ["d@e.f"], subject, text, at: clock.now(), id: "1", host: "h" });
      const split = message.indexOf("\r\n\r\n");
      const head = message.slice(0, split);
      const names = head.split(/\r\n(?! )/).map((line) => line.slice(0, line.indexOf(":")));
      const expected =
        "From To Subject Date Message-ID MIME-Version Content-Type Content-Transfer-Encoding Auto-Submitted";
      assert.deepEqual(names, expected.split(" "));
      assert.ok(message.split("\r\n").every((line) => line.length <= 998 && /^[\x20-\x7e]*$/.test(line)));
      const plain = subject.replaceAll(/\p{Cc}+/gu, " ").trim();
      const shown = unfold(headerText(subject));
      assert.equal(shown, plain.toWellFormed());
      const body = Buffer.from(message.slice(split), "base64").toString("utf8");
      assert.equal(body, text.replaceAll(/\r?\n/g, "\r\n").toWellFormed());
    }),
  );
  assert.ok(isMailAddress("ops@example.com"));
  for (const bad of ["", "ops", "a b@c", "a@b>", "a@b\r\nX: y", "a@b@c", "<a@b>"]) assert.ok(!isMailAddress(bad), bad);
});

test("a notice that cannot be delivered is tried again, then given up, and the next one gets its turn", async () => {
  const { clock, sent, desk } = await bench([500, new Error("no route"), 503, 200]);
  await desk.addTarget(hook("chat"), "t0ken");
  desk.notify(notice);
  desk.notify({ ...notice, title: "second" });
  await clock.settle();
  assert.equal(sent.length, 1);
  assert.equal(desk.delivery("chat").lastError, "the server answers with status 500");
  assert.equal(desk.delivery("chat").waiting, 1);
  await clock.advance(limits.noticeRetry);
  assert.equal(desk.delivery("chat").lastError, "no route");
  await clock.advance(hours(1));
  assert.equal(sent.length, limits.noticeAttempts + 1);
  assert.match(sent.at(-1)?.body ?? "", /"title":"second"/);
  assert.equal(sent[0]?.headers["authorization"], "Bearer t0ken");
  assert.deepEqual(
    { ...desk.delivery("chat"), lastDelivered: undefined },
    { lastDelivered: undefined, lastError: undefined, waiting: 0 },
  );
});

test("telling costs bounded memory and never throws, whatever happens to the notices", async () => {
  const { clock, sent, desk } = await bench(Array.from({ length: 1000 }, () => new Error("down")));
  await desk.addTarget(hook("chat"), undefined);
  for (let count = 0; count < 1000; count++) desk.notify({ ...notice, title: `notice ${count}` });
  await clock.settle();
  assert.equal(desk.delivery("chat").waiting, limits.noticesWaiting);
  await clock.advance(hours(24));
  // The first was on its way; of the others the newest are tried.
  assert.equal(sent.length, (limits.noticesWaiting + 1) * limits.noticeAttempts);
  assert.match(sent.at(-1)?.body ?? "", /notice 999/);
});

test("secrets are in a file of their own, survive a restart, and go with their target", async () => {
  const { files, options, desk } = await bench();
  await desk.addTarget(hook("chat"), "t0ken");
  await desk.addTarget(mail("ops"), undefined);
  await desk.addMatcher(matcher("all", ["ops"]));
  const config = Buffer.from(files.files.get("notifications.json") ?? []).toString();
  assert.ok(!config.includes("t0ken"));
  const again = await NoticeDesk.open(options);
  assert.deepEqual(again.config, desk.config);
  assert.deepEqual(parseNotifyConfig("f", notifyConfigText(desk.config)), desk.config);
  assert.ok(again.hasSecret("chat"));
  await again.removeTarget("chat");
  assert.ok(
    !Buffer.from(files.files.get("notification-secrets.json") ?? [])
      .toString()
      .includes("t0ken"),
  );
  await assert.rejects(again.removeTarget("ops"), (error) => isFault(error, "notify.in-use"));
});

test("a mail goes to everybody it is for, and a test says at once when nothing arrives", async () => {
  const { mails, desk } = await bench([404]);
  await desk.addTarget(mail("ops"), undefined);
  await desk.test("ops");
  assert.deepEqual(mails[0]?.to, ["a@example.com", "b@example.com"]);
  assert.match(mails[0]?.message ?? "", /^Subject: Test of a notification target\r$/m);
  await desk.addTarget(hook("chat"), undefined);
  await assert.rejects(desk.test("chat"), (error) => isFault(error, "notify.undelivered") && /404/.test(error.message));
  await assert.rejects(desk.test("nobody"), (error) => isFault(error, "notify.unknown"));
});

test("what cannot work is refused when it is set up, and nothing is kept of it", async () => {
  const { desk, files } = await bench();
  const refused = async (target: NotifyTarget, secret?: string): Promise<void> =>
    assert.rejects(desk.addTarget(target, secret), (error) => isFault(error) && error.code.startsWith("notify.bad-"));
  await refused({ ...mail("ops"), to: [] } as NotifyTarget);
  await refused({ ...mail("ops"), to: ["a@b\r\nBcc: c@d"] } as NotifyTarget);
  await refused({ ...mail("ops"), text: "{{secret}}" } as NotifyTarget);
  await refused({ ...mail("ops"), subject: "{{nothing}}" } as NotifyTarget);
  await refused(hook("../x"));
  await refused(hook("chat", { url: "ftp://x" } as Partial<NotifyTarget>));
  await refused(hook("chat", { headers: { "bad header": "x" } } as Partial<NotifyTarget>));
  const server = { host: "mail", port: 25, mode: "tls" } as const;
  await refused({ ...mail("ops"), kind: "smtp", server, user: "u" } as NotifyTarget);
  assert.equal(files.files.size, 0);
  await assert.rejects(desk.addMatcher(matcher("m1", ["chat"])), (error) => isFault(error, "notify.bad-matcher"));
});
