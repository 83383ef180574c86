// SPDX-License-Identifier: Apache-2.0
// Makes the ledgers of a gateway anew where they are: from the one that is still whole, from the log in the bucket, and
// from the cartridges that are here. The log is taken over under the next epoch, as by a recovery, because nobody knows any
// more what this data folder was about to write.

import { bytesFromText, hexFromBytes, type Instant, isFault, textFromBytes } from "#base/index.ts";
import {
  type CartridgeId,
  type CartridgeUsage,
  decodeCartridgeFact,
  type Finding,
  Findings,
  type LoggedCartridge,
  type LoggedGateway,
  type Mended,
  mendStore,
  readGateway,
  readLedger,
  readSmallFile,
  replaceLedger,
  replaceSmallFile,
  type StoreFact,
  storeFactsVersion,
  storeSealing,
  takeOver,
  usageOfPoint,
} from "#store/index.ts";
import type { FileNumber, ObjectNumber } from "#tape/index.ts";
import { partIds } from "./cartridge-parts.ts";
import { type CheckUpPorts, isOurs, type LedgersLook, lookAtLedgers, storeFolder } from "./check-up.ts";
import { description } from "./created-facts.ts";
import { isTold } from "./facts.ts";
import { gatewayFault } from "./faults.ts";
import { checkDead, stateOf } from "./recovery.ts";
import { settleRecovered } from "./settle-recovered.ts";
import type { GatewayState } from "./state.ts";

/** How ledgers are mended. */
export interface LedgersMend {
  /** Name of this machine. */
  readonly host: string;
  /** Even if the log was written a moment ago, by nobody knows whom. */
  readonly takeOver: boolean;
}

/** Mends what findings name: the ledgers first, since they tell of everything else; then only they. */
export async function mendFindings(
  ports: Omit<CheckUpPorts, "findings">,
  found: readonly Finding[],
  how: LedgersMend,
): Promise<readonly Mended[]> {
  const looked = await lookAtLedgers({ ...ports, findings: new Findings() });
  if (!found.some(({ mend }) => mend?.kind === "ledgers")) {
    const options = { gateway: looked.name ?? "", isOurs: isOurs(looked), signal: new AbortController().signal };
    return mendStore({ ...ports, folder: storeFolder }, found, options);
  }
  const subject = "the ledgers";
  try {
    const lines = await mendLedgers(ports, looked, how);
    return lines.map((text) => ({ subject, text, isDone: true }));
  } catch (error) {
    if (!isFault(error)) throw error;
    return [{ subject, text: error.message, isDone: false }];
  }
}

/** Where the name of the writer is kept from before the take-over until both ledgers are there. */
const writerFile = "mending-writer";

/**
 * Makes both ledgers anew; says what was done and what is not known any more. May be repeated after a crash anywhere.
 * Faults `gateway.mend-impossible`, `gateway.recover-alive`, `store.…`.
 */
export async function mendLedgers(
  ports: Omit<CheckUpPorts, "findings">,
  looked: LedgersLook,
  { host, takeOver: isForced }: LedgersMend,
): Promise<readonly string[]> {
  const { disk, log, objects, clock } = ports;
  const state = knownState(looked, clock.now());
  const name = state.instance?.name ?? "";
  const writer = await writerFor(ports, looked, isForced);
  const lines: string[] = [];
  const facts = await storeFacts(ports, looked, state, lines);
  const cartridges = facts.flatMap((fact): readonly LoggedCartridge[] =>
    fact.kind === "cartridge" ? [{ id: fact.id, tag: fact.tag, point: fact.point }] : [],
  );
  const { sealers } = storeSealing(ports, name);
  const told = state.snapshot().filter(isTold);
  const request = {
    sealer: sealers.gateway,
    gateway: name,
    next: looked.logged?.next ?? { number: 1, epoch: 1 },
    writer: { writer, host },
  };
  const taken = await takeOver({ objects, clock }, { ...request, cartridges, facts: told });
  // The gateway's ledger may know more than was told: the next start writes everything.
  const position = { ...taken, isBehind: true };
  const storePath = `${storeFolder}/store.ledger`;
  const format = { kind: "format", version: storeFactsVersion } as const;
  await replaceLedger({ disk, log, path: storePath }, [format, ...facts, { kind: "log", position }]);
  if (looked.gateway.kind !== "whole" || looked.gateway.content.instance === undefined) {
    await replaceLedger({ disk, log, path: "gateway.ledger" }, state.snapshot());
    lines.push(`gateway.ledger was made anew from the log: ${state.cartridges.size} cartridges`);
  }
  if (looked.store.kind !== "whole") lines.push(`${storePath} was made anew: ${cartridges.length} cartridges`);
  await disk.remove(writerFile);
  await disk.syncFolder("");
  return [...lines, `the log was taken over under epoch ${taken.epoch}`];
}

