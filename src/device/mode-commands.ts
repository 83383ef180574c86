// SPDX-License-Identifier: Apache-2.0
// MODE SENSE and MODE SELECT, 6 and 10, over the table of a unit's mode pages: SPC-4.

import { concatBytes } from "#base/index.ts";
import {
  allModePages,
  ModeBlockDescriptor,
  ModeHeader10,
  ModeHeader6,
  ModePageHeader,
  ModeSubpageHeader,
  type spcCommands,
} from "#scsi/index.ts";
import type { Command } from "./command.ts";
import { hasSubpage, type ModePage, type ModePages, type SelectedHeader } from "./mode-pages.ts";
import { check, good, goodData, invalidParameter, isCheck, type Check, type Outcome } from "./outcome.ts";

type Spc = typeof spcCommands;
type SenseCommand = Command<Spc["modeSense6"]> | Command<Spc["modeSense10"]>;
type SelectCommand = Command<Spc["modeSelect6"]> | Command<Spc["modeSelect10"]>;

/** PAGE CONTROL: SPC-4. */
const pageControls = ["current", "changeable", "default", "saved"] as const;

/** MODE SENSE(6) and (10). */
export function modeSense(modes: ModePages, command: SenseCommand): Outcome {
  const { pageControl, pageCode, subpageCode, disableBlockDescriptors } = command.cdb;
  const control = pageControls[pageControl] ?? "saved";
  if (control === "saved") return check("saving-not-supported");
  const pages = selectPages(modes, pageCode, subpageCode);
  if (pages === undefined) return command.invalidField(isPageKnown(modes, pageCode) ? "subpageCode" : "pageCode");
  const bodies = pages.map((page) => {
    if (control === "current") return modes.valuesOf(page);
    return control === "default" ? page.defaults : withHeaderOf(page);
  });
  const descriptor = disableBlockDescriptors
    ? undefined
    : blockDescriptor(modes, control === "default" ? "default" : "current");
  const { mediumType, deviceSpecific } = modes.header.header();
  const length = (descriptor?.byteLength ?? 0) + bodies.reduce((sum, bytes) => sum + bytes.byteLength, 0);
  const common = { mediumType, deviceSpecific, blockDescriptorLength: descriptor?.byteLength ?? 0 };
  const header =
    command.row.name === "MODE SENSE(6)"
      ? ModeHeader6.encode({ ...common, dataLength: Math.min(length + ModeHeader6.size - 1, 0xff) })
      : ModeHeader10.encode({ ...common, dataLength: length + ModeHeader10.size - 2 });
  return goodData(concatBytes([header, ...(descriptor === undefined ? [] : [descriptor]), ...bodies]));
}

/** The changeable mask with the page header that describes it. */
function withHeaderOf(page: ModePage): Uint8Array {
  const bytes = page.changeable.slice();
  bytes.set(page.defaults.subarray(0, headerSize(page.defaults)));
  return bytes;
}

const headerSize = (page: Uint8Array): number => (hasSubpage(page) ? ModeSubpageHeader.size : ModePageHeader.size);

/** Page 00h of a unit with block descriptors means: the block descriptor and no page. */
const isBlockDescriptorPage = (modes: ModePages, code: number): boolean =>
  code === 0 && modes.header.blockDescriptor !== undefined && modes.find(0, 0) === undefined;

const isPageKnown = (modes: ModePages, code: number): boolean =>
  code === allModePages.page || isBlockDescriptorPage(modes, code) || modes.pages.some((page) => page.code === code);

/** The pages that were asked for; undefined when there is none. SPC-4. */
function selectPages(modes: ModePages, code: number, subcode: number): readonly ModePage[] | undefined {
  const takesSubpages = subcode === allModePages.subpages;
  if (code === allModePages.page) {
    if (subcode !== 0 && !takesSubpages) return undefined;
    return modes.pages.filter((page) => takesSubpages || page.subcode === 0);
  }
  if (isBlockDescriptorPage(modes, code)) return subcode === 0 ? [] : undefined;
  const pages = modes.pages.filter((page) => page.code === code && (takesSubpages || page.subcode === subcode));
  return pages.length === 0 ? undefined : pages;
}

function blockDescriptor(modes: ModePages, control: "current" | "default"): Uint8Array | undefined {
  const { header } = modes;
  const value = control === "default" ? header.defaultBlockDescriptor?.() : undefined;
  const current = value ?? header.blockDescriptor?.();
  return current === undefined ? undefined : ModeBlockDescriptor.encode(current);
}

/** What a parameter list asks for, found to be right. */
interface Selection {
  readonly header: SelectedHeader;
  readonly pages: readonly { readonly page: ModePage; readonly bytes: Uint8Array }[];
}

/**
 * MODE SELECT(6) and (10): walks the whole list first and changes nothing when any of it is wrong. `changed` is called
 * when a value is different from before.
 */
export function modeSelect(modes: ModePages, command: SelectCommand, changed: () => void): Outcome {
  const { savePages, parameterListLength } = command.cdb;
  if (savePages) return command.invalidField("savePages");
  if (parameterListLength === 0) return good();
  const selection = parseSelection(modes, command);
  if (isCheck(selection)) return selection;
  const before = snapshot(modes);
  const refused = apply(modes, selection);
  if (refused !== undefined) return refused;
  if (Buffer.compare(before, snapshot(modes)) !== 0) changed();
  return good();
}

