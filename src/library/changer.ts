// SPDX-License-Identifier: Apache-2.0
// A medium changer as SMC-3 sees it: its elements and which cartridge is where. The invariant of this room: a cartridge
// is in exactly one place, and an element holds at most one. It knows no drives, no files and no SCSI commands; who
// changes it has made the change durable before.

import { assert, defined } from "#base/index.ts";
import { elementKinds } from "./element.ts";
import type {
  ChangerShape,
  ChangerView,
  Element,
  ElementAddress,
  ElementKind,
  Move,
  Occupant,
  Placement,
} from "./element.ts";
import { libraryFault } from "./faults.ts";
import { checkShape, kindOfAddress } from "./shape.ts";

/** What an element holds. */
interface Content {
  readonly occupant: Occupant;
  readonly cameFrom: ElementAddress | undefined;
  readonly importedByOperator: boolean;
}

/** The elements of one library and what they hold. */
export class Changer implements ChangerView {
  #shape: ChangerShape;
  /** Only elements that hold something. */
  readonly #contents = new Map<number, Content>();
  readonly #addresses = new Map<string, number>();
  readonly #closed = new Set<number>();

  /**
   * Builds a changer with cartridges in it. Faults `library.bad-shape`, `library.no-element`, `library.element-full`,
   * `library.duplicate-barcode` for what cannot be.
   */
  constructor(shape: ChangerShape, placements: readonly Placement[] = []) {
    checkShape(shape);
    this.#shape = shape;
    for (const placement of placements) this.restore(placement);
  }

  get shape(): ChangerShape {
    return this.#shape;
  }

  /** How many cartridges are in it. */
  get cartridgeCount(): number {
    return this.#contents.size;
  }