/** The gateway's state, from its ledger or from the log. Fault `gateway.mend-impossible`. */
function knownState({ gateway, logged, isLogRead }: LedgersLook, now: Instant): GatewayState {
  const fail = (path: string, reason: string): Error => gatewayFault("mend-impossible", { path, reason });
  if (!isLogRead) throw fail("gateway.ledger", "the log in the bucket cannot be read, see what is said of it");
  if (gateway.kind === "whole" && gateway.content.instance !== undefined) return gateway.content;
  if (logged === undefined)
    throw fail("gateway.ledger", "the bucket has no log of this gateway, and nothing else tells");
  const state = stateOf(logged);
  if (logged.damaged.length > 0) settleRecovered(state, now);
  if (state.instance === undefined) throw fail("gateway.ledger", "the log does not name the gateway");
  return state;
}

/** Who writes the log from now on. Refuses where it may be somebody else who does. */
async function writerFor(
  ports: Omit<CheckUpPorts, "findings">,
  { store, logged, gateway }: LedgersLook,
  isForced: boolean,
): Promise<string> {
  const { disk, random, clock } = ports;
  const noted = await readSmallFile(disk, writerFile);
  const kept = noted === undefined ? undefined : textFromBytes(noted).trim();
  // A ledger that lost its end may as well be that of a copy of this data folder, which lives elsewhere.
  const known = store.kind === "whole" ? store.content.position?.writer : undefined;
  const last = logged?.last.writer;
  const isOwn = last === undefined || last === kept || last === known;
  if (!isOwn && known !== undefined && !isForced) {
    const path = gateway.kind === "whole" ? `${storeFolder}/store.ledger` : "gateway.ledger";
    const reason = `${logged?.last.host} has taken the gateway over (epoch ${logged?.last.epoch}); use it there`;
    throw gatewayFault("mend-impossible", { path, reason });
  }
  if (!isOwn && logged !== undefined && !isForced) {
    const again = (): Promise<LoggedGateway> =>
      readGateway(ports, storeSealing(ports, logged.name).sealers.gateway, logged.name);
    await checkDead(clock, logged, again);
  }
  const writer = known ?? kept ?? hexFromBytes(random.bytes(8));
  const temporary = `${writerFile}.new`;
  await replaceSmallFile(disk, writerFile, { content: bytesFromText(`${writer}\n`), temporary });
  return writer;
}

/** What the store's ledger is to say of each cartridge. */
async function storeFacts(
  ports: Omit<CheckUpPorts, "findings">,
  { store, logged }: LedgersLook,
  state: GatewayState,
  lines: string[],
): Promise<readonly StoreFact[]> {
  if (store.kind === "whole") {
    const { records, removing } = store.content;
    const known = [...records.values()].map((record) => ({ kind: "cartridge" as const, ...record }));
    return [...known, ...[...removing].map((id) => ({ kind: "removing" as const, id }))];
  }
  const facts: StoreFact[] = [];
  for (const cartridge of state.cartridges.values()) {
    for (const id of partIds(cartridge)) {
      const found = logged?.cartridges.get(id);
      const journal = await journalTag(ports, id);
      const tag = found?.tag ?? journal ?? hexFromBytes(ports.random.bytes(8));
      if (found === undefined && journal === undefined) {
        lines.push(
          `${cartridge.barcode}: nothing of it is here or in the bucket; it is blank if it ever held anything`,
        );
      }
      const point = found?.point;
      const had = logged?.status?.unstored.find((each) => each.id === id);
      const isHere = journal !== undefined && journal === tag;
      const usage = usageOfPoint(point);
      const lost = had === undefined || isHere ? undefined : had;
      facts.push({
        kind: "cartridge",
        id,
        tag,
        description: description(cartridge),
        // What is here is asked; what is not here must still come to what was last said of it.
        usage: lost === undefined ? usage : { ...usage, ...extentOf(lost) },
        state: isHere ? "open" : lost === undefined ? "rest" : "waiting",
        ...(point === undefined ? {} : { point }),
      });
    }
  }
  return facts;
}

/** What a status said of a cartridge, as its usage says it. */
function extentOf({ objects, files, bytes }: Unstored): Pick<CartridgeUsage, "objects" | "files" | "sizeBytes"> {
  return { objects: objects as ObjectNumber, files: files as FileNumber, sizeBytes: bytes };
}

type Unstored = NonNullable<NonNullable<LedgersLook["logged"]>["status"]>["unstored"][number];

/** The tag in the cartridge's journal, when that is whole. */
async function journalTag({ disk }: Pick<CheckUpPorts, "disk">, id: CartridgeId): Promise<string | undefined> {
  try {
    const facts = await readLedger(disk, `${storeFolder}/${id}/journal`, decodeCartridgeFact);
    return facts?.at(-1)?.head.tag;
  } catch (error) {
    if (!isFault(error, "store.file-damaged")) throw error;
    return undefined;
  }
}
