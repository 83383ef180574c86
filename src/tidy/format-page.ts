// SPDX-License-Identifier: Apache-2.0
// Reads the tables of docs/FORMATS.md, so that a test can hold them against the layouts. A table belongs to the layout
// whose name its heading begins with: "### ledger record, 32 bytes".

/** One row: where, and which field. */
export type FormatRow = readonly [place: string, field: string];

/** What a page says about one structure. */
export interface FormatTable {
  readonly name: string;
  readonly sizeBytes: number;
  readonly rows: readonly FormatRow[];
}

/** A field as a layout has it. */
interface PlacedField {
  readonly byte: number;
  readonly byteCount: number;
  readonly bits?: readonly [high: number, low: number];
}

/** All tables of a page whose heading names a structure and its size. */
export function formatTables(page: string): FormatTable[] {
  return page
    .split(/^#{2,4} /m)
    .map((section) => ({ section, heading: /^(.+), (\d+) bytes\b/.exec(section) }))
    .flatMap(({ section, heading }) =>
      heading === null ? [] : [{ name: heading[1] ?? "", sizeBytes: Number(heading[2]), rows: rowsOf(section) }],
    );
}

function rowsOf(section: string): FormatRow[] {
  return Array.from(section.matchAll(/^\| ([^|]+?) \| `(\w+)` \|/gm), (match) => [match[1] ?? "", match[2] ?? ""]);
}

/** Where a field lies, in the words of the page: `0 to 7`, `4`, `10, bit 3`, `1, bits 7 to 4`. */
export function placeOf({ byte, byteCount, bits }: PlacedField): string {
  if (bits === undefined) return byteCount === 1 ? `${byte}` : `${byte} to ${byte + byteCount - 1}`;
  return bits[0] === bits[1] ? `${byte}, bit ${bits[0]}` : `${byte}, bits ${bits[0]} to ${bits[1]}`;
}

/** What a page should say about a layout. */
export function rowsOfLayout(fields: Readonly<Record<string, PlacedField>>): FormatRow[] {
  return Object.entries(fields).map(([name, field]) => [placeOf(field), name]);
}
