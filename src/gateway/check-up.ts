// SPDX-License-Identifier: Apache-2.0
// A check-up of a gateway that does not run: its ledgers, its log in the bucket, what they say of each other, and
// everything that its store has. It changes nothing.

import { type Instant, isFault, isoText, limits } from "#base/index.ts";
import {
  type CartridgeId,
  type Findings,
  listGateways,
  type LogPosition,
  type LoggedGateway,
  type LookCounts,
  lookAtStore,
  readGateway,
  readLedgerFacts,
  readStoreLedger,
  type StoreLedger,
  type StoreLookPorts,
  storeSealing,
} from "#store/index.ts";
import { partIds, possibleIds } from "./cartridge-parts.ts";
import { type Fact, isFact } from "./facts.ts";
import { gatewayFault } from "./faults.ts";
import { withoutBeginning } from "./old-bucket.ts";
import { stateOf } from "./recovery.ts";
import type { GatewayState } from "./state.ts";

/** What a check-up needs: the data folder's disk, the bucket, and where findings go. */
export type CheckUpPorts = Omit<StoreLookPorts, "folder">;

/** How thorough it is. */
export interface CheckUpRequest {
  /** Read every byte, here and in the bucket. */
  readonly isDeep: boolean;
  readonly signal: AbortSignal;
}

/** A ledger as it was found. */
export type LedgerLook<T> =
  | { readonly kind: "whole"; readonly content: T }
  | { readonly kind: "missing" }
  | { readonly kind: "damaged"; readonly reason: string };

/** What a check-up of the ledgers and of the log comes to. */
export interface LedgersLook {
  readonly gateway: LedgerLook<GatewayState>;
  readonly store: LedgerLook<StoreLedger>;
  /** Name of the gateway, as far as anything says it. */
  readonly name: string | undefined;
  /** Undefined: there is none, or it cannot be read; a finding says which. */
  readonly logged: LoggedGateway | undefined;
  /** False: whether the bucket has a log could not be found out. */
  readonly isLogRead: boolean;
  /** Something of a gateway is here or in the bucket. */
  readonly isUsed: boolean;
}

/** True when this data folder wrote the last entry of the log, or there is none. */
export function isOurs({ store, logged }: LedgersLook): boolean {
  if (logged === undefined || store.kind !== "whole") return logged === undefined;
  const { position } = store.content;
  const { last, next } = logged;
  // What lies behind the last entry that can be read may be a take-over.
  return position?.writer === last.writer && position.epoch === last.epoch && next.number === last.number + 1;
}

/** What was looked at, in numbers; undefined when there was no store to look at. */
export type CheckUpCounts = LookCounts | undefined;

/** Where the store keeps its files in the data folder. */
export const storeFolder = "cartridges";

/** Looks at everything. Findings are noted; only what is a Bug, and a format of a newer release, is thrown. */
export async function checkUp(ports: CheckUpPorts, request: CheckUpRequest): Promise<CheckUpCounts> {
  const { findings } = ports;
  const looked = await lookAtLedgers(ports);
  const { gateway, store } = looked;
  if (gateway.kind === "whole" && store.kind === "whole") compare(gateway.content, store.content, findings);
  if (store.kind !== "whole") return undefined;
  const name = looked.name ?? "";
  return lookAtStore({ ...ports, folder: storeFolder }, store.content, { ...request, gateway: name });
}

/** Looks at both ledgers and at the log, and notes what is wrong with them. */
export async function lookAtLedgers(ports: CheckUpPorts): Promise<LedgersLook> {
  const { disk, findings } = ports;
  let sequence = 0;
  const gatewayFound = await lookAt(async () => {
    const found = await readLedgerFacts(disk, "gateway.ledger", decode);
    sequence = found?.sequence ?? 0;
    return found && stateOf(found);
  });
  const storeFound = await lookAt(() => readStoreLedger(disk, storeFolder));
  const position = storeFound.kind === "whole" ? storeFound.content.position : undefined;
  const known = (gatewayFound.kind === "whole" ? gatewayFound.content.instance?.name : undefined) ?? position?.gateway;
  const { logged, name, isEmpty, isRead } = await lookAtLog(ports, known, position);
  const gateway = endOfGateway(gatewayFound, sequence, { position, logged });
  const store = endOfStore(storeFound, gateway, logged);
  const folders = (await disk.list(storeFolder)).filter((each) => !/^(store\.ledger.*|spare-segments)$/.test(each));
  const isUsed = known !== undefined || folders.length > 0 || !isEmpty;
  const hasName = gateway.kind === "whole" && gateway.content.instance !== undefined;
  if (isUsed && !hasName) noteLost(findings, "gateway.ledger", gateway);
  // A start that was cut short makes the gateway's ledger first.
  const isNew = hasName && gateway.content.cartridges.size === 0 && folders.length === 0;
  if (isUsed && store.kind !== "whole" && !(isNew && store.kind === "missing")) {
    noteLost(findings, `${storeFolder}/store.ledger`, store);
  }
  return { gateway, store, name, logged, isLogRead: isRead, isUsed };
}

