// SPDX-License-Identifier: Apache-2.0
// Operational negotiation, RFC 7143 section 6.2: both sides bring values for the keys of the table, and each key ends
// with one result. One object per login. Authentication and the declarations of names are not done here.

import { defined } from "#base/index.ts";
import type { DigestName } from "./settings.ts";
import { textKeyRow, textKeys, type TextKey, type TextKeyRow } from "./text-keys.ts";
import { parseList, parseNumber } from "./text.ts";

/** What one side brings: key to value, a comma-separated list for digests. */
export type OwnValues = Readonly<Partial<Record<TextKey, string>>>;

/** What both sides agreed on. Sizes in bytes. */
export interface SessionParameters {
  /** Largest data segment that the peer takes. */
  readonly peerReceiveSegment: number;
  readonly headerDigest: DigestName;
  readonly dataDigest: DigestName;
  readonly initialR2t: boolean;
  readonly immediateData: boolean;
  readonly maxBurst: number;
  readonly firstBurst: number;
  readonly outstandingR2t: number;
}

/** What becomes of a value from the peer: an answer to send, nothing to send, or a breach of the rules. */
export type NegotiationAnswer =
  | { readonly kind: "answer"; readonly value: string }
  | { readonly kind: "none" }
  | { readonly kind: "breach"; readonly reason: string };

const answer = (value: string): NegotiationAnswer => ({ kind: "answer", value });
const none: NegotiationAnswer = { kind: "none" };
const specialAnswers: ReadonlySet<string> = new Set(["NotUnderstood", "Irrelevant", "Reject"]);

/** One negotiation. */
export class Negotiation {
  readonly #own: OwnValues;
  readonly #isDiscovery: boolean;
  readonly #offered = new Map<string, string>();
  readonly #results = new Map<string, string>();

  constructor(own: OwnValues, options: { readonly isDiscovery: boolean }) {
    this.#own = own;
    this.#isDiscovery = options.isDiscovery;
  }

  /** The peer proposes a value, or declares it. Sections 6.2.1 and 6.2.2. */
  respond(key: string, value: string, peer: "initiator" | "target"): NegotiationAnswer {
    const row = textKeyRow(key);
    if (row === undefined) return answer("NotUnderstood");
    if ((row.sender !== "both" && row.sender !== peer) || row.phase === "fullFeature") return answer("Reject");
    const before = this.#offered.get(key);
    if (before !== undefined) {
      if (before === value || row.rule === "fixed" || row.rule === "declarative") return none;
      return { kind: "breach", reason: `${key} is negotiated a second time` };
    }
    this.#offered.set(key, value);
    if (row.normalOnly === true && this.#isDiscovery) return answer("Irrelevant");
    return this.#decide(key, row, value);
  }

  /** The peer answers what we proposed as `own`. Returns what is wrong with the answer, or undefined. */
  accept(key: string, value: string): string | undefined {
    const row = textKeyRow(key);
    const own = this.#ownValue(key);
    if (row === undefined || own === undefined) return `an answer to ${key}, which was not proposed`;
    if (specialAnswers.has(value)) return undefined;
    if (row.rule === "list") {
      if (!parseList(own).includes(value)) return `${key}=${value} is not one of ${own}`;
      this.#results.set(key, value);
      return undefined;
    }
    const result = combine(row, own, value);
    if (result === undefined) return `${key}=${value} is out of range`;
    if (row.rule !== "declarative" && result !== normal(value)) return `${key}=${value} does not follow from ${own}`;
    this.#results.set(key, result);
    return undefined;
  }

  /** The result of a key: as negotiated, or the initial value of the table. */
  result(key: TextKey): string {
    const row: TextKeyRow = textKeys[key];
    return this.#results.get(key) ?? row.initial ?? "";
  }

  /** All results that differ from "nobody said anything". */
  get negotiated(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#results);
  }

  /** The results as the sessions need them. */
  get parameters(): SessionParameters {
    const number = (key: TextKey): number => defined(parseNumber(this.result(key)), `${key} is a number`);
    const digest = (key: TextKey): DigestName => (this.result(key) === "CRC32C" ? "CRC32C" : "None");
    const maxBurst = number("MaxBurstLength");
    return {
      peerReceiveSegment: number("MaxRecvDataSegmentLength"),
      headerDigest: digest("HeaderDigest"),
      dataDigest: digest("DataDigest"),
      initialR2t: this.result("InitialR2T") === "Yes",
      immediateData: this.result("ImmediateData") === "Yes",
      maxBurst,
      firstBurst: Math.min(number("FirstBurstLength"), maxBurst),
      outstandingR2t: number("MaxOutstandingR2T"),
    };
  }

  #ownValue(key: string): string | undefined {
    return (this.#own as Readonly<Record<string, string | undefined>>)[key];
  }

  #decide(key: string, row: TextKeyRow, value: string): NegotiationAnswer {
    if (row.rule === "fixed") return answer(row.answer ?? "Irrelevant");
    if (row.rule === "declarative") {
      if (row.range !== undefined && combine(row, value, value) === undefined) return answer("Reject");
      this.#results.set(key, normal(value));
      return none;
    }
    const own = this.#ownValue(key) ?? row.initial;
    if (own === undefined) return answer("Irrelevant");
    const result = row.rule === "list" ? firstCommon(value, own) : this.#bounded(key, combine(row, own, value));
    if (result === undefined) return answer("Reject");
    this.#results.set(key, result);
    return answer(result);
  }

  /** FirstBurstLength must not be above MaxBurstLength: section 13.14. */
  #bounded(key: string, result: string | undefined): string | undefined {
    if (key !== "FirstBurstLength" || result === undefined) return result;
    return String(Math.min(Number(result), Number(this.result("MaxBurstLength"))));
  }
}

function firstCommon(proposed: string, accepted: string): string | undefined {
  const ours = new Set(parseList(accepted));
  return parseList(proposed).find((item) => ours.has(item));
}

/** Numbers in decimal; everything else as it is. */
function normal(value: string): string {
  const number = parseNumber(value);
  return number === undefined ? value : String(number);
}

/** The result of two values; undefined when the peer's is not one that the key may have. */
function combine(row: TextKeyRow, own: string, peers: string): string | undefined {
  if (row.rule === "and" || row.rule === "or") {
    if (peers !== "Yes" && peers !== "No") return undefined;
    const both = [own, peers];
    return row.rule === "and" ? (both.includes("No") ? "No" : "Yes") : both.includes("Yes") ? "Yes" : "No";
  }
  if (row.range === undefined) return peers;
  const number = parseNumber(peers);
  if (number === undefined || number < row.range[0] || number > row.range[1]) return undefined;
  if (row.rule === "declarative") return String(number);
  const other = parseNumber(own) ?? number;
  return String(row.rule === "min" ? Math.min(number, other) : Math.max(number, other));
}
