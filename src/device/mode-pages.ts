// SPDX-License-Identifier: Apache-2.0
// The machinery of MODE SENSE and MODE SELECT over a table of pages.

import { Bug } from "#base/index.ts";
import type { Check } from "./outcome.ts";

/** What a page needs of its layout, whatever its fields: every `Layout` is one. It spans the page with its header. */
export interface PageLayout {
  readonly name: string;
  readonly size: number;
}

/** One mode page of a unit. All bytes include the page header (2 bytes, 4 with a subpage code). */
export interface ModePage {
  readonly code: number;
  /** 0 for a page without subpages. */
  readonly subcode: number;
  readonly name: string;
  /** Values after a reset, and what PC=2 reports. */
  readonly defaults: Uint8Array;
  /** Bits that MODE SELECT may change: ones. What PC=1 reports. */
  readonly changeable: Uint8Array;
  /** Puts what is computed at the moment of asking into a copy of the current values. */
  readonly fill?: (bytes: Uint8Array) => void;
  /** MODE SELECT changed it: `bytes` are the new values. A check refuses the whole command; nothing is changed then. */
  readonly accept?: (bytes: Uint8Array) => Check | undefined;
}

/** Block descriptor of a tape drive: SSC-4 8.3.2, short LBA mode parameter block descriptor. */
export interface BlockDescriptor {
  readonly densityCode: number;
  readonly blockCount: number;
  readonly blockLength: number;
}

/** What stands in front of the pages. */
export interface ModeHeader {
  /** Asked by MODE SENSE. `deviceSpecific`: write protection and buffered mode of a drive. */
  header(): { readonly mediumType: number; readonly deviceSpecific: number };
  /** Drives have one, changers do not. */
  blockDescriptor?(): BlockDescriptor;
  /** The block descriptor of PC=2, after a reset. */
  defaultBlockDescriptor?(): BlockDescriptor;
  /** MODE SELECT sent these. Called after every page was found right; a check refuses the whole command. */
  select?(values: {
    readonly deviceSpecific: number;
    readonly blockDescriptor: BlockDescriptor | undefined;
  }): Check | undefined;
  /** Whether the block descriptor and header could be selected, without doing it. */
  probe?(values: {
    readonly deviceSpecific: number;
    readonly blockDescriptor: BlockDescriptor | undefined;
  }): Check | undefined;
}

/** The mode pages of one unit with their current values. */
export class ModePages {
  readonly pages: readonly ModePage[];
  readonly header: ModeHeader;

  constructor(pages: readonly ModePage[], header: ModeHeader) {
    this.pages = pages;
    this.header = header;
  }

  /** The current values of a page, with its header. A view that stays valid until the next change. */
  current(_code: number, _subcode = 0): Uint8Array {
    throw new Bug("not built yet");
  }
}
