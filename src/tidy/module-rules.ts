// SPDX-License-Identifier: Apache-2.0
// Rules about modules from outside: which room may use which npm package, and which modules of Node.

import type { RoomTable } from "./room-table.ts";
import type { Finding, Import, SourceFile } from "./source-file.ts";

/** Modules of Node that only compute on what they are given; node:module loads optional packages. */
const pureModules = ["node:buffer", "node:crypto", "node:module", "node:util", "node:zlib"];
/** What every test may import; files to read vectors and documents. */
const testModules = ["node:test", "node:assert", "node:assert/strict", "fast-check", "node:fs", "node:path"];

/** What to use instead of a module that touches the world. */
const replacements: Readonly<Record<string, string>> = {
  "node:fs": "take the Disk port of #store/index.ts",
  "node:fs/promises": "take the Disk port of #store/index.ts",
  "node:net": "take the Network port of #base/index.ts",
  "node:tls": "take the Network port of #base/index.ts",
  "node:timers": "take the Clock port of #base/index.ts",
  "node:timers/promises": "use sleep(clock, …) of #base/index.ts",
  "node:perf_hooks": "use monotonic() of the Clock port",
  "node:process": "let main read it and hand it over",
  "node:os": "let main read it and hand it over",
  "node:child_process": "only world starts processes",
  "node:worker_threads": "only world starts threads",
};

const packageName = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");

/** Packages and Node modules that a room has no right to. */
export function moduleFindings(files: readonly SourceFile[], table: RoomTable): Finding[] {
  return files.flatMap((file) =>
    file.imports.flatMap((item) => {
      const text = judge(file, item, table);
      return text === undefined ? [] : [{ path: file.path, line: item.line, text }];
    }),
  );
}

function judge(file: SourceFile, item: Import, table: RoomTable): string | undefined {
  const { specifier } = item;
  if (/^[.#]/.test(specifier) || file.room === undefined) return undefined;
  if (file.isTest && testModules.includes(specifier)) return undefined;
  const rights = table[file.room];
  if (rights === undefined) return `${file.room} is not in src/rooms.ts`;
  if (specifier.startsWith("node:")) {
    const isAllowed = rights.node === "any" || pureModules.includes(specifier) || item.kind === "type";
    return isAllowed ? undefined : `${specifier} is for the rim only: ${replacements[specifier] ?? "take a port"}`;
  }
  const name = packageName(specifier);
  return rights.packages.includes(name) ? undefined : `${file.room} may not use the package ${name} (src/rooms.ts)`;
}

/** Packages that `package.json` lists and nothing imports. `elsewhere`: used by a tool instead of an import. */
export function packageFindings(
  files: readonly SourceFile[],
  listed: readonly string[],
  elsewhere: readonly string[],
): Finding[] {
  const used = new Set(files.flatMap((file) => file.imports.map((item) => packageName(item.specifier))));
  return listed
    .filter((name) => !used.has(name) && !elsewhere.includes(name))
    .map((name) => ({ path: "package.json", line: 1, text: `nothing imports the package ${name}` }));
}