/** The gateway's ledger, unless it has lost its end: the bucket was told of more facts than it leads to. */
function endOfGateway(
  found: LedgerLook<GatewayState>,
  sequence: number,
  { position, logged }: { readonly position: LogPosition | undefined; readonly logged: LoggedGateway | undefined },
): LedgerLook<GatewayState> {
  if (found.kind !== "whole" || found.content.instance === undefined) return found;
  const last = logged?.last;
  const isOwn = position === undefined || last?.writer === position.writer;
  const told = Math.max(position?.sequence ?? 0, isOwn ? (last?.sequence ?? 0) : 0);
  if (sequence >= told) return found;
  return {
    kind: "damaged",
    reason: `it lost its end: it leads to fact ${sequence}, and the bucket was told up to ${told}`,
  };
}

/** The store's ledger, unless it has lost its end: what this data folder wrote is not what it says that it wrote. */
function endOfStore(
  found: LedgerLook<StoreLedger>,
  gateway: LedgerLook<GatewayState>,
  logged: LoggedGateway | undefined,
): LedgerLook<StoreLedger> {
  if (found.kind !== "whole" || logged === undefined) return found;
  const { position, records, removing } = found.content;
  const { last, cartridges } = logged;
  const damaged = (reason: string): LedgerLook<StoreLedger> => ({
    kind: "damaged",
    reason: `it lost its end: ${reason}`,
  });
  const isOwn = position?.writer === last.writer && position.epoch === last.epoch;
  if (isOwn && last.number > position.number) {
    return damaged(
      `it knows of the log up to entry ${position.number}, and this data folder wrote entry ${last.number}`,
    );
  }
  if (gateway.kind !== "whole" || (!isOwn && position !== undefined)) return found;
  for (const cartridge of gateway.content.cartridges.values()) {
    const missing = partIds(cartridge).find((id) => cartridges.has(id) && !records.has(id) && !removing.has(id));
    if (missing === undefined || cartridge.state === "DELETING") continue;
    return damaged(`it does not have ${missing} of cartridge ${cartridge.barcode}, which the log names`);
  }
  return found;
}

async function lookAt<T>(read: () => Promise<T | undefined>): Promise<LedgerLook<T>> {
  try {
    const content = await read();
    return content === undefined ? { kind: "missing" } : { kind: "whole", content };
  } catch (error) {
    if (!isFault(error, "store.file-damaged") && !isFault(error, "gateway.ledger-unreadable")) throw error;
    return { kind: "damaged", reason: error.message };
  }
}

function noteLost(findings: Findings, subject: string, ledger: LedgerLook<unknown>): void {
  const what = ledger.kind === "damaged" ? ledger.reason : "it is missing or empty, and a gateway was here";
  findings.note({ area: "ledger", subject, severity: "damage", what, mend: { kind: "ledgers" } });
}

function decode(value: unknown): Fact {
  if (isFact(value)) return value;
  throw gatewayFault("ledger-unreadable", { fact: (JSON.stringify(value) ?? String(value)).slice(0, 120) });
}

interface LogLook {
  readonly logged: LoggedGateway | undefined;
  readonly name: string | undefined;
  readonly isEmpty: boolean;
  readonly isRead: boolean;
}

