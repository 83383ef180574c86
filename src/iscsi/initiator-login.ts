// SPDX-License-Identifier: Apache-2.0
// The initiator's side of login: RFC 7143 sections 6.3, 11.12 and 11.13. Security stage first, with CHAP or None, then
// the operational stage. One request at a time; the answer decides the next.

import { concatBytes, endpointText, limits, type Clock, type Endpoint, type Fault, type Random } from "#base/index.ts";
import { loginStages, loginStatus, loginStatusOf, opcodes } from "./codes.ts";
import { iscsiFault } from "./faults.ts";
import { InitiatorChapExchange, type InitiatorChap } from "./initiator-chap.ts";
import type { InitiatorLink, LinkUser } from "./initiator-link.ts";
import { Negotiation, type OwnValues } from "./negotiation.ts";
import { LoginRequest, LoginResponse } from "./pdu-layouts.ts";
import { dropSink, gatherSink, type PduHeader, type PduSink } from "./pdu-reader.ts";
import type { DigestName } from "./settings.ts";
import { encodeText, parseText, type TextPair } from "./text.ts";
import type { Duration } from "#base/index.ts";

/** What a login offers; everything left out has a default that suits a tape drive. Sizes in bytes. */
export interface InitiatorSettings {
  readonly chap?: InitiatorChap;
  readonly headerDigest?: readonly DigestName[];
  readonly dataDigest?: readonly DigestName[];
  readonly initialR2t?: boolean;
  readonly immediateData?: boolean;
  readonly firstBurst?: number;
  readonly maxBurst?: number;
  readonly maxReceiveSegment?: number;
  readonly outstandingR2t?: number;
  /** 12 hexadecimal digits; the same ISID and name reinstate a session. Default: random. */
  readonly isid?: string;
  readonly loginTimeout?: Duration;
  /** A silent target is pinged after this time, and given up when it stays silent as long again. */
  readonly pingAfter?: Duration;
}

/** Who logs in where. */
export interface LoginTask {
  readonly link: InitiatorLink;
  readonly clock: Clock;
  readonly random: Random;
  readonly initiatorName: string;
  readonly alias: string | undefined;
  /** Undefined: a discovery session. */
  readonly targetName: string | undefined;
  readonly portal: Endpoint;
  readonly settings: InitiatorSettings;
  /** 12 hexadecimal digits. */
  readonly isid: string;
  readonly firstCmdSn: number;
}

/** A finished login. */
export interface InitiatorLoginResult {
  readonly negotiation: Negotiation;
  readonly tsih: number;
  readonly expStatSn: number;
  readonly maxCmdSn: number;
}

interface Answer {
  readonly header: LoginResponse;
  readonly data: Uint8Array;
}

interface Reply {
  readonly header: LoginResponse;
  readonly pairs: ReadonlyMap<string, string>;
}

/** What we ask for. */
function ownValues(settings: InitiatorSettings, isDiscovery: boolean): OwnValues {
  const yesNo = (value: boolean): string => (value ? "Yes" : "No");
  const shared: OwnValues = {
    HeaderDigest: (settings.headerDigest ?? ["None"]).join(","),
    DataDigest: (settings.dataDigest ?? ["None"]).join(","),
    MaxRecvDataSegmentLength: String(settings.maxReceiveSegment ?? limits.receiveSegmentMax),
    DefaultTime2Wait: "2",
    DefaultTime2Retain: "0",
    ErrorRecoveryLevel: "0",
  };
  if (isDiscovery) return shared;
  return {
    ...shared,
    MaxConnections: "1",
    InitialR2T: yesNo(settings.initialR2t ?? false),
    ImmediateData: yesNo(settings.immediateData ?? true),
    MaxBurstLength: String(settings.maxBurst ?? limits.maxBurst),
    FirstBurstLength: String(settings.firstBurst ?? limits.firstBurst),
    MaxOutstandingR2T: String(settings.outstandingR2t ?? 1),
    DataPDUInOrder: "Yes",
    DataSequenceInOrder: "Yes",
  };
}

