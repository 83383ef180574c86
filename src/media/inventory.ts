// SPDX-License-Identifier: Apache-2.0
// The inventory: every cartridge that is known, with its labels, where it is and what state it was given. A value; the
// file is `inventory.json` in the format of Proxmox.

import {
  bytesOfUuid,
  type EpochSeconds,
  isJsonArray,
  isJsonObject,
  type Json,
  parseJson,
  prettyJson,
  sortedJson,
  type Uuid,
} from "#base/index.ts";
import {
  type CartridgeLabel,
  cartridgeLabelJson,
  cartridgeLabelOf,
  isReservation,
  type SetLabel,
  setLabelJson,
  setLabelOf,
} from "#format/index.ts";
import { mediaFault } from "./faults.ts";

/** Where a cartridge is. */
export type Location =
  | { readonly kind: "offline" }
  | { readonly kind: "online"; readonly changer: string }
  | { readonly kind: "vault"; readonly vault: string };

/** States that somebody gave a cartridge; all others are computed. */
export type GivenState = "full" | "damaged" | "retired";
const givenStates: readonly string[] = ["full", "damaged", "retired"] satisfies readonly GivenState[];

/** What is known of a cartridge. */
export interface CartridgeRecord {
  readonly label: CartridgeLabel;
  /** Undefined: no set, and not reserved by one of the old kind. */
  readonly set: SetLabel | undefined;
  readonly location: Location;
  readonly state: GivenState | undefined;
  readonly bytesUsed: number | undefined;
}

/** A set as the inventory knows it. */
export interface MediaSet {
  readonly uuid: Uuid;
  readonly pool: string;
  /** By place; undefined where a cartridge is missing. */
  readonly members: readonly (CartridgeRecord | undefined)[];
  /** When the first cartridge joined; undefined when that is missing. */
  readonly start: EpochSeconds | undefined;
  /** The latest time at which a cartridge joined. */
  readonly latest: EpochSeconds;
}

/** The location `offline`. */
export const offline: Location = { kind: "offline" };

/** A location as text: `offline`, `online-NAME`, `vault-NAME`. */
export function locationText(location: Location): string {
  if (location.kind === "offline") return "offline";
  return location.kind === "online" ? `online-${location.changer}` : `vault-${location.vault}`;
}

/** Reads the text of a location; undefined when it is none. */
export function parseLocation(text: string): Location | undefined {
  if (text === "offline") return offline;
  if (text.startsWith("online-") && text.length > 7) return { kind: "online", changer: text.slice(7) };
  return text.startsWith("vault-") && text.length > 6 ? { kind: "vault", vault: text.slice(6) } : undefined;
}

/** True when something was written behind the labels: the set label is that of a set. */
export const isMember = (record: CartridgeRecord): record is CartridgeRecord & { readonly set: SetLabel } =>
  record.set !== undefined && !isReservation(record.set);

/** The pool of a cartridge; undefined: it is free (B-INV-2). */
export const poolOf = (record: CartridgeRecord): string | undefined => record.set?.pool ?? record.label.pool;

/** All known cartridges, by UUID. */
export class Inventory {
  readonly #records: ReadonlyMap<Uuid, CartridgeRecord>;

  constructor(records: Iterable<CartridgeRecord> = []) {
    this.#records = new Map(Array.from(records, (record) => [record.label.uuid, record] as const));
  }

  /** Reads `inventory.json`; undefined: it is not there. Fault `media.damaged`. */
  static parse(text: string | undefined): Inventory {
    if (text === undefined) return new Inventory();
    const rows = parseJson(text);
    if (!isJsonArray(rows)) throw mediaFault("damaged", { what: "the inventory", reason: "it is not a list" });
    return new Inventory(rows.map(recordOf));
  }

  /** The text of `inventory.json`. */
  text(): string {
    const sorted = this.records.toSorted((left, right) =>
      Buffer.compare(bytesOfUuid(left.label.uuid), bytesOfUuid(right.label.uuid)),
    );
    return prettyJson(sorted.map((record) => sortedJson(recordJson(record))));
  }

