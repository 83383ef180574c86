// SPDX-License-Identifier: Apache-2.0
// The words of a medium changer: elements, what they hold, and what a move is. SMC-3, element definitions.
// Values only; the rules are in changer.ts and decide.ts.

import type { Brand } from "#base/index.ts";

/** Address of an element, 16 bits. SMC-3, element address. */
export type ElementAddress = Brand<number, "ElementAddress">;

/** Kinds of elements: medium transport, storage, import/export and data transfer element of SMC-3. */
export type ElementKind = "picker" | "storage-slot" | "mail-slot" | "drive-bay";

/** All kinds, in the order of the element type codes 1 … 4. */
export const elementKinds = ["picker", "storage-slot", "mail-slot", "drive-bay"] as const satisfies ElementKind[];

/** A run of addresses. `count` may be 0, except for pickers. */
export interface ElementRange {
  readonly first: number;
  readonly count: number;
}

/** Which addresses a changer has, per kind. Ranges do not overlap and lie in 0 … 65535. */
export type ChangerShape = Readonly<Record<ElementKind, ElementRange>>;

/** What kind of medium a cartridge is, as a changer reports it. SMC-3, medium type of the element descriptor. */
export type CartridgeKind = "data" | "cleaning" | "write-once";

/** A cartridge as a changer knows it. The barcode identifies it. */
export interface Occupant {
  readonly barcode: string;
  readonly kind: CartridgeKind;
}

/** One element as it is now. */
export interface Element {
  readonly address: ElementAddress;
  readonly kind: ElementKind;
  readonly occupant: Occupant | undefined;
  /** The storage slot that the occupant left last, while it is empty. SMC-3, source storage element address. */
  readonly cameFrom: ElementAddress | undefined;
  /** Mail slots: an operator (not the picker) put the occupant here. SMC-3, ImpExp. */
  readonly importedByOperator: boolean;
  /** The picker can reach it. SMC-3, Access. */
  readonly accessible: boolean;
}

/** Where one cartridge is: what must be kept to build a changer again. */
export interface Placement {
  readonly barcode: string;
  readonly kind: CartridgeKind;
  readonly address: number;
  readonly cameFrom?: number;
  readonly importedByOperator?: boolean;
}

/** A cartridge goes from one element to another. */
export interface Move {
  readonly occupant: Occupant;
  readonly source: Element;
  readonly destination: Element;
}

/** Why a cartridge cannot go somewhere. The table of MOVE MEDIUM outcomes has one sense for each. */
export type MoveRefusal =
  /** No such element, or one that cannot take part: 05/21/01. */
  | "bad-address"
  /** 05/3B/0E. */
  | "source-empty"
  /** 05/3B/0D. */
  | "destination-full"
  /** A host prevents removal from the drive: 05/53/02. */
  | "removal-prevented"
  /** The element exists but cannot be reached now: 05/3B/11. */
  | "not-accessible"
  /** The move could not be made durable, or the drive could not save its data: 04/15/01. */
  | "failed";

/** What a MOVE MEDIUM comes to. */
export type MoveDecision =
  | { readonly kind: "move"; readonly move: Move }
  /** Source and destination are the same element: nothing to do, and that is well. */
  | { readonly kind: "nothing" }
  | { readonly kind: "refused"; readonly reason: MoveRefusal };

/** What an EXCHANGE MEDIUM comes to: the moves happen together, or none does. */
export type ExchangeDecision =
  | { readonly kind: "exchange"; readonly moves: readonly [first: Move, second: Move] }
  | { readonly kind: "refused"; readonly reason: MoveRefusal };

/** A changer's state, to look at. */
export interface ChangerView {
  readonly shape: ChangerShape;
  /** The element at an address, if there is one. */
  elementAt(address: number): Element | undefined;
  /** The elements of a kind, by address. */
  elements(kind: ElementKind): readonly Element[];
  /** The element that holds the cartridge, if one does. */
  find(barcode: string): Element | undefined;
}
