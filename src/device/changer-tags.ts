// SPDX-License-Identifier: Apache-2.0
// Finding cartridges by barcode: the template of SEND VOLUME TAG. SMC-3 6.15. Volume tags are the library's; hosts
// cannot assert, replace or undefine them here.

import { VolumeTagTemplate, volumeTagActions } from "#scsi/index.ts";

/** What SEND VOLUME TAG looks for. */
export interface TagSearch {
  readonly actionCode: number;
  /** True for the cartridges that match. */
  readonly matches: (barcode: string) => boolean;
}

/** Reads the parameter list. Undefined for an action that does not translate. */
export function tagSearch(actionCode: number, parameters: Uint8Array): TagSearch | undefined {
  const { template, minimumSequence } = VolumeTagTemplate.decode(parameters);
  const isFound = (barcode: string): boolean => matchesTemplate(template, barcode);
  switch (actionCode) {
    case volumeTagActions["translate-all-ignore-sequence"]:
    case volumeTagActions["translate-primary-ignore-sequence"]:
      return { actionCode, matches: isFound };
    case volumeTagActions["translate-all"]:
    case volumeTagActions["translate-primary"]:
      // Our volume tags have sequence number 0.
      return { actionCode, matches: (barcode) => minimumSequence === 0 && isFound(barcode) };
    case volumeTagActions["translate-alternate"]:
    case volumeTagActions["translate-alternate-ignore-sequence"]:
      return { actionCode, matches: () => false };
    default:
      return undefined;
  }
}

/** `*` stands for any number of any characters, `?` for exactly one. Takes time in the product of the lengths. */
export function matchesTemplate(template: string, text: string): boolean {
  let at = 0;
  let position = 0;
  let star = -1;
  let resume = 0;
  while (position < text.length) {
    if (template[at] === "*") {
      star = at++;
      resume = position;
    } else if (template[at] === "?" || template[at] === text[position]) {
      at++;
      position++;
    } else if (star >= 0) {
      at = star + 1;
      position = ++resume;
    } else {
      return false;
    }
  }
  while (template[at] === "*") at++;
  return at === template.length;
}
