// SPDX-License-Identifier: Apache-2.0
// Rules about the text of a file: its head, its length, the calls that only the rim may make, and leftovers.

import { type Finding, lineAt, type SourceFile } from "./source-file.ts";

/** A word that is banned, where it is allowed all the same, and what to use instead. */
export interface Ban {
  readonly pattern: RegExp;
  /** Rooms, or single files, that may. */
  readonly allowed: readonly string[];
  /** Tests may too. */
  readonly allowedInTests: boolean;
  readonly instead: string;
}

const licenceLine = "// SPDX-License-Identifier: Apache-2.0";

/** Files without the licence line, or without a comment of at least one sentence behind it. */
export function headerFindings(files: readonly SourceFile[]): Finding[] {
  return files.flatMap((file) => {
    const text = headerProblem(file);
    return text === undefined ? [] : [{ path: file.path, line: 1, text }];
  });
}

function headerProblem(file: SourceFile): string | undefined {
  const [first, ...rest] = file.lines[0]?.startsWith("#!") ? file.lines.slice(1) : file.lines;
  if (first !== licenceLine) return `the first line is not "${licenceLine}"`;
  const prose: string[] = [];
  for (const line of rest) {
    if (!line.startsWith("//")) break;
    prose.push(line.slice(2).trim());
  }
  const text = prose.join(" ");
  return /\w.{8,}\./.test(text) ? undefined : "no comment behind the licence line that says what this file is";
}

/** Files that are longer than `lineMax`; tables and vectors may be as long as their standard. */
export function fileLengthFindings(files: readonly SourceFile[], lineMax: number): Finding[] {
  return files
    .filter((file) => !/-(tables?|vectors)\.ts$/.test(file.path))
    .filter((file) => file.lines.length - 1 > lineMax)
    .map((file) => ({
      path: file.path,
      line: lineMax,
      text: `a file of ${file.lines.length - 1} lines; ${lineMax} is the wall`,
    }));
}

/** Uses of banned words and modules. */
export function banFindings(files: readonly SourceFile[], bans: readonly Ban[]): Finding[] {
  return files.flatMap((file) => bans.flatMap((ban) => usesOf(file, ban)));
}

function usesOf(file: SourceFile, ban: Ban): Finding[] {
  const isAllowed = ban.allowed.some((place) => place === file.path || file.path.startsWith(`src/${place}/`));
  if (isAllowed || (file.isTest && ban.allowedInTests)) return [];
  const inCode = Array.from(file.code.matchAll(ban.pattern), (match) => lineAt(file.code, match.index));
  const inImports = file.imports
    .filter((item) => item.kind === "value" && new RegExp(`^(?:${ban.pattern.source})$`).test(item.specifier))
    .map((item) => item.line);
  return [...inCode, ...inImports].map((line) => ({
    path: file.path,
    line,
    text: `${ban.pattern.source} is banned here: ${ban.instead}`,
  }));
}

const leftovers: readonly (readonly [RegExp, string])[] = [
  [/\bFIXME\b|\bXXX\b|\bHACK\b/g, "repair it, or open an issue and write TODO(#number)"],
  [/\bTODO\b(?!\(#\d+\))/g, "an issue must be named: TODO(#number)"],
  [/\bdebugger\b/g, "left over from debugging"],
  [/\b(?:test|suite)\.(?:only|skip|todo)\(/g, "every test runs, always"],
];

/** Notes and tools of unfinished work. */
export function leftoverFindings(files: readonly SourceFile[]): Finding[] {
  return files.flatMap((file) =>
    leftovers.flatMap(([pattern, text]) =>
      Array.from(file.text.matchAll(pattern), (match) => ({
        path: file.path,
        line: lineAt(file.text, match.index),
        text: `${match[0]}: ${text}`,
      })),
    ),
  );
}
