// SPDX-License-Identifier: Apache-2.0
// The text keys of RFC 7143 section 13 as a table: what a value looks like, how two values become one, who may send it,
// and what holds when nobody does. Read by both sides of a negotiation.

import type { Table } from "#codec/index.ts";

/** How the result comes from the two values: section 6.2. */
export type KeyRule =
  /** Each side states its own; no answer. */
  | "declarative"
  /** The smaller, or the larger, number. */
  | "min"
  | "max"
  /** Yes when both say so, or when one does. */
  | "and"
  | "or"
  /** The first of the proposer's list that the other accepts. */
  | "list"
  /** Always answered with `answer`, without effect. */
  | "fixed";

/** What the table says of one key. */
export interface TextKeyRow {
  readonly rule: KeyRule;
  /** What holds when the key is not negotiated. */
  readonly initial?: string;
  /** Least and greatest value of a number. */
  readonly range?: readonly [least: number, greatest: number];
  /** For `fixed`. */
  readonly answer?: string;
  readonly sender: "initiator" | "target" | "both";
  /** Where it may be sent: while logging in, in full-feature phase, or both. */
  readonly phase: "login" | "fullFeature" | "any";
  /** True: Irrelevant in a discovery session. */
  readonly normalOnly?: boolean;
  /** Section of RFC 7143. */
  readonly section: string;
}

const burst: readonly [number, number] = [512, 16_777_215];
const time: readonly [number, number] = [0, 3600];

/** All keys. CHAP's are in chap.ts: they are one exchange, not a negotiation of values. */
export const textKeys = {
  HeaderDigest: { rule: "list", initial: "None", sender: "both", phase: "login", section: "13.1" },
  DataDigest: { rule: "list", initial: "None", sender: "both", phase: "login", section: "13.1" },
  MaxConnections: {
    rule: "min",
    initial: "1",
    range: [1, 65_535],
    sender: "both",
    phase: "login",
    normalOnly: true,
    section: "13.2",
  },
  SendTargets: { rule: "declarative", sender: "initiator", phase: "fullFeature", section: "13.3" },
  TargetName: { rule: "declarative", sender: "both", phase: "login", section: "13.4" },
  InitiatorName: { rule: "declarative", sender: "initiator", phase: "login", section: "13.5" },
  TargetAlias: { rule: "declarative", sender: "target", phase: "any", section: "13.6" },
  InitiatorAlias: { rule: "declarative", sender: "initiator", phase: "any", section: "13.7" },
  TargetAddress: { rule: "declarative", sender: "target", phase: "any", section: "13.8" },
  TargetPortalGroupTag: { rule: "declarative", range: [0, 65_535], sender: "target", phase: "login", section: "13.9" },
  InitialR2T: {
    rule: "or",
    initial: "Yes",
    sender: "both",
    phase: "login",
    normalOnly: true,
    section: "13.10",
  },
  ImmediateData: {
    rule: "and",
    initial: "Yes",
    sender: "both",
    phase: "login",
    normalOnly: true,
    section: "13.11",
  },
  MaxRecvDataSegmentLength: {
    rule: "declarative",
    initial: "8192",
    range: burst,
    sender: "both",
    phase: "any",
    section: "13.12",
  },
  MaxBurstLength: {
    rule: "min",
    initial: "262144",
    range: burst,
    sender: "both",
    phase: "login",
    normalOnly: true,
    section: "13.13",
  },
  FirstBurstLength: {
    rule: "min",
    initial: "65536",
    range: burst,
    sender: "both",
    phase: "login",
    normalOnly: true,
    section: "13.14",
  },
  DefaultTime2Wait: { rule: "max", initial: "2", range: time, sender: "both", phase: "login", section: "13.15" },
  DefaultTime2Retain: { rule: "min", initial: "20", range: time, sender: "both", phase: "login", section: "13.16" },
  MaxOutstandingR2T: {
    rule: "min",
    initial: "1",
    range: [1, 65_535],
    sender: "both",
    phase: "login",
    normalOnly: true,
    section: "13.17",
  },
  DataPDUInOrder: {
    rule: "or",
    initial: "Yes",
    sender: "both",
    phase: "login",
    normalOnly: true,
    section: "13.18",
  },
  DataSequenceInOrder: {
    rule: "or",
    initial: "Yes",
    sender: "both",
    phase: "login",
    normalOnly: true,
    section: "13.19",
  },
  ErrorRecoveryLevel: { rule: "min", initial: "0", range: [0, 2], sender: "both", phase: "login", section: "13.20" },
  SessionType: { rule: "declarative", initial: "Normal", sender: "initiator", phase: "login", section: "13.21" },
  TaskReporting: { rule: "fixed", answer: "Irrelevant", sender: "both", phase: "login", section: "13.23" },
  iSCSIProtocolLevel: { rule: "min", initial: "1", range: [0, 31], sender: "both", phase: "login", section: "13.24" },
  // Markers went with RFC 7143 (section 13.25); initiators of RFC 3720 still ask and want to hear No.
  OFMarker: { rule: "fixed", answer: "No", sender: "both", phase: "login", section: "13.25" },
  IFMarker: { rule: "fixed", answer: "No", sender: "both", phase: "login", section: "13.25" },
  OFMarkInt: { rule: "fixed", answer: "Irrelevant", sender: "both", phase: "login", section: "13.25" },
  IFMarkInt: { rule: "fixed", answer: "Irrelevant", sender: "both", phase: "login", section: "13.25" },
  AuthMethod: { rule: "list", initial: "None", sender: "both", phase: "login", section: "12.1" },
} as const satisfies Table<TextKeyRow>;

/** Name of a text key. */
export type TextKey = keyof typeof textKeys;

/** The row of a key; undefined for a key that RFC 7143 does not know. */
export const textKeyRow = (key: string): TextKeyRow | undefined =>
  Object.hasOwn(textKeys, key) ? (textKeys as Table<TextKeyRow>)[key] : undefined;