/** The gateway's log, and whether it is this data folder that writes it. */
async function lookAtLog(
  ports: CheckUpPorts,
  known: string | undefined,
  position: LogPosition | undefined,
): Promise<LogLook> {
  const { findings } = ports;
  let name = known;
  try {
    const names = await listGateways(ports);
    const isEmpty = names.length === 0;
    name ??= names.length === 1 ? names[0] : undefined;
    if (name === undefined || !names.includes(name)) {
      if (position !== undefined && position.number > 0 && name !== undefined) {
        const what = "the bucket has no log of this gateway, which wrote one";
        const advice = "see that the settings name the right bucket, with its prefix";
        findings.note({ area: "log", subject: `gateways/${name}`, severity: "damage", what, advice });
      }
      return { logged: undefined, name, isEmpty, isRead: true };
    }
    const { sealers } = storeSealing(ports, name);
    const found = await readGateway(ports, sealers.gateway, name);
    const logged = found.hasBeginning ? found : await withoutBeginning(ports, sealers, found);
    noteDamage(ports, logged, position);
    noteLog(ports, logged, position);
    return { logged, name, isEmpty, isRead: true };
  } catch (error) {
    if (!isFault(error) || error.code === "store.format-newer") throw error;
    const subject = name === undefined ? "the object store" : `gateways/${name}`;
    const isDamaged = error.row.retry !== "backoff";
    const advice = isDamaged
      ? "the key that opens it may be missing; else restore the object from a copy of the bucket"
      : "see that the object store answers, and check again";
    const severity = isDamaged ? "damage" : "warning";
    findings.note({ area: "log", subject, severity, what: error.message, advice });
    return { logged: undefined, name, isEmpty: true, isRead: false };
  }
}

/** What of the log cannot be read. Whoever writes it has it all, and can write it anew. */
function noteDamage(
  { findings }: CheckUpPorts,
  { name, damaged }: LoggedGateway,
  position: LogPosition | undefined,
): void {
  for (const { key, reason: what } of damaged) {
    const about = { area: "log", subject: key, what } as const;
    const renewed = "nothing: the gateway writes it anew when it runs";
    if (key === `gateways/${name}/status`) findings.note({ ...about, severity: "advice", advice: renewed });
    else if (position?.isBehind === true) findings.note({ ...about, severity: "advice", advice: renewed });
    else if (position !== undefined) findings.note({ ...about, severity: "warning", mend: { kind: "new-log" } });
    else findings.note({ ...about, severity: "damage", advice: "restore the object from a copy of the bucket" });
  }
}

function noteLog({ findings, clock }: CheckUpPorts, logged: LoggedGateway, position: LogPosition | undefined): void {
  const { name, last, status } = logged;
  const subject = `gateways/${name}`;
  if (position !== undefined && (position.writer !== last.writer || position.epoch !== last.epoch)) {
    const what = `${last.host} has taken the gateway over (epoch ${last.epoch}) at ${isoText(last.at)}`;
    const advice = "this data folder changes nothing in the bucket any more; use the gateway there, or recover it here";
    findings.note({ area: "log", subject, severity: "damage", what, advice });
  } else if (position !== undefined && last.number < position.number - 1) {
    const what = `the log ends with entry ${last.number}, this gateway wrote up to ${position.number - 1} at least`;
    const advice = "entries were removed from the bucket; the next start writes everything anew";
    findings.note({ area: "log", subject, severity: "warning", what, advice });
  }
  const told = Math.max(last.at, status?.at ?? 0) as Instant;
  const now = clock.now();
  if (told <= now + limits.clockApart) return;
  const what = `the bucket was written at ${isoText(told)}, and here it is ${isoText(now)}`;
  const advice = "set the clock of this machine; locks and thaws are reckoned with it";
  findings.note({ area: "machine", subject: "the clock", severity: "warning", what, advice });
}

/** What one ledger knows and the other does not. */
function compare(state: GatewayState, store: StoreLedger, findings: Findings): void {
  const possible = new Set<CartridgeId>([...state.cartridges.values()].flatMap(possibleIds));
  for (const cartridge of state.cartridges.values()) {
    const missing = partIds(cartridge).filter((id) => !store.records.has(id));
    if (missing.length === 0 || cartridge.state === "DELETING") continue;
    const what = `the store's ledger does not have ${missing.join(", ")}`;
    const advice = "its data is not here; recover the gateway into another folder, and look for it there";
    findings.note({ area: "ledger", subject: `cartridge ${cartridge.barcode}`, severity: "damage", what, advice });
  }
  for (const { id, usage, description } of store.records.values()) {
    if (possible.has(id)) continue;
    const isBlank = usage.objects === 0 && usage.storedBytes === 0;
    const what = `the store has it with ${usage.objects} objects, and the gateway's ledger does not know it`;
    const advice = isBlank ? "nothing: the next start removes it, it is blank" : "it is kept; ask who made it";
    const subject = `cartridge ${String(description["barcode"] ?? id)}`;
    findings.note({ area: "ledger", subject, severity: isBlank ? "advice" : "warning", what, advice });
  }
}
