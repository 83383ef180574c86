// SPDX-License-Identifier: Apache-2.0
// The target's part of a CHAP exchange, RFC 7143 section 12.1.3.
//
//   state      | receives                               | answers                                | becomes
//   start      | AuthMethod with CHAP                   | AuthMethod=CHAP                        | algorithm
//   start      | AuthMethod with None, CHAP not demanded| AuthMethod=None                        | done (none)
//   algorithm  | CHAP_A                                 | CHAP_A, CHAP_I, CHAP_C                 | response
//   response   | CHAP_N, CHAP_R right                   | nothing                                | done (chap)
//   response   | the same with CHAP_I, CHAP_C           | CHAP_N, CHAP_R                         | done (mutual-chap)
//   any        | something wrong                        | failure                                |

import type { Random } from "#base/index.ts";
import {
  chapResponse,
  chooseAlgorithm,
  encodeBinary,
  isChapResponse,
  isReflected,
  isSameSecret,
  ownChallengeSize,
  parseChallenge,
  type ChapChallenge,
} from "./chap.ts";
import { chapAlgorithms, type ChapAlgorithm, type ChapPolicy } from "./chap-policy.ts";
import type { SessionAuthentication } from "./session-description.ts";
import { parseList, type TextPair } from "./text.ts";

type State =
  | { readonly kind: "start" }
  | { readonly kind: "algorithm" }
  | { readonly kind: "response"; readonly algorithm: ChapAlgorithm; readonly challenge: ChapChallenge }
  | { readonly kind: "done"; readonly outcome: SessionAuthentication };

/** One exchange. */
export class TargetChap {
  readonly #policy: ChapPolicy;
  readonly #random: Random;
  #state: State = { kind: "start" };

  constructor(policy: ChapPolicy, random: Random) {
    this.#policy = policy;
    this.#random = random;
  }

  /** True when nothing more is demanded: the initiator proved itself, or need not. */
  get isSatisfied(): boolean {
    return this.#state.kind === "done" || (this.#state.kind === "start" && !this.#policy.isRequired);
  }

  /** True between the first word and the last. */
  get isOpen(): boolean {
    return this.#state.kind === "algorithm" || this.#state.kind === "response";
  }

  get outcome(): SessionAuthentication {
    return this.#state.kind === "done" ? this.#state.outcome : "none";
  }

  /** Takes the pairs of one request and adds to `answers`. Returns why the login fails, if it does. */
  receive(pairs: ReadonlyMap<string, string>, answers: TextPair[]): string | undefined {
    if (this.#state.kind === "start") {
      const failure = this.#start(pairs.get("AuthMethod"), answers);
      if (failure !== undefined) return failure;
    }
    if (this.#state.kind === "algorithm" && pairs.has("CHAP_A"))
      return this.#choose(pairs.get("CHAP_A") ?? "", answers);
    if (this.#state.kind === "response" && (pairs.has("CHAP_N") || pairs.has("CHAP_R"))) {
      return this.#verify(this.#state, pairs, answers);
    }
    const stray = [...pairs.keys()].find((key) => key.startsWith("CHAP_"));
    return stray === undefined ? undefined : `${stray} is out of turn`;
  }

  #start(methods: string | undefined, answers: TextPair[]): string | undefined {
    if (methods === undefined) return undefined;
    const wanted = parseList(methods).find((item) => item === "CHAP" || (item === "None" && !this.#policy.isRequired));
    if (wanted === undefined) return `AuthMethod=${methods.slice(0, 80)} holds nothing that the target accepts`;
    answers.push(["AuthMethod", wanted]);
    this.#state = wanted === "CHAP" ? { kind: "algorithm" } : { kind: "done", outcome: "none" };
    return undefined;
  }

  #choose(offered: string, answers: TextPair[]): string | undefined {
    const algorithm = chooseAlgorithm(offered, this.#policy.algorithms);
    if (algorithm === undefined) return `CHAP_A=${offered.slice(0, 80)} holds no algorithm that the target accepts`;
    const challenge = { identifier: this.#random.below(256), bytes: this.#random.bytes(ownChallengeSize) };
    this.#state = { kind: "response", algorithm, challenge };
    answers.push(["CHAP_A", String(chapAlgorithms[algorithm].code)]);
    answers.push(["CHAP_I", String(challenge.identifier)]);
    answers.push(["CHAP_C", encodeBinary(challenge.bytes)]);
    return undefined;
  }

  #verify(
    state: State & { kind: "response" },
    pairs: ReadonlyMap<string, string>,
    answers: TextPair[],
  ): string | undefined {
    const name = pairs.get("CHAP_N") ?? "";
    const known = this.#policy.initiatorSecret(name);
    // An unknown name is answered like a wrong secret, and takes as long.
    const secret = known ?? this.#random.bytes(ownChallengeSize);
    const isRight = isChapResponse(pairs.get("CHAP_R"), {
      algorithm: state.algorithm,
      secret,
      challenge: state.challenge,
    });
    if (!isRight || known === undefined) return `CHAP name ${JSON.stringify(name.slice(0, 80))} or its secret is wrong`;
    if (!pairs.has("CHAP_I") && !pairs.has("CHAP_C")) {
      this.#state = { kind: "done", outcome: "chap" };
      return undefined;
    }
    return this.#prove({ ...state, name, secret: known }, pairs, answers);
  }

  #prove(
    initiator: State & { kind: "response" } & { readonly name: string; readonly secret: Uint8Array },
    pairs: ReadonlyMap<string, string>,
    answers: TextPair[],
  ): string | undefined {
    const theirs = parseChallenge(pairs.get("CHAP_I"), pairs.get("CHAP_C"));
    if (theirs === undefined) return "the initiator's CHAP_I or CHAP_C is not a challenge of 16 to 1024 bytes";
    if (isReflected(initiator.challenge, theirs)) return "the initiator sent our own challenge back";
    const ours = this.#policy.targetCredentials(initiator.name);
    if (ours === undefined) return "the initiator demands mutual CHAP, for which the target has no secret";
    if (isSameSecret(ours.secret, initiator.secret)) return "the secrets of both directions are the same";
    answers.push(["CHAP_N", ours.name]);
    answers.push(["CHAP_R", encodeBinary(chapResponse(initiator.algorithm, ours.secret, theirs))]);
    this.#state = { kind: "done", outcome: "mutual-chap" };
    return undefined;
  }
}
