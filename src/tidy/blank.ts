// SPDX-License-Identifier: Apache-2.0
// Blanks comments and the inside of strings out of TypeScript, keeping every line and column where it was, so that
// rules can look for words without meeting them in prose. It knows just enough of the language for that: it does not parse.

/** What is left of a source. */
export interface Blanked {
  /** Without comments; strings as they are. */
  readonly withStrings: string;
  /** Without comments, and with blanks inside of strings. */
  readonly code: string;
}

type Kind = "code" | "comment" | "string";

const regexMayFollow = /(?:^|[(,=:[!&|?{};+*%<>~^-]|\breturn|\btypeof|\bcase)\s*$/;

/** Length of the piece that starts at `at`, and what kind of text it is. */
function pieceAt(source: string, at: number): readonly [length: number, kind: Kind] {
  const two = source.slice(at, at + 2);
  if (two === "//") return [lengthTo(source, at, "\n"), "comment"];
  if (two === "/*") return [lengthTo(source, at, "*/") + 2, "comment"];
  const one = source[at];
  if (one === '"' || one === "'") return [quotedLength(source, at, one), "string"];
  if (one === "/" && regexMayFollow.test(source.slice(Math.max(at - 40, 0), at))) {
    return [regexLength(source, at), "string"];
  }
  return [1, "code"];
}

function lengthTo(source: string, at: number, end: string): number {
  const found = source.indexOf(end, at + 1);
  return (found === -1 ? source.length : found) - at;
}

function quotedLength(source: string, at: number, quote: string): number {
  let index = at + 1;
  while (index < source.length && source[index] !== quote && source[index] !== "\n") {
    index += source[index] === "\\" ? 2 : 1;
  }
  return index + 1 - at;
}

function regexLength(source: string, at: number): number {
  let index = at + 1;
  let inClass = false;
  while (index < source.length && source[index] !== "\n" && (inClass || source[index] !== "/")) {
    if (source[index] === "[") inClass = true;
    if (source[index] === "]") inClass = false;
    index += source[index] === "\\" ? 2 : 1;
  }
  return index + 1 - at;
}

const blanksFor = (text: string): string => text.replaceAll(/[^\n]/g, " ");

const hollow = (text: string): string =>
  text.length < 2 ? text : `${text[0]}${blanksFor(text.slice(1, -1))}${text.at(-1)}`;

/** Blanks comments and strings out. Text in a template stays out, the code inside of its `${…}` stays in. */
export function blank(source: string): Blanked {
  const withStrings: string[] = [];
  const code: string[] = [];
  /** Depth of braces at which each open `${` ends. */
  const templates: number[] = [];
  let depth = 0;
  let at = 0;
  const take = (length: number, kind: Kind): void => {
    const text = source.slice(at, at + length);
    withStrings.push(kind === "comment" ? blanksFor(text) : text);
    code.push(kind === "code" ? text : kind === "comment" ? blanksFor(text) : hollow(text));
    at += length;
  };
  while (at < source.length) {
    const character = source[at];
    const endsHole = character === "}" && templates.at(-1) === depth;
    if (character === "`" || endsHole) {
      if (endsHole) templates.pop();
      const length = templateLength(source, at);
      if (source.slice(at + length - 2, at + length) === "${") templates.push(depth);
      take(length, "string");
      continue;
    }
    const [length, kind] = pieceAt(source, at);
    if (character === "{") depth += 1;
    if (character === "}") depth -= 1;
    take(length, kind);
  }
  return { withStrings: withStrings.join(""), code: code.join("") };
}

/** From a backtick, or from the `}` that ends a hole, to the closing backtick or the next `${`, both included. */
function templateLength(source: string, at: number): number {
  let index = at + 1;
  while (index < source.length && source[index] !== "`") {
    if (source[index] === "$" && source[index + 1] === "{") return index + 2 - at;
    index += source[index] === "\\" ? 2 : 1;
  }
  return index + 1 - at;
}
