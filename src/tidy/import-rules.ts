// SPDX-License-Identifier: Apache-2.0
// Rules about imports: who may import whom, only through a room's face, no cycles, no file that nobody needs.

import type { Access, RoomTable } from "./room-table.ts";
import type { Finding, Import, SourceFile } from "./source-file.ts";

/** Path of the file that an import names; undefined for packages and Node's own modules. */
export function resolve(from: SourceFile, specifier: string): string | undefined {
  if (specifier.startsWith("#")) return `src/${specifier.slice(1)}`;
  if (!specifier.startsWith(".")) return undefined;
  const parts = from.path.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

const roomOf = (path: string): string | undefined => /^src\/([\w-]+)\//.exec(path)?.[1];

function judge(from: SourceFile, item: Import, table: RoomTable): string | undefined {
  const target = resolve(from, item.specifier);
  if (target === undefined || from.room === undefined) return undefined;
  const room = roomOf(target);
  if (room === from.room) {
    return item.specifier.startsWith("#") ? `inside of ${room}, import ./… instead of ${item.specifier}` : undefined;
  }
  if (room === undefined) return `${item.specifier} is in no room`;
  if (!item.specifier.startsWith("#")) return `import #${room}/index.ts instead of ${item.specifier}`;
  if (target !== `src/${room}/index.ts`) return `other rooms see only #${room}/index.ts, not ${item.specifier}`;
  return judgeAccess({ from: from.room, to: room, kind: item.kind }, table);
}

interface Wish {
  readonly from: string;
  readonly to: string;
  readonly kind: Import["kind"];
}

function judgeAccess(wish: Wish, table: RoomTable): string | undefined {
  const rights = table[wish.from];
  if (rights === undefined) return `${wish.from} is not in src/rooms.ts`;
  const access: Access | undefined = rights.imports[wish.to];
  if (access === undefined) return `${wish.from} may not import ${wish.to} (src/rooms.ts)`;
  if (access === "type" && wish.kind === "value") return `${wish.from} may import ${wish.to} only with "import type"`;
  return undefined;
}

/** Imports against the table of rooms. A test may also use sim's ports and anything that its room may not import as a value. */
export function importFindings(files: readonly SourceFile[], table: RoomTable): Finding[] {
  const findings: Finding[] = [];
  for (const file of files) {
    for (const item of file.imports) {
      const text = judge(file, item, table);
      if (text === undefined || (file.isTest && isAllowedInTests(file, item))) continue;
      findings.push({ path: file.path, line: item.line, text });
    }
  }
  return findings;
}

/** Tests may use any room's public face: they are not part of what runs. */
function isAllowedInTests(file: SourceFile, item: Import): boolean {
  const target = resolve(file, item.specifier);
  return target !== undefined && /^src\/[\w-]+\/(index|[\w-]+-conformance)\.ts$/.test(target);
}

/** Value imports that lead back to where they started, one finding per cycle, also inside of a room. */
export function cycleFindings(files: readonly SourceFile[]): Finding[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const findings: Finding[] = [];
  const visit = (file: SourceFile, trail: readonly string[]): void => {
    const start = trail.indexOf(file.path);
    if (start !== -1) {
      const cycle = [...trail.slice(start), file.path];
      findings.push({ path: file.path, line: 1, text: `value imports in a circle: ${cycle.join(" -> ")}` });
      return;
    }
    if (done.has(file.path)) return;
    for (const next of neighbours(file, byPath, "value")) visit(next, [...trail, file.path]);
    done.add(file.path);
  };
  for (const file of files) visit(file, []);
  return findings;
}

function neighbours(
  file: SourceFile,
  byPath: ReadonlyMap<string, SourceFile>,
  kinds: "value" | "any",
): readonly SourceFile[] {
  return file.imports
    .filter((item) => kinds === "any" || item.kind === "value")
    .map((item) => byPath.get(resolve(file, item.specifier) ?? ""))
    .filter((next) => next !== undefined);
}

/** Files that nothing needs: not reached from an entry or a room's face, nor, for test support, from a test. */
export function deadFileFindings(files: readonly SourceFile[], entries: readonly string[]): Finding[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const alive = reach(
    files.filter((file) => entries.includes(file.path)),
    byPath,
  );
  const tested = reach(
    files.filter((file) => file.isTest && !file.isTestSupport),
    byPath,
  );
  return files
    .filter((file) => (file.isTestSupport ? !tested.has(file.path) : !file.isTest && !alive.has(file.path)))
    .map((file) => ({ path: file.path, line: 1, text: "nothing imports this file but tests; use it or delete it" }));
}

function reach(start: readonly SourceFile[], byPath: ReadonlyMap<string, SourceFile>): Set<string> {
  const reached = new Set<string>();
  const waiting = [...start];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (reached.has(file.path)) continue;
    reached.add(file.path);
    waiting.push(...neighbours(file, byPath, "any"));
  }
  return reached;
}
