// SPDX-License-Identifier: Apache-2.0
// The standard streams of this process, as the command line and the server use them.

import process from "node:process";
import { text } from "node:stream/consumers";
import { readFileSync } from "node:fs";
import { asError } from "#base/index.ts";
import type { Terminal } from "#cli/index.ts";
import { worldFault } from "#world/index.ts";

/** The terminal of this process. A reader that goes away, as `head` does, ends the process without a word. */
export function processTerminal(): Terminal {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(0);
      throw error;
    });
  }
  return {
    out: (line) => void process.stdout.write(line),
    err: (line) => void process.stderr.write(line),
    isInteractive: process.stderr.isTTY === true,
    columns: process.stdout.columns ?? process.stderr.columns ?? 100,
  };
}

/** All of a text file; `-` is standard input. Fault `world.file-unreadable`. */
export async function readTextFile(path: string): Promise<string> {
  if (path === "-") return text(process.stdin);
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw worldFault("file-unreadable", { file: path, reason: asError(error).message }, error);
  }
}
