// SPDX-License-Identifier: Apache-2.0
// Each import rule catches a bad example and leaves a good one alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { cycleFindings, deadFileFindings, importFindings } from "./import-rules.ts";
import { moduleFindings, packageFindings } from "./module-rules.ts";
import type { RoomTable } from "./room-table.ts";
import { sourceFile } from "./source-file.ts";

const table: RoomTable = {
  base: { imports: {}, packages: [], node: "pure" },
  tape: { imports: { base: "value", store: "type" }, packages: ["zod"], node: "pure" },
  store: { imports: { base: "value" }, packages: [], node: "pure" },
  world: { imports: { base: "value" }, packages: ["@x/y"], node: "any" },
};

const problems = (path: string, text: string): string[] =>
  importFindings([sourceFile(path, text)], table).map((finding) => finding.text);
const moduleProblems = (path: string, text: string): string[] =>
  moduleFindings([sourceFile(path, text)], table).map((finding) => finding.text);

test("an import that the table allows is no finding", () => {
  assert.deepEqual(problems("src/tape/a.ts", 'import { x } from "#base/index.ts";\nimport { y } from "./b.ts";'), []);
});

test("an import that the table does not allow is found, with its line", () => {
  const [finding] = importFindings([sourceFile("src/base/a.ts", '\nimport { x } from "#tape/index.ts";')], table);
  assert.deepEqual(finding, {
    path: "src/base/a.ts",
    line: 2,
    text: "base may not import tape (src/rooms.ts)",
  });
});

test("a value import where only types are allowed is found, also with inline type", () => {
  assert.deepEqual(problems("src/tape/a.ts", 'import type { X } from "#store/index.ts";'), []);
  assert.match(problems("src/tape/a.ts", 'import { x } from "#store/index.ts";')[0] ?? "", /only with "import type"/);
  assert.equal(problems("src/tape/a.ts", 'import { type X } from "#store/index.ts";').length, 1);
});

test("re-exports and dynamic imports count as imports", () => {
  assert.equal(problems("src/base/a.ts", 'export * from "#tape/index.ts";').length, 1);
  assert.equal(problems("src/base/a.ts", 'export type { X } from "#tape/index.ts";').length, 1);
  assert.equal(problems("src/base/a.ts", 'const x = await import("#tape/index.ts");').length, 1);
  assert.equal(problems("src/base/a.ts", 'import {\n  a,\n  b,\n} from "#tape/index.ts";').length, 1);
});

test("a file behind another room's face is found", () => {
  assert.match(problems("src/tape/a.ts", 'import { x } from "#base/bytes.ts";')[0] ?? "", /only #base\/index.ts/);
  assert.match(problems("src/tape/a.ts", 'import { x } from "../base/bytes.ts";')[0] ?? "", /#base\/index.ts instead/);
});

test("a room that imports itself by its public name is found", () => {
  assert.match(problems("src/tape/a.ts", 'import { x } from "#tape/index.ts";')[0] ?? "", /import \.\//);
});

test("a room that is not in the table is found", () => {
  assert.match(problems("src/new/a.ts", 'import { x } from "#base/index.ts";')[0] ?? "", /not in src\/rooms.ts/);
});

test("a test may use the face of any room and a conformance suite, but nothing behind a face", () => {
  assert.deepEqual(problems("src/base/a.test.ts", 'import { x } from "#tape/index.ts";'), []);
  assert.deepEqual(problems("src/base/a.test.ts", 'import { x } from "#store/disk-conformance.ts";'), []);
  assert.equal(problems("src/base/a.test.ts", 'import { x } from "#tape/medium.ts";').length, 1);
});

test("an import inside of a comment or a string is no import", () => {
  assert.deepEqual(problems("src/base/a.ts", '// import { x } from "#tape/index.ts";\n'), []);
  assert.deepEqual(problems("src/base/a.ts", `f('import { x } from "#tape/index.ts";');\n`), []);
});

test("modules of Node that touch the world are found, with what to use instead", () => {
  assert.match(moduleProblems("src/tape/a.ts", 'import { open } from "node:fs";')[0] ?? "", /Disk port/);
  assert.deepEqual(moduleProblems("src/tape/a.ts", 'import { createHash } from "node:crypto";'), []);
  assert.deepEqual(moduleProblems("src/world/a.ts", 'import { open } from "node:fs";'), []);
});

test("packages that the table does not give a room are found", () => {
  assert.deepEqual(moduleProblems("src/tape/a.ts", 'import { z } from "zod/v4";'), []);
  assert.deepEqual(moduleProblems("src/world/a.ts", 'import { y } from "@x/y/z";'), []);
  assert.match(moduleProblems("src/base/a.ts", 'import { z } from "zod";')[0] ?? "", /package zod/);
});

test("tests may use the test runner and fast-check, sources may not", () => {
  assert.deepEqual(moduleProblems("src/base/a.test.ts", 'import fc from "fast-check";'), []);
  assert.equal(moduleProblems("src/base/a.ts", 'import fc from "fast-check";').length, 1);
});

test("a package that is listed and not imported is found", () => {
  const files = [sourceFile("src/tape/a.ts", 'import { z } from "zod";')];
  assert.deepEqual(
    packageFindings(files, ["zod", "lodash"], []).map((finding) => finding.text),
    ["nothing imports the package lodash"],
  );
});

test("a circle of value imports is found and named; types may go round", () => {
  const circle = (kind: string) => [
    sourceFile("src/tape/a.ts", 'import { b } from "./b.ts";'),
    sourceFile("src/tape/b.ts", 'import { c } from "./c.ts";'),
    sourceFile("src/tape/c.ts", `import ${kind} { a } from "./a.ts";`),
  ];
  assert.deepEqual(cycleFindings(circle("type")), []);
  const [finding] = cycleFindings(circle(""));
  assert.match(finding?.text ?? "", /a.ts -> src\/tape\/b.ts -> src\/tape\/c.ts -> src\/tape\/a.ts/);
});

test("a file that only its test imports is dead, a conformance suite that tests import is not", () => {
  const files = [
    sourceFile("src/tape/index.ts", 'export * from "./used.ts";'),
    sourceFile("src/tape/used.ts", ""),
    sourceFile("src/tape/dead.ts", ""),
    sourceFile("src/tape/dead.test.ts", 'import "./dead.ts";\nimport "./image-conformance.ts";'),
    sourceFile("src/tape/image-conformance.ts", ""),
    sourceFile("src/tape/disk-conformance.ts", ""),
  ];
  assert.deepEqual(
    deadFileFindings(files, ["src/tape/index.ts"]).map((finding) => finding.path),
    ["src/tape/dead.ts", "src/tape/disk-conformance.ts"],
  );
});