/** Logs in over a new connection. Rejects with the faults of `IscsiInitiator.login`; the link is dropped then. */
export async function logIn(task: LoginTask): Promise<InitiatorLoginResult> {
  const login = new InitiatorLogin(task);
  try {
    return await login.run();
  } catch (thrown) {
    task.link.fail("the login failed");
    throw thrown;
  } finally {
    login.stop();
  }
}

class InitiatorLogin implements LinkUser {
  readonly #task: LoginTask;
  readonly #negotiation: Negotiation;
  readonly #own: OwnValues;
  readonly #timer: { cancel(): void };
  #waiting: { resolve(answer: Answer): void; reject(fault: Error): void } | undefined;
  #failure: Error | undefined;
  #expStatSn = 0;
  #requestCount = 0;

  constructor(task: LoginTask) {
    this.#task = task;
    this.#own = ownValues(task.settings, task.targetName === undefined);
    this.#negotiation = new Negotiation(this.#own, { isDiscovery: task.targetName === undefined });
    const timeout = task.settings.loginTimeout ?? limits.loginTimeout;
    this.#timer = task.clock.setTimer(timeout, () => this.#fail(this.#lost("the target does not answer the login")));
    task.link.give(this);
  }

  stop(): void {
    this.#timer.cancel();
  }

  async run(): Promise<InitiatorLoginResult> {
    const secured = await this.#secure();
    let reply = secured;
    if (reply.header.nextStage !== loginStages.fullFeature || !reply.header.transit) reply = await this.#operate();
    const { tsih, maxCmdSn } = reply.header;
    return { negotiation: this.#negotiation, tsih, expStatSn: this.#expStatSn, maxCmdSn };
  }

  // ---- LinkUser

  headerReceived(header: PduHeader): PduSink {
    if (header.opcode !== opcodes.loginResponse.code || header.dataLength > limits.loginText) {
      this.#fail(this.#broken(`opcode ${header.opcode} instead of a login response`));
      return dropSink(this.#task.link.reader);
    }
    const response = LoginResponse.decode(header.bytes.slice());
    return gatherSink(header.dataLength, (data) => {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      // What comes behind the last response belongs to the session, and may have digests.
      if (response.transit && response.nextStage === loginStages.fullFeature) this.#task.link.stream.pause();
      waiting?.resolve({ header: response, data });
    });
  }

  lost(reason: Error): void {
    this.#fail(this.#lost(reason.message));
  }

  // ---- Stages

  async #secure(): Promise<Reply> {
    const { initiatorName, alias, targetName, settings } = this.#task;
    const { chap } = settings;
    const pairs: TextPair[] = [["InitiatorName", initiatorName]];
    if (alias !== undefined) pairs.push(["InitiatorAlias", alias]);
    if (targetName === undefined) pairs.push(["SessionType", "Discovery"]);
    else pairs.push(["SessionType", "Normal"], ["TargetName", targetName]);
    pairs.push(["AuthMethod", chap === undefined ? "None" : "CHAP"]);
    const first = await this.#request(loginStages.security, pairs, { transit: chap === undefined });
    if (chap === undefined) return this.#untilTransit(first, loginStages.security);
    if (first.pairs.get("AuthMethod") !== "CHAP") throw this.#unauthentic("the target does not offer CHAP");
    return this.#authenticate(new InitiatorChapExchange(chap, this.#task.random));
  }

  async #authenticate(exchange: InitiatorChapExchange): Promise<Reply> {
    const challenged = await this.#request(loginStages.security, exchange.offer(), { transit: false });
    const step = exchange.answer(challenged.pairs);
    if ("failure" in step) throw this.#unauthentic(step.failure);
    const proved = await this.#request(loginStages.security, step.pairs, { transit: true });
    const failure = exchange.verify(proved.pairs);
    if (failure !== undefined) throw this.#unauthentic(failure);
    return this.#untilTransit(proved, loginStages.security);
  }

