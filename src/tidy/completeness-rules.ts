// SPDX-License-Identifier: Apache-2.0
// Rules about what belongs together: a layout and its vector, a fault code and its use, a limit and its use, a room and
// its README, a path in a document and the file it names.

import { type Finding, lineAt, type SourceFile } from "./source-file.ts";

/** A document in Markdown. */
export interface Paper {
  readonly path: string;
  readonly text: string;
}

/** A layout that a room exports. */
export interface ExportedLayout {
  readonly room: string;
  readonly name: string;
}

/** Exported layouts that no test in `test/golden/<room>` names. */
export function layoutFindings(layouts: readonly ExportedLayout[], files: readonly SourceFile[]): Finding[] {
  return layouts
    .filter(({ room, name }) => {
      const vectors = files.filter((file) => file.path.startsWith(`test/golden/${room}/`) && file.isTest);
      return !vectors.some((vector) => new RegExp(`\\b${name}\\b`).test(vector.code));
    })
    .map(({ room, name }) => ({
      path: `src/${room}/index.ts`,
      line: 1,
      text: `layout ${name} has no golden vector in test/golden/${room}`,
    }));
}

/** Fault codes that nobody throws. */
export function faultFindings(files: readonly SourceFile[]): Finding[] {
  const running = files.filter((file) => !file.isTest && file.path.startsWith("src/"));
  return running.flatMap((file) =>
    faultCodes(file)
      .filter(({ code }) => !running.some((other) => usesCode(other, code)))
      .map(({ code, line }) => ({ path: file.path, line, text: `nothing throws the fault ${code}` })),
  );
}

function faultCodes(file: SourceFile): { code: string; line: number }[] {
  return Array.from(file.withStrings.matchAll(/\bfaultsOf\("[\w-]+", \{\n([\s\S]*?)\n\}\)/g)).flatMap((table) =>
    Array.from((table[1] ?? "").matchAll(/^ {2}(?:"([\w-]+)"|(\w+)): /gm), (row) => ({
      code: row[1] ?? row[2] ?? "",
      line: lineAt(file.withStrings, table.index + table[0].indexOf(row[0])),
    })),
  );
}

const usesCode = (file: SourceFile, code: string): boolean =>
  new RegExp(`"(?:[\\w-]+\\.)?${code}"(?!:)`).test(file.withStrings);

/** Limits that bound nothing. */
export function limitFindings(files: readonly SourceFile[], limitsPath: string): Finding[] {
  const declaring = files.find((file) => file.path === limitsPath);
  if (declaring === undefined) return [{ path: limitsPath, line: 1, text: "the file of limits is missing" }];
  const users = files.filter((file) => !file.isTest && file !== declaring);
  return Array.from(declaring.code.matchAll(/^ {2}(\w+): /gm), (match) => ({
    name: match[1] ?? "",
    line: lineAt(declaring.code, match.index),
  }))
    .filter(({ name }) => !users.some((file) => new RegExp(`\\blimits\\s*\\.\\s*${name}\\b`).test(file.code)))
    .map(({ name, line }) => ({ path: limitsPath, line, text: `nothing is bounded by the limit ${name}` }));
}

/** Rooms without a README, and READMEs of rooms that are longer than `lineMax`. */
export function readmeFindings(rooms: readonly string[], papers: readonly Paper[], lineMax: number): Finding[] {
  return rooms.flatMap((room) => {
    const path = `src/${room}/README.md`;
    const paper = papers.find((candidate) => candidate.path === path);
    if (paper === undefined) return [{ path, line: 1, text: "every room has a README" }];
    const lineCount = paper.text.trimEnd().split("\n").length;
    return lineCount <= lineMax
      ? []
      : [{ path, line: lineMax, text: `a room's README has ${lineMax} lines at most, not ${lineCount}` }];
  });
}

/** Paths that documents name and that do not exist. `exists` is asked with a path from the root. */
export function paperFindings(papers: readonly Paper[], exists: (path: string) => boolean): Finding[] {
  return papers.flatMap((paper) =>
    namedPaths(paper)
      .filter(({ path }) => !exists(path))
      .map(({ path, line }) => ({ path: paper.path, line, text: `${path} does not exist` })),
  );
}

const topFolders = /^(?:src|docs|test|tools|changes|\.ci)\//;

/** What a document names: `src/…` in backticks, `file.ts` of the own room, and relative links. */
function namedPaths(paper: Paper): { path: string; line: number }[] {
  const folder = paper.path.split("/").slice(0, -1).join("/");
  const found: { path: string; line: number }[] = [];
  const add = (path: string, offset: number): void => {
    if (!/[*<>{}…$ ]/.test(path)) found.push({ path, line: lineAt(paper.text, offset) });
  };
  for (const match of paper.text.matchAll(/`([^`\n]+)`/g)) {
    const name = (match[1] ?? "").replace(/^\.\//, "").replace(/:\d+$/, "");
    if (topFolders.test(name)) add(name, match.index);
    else if (folder.startsWith("src/") && /^[\w-]+(?:\.test)?\.ts$/.test(name)) add(`${folder}/${name}`, match.index);
  }
  for (const match of paper.text.matchAll(/\]\((?!\w+:|#)([^)#\s]+)[^)]*\)/g)) {
    add(joined(folder, match[1] ?? ""), match.index);
  }
  return found;
}

function joined(folder: string, relative: string): string {
  const parts = folder === "" ? [] : folder.split("/");
  for (const part of relative.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}

/** File names in `changes/` that are not `NNNN-title.md`, and the absence of any. */
export function changesFindings(names: readonly string[]): Finding[] {
  const wrong = names
    .filter((name) => !/^\d{4}-[a-z0-9-]+\.md$/.test(name))
    .map((name) => ({ path: `changes/${name}`, line: 1, text: "a change is called NNNN-title.md" }));
  return names.length === 0 ? [{ path: "changes", line: 1, text: "user-visible changes are written down" }] : wrong;
}
