// SPDX-License-Identifier: Apache-2.0
// A check-up's report for people.

import { sizeText } from "#api/index.ts";
import type { DoctorReport } from "./doctor.ts";

const heads = ["AREA", "SUBJECT", "SEVERITY", "WHAT", "WHAT TO DO"] as const;

/** A line per finding, the worst first, and what was looked at. */
export function doctorText({ home, counts, mended, findings, dropped, isDeep }: DoctorReport): string {
  const order = ["damage", "warning", "advice"];
  const sorted = findings.toSorted((one, other) => order.indexOf(one.severity) - order.indexOf(other.severity));
  const rows = sorted.map(({ area, subject, severity, what, advice }) => [area, subject, severity, what, advice]);
  const done = mended.map(({ subject, text, isDone }) => `${isDone ? "mended" : "NOT MENDED"}  ${subject}: ${text}`);
  const lines = done.length === 0 ? [] : [...done, ""];
  if (findings.length > 0) lines.push(...tableOf([[...heads], ...rows]), "");
  if (dropped > 0) lines.push(`${dropped} more were found`, "");
  lines.push(`${home}: ${looked(counts, isDeep)}`);
  if (findings.length === 0) lines.push("all is well");
  return `${lines.join("\n")}\n`;
}

function looked(counts: DoctorReport["counts"], isDeep: boolean): string {
  if (counts === undefined) return "there is no store that could be looked at";
  const { cartridges, objects, readObjects, readBytes, coldObjects } = counts;
  const cold = coldObjects === 0 ? "" : `, ${coldObjects} in a cold class, whose content was not read`;
  const read = isDeep ? `${readObjects} read back (${sizeText(readBytes)})` : "not read back; --deep does";
  return `${cartridges} cartridges, ${objects} objects of segments in the object store, ${read}${cold}`;
}

/** Columns as wide as their widest cell; the last ones as they are. */
function tableOf(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = heads.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
