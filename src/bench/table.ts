// SPDX-License-Identifier: Apache-2.0
// Tables for a person's terminal.

import Table from "cli-table3";

/** Prints a table; columns of numbers are aligned to the right. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const words = head.length > 2 ? 2 : 1;
  const colAligns = head.map((_, index): "left" | "right" => (index < words ? "left" : "right"));
  const table = new Table({ head: [...head], colAligns, style: { head: [], border: [] } });
  for (const row of rows) table.push([...row]);
  process.stdout.write(`${table.toString()}\n`);
}

/** A number for a table; a dash for what was not measured. */
export function figure(value: number, digits = 0): string {
  return Number.isFinite(value) ? value.toFixed(digits) : "-";
}
