// SPDX-License-Identifier: Apache-2.0
// Delivers notices: finds the targets, fills the templates, tries again where nothing could be delivered, and never fails
// whoever told. A target is served one notice at a time.

import {
  asError,
  bytesFromText,
  type Clock,
  type Instant,
  isJsonObject,
  isLoopback,
  isoText,
  limits,
  type Log,
  parseJson,
  prettyJson,
  type Random,
  randomId,
  sleep,
} from "#base/index.ts";
import { notifyFault } from "./faults.ts";
import { mailText } from "./mail-message.ts";
import type { Notice, Notify } from "./notice.ts";
import {
  checkMatcher,
  checkTarget,
  type Matcher,
  type NotifyConfig,
  notifyConfigText,
  type NotifyTarget,
  parseNotifyConfig,
  targetsOf,
} from "./notify-config.ts";
import { type ConnectMail, sendMail } from "./smtp.ts";
import { fillTemplate, type TemplateValues } from "./template.ts";

/** Port: hands a mail to the mail system of this machine. Rejects with what it says. */
export type RunSendmail = (mail: {
  readonly from: string;
  readonly to: readonly string[];
  readonly message: string;
}) => Promise<void>;

/** Port: sends a request over HTTP, follows no redirection, and resolves with the status. */
export type SendHttp = (request: {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}) => Promise<number>;

/** Port: two files, of which one is secret. */
export interface NotifyFiles {
  read(name: string): Promise<Uint8Array | undefined>;
  /** Replaces the file at once; only its owner can read it. */
  write(name: string, content: Uint8Array): Promise<void>;
}

/** What a desk needs. */
export interface NoticeDeskOptions {
  readonly files: NotifyFiles;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Name of this machine. */
  readonly host: string;
  readonly connectMail: ConnectMail;
  readonly runSendmail: RunSendmail;
  readonly sendHttp: SendHttp;
}

/** How it went with a target so far, since the process began. */
export interface Delivery {
  readonly lastDelivered: Instant | undefined;
  readonly lastError: string | undefined;
  readonly waiting: number;
}

const configName = "notifications.json";
const secretsName = "notification-secrets.json";

interface Line {
  readonly queue: Notice[];
  isBusy: boolean;
  lastDelivered: Instant | undefined;
  lastError: string | undefined;
}

/** Keeps targets and matchers, and delivers. */
export class NoticeDesk {
  readonly #options: NoticeDeskOptions;
  readonly #lines = new Map<string, Line>();
  #config: NotifyConfig;
  #secrets: ReadonlyMap<string, string>;

  private constructor(options: NoticeDeskOptions, config: NotifyConfig, secrets: ReadonlyMap<string, string>) {
    this.#options = options;
    this.#config = config;
    this.#secrets = secrets;
  }

  /** Reads what is set up. Fault `notify.damaged`. */
  static async open(options: NoticeDeskOptions): Promise<NoticeDesk> {
    const text = async (name: string): Promise<string | undefined> => {
      const bytes = await options.files.read(name);
      return bytes === undefined ? undefined : Buffer.from(bytes).toString("utf8");
    };
    const config = parseNotifyConfig(configName, await text(configName));
    const json = parseJson((await text(secretsName)) ?? "{}");
    if (!isJsonObject(json)) throw notifyFault("damaged", { file: secretsName, reason: "it is no object" });
    const secrets = Object.entries(json).flatMap(([name, value]) =>
      typeof value === "string" ? [[name, value] as const] : [],
    );
    return new NoticeDesk(options, config, new Map(secrets));
  }

  get config(): NotifyConfig {
    return this.#config;
  }

  /** True when the target has a secret. What it is, nobody is told. */
  hasSecret(target: string): boolean {
    return this.#secrets.has(target);
  }

  delivery(target: string): Delivery {
    const { lastDelivered, lastError, queue } = this.#line(target);
    return { lastDelivered, lastError, waiting: queue.length };
  }

  /** Sets up a target, with its secret. Faults `notify.exists`, `notify.bad-target`, `notify.bad-template`. */
  async addTarget(target: NotifyTarget, secret: string | undefined): Promise<void> {
    checkTarget(target);
    const { targets, matchers } = this.#config;
    if (targets.some(({ name }) => name === target.name)) {
      throw notifyFault("exists", { what: "notification target", name: target.name });
    }
    if (target.kind === "smtp" && (target.user === undefined) !== (secret === undefined)) {
      throw notifyFault("bad-target", { name: target.name, reason: "a user and a password are needed together" });
    }
    // The secret first: a target without its secret would deliver nothing.
    if (secret !== undefined) await this.#saveSecrets(new Map([...this.#secrets, [target.name, secret]]));
    await this.#save({ targets: [...targets, target], matchers });
  }

  /** Faults `notify.unknown`, `notify.in-use`. */
  async removeTarget(name: string): Promise<void> {
    const { targets, matchers } = this.#config;
    this.#target(name);
    const matcher = matchers.find((candidate) => candidate.targets.includes(name));
    if (matcher !== undefined) throw notifyFault("in-use", { name, matcher: matcher.name });
    await this.#save({ targets: targets.filter((target) => target.name !== name), matchers });
    await this.#saveSecrets(new Map([...this.#secrets].filter(([owner]) => owner !== name)));
    this.#lines.delete(name);
  }

