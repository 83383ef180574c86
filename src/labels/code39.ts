// SPDX-License-Identifier: Apache-2.0
// Code 39 (ISO/IEC 16388), as barcodes of LTO cartridges use it: digits, capital letters, and the star that begins and ends.

/** Bars and spaces of a character, bar first: `w` is wide. */
const patterns: Readonly<Record<string, string>> = {
  "0": "nnnwwnwnn",
  "1": "wnnwnnnnw",
  "2": "nnwwnnnnw",
  "3": "wnwwnnnnn",
  "4": "nnnwwnnnw",
  "5": "wnnwwnnnn",
  "6": "nnwwwnnnn",
  "7": "nnnwnnwnw",
  "8": "wnnwnnwnn",
  "9": "nnwwnnwnn",
  A: "wnnnnwnnw",
  B: "nnwnnwnnw",
  C: "wnwnnwnnn",
  D: "nnnnwwnnw",
  E: "wnnnwwnnn",
  F: "nnwnwwnnn",
  G: "nnnnnwwnw",
  H: "wnnnnwwnn",
  I: "nnwnnwwnn",
  J: "nnnnwwwnn",
  K: "wnnnnnnww",
  L: "nnwnnnnww",
  M: "wnwnnnnwn",
  N: "nnnnwnnww",
  O: "wnnnwnnwn",
  P: "nnwnwnnwn",
  Q: "nnnnnnwww",
  R: "wnnnnnwwn",
  S: "nnwnnnwwn",
  T: "nnnnwnwwn",
  U: "wwnnnnnnw",
  V: "nwwnnnnnw",
  W: "wwwnnnnnn",
  X: "nwnnwnnnw",
  Y: "wwnnwnnnn",
  Z: "nwwnwnnnn",
  "*": "nwnnwnwnn",
};

/** How much wider than a narrow element a wide one is, as on labels of LTO cartridges. */
const wide = 2.75;

/** A bar, in narrow elements from the left. */
export interface Bar {
  readonly left: number;
  readonly width: number;
}

/** The bars of a text with its stars, and how wide all of them are, in narrow elements. Undefined when Code 39 cannot say it. */
export function code39(text: string): { readonly bars: readonly Bar[]; readonly width: number } | undefined {
  const bars: Bar[] = [];
  let left = 0;
  for (const character of `*${text}*`) {
    const pattern = character === "*" && text.includes("*") ? undefined : patterns[character];
    if (pattern === undefined) return undefined;
    for (const [index, element] of Array.from(pattern).entries()) {
      const width = element === "w" ? wide : 1;
      if (index % 2 === 0) bars.push({ left, width });
      left += width;
    }
    // A narrow space between characters.
    left += 1;
  }
  return { bars, width: left - 1 };
}

/** Width of a character without the space behind it: the quiet zone on either side is as wide. */
export const characterWidth = 3 * wide + 6;
