// SPDX-License-Identifier: Apache-2.0
// The house rules, held against the house. Each rule lives in `src/tidy`, with tests that show what it catches; here
// they read the real sources. A finding says where, what, and what to do instead.

import assert from "node:assert/strict";
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Layout } from "#codec/index.ts";
import { rooms } from "./rooms.ts";
import {
  banFindings,
  type Ban,
  changesFindings,
  cycleFindings,
  deadFileFindings,
  faultFindings,
  fileLengthFindings,
  type Finding,
  findingText,
  functionLengthFindings,
  headerFindings,
  importFindings,
  layoutFindings,
  leftoverFindings,
  limitFindings,
  moduleFindings,
  packageFindings,
  type Paper,
  paperFindings,
  readmeFindings,
  type SourceFile,
  sourceFile,
} from "./tidy/index.ts";

const root = join(import.meta.dirname, "..");
const textOf = (path: string): string => readFileSync(join(root, path), "utf8");

const files: readonly SourceFile[] = globSync(["src/**/*.{ts,mjs}", "test/**/*.ts"], { cwd: root })
  .toSorted()
  .map((path) => sourceFile(path, textOf(path)));
const sources = files.filter((file) => file.path.startsWith("src/"));
/** The rules spell out what they look for, and their tests are made of bad examples. */
const withoutBadExamples = files.filter((file) => !file.path.startsWith("src/tidy/"));

const papers: readonly Paper[] = globSync(["*.md", "docs/**/*.md", "src/*/README.md", "test/**/*.md", "changes/*.md"], {
  cwd: root,
})
  .toSorted()
  .map((path) => ({ path, text: textOf(path) }));

const fileLineMax = 600;
const functionLineMax = 70;
const readmeLineMax = 30;

/** Files that are started, not imported, and the faces of rooms. */
const entries = sources
  .map((file) => file.path)
  .filter(
    (path) =>
      /^src\/[\w-]+\/index\.ts$/.test(path) ||
      Object.values(packageScripts()).some((script) => script.includes(path)) ||
      path === "src/rooms.ts",
  );

function packageJson(): Record<string, Record<string, string>> {
  return JSON.parse(textOf("package.json"));
}

function packageScripts(): Record<string, string> {
  return packageJson()["scripts"] ?? {};
}

const clock = "take the Clock port of #base/index.ts";
const bans: readonly Ban[] = [
  {
    pattern: /\b(?:setTimeout|setInterval)\b/g,
    allowed: ["world", "main", "bench"],
    allowedInTests: false,
    instead: clock,
  },
  {
    // A test may let promises run with it; nothing else is what it would be used for.
    pattern: /\bsetImmediate\b/g,
    allowed: ["world", "main", "bench", "src/sim/clock.ts"],
    allowedInTests: true,
    instead: clock,
  },
  // The SDK of S3 speaks in dates.
  { pattern: /\bDate\b/g, allowed: ["world", "s3", "src/base/time.ts"], allowedInTests: false, instead: clock },
  { pattern: /\bperformance\s*\./g, allowed: ["world", "main", "bench"], allowedInTests: false, instead: clock },
  {
    pattern: /\bMath\.random\b|\brandomBytes\b|\brandomUUID\b|\brandomInt\b|\bgetRandomValues\b/g,
    allowed: ["world"],
    allowedInTests: false,
    instead: "take the Random port of #base/index.ts",
  },
  {
    pattern: /\bprocess\s*\./g,
    allowed: ["world", "main", "bench", "src/sim/run.ts", "src/sim/wire-fuzz-run.ts", "src/sim/format-fuzz-run.ts"],
    allowedInTests: true,
    instead: "let main read it and hand it over",
  },
  { pattern: /\bconsole\b/g, allowed: [], allowedInTests: false, instead: "take the Log port, or let main write" },
  { pattern: /(?<!\.)\bfetch\((?!\w+:)/g, allowed: ["world", "bench"], allowedInTests: true, instead: "take a port" },
  {
    pattern: /\bglobalThis\b(?!\.Re(?:quest|sponse)\b)/g,
    allowed: ["world", "main", "src/base/time.ts"],
    allowedInTests: true,
    instead: "name the thing itself",
  },
];

function check(name: string, find: () => readonly Finding[]): void {
  test(name, () => {
    const findings = find().map(findingText);
    assert.ok(findings.length === 0, `\n${findings.join("\n")}`);
  });
}

check("rooms import only what src/rooms.ts allows, and only through index.ts", () => importFindings(sources, rooms));
check("packages and modules of Node are used only by rooms that may", () => moduleFindings(sources, rooms));
check("no value imports in a circle, also inside of a room", () => cycleFindings(sources));
check("every file is reached from an entry or a room's face", () => deadFileFindings(sources, entries));
check("only the rim touches time, randomness, the process and the console", () => banFindings(sources, bans));
check("every file has the licence line and says what it is", () => headerFindings(files));
check(`no file is longer than ${fileLineMax} lines`, () => fileLengthFindings(files, fileLineMax));
check(`no function is longer than ${functionLineMax} lines`, () => functionLengthFindings(files, functionLineMax));
check("nothing unfinished is left over", () => leftoverFindings(withoutBadExamples));
check("every fault code is thrown somewhere", () => faultFindings(files));
check("every limit bounds something", () => limitFindings(sources, "src/base/limits.ts"));
check(`every room has a README of at most ${readmeLineMax} lines`, () =>
  readmeFindings(Object.keys(rooms), papers, readmeLineMax),
);
check("every path that a document names exists", () => paperFindings(papers, (path) => existsSync(join(root, path))));
check("every user-visible change has its file", () => changesFindings(readdirSync(join(root, "changes"))));
check("every package that is listed is used", () =>
  packageFindings(files, Object.keys(packageJson()["dependencies"] ?? {}), []),
);

test("every room in src/rooms.ts exists, and every folder in src is a room", () => {
  const folders = readdirSync(join(root, "src"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  assert.deepEqual(Object.keys(rooms).toSorted(), folders.map((entry) => entry.name).toSorted());
});

test("every exported layout has a golden vector", async () => {
  const layouts: { room: string; name: string }[] = [];
  for (const room of Object.keys(rooms).filter((name) => existsSync(join(root, "src", name, "index.ts")))) {
    const face: Readonly<Record<string, unknown>> = await import(`#${room}/index.ts`);
    for (const [name, value] of Object.entries(face)) if (value instanceof Layout) layouts.push({ room, name });
  }
  const findings = layoutFindings(layouts, files).map(findingText);
  assert.ok(layouts.length > 50 && findings.length === 0, `\n${findings.join("\n")}`);
});
