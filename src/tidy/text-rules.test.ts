// SPDX-License-Identifier: Apache-2.0
// Each rule about a file's text catches a bad example and leaves a good one alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { functionLengthFindings, functionsOf } from "./function-length.ts";
import { sourceFile } from "./source-file.ts";
import { type Ban, banFindings, fileLengthFindings, headerFindings, leftoverFindings } from "./text-rules.ts";

const licence = "// SPDX-License-Identifier: Apache-2.0";
const file = (text: string, path = "src/tape/a.ts") => sourceFile(path, text);
const lines = (count: number): string => Array.from({ length: count }, (_, index) => `  line${index}();\n`).join("");

test("a file without licence line or without a sentence about itself is found", () => {
  assert.deepEqual(headerFindings([file(`${licence}\n// What this is, in a sentence.\n`)]), []);
  assert.deepEqual(headerFindings([file(`#!/usr/bin/env node\n${licence}\n// What this is, in a sentence.\n`)]), []);
  assert.match(headerFindings([file("// What this is, in a sentence.\n")])[0]?.text ?? "", /first line/);
  assert.match(headerFindings([file(`${licence}\n\nexport const x = 1;\n`)])[0]?.text ?? "", /no comment/);
  assert.match(headerFindings([file(`${licence}\n// tape\n`)])[0]?.text ?? "", /no comment/);
});

test("a file that is too long is found, a table may be long", () => {
  assert.deepEqual(fileLengthFindings([file(lines(600))], 600), []);
  assert.equal(fileLengthFindings([file(lines(601))], 600).length, 1);
  assert.deepEqual(fileLengthFindings([file(lines(601), "src/scsi/sense-table.ts")], 600), []);
});

const ban: Ban = {
  pattern: /\bsetTimeout\b|\bDate\b/g,
  allowed: ["world", "src/base/time.ts"],
  allowedInTests: false,
  instead: "take the Clock port",
};

test("a banned word is found where it is code, with what to use instead", () => {
  assert.deepEqual(banFindings([file("\n\nsetTimeout(f, 1);")], [ban]), [
    {
      path: "src/tape/a.ts",
      line: 3,
      text: "\\bsetTimeout\\b|\\bDate\\b is banned here: take the Clock port",
    },
  ]);
  assert.equal(banFindings([file("x = Date.now() + new Date(3);")], [ban]).length, 2);
  assert.equal(banFindings([file("x = `${Date.now()}`;")], [ban]).length, 1);
});

test("a banned word in prose, in a string or as part of another word is no finding", () => {
  assert.deepEqual(banFindings([file('// Date\nx = "Date"; updateDate(); Dates;')], [ban]), []);
});

test("a banned word is allowed in the rooms and files that may", () => {
  assert.deepEqual(banFindings([file("Date.now()", "src/world/clock.ts")], [ban]), []);
  assert.deepEqual(banFindings([file("Date.now()", "src/base/time.ts")], [ban]), []);
  assert.equal(banFindings([file("Date.now()", "src/base/time.test.ts")], [ban]).length, 1);
  const alsoTests = { ...ban, allowedInTests: true };
  assert.deepEqual(banFindings([file("Date.now()", "src/base/time.test.ts")], [alsoTests]), []);
});

test("notes of unfinished work are found, one that names its issue is not", () => {
  const found = (text: string) => leftoverFindings([file(text)]).length;
  assert.equal(found("// FIXME later"), 1);
  assert.equal(found("// TODO later"), 1);
  assert.equal(found("// TODO(#12) later"), 0);
  assert.equal(found("debugger;"), 1);
  assert.equal(found('test.only("x", f);'), 1);
  assert.equal(found('test.skip("x", f);'), 1);
});

test("functions of every shape are measured with head and closing brace", () => {
  const text = `export function plain(): void {
  one();
}
const arrow = async (x: number): Promise<void> => {
  if (x) {
    two();
  }
};
class Thing {
  get value(): number {
    return 1;
  }

  async #method(
    first: string,
    second: string,
  ): Promise<void> {
    for (const a of b) {
      three();
    }
  }
}
`;
  assert.deepEqual(functionsOf(file(text)), [
    { line: 1, lineCount: 3 },
    { line: 4, lineCount: 5 },
    { line: 10, lineCount: 3 },
    { line: 14, lineCount: 8 },
  ]);
});

test("a function that is too long is found, a long class of short functions is not", () => {
  const long = `function f() {\n${lines(69)}}\n`;
  assert.equal(functionLengthFindings([file(long)], 70).length, 1);
  assert.deepEqual(functionLengthFindings([file(`function f() {\n${lines(68)}}\n`)], 70), []);
  assert.deepEqual(functionLengthFindings([file(`class C {\n${"  f() {\n    a();\n  }\n".repeat(50)}}\n`)], 70), []);
});

test("a long body behind a signature of several lines is found", () => {
  const text = `export function f(\n  a: number,\n  b: number,\n): readonly [string, number] {\n${lines(70)}}\n`;
  assert.deepEqual(functionLengthFindings([file(text)], 70), [
    { path: "src/tape/a.ts", line: 1, text: "a function of 75 lines; 70 is the wall" },
  ]);
});
