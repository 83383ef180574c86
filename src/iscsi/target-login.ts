// SPDX-License-Identifier: Apache-2.0
// The target's side of login: RFC 7143 sections 6.3, 11.12 and 11.13. Requests go in, steps come out; sending, timers
// and the registry of sessions are the connection's. One object per connection.
//
//   stage         | request says                    | what follows
//   first         | CSG 0 or 1, names               | target looked up, stage = CSG, then as below
//   security      | AuthMethod, CHAP_…              | CHAP exchange; T is answered only once it is finished
//   operational   | keys                            | each answered once; T with NSG 3 ends the login
//   any           | C bit                           | text is kept, an empty answer asks for the rest
//   any           | a stage that is not the current | refused: initiator error
//   complete      | anything                        | refused: invalid during login

import type { Random } from "#base/index.ts";
import { loginStages, type LoginStatusName } from "./codes.ts";
import { Negotiation, type OwnValues } from "./negotiation.ts";
import type { LoginRequest } from "./pdu-layouts.ts";
import type { SessionAuthentication } from "./session-description.ts";
import type { TargetSettings } from "./settings.ts";
import { TargetChap } from "./target-chap.ts";
import type { AccessRequest, TargetDirectory, TargetGrant } from "./target-directory.ts";
import { encodeText, parseText, type TextPair } from "./text.ts";
import { concatBytes, limits } from "#base/index.ts";
import type { ChapPolicy } from "./chap-policy.ts";

/** What the login asks about sessions that live already. */
export interface SessionLookup {
  /** Undefined when a login with this non-zero TSIH may go on: it reinstates the connection of that session. */
  refuseJoin(identity: SessionIdentity, tsih: number, cid: number): LoginStatusName | undefined;
}

/** What makes two logins the same session: RFC 7143 section 6.3.5. */
export interface SessionIdentity {
  readonly initiatorName: string;
  readonly isid: string;
  readonly targetName: string | undefined;
}

/** A finished login. */
export interface LoginResult extends SessionIdentity {
  readonly initiatorAlias: string | undefined;
  /** The TSIH that the initiator sent: 0 for a new session. */
  readonly tsih: number;
  readonly cid: number;
  readonly grant: TargetGrant | undefined;
  readonly negotiation: Negotiation;
  readonly authentication: SessionAuthentication;
}

/** The answer to one request. */
export interface LoginAnswer {
  readonly transit: boolean;
  readonly currentStage: number;
  readonly nextStage: number;
  readonly pairs: readonly TextPair[];
}

/** What follows from one request. */
export type LoginStep =
  | { readonly kind: "answer"; readonly answer: LoginAnswer }
  | { readonly kind: "complete"; readonly answer: LoginAnswer; readonly result: LoginResult }
  | { readonly kind: "refuse"; readonly status: LoginStatusName; readonly reason: string };

/** What the login needs. */
export interface TargetLoginOptions {
  readonly directory: TargetDirectory;
  readonly sessions: SessionLookup;
  readonly settings: TargetSettings;
  readonly random: Random;
  readonly access: Omit<AccessRequest, "initiatorName">;
}

interface Subject extends SessionIdentity {
  readonly grant: TargetGrant | undefined;
  readonly chap: ChapPolicy | undefined;
}

const refuse = (status: LoginStatusName, reason: string): LoginStep & { kind: "refuse" } => ({
  kind: "refuse",
  status,
  reason,
});

/** iSCSI names: RFC 7143 section 4.2.7; at most 223 bytes, nothing that a terminal would obey. */
const isNodeName = (name: string): boolean =>
  /^(?:iqn\.|eui\.|naa\.)[^\p{C}\s]+$/iu.test(name) && Buffer.byteLength(name) <= 223;

/** Text of the peer's that people will read. */
const printable = (text: string): string => text.replaceAll(/\p{C}/gu, "?").slice(0, 255);

/** What an initiator takes in one login response: section 13.12, the default that holds during login. */
const answerMax = 8192;

/** The login of one connection. */
export class TargetLogin {
  readonly #options: TargetLoginOptions;
  #first: LoginRequest | undefined;
  #stage: number = loginStages.security;
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;
  #requestCount = 0;
  #subject: Subject | undefined;
  #alias: string | undefined;
  #negotiation = new Negotiation({}, { isDiscovery: false });
  #chap: TargetChap | undefined;
  #hasDeclared = false;
  #isComplete = false;

  constructor(options: TargetLoginOptions) {
    this.#options = options;
  }

  /** Who is logging in, as far as it is known: for log lines. */
  get who(): string {
    return this.#subject?.initiatorName ?? "an initiator without a name";
  }

