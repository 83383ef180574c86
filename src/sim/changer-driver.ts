// SPDX-License-Identifier: Apache-2.0
// The commands of a changer as a host sends them: the inventory, and moves. It keeps no books.

import { Cursor } from "#codec/index.ts";
import {
  ElementDescriptor,
  ElementPageHeader,
  ElementStatusHeader,
  elementTypes,
  MoveMedium,
  ReadElementStatus,
  VolumeTag,
} from "#scsi/index.ts";
import { expect } from "./check-failure.ts";
import { type HostSession, wordOf } from "./host-session.ts";

/** Kinds of element that hold cartridges. */
export type PlaceKind = "storage-slot" | "mail-slot" | "drive-bay";

/** One element, as the changer tells. */
export interface ElementFound {
  readonly address: number;
  readonly kind: PlaceKind;
  readonly barcode: string | undefined;
}

const inventoryLength = 16 * 1024;
const placeKinds: readonly PlaceKind[] = ["storage-slot", "mail-slot", "drive-bay"];

/** Talks to one changer. */
export class ChangerDriver {
  readonly session: HostSession;

  constructor(session: HostSession) {
    this.session = session;
  }

  /** All elements but the picker. */
  async inventory(): Promise<readonly ElementFound[]> {
    const cdb = ReadElementStatus.encode({
      volumeTags: true,
      elementType: elementTypes.all,
      elementCount: 0xffff,
      allocationLength: inventoryLength,
    });
    const reply = await this.session.execute({ cdb, dataInLength: inventoryLength });
    expect(reply.status === "good", `READ ELEMENT STATUS answers ${wordOf(reply)}`);
    return readElements(reply.dataIn);
  }

  /** Moves a cartridge. Gives `good`, or the word of the answer; nothing has moved then. */
  async move(source: number, destination: number): Promise<string> {
    return wordOf(await this.session.execute({ cdb: MoveMedium.encode({ source, destination }) }));
  }
}

function readElements(bytes: Uint8Array): ElementFound[] {
  const cursor = new Cursor("element status data", bytes);
  const { byteCount } = cursor.structure(ElementStatusHeader);
  expect(byteCount <= inventoryLength - ElementStatusHeader.size, "the inventory of a simulated library is small");
  const found: ElementFound[] = [];
  while (cursor.remaining >= ElementPageHeader.size) {
    const page = cursor.structure(ElementPageHeader);
    const kind = placeKinds.find((candidate) => elementTypes[candidate] === page.elementType);
    const body = new Cursor("element status page", cursor.take(page.byteCount));
    while (kind !== undefined && body.remaining >= page.descriptorLength) {
      found.push(readElement(kind, body.take(page.descriptorLength), page.primaryVolumeTag));
    }
  }
  return found;
}

function readElement(kind: PlaceKind, bytes: Uint8Array, hasTag: boolean): ElementFound {
  const cursor = new Cursor("element descriptor", bytes);
  const element = cursor.structure(ElementDescriptor);
  const barcode = element.full && hasTag ? cursor.structure(VolumeTag).identifier : undefined;
  expect(!element.full || barcode !== undefined, `the cartridge in element ${element.elementAddress} has a barcode`);
  return { address: element.elementAddress, kind, barcode };
}
