// SPDX-License-Identifier: Apache-2.0
// The mode pages of a unit with their current values, and what stands in front of them. The commands that read and change
// them are in mode-commands.ts. Nothing is saved: after a reset every page is at its default.

import { assert, Bug } from "#base/index.ts";
import { ControlPage, TapeDeviceSpecific } from "#scsi/index.ts";
import type { Check } from "./outcome.ts";

/** One mode page of a unit. All bytes include the page header (2 bytes, 4 with a subpage code). */
export interface ModePage {
  readonly code: number;
  /** 0 for a page without subpages. */
  readonly subcode: number;
  readonly name: string;
  /** Values after a reset, and what PC=2 reports. */
  readonly defaults: Uint8Array;
  /** Whether MODE SELECT may send the page in another length: what it leaves out is zero, what is more is not kept. */
  readonly takesLength?: (pageBytes: number) => boolean;
  /** Bits that MODE SELECT may change: ones. What PC=1 reports; its header is taken from the defaults. */
  readonly changeable: Uint8Array;
  /** Puts what is computed at the moment of asking into a copy of the current values. */
  readonly fill?: (bytes: Uint8Array) => void;
  /** These are the values now, by MODE SELECT or by a reset. A check refuses the whole command; nothing is changed then. */
  readonly accept?: (bytes: Uint8Array) => Check | undefined;
}

/** Block descriptor of a tape drive: SPC-4. */
export interface BlockDescriptor {
  readonly densityCode: number;
  readonly blockCount: number;
  readonly blockLength: number;
}

/** What MODE SELECT sends in front of the pages. */
export interface SelectedHeader {
  readonly deviceSpecific: number;
  /** Undefined when none was sent. */
  readonly blockDescriptor: BlockDescriptor | undefined;
}

/** What stands in front of the pages. */
export interface ModeHeader {
  /** Medium type, and the device-specific parameter: write protection and buffered mode of a drive. */
  header(): { readonly mediumType: number; readonly deviceSpecific: number };
  /** Drives have one, changers do not. */
  blockDescriptor?(): BlockDescriptor;
  /** The block descriptor after a reset: PC=2. */
  defaultBlockDescriptor?(): BlockDescriptor;
  /** Whether these could be selected; changes nothing. Asked before anything is changed. */
  probe?(values: SelectedHeader): Check | undefined;
  /** These are the values now, by MODE SELECT or by a reset. Called after `probe` had nothing against them. */
  select?(values: SelectedHeader): Check | undefined;
}

/** SPF: the page has a subpage code and a header of 4 bytes. */
export const hasSubpage = (bytes: Uint8Array): boolean => ((bytes[0] ?? 0) & 0x40) !== 0;

/** The control mode page that every unit has: sense format can be chosen, TASK ABORTED status is given. SPC-4. */
export function controlModePage(): ModePage {
  return {
    code: 0x0a,
    subcode: 0,
    name: ControlPage.name,
    defaults: ControlPage.encode({ taskAbortedStatus: true }),
    changeable: ControlPage.encode({ descriptorSense: true }),
  };
}

/** The mode pages of one unit with their current values. A control page is added when there is none. */
export class ModePages {
  readonly header: ModeHeader;
  /** Ascending by code and subcode. */
  readonly pages: readonly ModePage[];
  readonly #current = new Map<ModePage, Uint8Array>();

  constructor(pages: readonly ModePage[], header: ModeHeader) {
    this.header = header;
    const whole = pages.some(({ code, subcode }) => code === 0x0a && subcode === 0)
      ? pages
      : [...pages, controlModePage()];
    this.pages = whole.toSorted((left, right) => left.code - right.code || left.subcode - right.subcode);
    for (const page of this.pages) {
      assert(page.defaults.byteLength === page.changeable.byteLength, `one length for ${page.name}`);
      this.#current.set(page, page.defaults.slice());
    }
  }

  find(code: number, subcode: number): ModePage | undefined {
    return this.pages.find((page) => page.code === code && page.subcode === subcode);
  }

  /** The current values of a page, with its header: a copy. A Bug when the unit does not have the page. */
  current(code: number, subcode = 0): Uint8Array {
    const page = this.find(code, subcode);
    if (page === undefined) throw new Bug(`the unit has mode page ${code}/${subcode}`);
    return this.valuesOf(page);
  }

  /** The current values of a page: a copy. */
  valuesOf(page: ModePage): Uint8Array {
    const bytes = this.#stored(page).slice();
    page.fill?.(bytes);
    return bytes;
  }

  /** Sets a page's values unless the page refuses them. */
  set(page: ModePage, bytes: Uint8Array): Check | undefined {
    const refused = page.accept?.(bytes);
    if (refused === undefined) this.#current.set(page, bytes.slice());
    return refused;
  }

  /** Everything back to default: LUN reset. A Bug when a page refuses its own default. */
  reset(): void {
    for (const page of this.pages) {
      assert(this.set(page, page.defaults) === undefined, `${page.name} accepts its defaults`);
    }
    const blockDescriptor = this.header.defaultBlockDescriptor?.();
    if (blockDescriptor === undefined) return;
    const [deviceSpecific = 0] = TapeDeviceSpecific.encode({ bufferedMode: 1 });
    const refused = this.header.select?.({ deviceSpecific, blockDescriptor });
    assert(refused === undefined, "the unit accepts its default block descriptor");
  }

  /** D_SENSE of the control mode page: sense data in descriptor format. */
  get wantsDescriptorSense(): boolean {
    const control = this.find(0x0a, 0);
    return control !== undefined && ControlPage.fields.descriptorSense.read(this.#stored(control), 0);
  }

  #stored(page: ModePage): Uint8Array {
    const bytes = this.#current.get(page);
    if (bytes === undefined) throw new Bug(`${page.name} is a page of this unit`);
    return bytes;
  }
}