  /** Faults `notify.exists`, `notify.bad-matcher`. */
  async addMatcher(matcher: Matcher): Promise<void> {
    const { targets, matchers } = this.#config;
    checkMatcher(matcher, targets);
    if (matchers.some(({ name }) => name === matcher.name)) {
      throw notifyFault("exists", { what: "matcher", name: matcher.name });
    }
    await this.#save({ targets, matchers: [...matchers, matcher] });
  }

  /** Fault `notify.unknown`. */
  async removeMatcher(name: string): Promise<void> {
    const { targets, matchers } = this.#config;
    find("matcher", matchers, name);
    await this.#save({ targets, matchers: matchers.filter((matcher) => matcher.name !== name) });
  }

  /** Tells whoever is to be told. Returns at once, and never throws. */
  readonly notify: Notify = (notice) => {
    for (const target of targetsOf(this.#config, notice)) {
      const line = this.#line(target.name);
      line.queue.push(notice);
      if (line.queue.length > limits.noticesWaiting) {
        line.queue.shift();
        this.#options.log.warn("a notice was dropped: too many wait", { target: target.name });
      }
      if (!line.isBusy) void this.#serve(target.name, line);
    }
  };

  /** Sends a test notice to a target, now. Faults `notify.unknown`, `notify.undelivered`. */
  async test(name: string): Promise<void> {
    const target = this.#target(name);
    const notice: Notice = {
      type: "test",
      severity: "info",
      title: "Test of a notification target",
      text: `This is a test of the notification target ${name}. Whoever reads it will be told when it matters.`,
      fields: {},
    };
    try {
      await this.#deliver(target, notice);
    } catch (error) {
      throw notifyFault("undelivered", { target: name, reason: asError(error).message }, error);
    }
  }

  /** Delivers what waits in a line, in order. */
  async #serve(name: string, line: Line): Promise<void> {
    line.isBusy = true;
    for (let notice = line.queue.shift(); notice !== undefined; notice = line.queue.shift()) {
      await this.#try(name, line, notice);
    }
    line.isBusy = false;
  }

  async #try(name: string, line: Line, notice: Notice): Promise<void> {
    const { clock, log } = this.#options;
    for (let attempt = 1; attempt <= limits.noticeAttempts; attempt++) {
      const target = this.#config.targets.find((candidate) => candidate.name === name);
      if (target === undefined) return;
      try {
        await this.#deliver(target, notice);
        line.lastDelivered = clock.now();
        line.lastError = undefined;
        return;
      } catch (error) {
        const reason = asError(error).message;
        line.lastError = reason;
        log.warn("a notice could not be delivered", { target: name, attempt, title: notice.title, reason });
      }
      if (attempt < limits.noticeAttempts) await sleep(clock, limits.noticeRetry);
    }
  }

  async #deliver(target: NotifyTarget, notice: Notice): Promise<void> {
    const { clock, random, host, connectMail, runSendmail, sendHttp } = this.#options;
    const at = clock.now();
    const secret = this.#secrets.get(target.name);
    const values: TemplateValues = { notice, host, at, secret: target.kind === "webhook" ? secret : undefined };
    const fill = (text: string): string => fillTemplate(text, values);
    if (target.kind === "webhook") {
      const headers = Object.entries(target.headers).map(([name, value]) => [name, fill(value)] as const);
      const body = target.method === "GET" ? undefined : fill(target.body);
      const request = { method: target.method, url: fill(target.url), headers: Object.fromEntries(headers), body };
      const status = await sendHttp(request);
      if (status < 200 || status > 299) throw new Error(`the server answers with status ${status}`);
      return;
    }
    const { from, to } = target;
    const mail = { from, to, subject: fill(target.subject), text: fill(target.text), at, host };
    const message = mailText({ ...mail, id: `${randomId(random)}.${isoText(at).replaceAll(/\D/g, "")}` });
    if (target.kind === "sendmail") return runSendmail({ from, to, message });
    const { server, user } = target;
    const login = user === undefined || secret === undefined ? undefined : { user, password: secret };
    const connection = await connectMail(server);
    try {
      await sendMail(connection, { host, from, to, message, login, server, isLocal: isLoopback(server.host) });
    } finally {
      connection.close();
    }
  }

  #target(name: string): NotifyTarget {
    return find("notification target", this.#config.targets, name);
  }

  #line(name: string): Line {
    const known = this.#lines.get(name);
    if (known !== undefined) return known;
    const line: Line = { queue: [], isBusy: false, lastDelivered: undefined, lastError: undefined };
    this.#lines.set(name, line);
    return line;
  }

  async #save(config: NotifyConfig): Promise<void> {
    await this.#options.files.write(configName, bytesFromText(notifyConfigText(config)));
    this.#config = config;
  }

  async #saveSecrets(secrets: ReadonlyMap<string, string>): Promise<void> {
    await this.#options.files.write(secretsName, bytesFromText(prettyJson(Object.fromEntries(secrets))));
    this.#secrets = secrets;
  }
}

function find<T extends { readonly name: string }>(what: string, list: readonly T[], name: string): T {
  const found = list.find((item) => item.name === name);
  if (found !== undefined) return found;
  const known = list.map((item) => item.name).join(", ");
  throw notifyFault("unknown", { what, name, known: known === "" ? "none" : known });
}