  elementAt(address: number): Element | undefined {
    const kind = kindOfAddress(this.#shape, address);
    return kind === undefined ? undefined : this.#element(address, kind);
  }

  elements(kind: ElementKind): readonly Element[] {
    const { first, count } = this.#shape[kind];
    return Array.from({ length: count }, (_, index) => this.#element(first + index, kind));
  }

  find(barcode: string): Element | undefined {
    const address = this.#addresses.get(barcode);
    return address === undefined ? undefined : this.elementAt(address);
  }

  /** The first empty element of a kind, by address. */
  firstEmpty(kind: ElementKind): Element | undefined {
    const { first, count } = this.#shape[kind];
    for (let address = first; address < first + count; address++) {
      if (!this.#contents.has(address)) return this.#element(address, kind);
    }
    return undefined;
  }

  /** Where every cartridge is, by address: gives an equal changer when handed to the constructor. */
  placements(): readonly Placement[] {
    return [...this.#contents.entries()]
      .toSorted(([left], [right]) => left - right)
      .map(([address, { occupant, cameFrom, importedByOperator }]) => ({
        barcode: occupant.barcode,
        kind: occupant.kind,
        address,
        ...(cameFrom === undefined ? {} : { cameFrom }),
        ...(importedByOperator ? { importedByOperator } : {}),
      }));
  }

  /** Carries out moves that were decided on this very state, all at once (an exchange has two). */
  apply(...moves: readonly Move[]): void {
    for (const { occupant, source } of moves) {
      const held = this.#contents.get(source.address);
      assert(held?.occupant.barcode === occupant.barcode, `${occupant.barcode} is still at element ${source.address}`);
    }
    const origins = moves.map(({ source }) => this.#originAfterMove(source));
    for (const { source, occupant } of moves) this.#clear(source.address, occupant.barcode);
    for (const [index, { occupant, destination }] of moves.entries()) {
      this.#put(destination.address, { occupant, cameFrom: origins[index], importedByOperator: false });
    }
  }

  /**
   * Puts a cartridge where it was, with what is known of its past. Faults `library.no-element`, `library.element-full`,
   * `library.duplicate-barcode`.
   */
  restore(placement: Placement): void {
    const { barcode, kind, address, cameFrom, importedByOperator = false } = placement;
    this.#checkFree(address, barcode);
    const origin = cameFrom === undefined ? undefined : this.elementAt(cameFrom);
    this.#put(address, {
      occupant: { barcode, kind },
      cameFrom: origin?.kind === "storage-slot" ? origin.address : undefined,
      importedByOperator,
    });
  }

  /** An operator puts a cartridge in. Faults `library.no-element`, `library.element-full`, `library.duplicate-barcode`. */
  insert(address: number, occupant: Occupant): void {
    const kind = this.#checkFree(address, occupant.barcode);
    this.#put(address, { occupant, cameFrom: undefined, importedByOperator: kind === "mail-slot" });
  }

  /** An operator takes the cartridge out of an element; undefined when it is empty. */
  remove(address: number): Occupant | undefined {
    const content = this.#contents.get(address);
    if (content === undefined) return undefined;
    this.#clear(address, content.occupant.barcode);
    return content.occupant;
  }

  /** Opens or closes the way of the picker to an element. Fault `library.no-element`. */
  setAccessible(address: number, accessible: boolean): void {
    if (kindOfAddress(this.#shape, address) === undefined) throw libraryFault("no-element", { address });
    if (accessible) this.#closed.delete(address);
    else this.#closed.add(address);
  }

  /** Changes which elements there are. Faults `library.bad-shape`, `library.element-in-use`; then nothing changed. */
  reshape(shape: ChangerShape): void {
    checkShape(shape);
    for (const [address, { occupant }] of this.#contents) {
      if (kindOfAddress(shape, address) !== kindOfAddress(this.#shape, address)) {
        throw libraryFault("element-in-use", { address, barcode: occupant.barcode });
      }
    }
    this.#shape = shape;
    for (const [address, content] of this.#contents) {
      const { cameFrom } = content;
      if (cameFrom !== undefined && kindOfAddress(shape, cameFrom) !== "storage-slot") {
        this.#contents.set(address, { ...content, cameFrom: undefined });
      }
    }
    for (const address of this.#closed) {
      if (kindOfAddress(shape, address) === undefined) this.#closed.delete(address);
    }
  }

  /** Throws a Bug unless each cartridge is in exactly one place. */
  assertSound(): void {
    assert(this.#addresses.size === this.#contents.size, "as many places as cartridges");
    for (const [address, { occupant }] of this.#contents) {
      assert(this.#addresses.get(occupant.barcode) === address, `${occupant.barcode} is at element ${address} only`);
      const kind = kindOfAddress(this.#shape, address);
      assert(kind !== undefined && kind !== "picker", `${occupant.barcode} rests in an element that exists`);
    }
  }

  /**
   * A cartridge that leaves a storage slot came from there; one that goes on from a drive or a mail slot still came from
   * the slot it left before. SMC-3, source storage element address.
   */
  #originAfterMove(source: Element): ElementAddress | undefined {
    return source.kind === "storage-slot" ? source.address : this.#contents.get(source.address)?.cameFrom;
  }

  #checkFree(address: number, barcode: string): ElementKind {
    const kind = kindOfAddress(this.#shape, address);
    if (kind === undefined || kind === "picker") throw libraryFault("no-element", { address });
    if (!/^[0-9A-Z]{1,32}$/.test(barcode)) throw libraryFault("bad-barcode", { barcode });
    const held = this.#contents.get(address);
    if (held !== undefined) throw libraryFault("element-full", { address, barcode: held.occupant.barcode });
    const elsewhere = this.#addresses.get(barcode);
    if (elsewhere !== undefined) throw libraryFault("duplicate-barcode", { barcode, address: elsewhere });
    return kind;
  }

  #element(address: number, kind: ElementKind): Element {
    const content = this.#contents.get(address);
    return {
      address: address as ElementAddress,
      kind,
      occupant: content?.occupant,
      cameFrom: this.#freeOrigin(content?.cameFrom),
      importedByOperator: content?.importedByOperator ?? false,
      accessible: !this.#closed.has(address),
    };
  }

  /** Hosts move a cartridge back to where it came from: only an empty slot is worth telling. */
  #freeOrigin(origin: ElementAddress | undefined): ElementAddress | undefined {
    return origin === undefined || this.#contents.has(origin) ? undefined : origin;
  }

  #put(address: number, content: Content): void {
    assert(!this.#contents.has(address), `element ${address} is empty`);
    assert(!this.#addresses.has(content.occupant.barcode), `${content.occupant.barcode} is nowhere else`);
    this.#contents.set(address, content);
    this.#addresses.set(content.occupant.barcode, address);
  }

  #clear(address: number, barcode: string): void {
    defined(this.#contents.get(address), `element ${address} holds ${barcode}`);
    this.#contents.delete(address);
    this.#addresses.delete(barcode);
  }
}

/** How many elements a shape has in all. */
export function elementCount(shape: ChangerShape): number {
  return elementKinds.reduce((sum, kind) => sum + shape[kind].count, 0);
}