/** Sets the pages, then the header; puts back what was set when one of them refuses. */
function apply(modes: ModePages, { header, pages }: Selection): Check | undefined {
  const done: { readonly page: ModePage; readonly old: Uint8Array }[] = [];
  const undo = (refused: Check): Check => {
    for (const { page, old } of done.toReversed()) modes.set(page, old);
    return refused;
  };
  for (const { page, bytes } of pages) {
    const old = modes.valuesOf(page);
    const refused = modes.set(page, bytes);
    if (refused !== undefined) return undo(refused);
    done.push({ page, old });
  }
  const refused = modes.header.select?.(header);
  return refused === undefined ? undefined : undo(refused);
}

/** Everything that MODE SENSE reports, to see whether something changed. */
function snapshot(modes: ModePages): Uint8Array {
  const { deviceSpecific } = modes.header.header();
  const descriptor = blockDescriptor(modes, "current") ?? new Uint8Array(0);
  return concatBytes([Uint8Array.of(deviceSpecific), descriptor, ...modes.pages.map((page) => modes.valuesOf(page))]);
}

interface ParsedHeader extends SelectedHeader {
  readonly pagesAt: number;
}

function parseSelection(modes: ModePages, command: SelectCommand): Selection | Check {
  const list = command.dataOut.subarray(0, command.cdb.parameterListLength);
  const header = command.row.name === "MODE SELECT(6)" ? parseHeader6(modes, list) : parseHeader10(modes, list);
  if (isCheck(header)) return header;
  const pages: { page: ModePage; bytes: Uint8Array }[] = [];
  for (let offset = header.pagesAt; offset < list.byteLength;) {
    const parsed = parsePage(modes, list, offset);
    if (isCheck(parsed)) return parsed;
    pages.push(parsed);
    offset += parsed.sentBytes;
  }
  return { header, pages };
}

function parseHeader6(modes: ModePages, list: Uint8Array): ParsedHeader | Check {
  if (list.byteLength < ModeHeader6.size) return check("parameter-list-length");
  const { deviceSpecific, blockDescriptorLength } = ModeHeader6.decode(list);
  const position = ModeHeader6.positionOf("blockDescriptorLength");
  return parseDescriptor(modes, list, { deviceSpecific, blockDescriptorLength, position, size: ModeHeader6.size });
}

function parseHeader10(modes: ModePages, list: Uint8Array): ParsedHeader | Check {
  if (list.byteLength < ModeHeader10.size) return check("parameter-list-length");
  const { deviceSpecific, blockDescriptorLength, longLba } = ModeHeader10.decode(list);
  if (longLba) return invalidParameter(ModeHeader10.positionOf("longLba"));
  const position = ModeHeader10.positionOf("blockDescriptorLength");
  return parseDescriptor(modes, list, { deviceSpecific, blockDescriptorLength, position, size: ModeHeader10.size });
}

function parseDescriptor(
  modes: ModePages,
  list: Uint8Array,
  header: {
    readonly deviceSpecific: number;
    readonly blockDescriptorLength: number;
    readonly position: { readonly byte: number; readonly bit: number };
    readonly size: number;
  },
): ParsedHeader | Check {
  const { deviceSpecific, blockDescriptorLength, position, size } = header;
  const isPossible =
    blockDescriptorLength === 0 ||
    (blockDescriptorLength === ModeBlockDescriptor.size && modes.header.blockDescriptor !== undefined);
  if (!isPossible) return invalidParameter(position);
  const pagesAt = size + blockDescriptorLength;
  if (list.byteLength < pagesAt) return check("parameter-list-length");
  const blockDescriptorValue = blockDescriptorLength === 0 ? undefined : ModeBlockDescriptor.decode(list, size);
  const selected = { deviceSpecific, blockDescriptor: blockDescriptorValue };
  return modes.header.probe?.(selected) ?? { ...selected, pagesAt };
}

interface ParsedPage {
  readonly page: ModePage;
  readonly bytes: Uint8Array;
  /** Bytes of the list that it takes. */
  readonly sentBytes: number;
}

/** One page of the list: known, of the right length, and different from now only where it may be. */
function parsePage(modes: ModePages, list: Uint8Array, offset: number): ParsedPage | Check {
  const rest = list.subarray(offset);
  const isSubpage = hasSubpage(rest);
  const size = isSubpage ? ModeSubpageHeader.size : ModePageHeader.size;
  if (rest.byteLength < size) return check("parameter-list-length");
  const header = isSubpage ? ModeSubpageHeader.decode(rest) : { ...ModePageHeader.decode(rest), subpageCode: 0 };
  const page = modes.find(header.pageCode, header.subpageCode);
  if (page === undefined) return invalidParameter({ byte: offset, bit: 5 });
  const sentBytes = size + header.pageLength;
  if (sentBytes !== page.defaults.byteLength && page.takesLength?.(sentBytes) !== true) {
    return invalidParameter({ byte: offset + size - 1 });
  }
  if (rest.byteLength < sentBytes) return check("parameter-list-length");
  const bytes = new Uint8Array(page.defaults.byteLength);
  bytes.set(rest.subarray(0, Math.min(sentBytes, bytes.byteLength)));
  // PS is reserved here; whatever comes, the page stays as it is described.
  bytes.set(page.defaults.subarray(0, size));
  const current = modes.valuesOf(page);
  for (let index = size; index < bytes.byteLength; index++) {
    const differs = ((bytes[index] ?? 0) ^ (current[index] ?? 0)) & ~(page.changeable[index] ?? 0) & 0xff;
    if (differs !== 0) return invalidParameter({ byte: offset + index, bit: 31 - Math.clz32(differs) });
  }
  return { page, bytes, sentBytes };
}
