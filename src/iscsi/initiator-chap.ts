// SPDX-License-Identifier: Apache-2.0
// The initiator's part of a CHAP exchange, RFC 7143 section 12.1.3: offer algorithms, answer the challenge, and with
// mutual CHAP challenge the target and check its answer. Steps return pairs to send, or throw what is wrong as text.

import type { Random } from "#base/index.ts";
import {
  chapResponse,
  chooseAlgorithm,
  encodeBinary,
  isChapResponse,
  isReflected,
  ownChallengeSize,
  parseChallenge,
  type ChapChallenge,
} from "./chap.ts";
import { chapAlgorithms, type ChapAlgorithm, type ChapCredentials } from "./chap-policy.ts";
import type { TextPair } from "./text.ts";

/** CHAP of the initiator's side. */
export interface InitiatorChap {
  /** How we prove ourselves. */
  readonly credentials: ChapCredentials;
  /** Set: the target has to prove itself with this name and secret (mutual CHAP). */
  readonly target?: ChapCredentials;
  /** Offered in this order; all known ones by default, the strongest first. */
  readonly algorithms?: readonly ChapAlgorithm[];
}

const allAlgorithms: readonly ChapAlgorithm[] = ["sha3-256", "sha256", "sha1", "md5"];

/** Pairs to send, or why authentication fails. */
export type ChapStep = { readonly pairs: readonly TextPair[] } | { readonly failure: string };

/** One exchange. */
export class InitiatorChapExchange {
  readonly #chap: InitiatorChap;
  readonly #random: Random;
  readonly #algorithms: readonly ChapAlgorithm[];
  #algorithm: ChapAlgorithm | undefined;
  #ours: ChapChallenge | undefined;

  constructor(chap: InitiatorChap, random: Random) {
    this.#chap = chap;
    this.#random = random;
    this.#algorithms = chap.algorithms ?? allAlgorithms;
  }

  /** After AuthMethod=CHAP. */
  offer(): readonly TextPair[] {
    return [["CHAP_A", this.#algorithms.map((name) => chapAlgorithms[name].code).join(",")]];
  }

  /** After CHAP_A, CHAP_I, CHAP_C of the target. */
  answer(pairs: ReadonlyMap<string, string>): ChapStep {
    const algorithm = chooseAlgorithm(pairs.get("CHAP_A") ?? "", this.#algorithms);
    if (algorithm === undefined) return { failure: "the target chose an algorithm that was not offered" };
    const theirs = parseChallenge(pairs.get("CHAP_I"), pairs.get("CHAP_C"));
    if (theirs === undefined) return { failure: "the target sent no challenge of 16 to 1024 bytes" };
    const { name, secret } = this.#chap.credentials;
    const answer: TextPair[] = [
      ["CHAP_N", name],
      ["CHAP_R", encodeBinary(chapResponse(algorithm, secret, theirs))],
    ];
    this.#algorithm = algorithm;
    if (this.#chap.target === undefined) return { pairs: answer };
    const ours = { identifier: this.#random.below(256), bytes: this.#random.bytes(ownChallengeSize) };
    if (isReflected(ours, theirs)) return { failure: "two challenges are the same" };
    this.#ours = ours;
    return {
      pairs: [...answer, ["CHAP_I", String(ours.identifier)], ["CHAP_C", encodeBinary(ours.bytes)]],
    };
  }

  /** After the target accepted our answer. Returns why it is not the one we want to talk to, if so. */
  verify(pairs: ReadonlyMap<string, string>): string | undefined {
    const { target } = this.#chap;
    if (target === undefined) return undefined;
    const algorithm = this.#algorithm;
    const challenge = this.#ours;
    if (algorithm === undefined || challenge === undefined) return "the target skipped its part of CHAP";
    const isRight = isChapResponse(pairs.get("CHAP_R"), { algorithm, secret: target.secret, challenge });
    return isRight && pairs.get("CHAP_N") === target.name ? undefined : "the target does not know its CHAP secret";
  }
}
