// SPDX-License-Identifier: Apache-2.0
// Whether a start begins a new gateway or goes on with one. A ledger that is lost or damaged looks like a new beginning; what
// is beside it tells them apart, and then nothing is begun.

import { asError, isFault, type Log } from "#base/index.ts";
import { type Disk, isStoreFile, listGateways } from "#store/index.ts";
import { storeFolder } from "./check-up.ts";
import { gatewayFault } from "./faults.ts";
import type { GatewayOptions } from "./settings.ts";
import type { GatewayState } from "./state.ts";

/** How a ledger is mended. */
const commandFor = (home: string | undefined): string =>
  `capstan doctor --repair${home === undefined ? "" : ` --home ${home}`}`;

/** Opens a ledger. Damage is Fault `gateway.ledger-lost`, which says how to mend it. */
export async function openingLedger<T>(path: string, home: string | undefined, opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    if (isFault(error, "store.owner-behind")) {
      const behind = { path: "gateway.ledger", reason: error.message, command: commandFor(home) };
      throw gatewayFault("ledger-lost", behind, error);
    }
    const isLedger = isFault(error, "store.file-damaged") && String(error.details["path"]).endsWith(path);
    if (!isLedger && !isFault(error, "gateway.ledger-unreadable")) throw error;
    throw gatewayFault("ledger-lost", { path, reason: asError(error).message, command: commandFor(home) }, error);
  }
}

/** Refuses to begin anew beside what is there. Faults `gateway.ledger-lost`, `gateway.bucket-used`. */
export async function checkBeginning(state: GatewayState, options: GatewayOptions): Promise<void> {
  const { disk, settings } = options;
  const lost = (path: string, reason: string): Error =>
    gatewayFault("ledger-lost", { path, reason, command: commandFor(settings.home) });
  const names = await disk.list(storeFolder);
  const hasLedger = names.includes("store.ledger");
  const cartridges = names.filter((name) => !isStoreFile(name));
  if (state.instance === undefined) {
    if (hasLedger || cartridges.length > 0) throw lost("gateway.ledger", await whatIsThere(disk, cartridges));
    return checkBucket(options);
  }
  // A first start makes the gateway's ledger, then the store's.
  if (hasLedger || (state.cartridges.size === 0 && cartridges.length === 0)) return;
  const reason = `it is missing, and the gateway has ${state.cartridges.size} cartridges`;
  throw lost(`${storeFolder}/store.ledger`, reason);
}

async function whatIsThere(disk: Disk, cartridges: readonly string[]): Promise<string> {
  const isEmpty = (await disk.list("")).includes("gateway.ledger");
  const state = isEmpty ? "it is missing or empty" : "it is missing";
  return `${state}, and ${cartridges.length} cartridges have folders here`;
}

/** A new gateway beside others in a bucket has a name that somebody chose. */
async function checkBucket({ objects, clock, settings, log }: GatewayOptions): Promise<void> {
  let names: readonly string[];
  try {
    names = await listGateways({ objects, clock });
  } catch (error) {
    return warnUnread(log, error);
  }
  const { instance } = settings;
  if (names.length === 0 || (instance !== undefined && !names.includes(instance))) return;
  throw gatewayFault("bucket-used", { names: names.join(", ") });
}

/** A library works while the bucket cannot be reached; should it hold a gateway of the same name, its log fences this one. */
function warnUnread(log: Log, error: unknown): void {
  if (!isFault(error)) throw error;
  log.warn("a new gateway begins, and whether the bucket holds one already could not be found out", {
    error: error.message,
  });
}
