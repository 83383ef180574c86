// SPDX-License-Identifier: Apache-2.0
// What several handlers need.

import type { CartridgeRecord, Manager } from "#backup/index.ts";
import type { Gateway } from "#gateway/index.ts";
import { apiFault } from "./faults.ts";
import type { ApiContext } from "./operation.ts";

/** `name`, or the only library there is. Fault `api.library-needed`. */
export function onlyLibrary(gateway: Gateway, name: string | undefined): string {
  if (name !== undefined) return name;
  const libraries = gateway.listLibraries();
  const [only] = libraries;
  if (only !== undefined && libraries.length === 1) return only.name;
  const known = libraries.map((library) => library.name).join(", ");
  throw apiFault("library-needed", { count: libraries.length, known: known || "none" });
}

/** The properties that have a value. */
export type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Leaves out what is undefined: an absent property and an undefined one are different to the gateway. */
export function given<T extends object>(values: T): Given<T> {
  const present: Given<T> = {};
  for (const key in values) if (values[key] !== undefined) Object.assign(present, { [key]: values[key] });
  return present;
}

/** A location as Proxmox writes it. */
export function locationTextOf(location: CartridgeRecord["location"]): string {
  if (location.kind === "offline") return "offline";
  return location.kind === "online" ? `online-${location.changer}` : `vault-${location.vault}`;
}

/** The manager of this process. Fault `api.no-manager`. */
export function managerOf(context: ApiContext): Manager {
  if (context.manager === undefined) throw apiFault("no-manager");
  return context.manager;
}
