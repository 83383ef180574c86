// SPDX-License-Identifier: Apache-2.0
// The first file of every command: checks the runtime in words that any version of it can say, turns the compile cache
// on, sizes the thread pool, and only then loads the program. Plain JavaScript, because an old Node reads no TypeScript.

import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import process from "node:process";

const needed = [26, 10];
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  process.stderr.write(
    `capstan: this is Node ${process.versions.node}, but Capstan needs ${needed.join(".")} or newer. It comes with the ` +
      "packages of this folder: run `npm ci`, then `npm start` or `./capstan`.\n",
  );
  process.exit(1);
}

// `cli serve` is `serve`: a server has no use for the command line's libraries.
const words = process.argv.slice(2);
const [door, ...args] = words[0] === "cli" && (words[1] === "serve" || words[1] === "demo") ? words.slice(1) : words;
sizeThreadPool();
leaveOutWebSockets();
resolveOwnFiles();
await useCompileCache();
await open();

async function open() {
  if (door === "serve") process.exitCode = await (await import("./serve.ts")).serve(args);
  else if (door === "demo") process.exitCode = await (await import("./demo.ts")).demo(args);
  else process.exitCode = await (await import("./cli.ts")).cli(args);
}

/**
 * libuv reads UV_THREADPOOL_SIZE when its pool is first used, which is not before the program is loaded. Two threads a
 * drive, at least 4, at most 32; the last run noted how many drives there are.
 */
function sizeThreadPool() {
  if (process.env.UV_THREADPOOL_SIZE !== undefined || (door !== "serve" && door !== "demo")) return;
  const at = args.indexOf("--home");
  const given = at < 0 ? args.find((word) => word.startsWith("--home="))?.slice(7) : args[at + 1];
  const home = given ?? process.env.CAPSTAN_HOME ?? "capstan-data";
  let drives = 4;
  try {
    drives = Number(readFileSync(join(home, "drives"), "utf8"));
  } catch {
    // The first start, or a folder that the start itself will complain about.
  }
  process.env.UV_THREADPOOL_SIZE = String(Math.min(Math.max(4, 2 * (Number.isInteger(drives) ? drives : 4)), 32));
}

/**
 * Importing node:http reads all that it exports, and three names of it load a whole web client behind them, which nothing
 * here uses: a tenth of a start, and memory for as long as the process lives.
 */
function leaveOutWebSockets() {
  const http = process.getBuiltinModule("node:http");
  for (const name of ["WebSocket", "CloseEvent", "MessageEvent"]) {
    if (Object.getOwnPropertyDescriptor(http, name)?.configurable)
      Object.defineProperty(http, name, { value: undefined });
  }
}

/**
 * Where our own files lie is plain from their names. Without this Node looks for a package.json beside each of some two
 * thousand imports, a fifth of a start.
 */
function resolveOwnFiles() {
  const source = new URL("../", import.meta.url).href;
  const format = "module-typescript";
  registerHooks({
    resolve(specifier, context, next) {
      const parent = context.parentURL;
      if (specifier.endsWith(".ts") && parent?.startsWith(source)) {
        if (specifier[0] === "#") return { url: source + specifier.slice(1), format, shortCircuit: true };
        if (specifier.startsWith("./")) {
          return { url: parent.slice(0, parent.lastIndexOf("/") + 1) + specifier.slice(2), format, shortCircuit: true };
        }
      }
      return next(specifier, context);
    },
  });
}

async function useCompileCache() {
  const { enableCompileCache } = await import("node:module");
  enableCompileCache(join(import.meta.dirname, "../../node_modules/.cache/capstan"));
}