  /** Takes one login request with its data segment. After "complete" or "refuse" nothing may follow. */
  receive(request: LoginRequest, data: Uint8Array): LoginStep {
    const wrong = this.#checkHeader(request) ?? this.#keep(data);
    if (wrong !== undefined) return wrong;
    this.#first ??= request;
    if (request.isContinued) return this.#answer(request, { transit: false, pairs: [] });
    const parsed = parseText(concatBytes(this.#pieces));
    this.#pieces = [];
    if ("problem" in parsed) return refuse("initiatorError", parsed.problem);
    const answers: TextPair[] = [];
    if (this.#subject === undefined) {
      const refusal = this.#open(request, parsed.pairs, answers);
      if (refusal !== undefined) return refusal;
    }
    return this.#negotiate(request, parsed.pairs, answers);
  }

  #checkHeader(request: LoginRequest): LoginStep | undefined {
    if (this.#isComplete) return refuse("invalidDuringLogin", "a login request after the login");
    if (++this.#requestCount > limits.loginRequests)
      return refuse("initiatorError", "the login takes too many requests");
    if (request.versionMin > 0)
      return refuse("unsupportedVersion", `version ${request.versionMin} is the least it speaks`);
    const { currentStage, nextStage, transit, isContinued } = request;
    if (currentStage !== loginStages.security && currentStage !== loginStages.operational) {
      return refuse("initiatorError", `there is no login stage ${currentStage}`);
    }
    if (transit && (nextStage <= currentStage || nextStage === 2)) {
      return refuse("initiatorError", `no transit leads from stage ${currentStage} to ${nextStage}`);
    }
    if (transit && isContinued) return refuse("initiatorError", "both T and C are set");
    const first = this.#first;
    if (first === undefined) {
      this.#stage = currentStage;
      return undefined;
    }
    if (currentStage !== this.#stage) return refuse("initiatorError", `stage ${currentStage} is not the current one`);
    const isSame = first.isid === request.isid && first.cid === request.cid && first.tsih === request.tsih;
    return isSame ? undefined : refuse("initiatorError", "ISID, TSIH or CID changed during the login");
  }

  #keep(data: Uint8Array): LoginStep | undefined {
    this.#pieceBytes += data.byteLength;
    if (this.#pieceBytes > limits.loginText) return refuse("initiatorError", "the login carries too much text");
    if (data.byteLength > 0) this.#pieces.push(data.slice());
    return undefined;
  }

  /** The first whole request: names, session type, target. */
  #open(request: LoginRequest, pairs: readonly TextPair[], answers: TextPair[]): LoginStep | undefined {
    const named = new Map(pairs);
    const initiatorName = named.get("InitiatorName");
    if (initiatorName === undefined) return refuse("missingParameter", "InitiatorName is missing");
    if (!isNodeName(initiatorName)) return refuse("initiatorError", "InitiatorName is not an iSCSI name");
    const type = named.get("SessionType") ?? "Normal";
    if (type !== "Normal" && type !== "Discovery") return refuse("sessionTypeUnsupported", `SessionType=${type}`);
    const isid = request.isid.toString(16).padStart(12, "0");
    const targetName = type === "Normal" ? named.get("TargetName") : undefined;
    if (type === "Normal" && targetName === undefined) return refuse("missingParameter", "TargetName is missing");
    const identity = { initiatorName, isid, targetName };
    const looked = targetName === undefined ? this.#openDiscovery(identity) : this.#openTarget(identity, targetName);
    if ("kind" in looked) return looked;
    const { sessions } = this.#options;
    const unjoined = request.tsih === 0 ? undefined : sessions.refuseJoin(identity, request.tsih, request.cid);
    if (unjoined !== undefined) return refuse(unjoined, `no session has TSIH ${request.tsih} for it`);
    this.#subject = looked;
    const alias = named.get("InitiatorAlias");
    this.#alias = alias === undefined ? undefined : printable(alias);
    this.#negotiation = new Negotiation(ownValues(this.#options.settings), { isDiscovery: type === "Discovery" });
    this.#chap = looked.chap && new TargetChap(looked.chap, this.#options.random);
    if (looked.grant !== undefined) {
      if (looked.grant.alias !== undefined) answers.push(["TargetAlias", looked.grant.alias]);
      answers.push(["TargetPortalGroupTag", String(looked.grant.portalGroupTag)]);
    }
    return undefined;
  }

  #openDiscovery(identity: SessionIdentity): Subject | (LoginStep & { kind: "refuse" }) {
    const found = this.#options.directory.discovery({ ...this.#options.access, initiatorName: identity.initiatorName });
    if (found.kind === "refused") return refuse("authorizationFailure", "it may not discover targets here");
    return { ...identity, grant: undefined, chap: found.chap };
  }

  #openTarget(identity: SessionIdentity, targetName: string): Subject | (LoginStep & { kind: "refuse" }) {
    const found = this.#options.directory.find(targetName, {
      ...this.#options.access,
      initiatorName: identity.initiatorName,
    });
    if (found.kind === "refused") return refuse(found.why, `target ${targetName.slice(0, 223)}`);
    return { ...identity, grant: found, chap: found.chap };
  }

  #negotiate(request: LoginRequest, pairs: readonly TextPair[], answers: TextPair[]): LoginStep {
    const chap = this.#chap;
    if (this.#stage === loginStages.operational && chap !== undefined && !chap.isSatisfied) {
      return refuse("authenticationFailure", "the target demands CHAP");
    }
    if (this.#stage === loginStages.security) {
      const failed = this.#secure(new Map(pairs), answers);
      if (failed !== undefined) return failed;
    }
    for (const [key, value] of pairs) {
      if (key === "AuthMethod" || (key.startsWith("CHAP_") && this.#stage === loginStages.security)) continue;
      const reply = this.#negotiation.respond(key, value, "initiator");
      if (reply.kind === "breach") return refuse("initiatorError", reply.reason);
      if (reply.kind === "answer") answers.push([key, reply.value]);
    }
    if (this.#stage === loginStages.operational) this.#declare(answers);
    return this.#answer(request, { transit: request.transit && !this.#mustStay(request), pairs: answers });
  }

  /** True while an exchange of CHAP is open, which ends before the stage does. */
  #mustStay(request: LoginRequest): boolean {
    return request.currentStage === loginStages.security && this.#chap !== undefined && this.#chap.isOpen;
  }

  #secure(pairs: ReadonlyMap<string, string>, answers: TextPair[]): LoginStep | undefined {
    const chap = this.#chap;
    const methods = pairs.get("AuthMethod");
    if (chap === undefined) {
      if (methods === undefined) return undefined;
      const isNone = methods.split(",").includes("None");
      answers.push(["AuthMethod", isNone ? "None" : "Reject"]);
      return isNone
        ? undefined
        : refuse("authenticationFailure", `nothing of AuthMethod=${methods.slice(0, 80)} is known`);
    }
    const failure = chap.receive(pairs, answers);
    return failure === undefined ? undefined : refuse("authenticationFailure", failure);
  }

  #declare(answers: TextPair[]): void {
    if (this.#hasDeclared) return;
    this.#hasDeclared = true;
    answers.push(["MaxRecvDataSegmentLength", String(this.#options.settings.maxReceiveSegment)]);
  }

  #answer(request: LoginRequest, what: { readonly transit: boolean; readonly pairs: readonly TextPair[] }): LoginStep {
    const { currentStage } = request;
    const chap = this.#chap;
    if (encodeText(what.pairs).byteLength > answerMax) {
      return refuse("initiatorError", "it sends more keys than can be answered");
    }
    const nextStage = what.transit ? request.nextStage : currentStage;
    const answer: LoginAnswer = { ...what, currentStage, nextStage: what.transit ? nextStage : 0 };
    if (what.transit) {
      if (chap !== undefined && !chap.isSatisfied) return refuse("authenticationFailure", "the target demands CHAP");
      this.#stage = nextStage;
    }
    const subject = this.#subject;
    if (nextStage !== loginStages.fullFeature || subject === undefined) return { kind: "answer", answer };
    this.#isComplete = true;
    const { initiatorName, isid, targetName, grant } = subject;
    const { tsih, cid } = request;
    const authentication = chap?.outcome ?? "none";
    const result = { initiatorName, isid, targetName, grant, tsih, cid, authentication };
    return {
      kind: "complete",
      answer,
      result: { ...result, initiatorAlias: this.#alias, negotiation: this.#negotiation },
    };
  }
}

function ownValues(settings: TargetSettings): OwnValues {
  const yesNo = (value: boolean): string => (value ? "Yes" : "No");
  return {
    HeaderDigest: settings.headerDigests.join(","),
    DataDigest: settings.dataDigests.join(","),
    MaxConnections: "1",
    InitialR2T: yesNo(settings.initialR2t),
    ImmediateData: yesNo(settings.immediateData),
    MaxBurstLength: String(settings.maxBurst),
    FirstBurstLength: String(settings.firstBurst),
    MaxOutstandingR2T: String(settings.outstandingR2t),
    DefaultTime2Wait: "2",
    DefaultTime2Retain: "0",
    DataPDUInOrder: "Yes",
    DataSequenceInOrder: "Yes",
    ErrorRecoveryLevel: "0",
    iSCSIProtocolLevel: "1",
  };
}
