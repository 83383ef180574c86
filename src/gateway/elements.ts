// SPDX-License-Identifier: Apache-2.0
// Elements by the names people use: "storage slot 7" instead of an address.

import { defined } from "#base/index.ts";
import type { Changer, Element, ElementKind as ChangerElementKind } from "#library/index.ts";
import { gatewayFault } from "./faults.ts";
import type { PlaceRequest } from "./requests.ts";
import type { LibraryState } from "./state.ts";
import type { ElementKind } from "./views.ts";

const changerKinds = {
  picker: "picker",
  "storage-slot": "storage-slot",
  "mail-slot": "mail-slot",
  drive: "drive-bay",
} as const satisfies Record<ElementKind, ChangerElementKind>;

const titles = {
  picker: "picker",
  "storage-slot": "storage slot",
  "mail-slot": "mail slot",
  drive: "drive",
} as const satisfies Record<ElementKind, string>;

/** Kinds of element, in the order in which they are shown. */
export const shownKinds = ["picker", "drive", "mail-slot", "storage-slot"] as const satisfies readonly ElementKind[];

/** The changer's word for a kind. */
export const changerKind = (kind: ElementKind): ChangerElementKind => changerKinds[kind];
/** The kind in a sentence. */
export const kindTitle = (kind: ElementKind): string => titles[kind];
/** People's word for a changer's kind. */
export const shownKind = (kind: ChangerElementKind): ElementKind => (kind === "drive-bay" ? "drive" : kind);

/** Number of an element among its kind, from 1. */
export function elementNumber(changer: Changer, element: Pick<Element, "address" | "kind">): number {
  return element.address - changer.shape[element.kind].first + 1;
}

/** Empty elements of a kind, by address. */
export function freeElements(changer: Changer, kind: ElementKind): readonly Element[] {
  return changer.elements(changerKind(kind)).filter(({ occupant }) => occupant === undefined);
}

/**
 * The empty element that a request means. Faults `gateway.element-unknown`, `gateway.element-full`,
 * `gateway.no-free-element`.
 */
export function freePlace(library: LibraryState, place: PlaceRequest): Element {
  const { changer, record } = library;
  const kind = kindTitle(place.kind);
  const range = changer.shape[changerKind(place.kind)];
  if (place.number === undefined) {
    const free = changer.firstEmpty(changerKind(place.kind));
    if (free === undefined)
      throw gatewayFault("no-free-element", { library: record.name, free: 0, kind: `${kind}s`, count: 1 });
    return free;
  }
  const { number } = place;
  if (!Number.isInteger(number) || number < 1 || number > range.count) {
    throw gatewayFault("element-unknown", { library: record.name, kind, number, count: range.count });
  }
  const element = defined(changer.elementAt(range.first + number - 1), `${kind} ${number} exists`);
  if (element.occupant !== undefined) {
    throw gatewayFault("element-full", { library: record.name, kind, number, barcode: element.occupant.barcode });
  }
  return element;
}
