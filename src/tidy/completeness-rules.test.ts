// SPDX-License-Identifier: Apache-2.0
// Each rule about what belongs together catches a bad example and leaves a good one alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  changesFindings,
  faultFindings,
  layoutFindings,
  limitFindings,
  paperFindings,
  readmeFindings,
} from "./completeness-rules.ts";
import { type Finding, sourceFile } from "./source-file.ts";

const texts = (findings: readonly Finding[]): string[] => findings.map((finding) => finding.text);

test("a layout that no golden test of its room names is found", () => {
  const layouts = [{ room: "scsi", name: "Read6" }];
  const vector = sourceFile("test/golden/scsi/a.test.ts", "goldenVectors(Read6, []);");
  const comment = sourceFile("test/golden/scsi/a.test.ts", "// Read6");
  const elsewhere = sourceFile("test/golden/iscsi/a.test.ts", "goldenVectors(Read6, []);");
  assert.deepEqual(layoutFindings(layouts, [vector]), []);
  assert.deepEqual(texts(layoutFindings(layouts, [comment, elsewhere])), [
    "layout Read6 has no golden vector in test/golden/scsi",
  ]);
});

const faultTable = `export const tapeFault = faultsOf("tape", {
  "too-long": { text: "a", retry: "never" },
  short: {
    text: "b",
  },
});
`;

test("a fault code that nobody throws is found, one in a test does not count", () => {
  const declaring = sourceFile("src/tape/faults.ts", faultTable);
  const thrower = sourceFile("src/tape/a.ts", 'throw tapeFault("too-long"); throw tapeFault(x ? "short" : "b");');
  const tester = sourceFile("src/tape/a.test.ts", 'tapeFault("short")');
  assert.deepEqual(faultFindings([declaring, thrower]), []);
  assert.deepEqual(faultFindings([declaring, tester]), [
    { path: "src/tape/faults.ts", line: 2, text: "nothing throws the fault too-long" },
    { path: "src/tape/faults.ts", line: 3, text: "nothing throws the fault short" },
  ]);
});

test("a limit that bounds nothing is found", () => {
  const path = "src/base/limits.ts";
  const declaring = sourceFile(path, "export const limits = {\n  /** Why. */\n  a: 1,\n  b: 2,\n} as const;");
  const user = sourceFile("src/tape/a.ts", "if (x > limits.a) stop();");
  assert.deepEqual(texts(limitFindings([declaring, user], path)), ["nothing is bounded by the limit b"]);
  assert.equal(limitFindings([user], path).length, 1);
});

test("a room without README, or with a long one, is found", () => {
  const papers = [
    { path: "src/base/README.md", text: "one\n".repeat(30) },
    { path: "src/codec/README.md", text: "one\n".repeat(31) },
  ];
  assert.deepEqual(
    readmeFindings(["base", "codec", "tape"], papers, 30).map((finding) => finding.path),
    ["src/codec/README.md", "src/tape/README.md"],
  );
});

test("a path in a document that does not exist is found, with its line", () => {
  const text = "See `src/tape/a.ts`,\n`src/tape/gone.ts`, [b](../b.md), [c](c.md) and [web](https://example.org/x).\n";
  const exists = (path: string): boolean => path === "src/tape/a.ts" || path === "b.md";
  assert.deepEqual(paperFindings([{ path: "docs/x.md", text }], exists), [
    { path: "docs/x.md", line: 2, text: "src/tape/gone.ts does not exist" },
    { path: "docs/x.md", line: 2, text: "docs/c.md does not exist" },
  ]);
});

test("a room's README may name its own files alone; patterns are not paths", () => {
  const text = "`medium.ts`, `gone.ts`, `src/*/x.ts`, `docs/decisions/<number>.md`, `npm test`";
  const exists = (path: string): boolean => path === "src/tape/medium.ts";
  assert.deepEqual(texts(paperFindings([{ path: "src/tape/README.md", text }], exists)), [
    "src/tape/gone.ts does not exist",
  ]);
});

test("a change with another kind of name, or none at all, is found", () => {
  assert.deepEqual(changesFindings(["0001-first-light.md"]), []);
  assert.equal(changesFindings(["first-light.md"]).length, 1);
  assert.equal(changesFindings([]).length, 1);
});
