// SPDX-License-Identifier: Apache-2.0
// What the commands that need no running instance have in common: how they end, and how they refuse their words.

import process from "node:process";
import { asError, isFault } from "#base/index.ts";
import { mainFault } from "./faults.ts";

/** The exit code that `command` resolves with; a Fault is told on standard error, and its row has the code. */
export async function exitCodeOf(command: () => Promise<number>): Promise<number> {
  try {
    return await command();
  } catch (error) {
    if (!isFault(error)) throw error;
    process.stderr.write(`capstan: ${error.message}\n`);
    return error.row.exit;
  }
}

/** What `parse` makes of the command line. Fault `main.usage` with the first sentence of whatever it throws. */
export function wordsOf<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw mainFault("usage", { reason: asError(error).message.split(". ")[0] ?? "" }, error);
  }
}
