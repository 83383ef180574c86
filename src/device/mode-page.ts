// SPDX-License-Identifier: Apache-2.0
// A mode page from its layout: defaults and the mask of what MODE SELECT may change are written as values.

import { hasSubpage } from "./mode-pages.ts";
import type { ModePage } from "./mode-pages.ts";

interface PageLayout {
  readonly name: string;
  encode(value: object): Uint8Array;
}

interface PageValues extends Pick<ModePage, "fill" | "accept"> {
  readonly defaults: object;
  /** Ones where MODE SELECT may change something; left out, nothing can be changed. */
  readonly changeable?: object;
}

/** A page whose layout spans it with its header. */
export function modePage(layout: PageLayout, values: PageValues): ModePage {
  const { defaults: initial, changeable = {}, ...hooks } = values;
  const defaults = layout.encode(initial);
  const [first = 0, second = 0] = defaults;
  return {
    code: first & pageCodeMask,
    subcode: hasSubpage(defaults) ? second : 0,
    name: layout.name,
    defaults,
    changeable: layout.encode(changeable),
    ...hooks,
  };
}

/** PAGE CODE: bits 5 to 0 of the first byte. */
const pageCodeMask = 0x3f;
