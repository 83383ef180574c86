// SPDX-License-Identifier: Apache-2.0
// Comments and strings are blanked out, code stays where it was.

import assert from "node:assert/strict";
import { test } from "node:test";
import { blank } from "./blank.ts";

const codeOf = (source: string): string => blank(source).code;

test("comments become blanks of the same length", () => {
  assert.equal(codeOf("a; // b\nc /* d\ne */ f"), "a;     \nc     \n     f");
});

test("the inside of a string becomes blanks, its quotes stay", () => {
  assert.equal(codeOf(`x("a\\"b", 'c')`), `x("    ", ' ')`);
  assert.equal(blank(`x("a" /* b */)`).withStrings, `x("a"        )`);
});

test("a template's text is blanked and the code in its holes stays", () => {
  assert.equal(codeOf("`a${b}c`"), "`  {b} `");
  assert.match(codeOf("`Date ${Date} ${{ a: `${now}` }}`"), /Date.*now/);
  assert.equal(codeOf("`Date ${Date} Date`").match(/Date/g)?.length, 1);
});

test("a regular expression is a string, a division is not", () => {
  assert.doesNotMatch(codeOf("const p = /Date[/]x/g;"), /Date/);
  assert.match(codeOf("const p = a / Date / b;"), /Date/);
});

test("quotes and slashes inside of each other confuse nothing", () => {
  const source = 'const a = "// no comment"; /* "no string */ const b = "x"; Date;';
  const code = codeOf(source);
  assert.equal(code.length, source.length);
  assert.match(code, /const a .* const b .* Date;/);
});
