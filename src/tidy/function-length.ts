// SPDX-License-Identifier: Apache-2.0
// Measures functions. The sources are formatted by oxfmt, so a block ends at the first line that is indented as its
// head; that is all this needs to know.

import type { Finding, SourceFile } from "./source-file.ts";

/** One function and the lines it takes, head and closing brace included. */
export interface MeasuredFunction {
  /** Line of the head, from 1. */
  readonly line: number;
  readonly lineCount: number;
}

const notFunctions = /^\s*(?:\}\s*)?(?:if|for|while|switch|catch|do|else|try|finally|class|interface|export class)\b/;
const opensBody = /(?:\)(?:\s*:\s*[^=]+)?|=>)\s*\{$/;

const indentOf = (line: string): number => line.length - line.trimStart().length;

/** The functions with a body of more than one line, the ones inside of others too. */
export function functionsOf(file: SourceFile): MeasuredFunction[] {
  const lines = file.code.split("\n").map((line) => line.trimEnd());
  const found: MeasuredFunction[] = [];
  for (const [index, line] of lines.entries()) {
    if (!opensBody.test(line)) continue;
    const head = headOf(lines, index);
    if (notFunctions.test(lines[head] ?? "")) continue;
    const end = endOf(lines, index);
    found.push({ line: head + 1, lineCount: end - head + 1 });
  }
  return found;
}

/** Where the declaration starts: a line that begins with a closing bracket continues one further up. */
function headOf(lines: readonly string[], index: number): number {
  const line = lines[index] ?? "";
  if (!/^\s*[)>\]}]/.test(line)) return index;
  const indent = indentOf(line);
  for (let above = index - 1; above >= 0; above--) {
    const candidate = lines[above] ?? "";
    if (candidate !== "" && indentOf(candidate) <= indent && !/^\s*[)>\]}]/.test(candidate)) return above;
  }
  return index;
}

function endOf(lines: readonly string[], index: number): number {
  const indent = indentOf(lines[index] ?? "");
  for (let below = index + 1; below < lines.length; below++) {
    const candidate = lines[below] ?? "";
    if (candidate !== "" && indentOf(candidate) <= indent) return below;
  }
  return lines.length - 1;
}

/** Functions that are longer than `lineMax`. */
export function functionLengthFindings(files: readonly SourceFile[], lineMax: number): Finding[] {
  return files.flatMap((file) =>
    functionsOf(file)
      .filter((measured) => measured.lineCount > lineMax)
      .map(({ line, lineCount }) => ({
        path: file.path,
        line,
        text: `a function of ${lineCount} lines; ${lineMax} is the wall`,
      })),
  );
}
