// SPDX-License-Identifier: Apache-2.0
// The door of the demonstration: on an instance of its own that is thrown away, a folder goes to a cartridge as a tar
// stream, the cartridge to the shelf and back, and every file is compared.

import { mkdtempSync, rmSync, statSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { asError, isFault, limits, silentLog } from "#base/index.ts";
import { sizeText } from "#api/index.ts";
import { walkTree, type Tree } from "./demo-tree.ts";
import { type ManagerDemoOptions, runManagerDemo } from "./demo-manager.ts";
import { runDemo } from "./demo-run.ts";
import { mainFault } from "./faults.ts";
import { startInstance } from "./instance.ts";
import { evenThaw, readSettings } from "./settings.ts";
import { processTerminal } from "./terminal.ts";

const help = `Usage: npm run demo -- DIR [--thaw SECONDS] [--work DIR]

Shows everything that Capstan does, with your own files, on an instance that is thrown away afterwards: writes DIR onto
a virtual cartridge through iSCSI, ejects it to the shelf, retrieves it, reads it back and compares every file. Then
the manager: a snapshot of DIR in a datastore goes encrypted over three small cartridges to the shelf, everything but
the passphrase is forgotten, and keys and files come back from tape and are compared. DIR is only read.

Options:
  --thaw SECONDS  how long the archived cartridge takes to thaw (default: 3)
  --work DIR      where the throw-away data goes; it needs twice the size of DIR, with the manager five times
                  (default: the temporary folder)
  --help          show this
`;

/** Room that the demonstration needs beyond twice the data: journal, cartridge labels, rounding. */
const spareBytes = 256 * 1024 * 1024;

/** Runs the demonstration and resolves with the exit code: 1 when any file differs. */
export async function demo(args: readonly string[]): Promise<number> {
  try {
    const request = readRequest(args);
    if (request === undefined) {
      process.stdout.write(help);
      return 0;
    }
    const tree = await walkTree(request.folder);
    const work = mkdtempSync(join(resolve(request.work), "capstan-demo-"));
    try {
      await checkRoom(work, tree);
      return await demoIn(work, tree, request.thaw);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  } catch (error) {
    if (!isFault(error)) throw error;
    process.stderr.write(`capstan: ${error.message}\n`);
    return error.row.exit;
  }
}

interface DemoRequest {
  readonly folder: string;
  readonly thaw: string;
  readonly work: string;
}

function readRequest(args: readonly string[]): DemoRequest | undefined {
  const { values, positionals } = parse(args);
  if (values.help === true) return undefined;
  const [folder, ...more] = positionals;
  if (folder === undefined) throw mainFault("usage", { reason: "name a folder: npm run demo -- DIR" });
  if (more.length > 0) throw mainFault("usage", { reason: `one folder at a time, not also ${more[0] ?? ""}` });
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) throw mainFault("bad-folder", { folder, reason: "there is no such folder" });
  if (!stats.isDirectory()) throw mainFault("bad-folder", { folder, reason: "it is no folder" });
  const work = values.work ?? tmpdir();
  if (statSync(work, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw mainFault("bad-folder", { folder: work, reason: "it is no folder" });
  }
  return { folder: resolve(folder), thaw: values.thaw ?? "3", work };
}

function parse(args: readonly string[]) {
  try {
    const options = { thaw: { type: "string" }, work: { type: "string" }, help: { type: "boolean" } } as const;
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw mainFault("usage", { reason: asError(error).message.split(". ")[0] ?? "" }, error);
  }
}

async function checkRoom(work: string, tree: Tree): Promise<void> {
  const { bavail, bsize } = await statfs(work);
  const needed = 2 * tree.totalBytes + spareBytes;
  if (bavail * bsize < needed) {
    throw mainFault("no-room", { folder: work, free: sizeText(bavail * bsize), needed: sizeText(needed) });
  }
  if (cartridgeSizeFor(tree) > limits.cartridgeSizeMax) {
    throw mainFault("bad-folder", { folder: tree.folder, reason: "it is larger than any cartridge" });
  }
}

/** The manager's part, where there is room for its copies: two datastores, the tapes, and what comes back. */
async function managerPart(options: ManagerDemoOptions): Promise<number> {
  const { tree, terminal, work } = options;
  const { bavail, bsize } = await statfs(work);
  const needed = 5 * tree.totalBytes + spareBytes;
  if (bavail * bsize >= needed) return runManagerDemo({ ...options, work: join(work, "managed") });
  terminal.out(`\nthe manager is left out: ${work} has not the ${sizeText(needed)} that its copies need\n`);
  return 0;
}

/** A cartridge on which the early warning does not come before the end: tar headers and record headers included. */
function cartridgeSizeFor(tree: Tree): number {
  return Math.ceil(tree.totalBytes * 1.1) + 4096 * tree.entries.length + 128 * 1024 * 1024;
}

async function demoIn(work: string, tree: Tree, thaw: string): Promise<number> {
  const settings = await readSettings(
    ["--home", join(work, "home"), "--iscsi", "127.0.0.1:0", "--api", "127.0.0.1:0", "--empty"],
    {},
  );
  if (settings === undefined) return 0;
  const instance = await startInstance({ ...settings, thawDelay: evenThaw(thaw) }, silentLog);
  const stop = (): void => {
    rmSync(work, { recursive: true, force: true });
    process.exit(130);
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    const terminal = processTerminal();
    const code = await runDemo({ instance, tree, terminal, cartridgeSize: cartridgeSizeFor(tree) });
    if (code !== 0) return code;
    return await managerPart({ instance, tree, terminal, work });
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
    await instance.stop();
  }
}