  get records(): readonly CartridgeRecord[] {
    return Array.from(this.#records.values());
  }

  find(uuid: Uuid): CartridgeRecord | undefined {
    return this.#records.get(uuid);
  }

  /** Fault `media.unknown-cartridge`. */
  get(uuid: Uuid): CartridgeRecord {
    const record = this.#records.get(uuid);
    if (record === undefined) throw mediaFault("unknown-cartridge", { text: uuid });
    return record;
  }

  /** By label text; undefined when there is none. Fault `media.ambiguous-label` (B-INV-5). */
  findLabel(text: string): CartridgeRecord | undefined {
    const found = this.records.filter(({ label }) => label.labelText === text);
    if (found.length > 1) throw mediaFault("ambiguous-label", { text, count: found.length });
    return found[0];
  }

  /**
   * With labels as they were read from a cartridge. Location, use and state stay (B-INV-3); `dropsState`: the state goes,
   * since the cartridge joined a set. A reservation stays when no set label came.
   */
  withLabels(
    labels: { readonly label: CartridgeLabel; readonly set: SetLabel | undefined },
    options: { readonly dropsState?: boolean } = {},
  ): Inventory {
    const present = this.#records.get(labels.label.uuid);
    const reservation = present?.set !== undefined && isReservation(present.set) ? present.set : undefined;
    return this.#with({
      label: labels.label,
      set: labels.set ?? reservation,
      location: present?.location ?? offline,
      state: options.dropsState === true ? undefined : present?.state,
      bytesUsed: present?.bytesUsed,
    });
  }

  withLocation(uuid: Uuid, location: Location): Inventory {
    return this.#with({ ...this.get(uuid), location });
  }

  withState(uuid: Uuid, state: GivenState | undefined): Inventory {
    return this.#with({ ...this.get(uuid), state });
  }

  withBytesUsed(uuid: Uuid, bytesUsed: number | undefined): Inventory {
    return this.#with({ ...this.get(uuid), bytesUsed });
  }

  without(uuid: Uuid): Inventory {
    return new Inventory(this.records.filter(({ label }) => label.uuid !== uuid));
  }

  /** A set; undefined when no cartridge of it is known. Fault `media.damaged` when two have one place (B-SET-1). */
  set(uuid: Uuid): MediaSet | undefined {
    const members: (CartridgeRecord | undefined)[] = [];
    let pool: string | undefined;
    let latest = 0 as EpochSeconds;
    for (const record of this.records) {
      if (!isMember(record) || record.set.uuid !== uuid) continue;
      const { setIndex, ctime } = record.set;
      if (members[setIndex] !== undefined) {
        throw mediaFault("damaged", { what: `the media set ${uuid}`, reason: `two cartridges have place ${setIndex}` });
      }
      members[setIndex] = record;
      pool = record.set.pool;
      latest = Math.max(latest, ctime) as EpochSeconds;
    }
    if (pool === undefined) return undefined;
    const whole = Array.from(members, (member) => member);
    return { uuid, pool, members: whole, start: whole[0]?.set?.ctime, latest };
  }

  /** The sets of a pool, the oldest first. */
  setsOf(pool: string): readonly MediaSet[] {
    const uuids = new Set(this.records.filter(isMember).flatMap(({ set }) => (set.pool === pool ? [set.uuid] : [])));
    const sets = Array.from(uuids, (uuid) => this.set(uuid)).filter((set) => set !== undefined);
    return sets.toSorted((left, right) => left.latest - right.latest || (left.uuid < right.uuid ? -1 : 1));
  }

  /** The set that a pool goes on with: the one with the latest member, if it is the only one (B-SET-4). */
  currentSet(pool: string): MediaSet | undefined {
    const sets = this.setsOf(pool);
    const [last, before] = [sets.at(-1), sets.at(-2)];
    return last !== undefined && last.latest === before?.latest ? undefined : last;
  }

  #with(record: CartridgeRecord): Inventory {
    return new Inventory([...this.records.filter(({ label }) => label.uuid !== record.label.uuid), record]);
  }
}

function recordJson(record: CartridgeRecord): Json {
  const { label, set, location, state, bytesUsed } = record;
  const withoutConfig = set === undefined ? undefined : { ...set, key: set.key && { ...set.key, config: undefined } };
  return {
    id: {
      label: cartridgeLabelJson(label),
      ...(withoutConfig === undefined ? {} : { media_set_label: setLabelJson(withoutConfig) }),
    },
    ...(location.kind === "offline" ? {} : { location: locationText(location) }),
    ...(state === undefined ? {} : { status: state }),
    ...(bytesUsed === undefined ? {} : { bytes_used: bytesUsed }),
  };
}

function recordOf(row: Json): CartridgeRecord {
  const what = "the inventory";
  const bad = (reason: string): Error => mediaFault("damaged", { what, reason });
  const id = isJsonObject(row) ? row["id"] : undefined;
  if (!isJsonObject(row) || !isJsonObject(id) || !isJsonObject(id["label"])) throw bad("a row has no label");
  const set = id["media_set_label"];
  const { location = "offline", status, bytes_used: bytesUsed } = row;
  const place = typeof location === "string" ? parseLocation(location) : undefined;
  if (place === undefined) throw bad("a cartridge has a location that is none");
  return {
    label: cartridgeLabelOf(id["label"], what),
    set: isJsonObject(set) ? setLabelOf(set, what) : undefined,
    location: place,
    // Only these three are kept; whatever else is written there is computed anew.
    state: isGivenState(status) ? status : undefined,
    bytesUsed: typeof bytesUsed === "number" ? bytesUsed : undefined,
  };
}

function isGivenState(value: Json | undefined): value is GivenState {
  return typeof value === "string" && givenStates.includes(value);
}
