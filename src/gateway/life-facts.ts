// SPDX-License-Identifier: Apache-2.0
// Turns a step of a cartridge's life into facts of the ledger, or its refusal into a Fault that says what to do.

import { defined, isoText, type Instant } from "#base/index.ts";
import type { Element } from "#library/index.ts";
import { acceptedIn, cartridgeStep, type CartridgeInput, type CartridgeRefusal } from "./cartridge-life.ts";
import { driveName } from "./naming.ts";
import type { CartridgeChange, CartridgeRecord, Fact, PoolRecord, RetentionRecord } from "./facts.ts";
import { gatewayFault } from "./faults.ts";
import { lastLock } from "./retention.ts";
import type { GatewayState } from "./state.ts";

/** A step to take. */
export interface LifeStep {
  readonly barcode: string;
  readonly input: CartridgeInput;
  readonly at: Instant;
  /** Changes that come with it. */
  readonly change?: CartridgeChange;
  /** Slot that the cartridge appears in, where the step brings it back into a library. */
  readonly slot?: Element;
  /** Task that works on the cartridge, for messages. */
  readonly task?: string | undefined;
}

const actions = {
  eject: "an eject",
  uploaded: "the end of its upload",
  "cancel-archive": "to cancel its archiving",
  archived: "the end of its archiving",
  retrieve: "a retrieve",
  "cancel-retrieve": "to cancel its retrieving",
  retrieved: "the end of its retrieving",
  delete: "a delete",
  undelete: "an undelete",
  deleted: "the end of its deletion",
} as const satisfies Record<CartridgeInput["kind"], string>;

/**
 * The facts of a step. Faults `gateway.cartridge-state`, `…-busy`, `…-in-drive`, `…-retrieved`, `…-locked`, `…-held`,
 * `…-erasing`.
 */
export function lifeFacts(state: GatewayState, { barcode, input, at, change, slot, task }: LifeStep): readonly Fact[] {
  const cartridge = state.cartridge(barcode);
  const step = cartridgeStep(cartridge.state, input);
  if (step.kind === "refused") throw refusalFault(state, { barcode, input, reason: step.reason, task });
  if (step.state === undefined) return [{ kind: "cartridge-gone", barcode }];
  const { library, archivedAt = at } = cartridge;
  const retention = step.effects.includes("start-retention") ? { archivedAt } : {};
  const isBack = step.state === "ARCHIVED" && isRetrievalOf(cartridge);
  const over = isBack ? { retrieval: null, isHastened: false } : {};
  const returned = cartridge.state === "RETRIEVED" && step.state === "ARCHIVED" ? { isReturned: true } : {};
  const next = { state: step.state, ...retention, ...over, ...returned, ...change };
  const facts: Fact[] = [{ kind: "cartridge-changed", barcode, at, change: next }];
  const isInElement = state.libraries.get(library)?.changer.find(barcode) !== undefined;
  if (step.effects.includes("leave-element") && isInElement) facts.unshift({ kind: "taken", library, barcode });
  if (step.effects.includes("enter-element")) {
    const { address, kind } = defined(slot, `a slot for ${barcode}`);
    const medium = cartridge.writeOnce ? "write-once" : "data";
    const importedByOperator = kind === "mail-slot";
    facts.push({ kind: "placed", library, placements: [{ barcode, kind: medium, address, importedByOperator }] });
  }
  return facts;
}

/** True when something is written down that is over once the cartridge is on the shelf again. */
const isRetrievalOf = ({ retrieval, isHastened }: CartridgeRecord): boolean =>
  (retrieval ?? undefined) !== undefined || isHastened === true;

interface RefusedStep {
  readonly barcode: string;
  readonly input: CartridgeInput;
  readonly reason: CartridgeRefusal;
  readonly task: string | undefined;
}

function refusalFault(state: GatewayState, { barcode, input, reason, task }: RefusedStep): Error {
  const cartridge = state.cartridge(barcode);
  switch (reason) {
    case "wrong-state": {
      const needed = acceptedIn[input.kind].join(" or ");
      return gatewayFault("cartridge-state", { barcode, state: cartridge.state, action: actions[input.kind], needed });
    }
    case "busy":
      return gatewayFault("cartridge-busy", { barcode, state: cartridge.state, task: task ?? "(none)" });
    case "retrieved":
      return gatewayFault("cartridge-retrieved", { barcode });
    case "in-drive": {
      const { record, changer } = state.library(cartridge.library);
      const element = defined(changer.find(barcode), `${barcode} is in a drive`);
      const drive = driveName(element.address - changer.shape["drive-bay"].first + 1);
      return gatewayFault("cartridge-in-drive", { barcode, drive, library: record.name });
    }
    case "locked": {
      const pool = defined(state.pools.get(cartridge.pool), `pool ${cartridge.pool} exists`);
      return lockedFault(barcode, pool, defined(lastLock(cartridge, pool), `a lock of ${barcode}`));
    }
    case "held":
      return gatewayFault("cartridge-held", { barcode });
    case "erasing":
      return gatewayFault("cartridge-erasing", { barcode });
    default:
      return reason satisfies never;
  }
}

/** The refusal of what a lock forbids. */
export function lockedFault(barcode: string, pool: PoolRecord, { mode, until }: RetentionRecord): Error {
  return gatewayFault("cartridge-locked", { barcode, lock: mode, pool: pool.name, until: isoText(until) });
}
