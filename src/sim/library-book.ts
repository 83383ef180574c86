// SPDX-License-Identifier: Apache-2.0
// What hosts and operators know about a library, kept independently of the code under test: which cartridges there are,
// where each is, what is on it, and who is using it.

import type { Instant } from "#base/index.ts";
import { expect } from "./check-failure.ts";
import type { ElementFound, PlaceKind } from "./changer-driver.ts";
import { TapeBook } from "./tape-book.ts";

/** The shelf, as a place. */
export const shelf = "shelf";
/** Where a cartridge is: an element address, or the shelf. */
export type Place = number | typeof shelf;

/** One cartridge. */
export class CartridgeBook {
  readonly barcode: string;
  readonly tape = new TapeBook();
  place: Place;
  /** Where it was or was sent to, since this was cleared. */
  readonly been = new Set<Place>();
  /** A move there was sent and not answered. */
  perhaps: Place | undefined;
  /** Who uses it; nobody else touches it. */
  user: string | undefined;
  /** How often something was begun or ended that moves it. */
  moves = 0;
  /** It came back from the shelf: nobody may write on it. */
  isReadOnly = false;
  /** When it was first put on the shelf: its lock begins no earlier. */
  ejectedAt: Instant | undefined;
  /** What its files and objects are named by. */
  id = "";
  /** Writes of its segments that had failed when a host last took losses for possible. */
  failedWrites = 0;

  constructor(barcode: string, place: Place) {
    this.barcode = barcode;
    this.place = place;
  }
}

/** An element of the library. */
export interface ElementBook {
  readonly address: number;
  readonly kind: PlaceKind;
  /** Who is about to put something there. */
  claimedBy: string | undefined;
}

/** The book of one library. */
export class LibraryBook {
  readonly cartridges = new Map<string, CartridgeBook>();
  readonly elements = new Map<number, ElementBook>();

  /** Takes over what a first inventory found. */
  constructor(found: readonly ElementFound[]) {
    for (const { address, kind, barcode } of found) {
      this.elements.set(address, { address, kind, claimedBy: undefined });
      if (barcode !== undefined) this.cartridges.set(barcode, new CartridgeBook(barcode, address));
    }
  }

  /** Free cartridges that are in elements but not in a drive. */
  idleCartridges(): CartridgeBook[] {
    return [...this.cartridges.values()].filter(
      ({ user, place }) => user === undefined && place !== shelf && this.elements.get(place)?.kind !== "drive-bay",
    );
  }

  /** Cartridges on the shelf that nobody is working on. */
  shelved(): CartridgeBook[] {
    return [...this.cartridges.values()].filter(({ user, place }) => user === undefined && place === shelf);
  }

  /** Elements of a kind that are empty and that nobody is about to fill. */
  freeElements(kind: PlaceKind): ElementBook[] {
    const taken = new Set<Place>();
    for (const { place, perhaps } of this.cartridges.values()) {
      taken.add(place);
      if (perhaps !== undefined) taken.add(perhaps);
    }
    return [...this.elements.values()].filter(
      (element) => element.kind === kind && element.claimedBy === undefined && !taken.has(element.address),
    );
  }

  /** All hosts may find less than they had written. */
  crashed(): void {
    for (const { tape } of this.cartridges.values()) tape.crashed();
  }

  /**
   * Compares an inventory with the book. Cartridges that moved meanwhile (`isStill` says no) are only counted: whatever
   * happens, each is in one place at most.
   */
  compare(found: readonly ElementFound[], isStill: (cartridge: CartridgeBook) => boolean): void {
    const places = new Map<string, number>();
    for (const { barcode, address } of found) {
      if (barcode === undefined) continue;
      const other = places.get(barcode);
      expect(other === undefined, `cartridge ${barcode} is in elements ${other} and ${address}`);
      expect(this.cartridges.has(barcode), `element ${address} holds ${barcode}, which nobody made`);
      places.set(barcode, address);
    }
    for (const cartridge of this.cartridges.values()) {
      if (!isStill(cartridge)) continue;
      const place = places.get(cartridge.barcode) ?? shelf;
      expect(
        place === cartridge.place,
        `cartridge ${cartridge.barcode} was put in ${cartridge.place} and is in ${place}`,
      );
    }
  }
}
