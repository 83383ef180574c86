// SPDX-License-Identifier: Apache-2.0
// Element status data: SMC-3 6.10. A report is a header, a page per element type in the order of the type codes, and in
// each page descriptors of one length by ascending address. Lengths in headers are of the whole report; the allocation
// length cuts the bytes, never the lengths.

import { concatBytes } from "#base/index.ts";
import { elementKinds } from "#library/index.ts";
import type { ChangerView, Element, ElementKind } from "#library/index.ts";
import {
  codeSets,
  designatorTypes,
  ElementDescriptor,
  ElementIdentifierHeader,
  elementMediumTypes,
  ElementPageHeader,
  elementTypes,
  senseTable,
  VendorDesignator,
  VolumeTag,
} from "#scsi/index.ts";
import type { BayDrive, Robot } from "./changer-options.ts";

/** What a host asks for. */
export interface ElementRequest {
  /** 0 for all types. */
  readonly elementType: number;
  readonly startingElement: number;
  /** At most so many descriptors; not an address range. */
  readonly elementCount: number;
}

/** Which parts descriptors have. */
export interface DescriptorParts {
  readonly volumeTags: boolean;
  readonly deviceIdentifiers: boolean;
}

/** The elements that a report holds, in its order. Undefined for a type code that does not exist. */
export function selectElements(changer: ChangerView, request: ElementRequest): readonly Element[] | undefined {
  const { elementType, startingElement, elementCount } = request;
  const kinds = elementKinds.filter((kind) => elementType === elementTypes.all || elementTypes[kind] === elementType);
  if (kinds.length === 0) return undefined;
  const selected: Element[] = [];
  for (const kind of kinds) {
    for (const element of changer.elements(kind)) {
      if (selected.length === elementCount) return selected;
      if (element.address >= startingElement) selected.push(element);
    }
  }
  return selected;
}

/** First address and count of a report, for its header. */
export function elementSummary(elements: readonly Element[]): {
  readonly firstElement: number;
  readonly elementCount: number;
} {
  const first = elements.reduce((least, { address }) => Math.min(least, address), Infinity);
  return { firstElement: elements.length === 0 ? 0 : first, elementCount: elements.length };
}

/** The pages of a report. */
export function elementPages(elements: readonly Element[], parts: DescriptorParts, robot: Robot): Uint8Array {
  const pages = elementKinds.flatMap((kind) => {
    const members = elements.filter((element) => element.kind === kind);
    return members.length === 0 ? [] : elementPage(kind, members, parts, robot);
  });
  return concatBytes(pages);
}

function elementPage(
  kind: ElementKind,
  elements: readonly Element[],
  parts: DescriptorParts,
  robot: Robot,
): readonly Uint8Array[] {
  const descriptors = elements.map((element) => elementDescriptor(element, parts, robot));
  const descriptorLength = descriptors[0]?.byteLength ?? 0;
  const header = ElementPageHeader.encode({
    elementType: elementTypes[kind],
    primaryVolumeTag: parts.volumeTags,
    descriptorLength,
    byteCount: descriptorLength * descriptors.length,
  });
  return [header, ...descriptors];
}

function elementDescriptor(element: Element, parts: DescriptorParts, robot: Robot): Uint8Array {
  const drive = element.kind === "drive-bay" ? robot.driveAt(element.address) : undefined;
  const pieces = [fixedPart(element, drive)];
  if (parts.volumeTags) pieces.push(volumeTag(element));
  if (parts.deviceIdentifiers && element.kind === "drive-bay") {
    pieces.push(...driveIdentifier(drive));
  } else {
    pieces.push(ElementIdentifierHeader.encode({}));
  }
  return concatBytes(pieces);
}

function fixedPart(element: Element, drive: BayDrive | undefined): Uint8Array {
  const { address, kind, occupant, cameFrom, importedByOperator, accessible } = element;
  const isMailSlot = kind === "mail-slot";
  const exception = exceptionOf(drive);
  return ElementDescriptor.encode({
    elementAddress: address,
    importEnabled: isMailSlot,
    exportEnabled: isMailSlot,
    accessible: kind !== "picker" && accessible,
    placedByOperator: isMailSlot && importedByOperator,
    full: occupant !== undefined,
    ...(exception === undefined ? {} : { exception: true, asc: exception.asc, ascq: exception.ascq }),
    ...(cameFrom === undefined ? {} : { sourceValid: true, source: cameFrom }),
    mediumType: occupant === undefined ? elementMediumTypes.unknown : elementMediumTypes[occupant.kind],
  });
}

function exceptionOf(drive: BayDrive | undefined): { readonly asc: number; readonly ascq: number } | undefined {
  if (drive?.exception === undefined) return undefined;
  return senseTable[drive.exception === "cleaning" ? "cleaning-cartridge" : "incompatible-medium"];
}

/** All zero for an empty element. */
function volumeTag({ occupant }: Element): Uint8Array {
  return occupant === undefined ? new Uint8Array(VolumeTag.size) : VolumeTag.encode({ identifier: occupant.barcode });
}

/** DVCID: vendor, product and serial of the drive, as its VPD page 83h has them. */
function driveIdentifier(drive: BayDrive | undefined): readonly Uint8Array[] {
  if (drive === undefined) return [ElementIdentifierHeader.encode({}), new Uint8Array(VendorDesignator.size)];
  const { vendor, product, serial } = drive;
  const header = ElementIdentifierHeader.encode({
    codeSet: codeSets.ascii,
    identifierType: designatorTypes.vendor,
    identifierLength: VendorDesignator.size,
  });
  return [header, VendorDesignator.encode({ vendor, product, serial })];
}
