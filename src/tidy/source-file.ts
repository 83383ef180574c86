// SPDX-License-Identifier: Apache-2.0
// A source file as the house rules see it: its text, its room, what it imports. Made from a path and a text, so that
// the rules can be tested on made-up files.

import { blank } from "./blank.ts";

/** One import or re-export. */
export interface Import {
  /** As written: `./x.ts`, `#tape/index.ts`, `node:fs`, `zod`. */
  readonly specifier: string;
  /** `import type` and `export type` vanish at run time; everything else is a value. */
  readonly kind: "type" | "value";
  readonly line: number;
}

/** One TypeScript file of the repository. */
export interface SourceFile {
  /** From the root of the repository, with "/". */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  /** The text without comments and without the inside of strings. */
  readonly code: string;
  /** The text without comments. */
  readonly withStrings: string;
  /** Name of the folder below `src`; undefined elsewhere and for files right in `src`. */
  readonly room: string | undefined;
  /** A test, or what only tests use. */
  readonly isTest: boolean;
  /** What only tests use, by its name: what a port's adapters must pass, and helpers for arranging. */
  readonly isTestSupport: boolean;
  readonly imports: readonly Import[];
}

/** What a rule has to say. An empty list means that all is well. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

/** The finding on one line, as an editor can follow it. */
export const findingText = (finding: Finding): string => `${finding.path}:${finding.line}: ${finding.text}`;

/** Matched where strings are blank, so that an import inside of a string is none. */
const importPattern = /\b(?:import|export)\s+(type\s+)?(?:[\w$*{}\s,]*?\s*from\s*)?"( *)"|\bimport\(\s*"( *)"\s*\)/g;

/** Line number, from 1, of an offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let index = text.indexOf("\n"); index !== -1 && index < offset; index = text.indexOf("\n", index + 1)) line += 1;
  return line;
}

function importsOf(code: string, withStrings: string): Import[] {
  return Array.from(code.matchAll(importPattern), (match) => {
    const quote = match.index + match[0].indexOf('"');
    const length = (match[2] ?? match[3] ?? "").length;
    return {
      specifier: withStrings.slice(quote + 1, quote + 1 + length),
      kind: match[1] === undefined ? "value" : "type",
      line: lineAt(code, match.index),
    };
  });
}

/** Reads what the rules need out of a text. */
export function sourceFile(path: string, text: string): SourceFile {
  const { code, withStrings } = blank(text);
  const isTestSupport =
    !path.endsWith(".test.ts") && /[-/]test-|-(?:bed|conformance|fixtures|harness|test-kit|vectors)\./.test(path);
  return {
    path,
    text,
    lines: text.split("\n"),
    code,
    withStrings,
    room: /^src\/([\w-]+)\//.exec(path)?.[1],
    isTest: path.endsWith(".test.ts") || isTestSupport,
    isTestSupport,
    imports: importsOf(code, withStrings),
  };
}