  async #operate(): Promise<Reply> {
    const pairs = Object.entries(this.#own);
    const reply = await this.#request(loginStages.operational, pairs, { transit: true });
    return this.#untilTransit(reply, loginStages.operational);
  }

  /** A target may stay in a stage to say more; what it proposes is answered by `#take`. */
  async #untilTransit(first: Reply, stage: number): Promise<Reply> {
    let reply = first;
    while (!reply.header.transit) reply = await this.#request(stage, this.#takeAnswers(), { transit: true });
    if (reply.header.nextStage <= stage) throw this.#broken(`a transit to stage ${reply.header.nextStage}`);
    return reply;
  }

  #pending: TextPair[] = [];

  #takeAnswers(): readonly TextPair[] {
    return this.#pending.splice(0);
  }

  // ---- One exchange

  async #request(stage: number, pairs: readonly TextPair[], how: { readonly transit: boolean }): Promise<Reply> {
    const first = await this.#exchange(stage, encodeText(pairs), how.transit);
    const pieces = [first.data];
    let last = first;
    let size = first.data.byteLength;
    while (last.header.isContinued) {
      last = await this.#exchange(stage, new Uint8Array(0), how.transit);
      size += last.data.byteLength;
      if (size > limits.loginText) throw this.#broken("a login response without end");
      pieces.push(last.data);
    }
    const parsed = parseText(concatBytes(pieces));
    if ("problem" in parsed) throw this.#broken(parsed.problem);
    for (const [key, value] of parsed.pairs) this.#take(key, value);
    return { header: last.header, pairs: new Map(parsed.pairs) };
  }

  #take(key: string, value: string): void {
    if (key === "AuthMethod" || key.startsWith("CHAP_")) return;
    if (key in this.#own) {
      const problem = this.#negotiation.accept(key, value);
      if (problem !== undefined) throw this.#broken(problem);
      return;
    }
    const reply = this.#negotiation.respond(key, value, "target");
    if (reply.kind === "answer") this.#pending.push([key, reply.value]);
  }

  #exchange(stage: number, data: Uint8Array, transit: boolean): Promise<Answer> {
    const { link, isid, firstCmdSn } = this.#task;
    if (++this.#requestCount > limits.loginRequests) throw this.#broken("a login without end");
    const nextStage = stage === loginStages.security ? loginStages.operational : loginStages.fullFeature;
    return new Promise<Answer>((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#waiting = { resolve, reject };
      const header = LoginRequest.encode({
        transit,
        currentStage: stage,
        nextStage: transit ? nextStage : 0,
        isid: Number.parseInt(isid, 16),
        initiatorTaskTag: 1,
        cmdSn: firstCmdSn,
        expStatSn: this.#expStatSn,
      });
      link.sender.send(header, data);
    }).then((answer) => {
      if (answer.header.status !== loginStatus.success.code) throw this.#refused(answer.header.status);
      this.#expStatSn = (answer.header.statSn + 1) >>> 0;
      return answer;
    });
  }

  // ---- Failures

  #fail(fault: Error): void {
    this.#failure ??= fault;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(fault);
  }

  get #who(): { target: string; address: string } {
    const { targetName, portal } = this.#task;
    return { target: targetName ?? "the discovery session", address: endpointText(portal) };
  }

  #lost(reason: string): Fault {
    return iscsiFault("session-lost", { target: this.#who.target, reason });
  }

  #broken(reason: string): Fault {
    return iscsiFault("protocol-error", { target: this.#who.target, reason });
  }

  #unauthentic(reason: string): Fault {
    return iscsiFault("authentication-failed", { ...this.#who, reason });
  }

  #refused(status: number): Fault {
    const name = loginStatusOf(status);
    const reason = name === undefined ? "unknown status" : loginStatus[name].text;
    const details = { ...this.#who, reason, status: status.toString(16).padStart(4, "0") };
    if (name === "authenticationFailure") return this.#unauthentic(reason);
    if (name === "notFound") return iscsiFault("target-not-found", details);
    return iscsiFault(status >>> 8 === 3 ? "target-unavailable" : "login-refused", details);
  }
}
