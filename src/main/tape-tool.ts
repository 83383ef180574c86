// SPDX-License-Identifier: Apache-2.0
// What `capstan pmt` and `capstan pmtx` have in common: a table of commands, options, and results as text or as JSON that is a
// success or an error, so that scripts can read failures.

import process from "node:process";
import { parseArgs } from "node:util";
import { asError, isFault } from "#base/index.ts";
import type { ScsiUnit } from "#driver/index.ts";
import { exitCodeOf, wordsOf } from "./bare-command.ts";
import { mainFault } from "./faults.ts";
import { stayAlive } from "./stay-alive.ts";
import { chooseUnit, withUnit } from "./tape-unit.ts";

/** Words of a command line, read. */
export interface ToolInput {
  /** A whole number that must be there, or its default. Fault `main.usage`. */
  count(position: number, options?: { readonly byDefault?: number; readonly least?: number }): number;
  option(name: string): string | undefined;
  /** True, false, or the default. Fault `main.usage`. */
  flag(name: string, byDefault: boolean): boolean;
}

/** A command of a tool. */
export interface ToolCommand {
  /** Its arguments, for help. */
  readonly takes: string;
  readonly summary: string;
  /** What it shows: an object, a list, or nothing. */
  readonly run: (unit: ScsiUnit, input: ToolInput) => Promise<unknown>;
  /** The result as text; JSON where it is left out. */
  readonly text?: (result: never) => string;
}

/** A tool. */
export interface Tool {
  readonly name: string;
  readonly kind: "drive" | "changer";
  readonly summary: string;
  readonly commands: Readonly<Record<string, ToolCommand>>;
  /** Options besides those that choose the unit. */
  readonly options: readonly string[];
}

const countMax = 2_147_483_647;

/** Runs a tool and resolves with the exit code. */
export function runTool(tool: Tool, args: readonly string[]): Promise<number> {
  return exitCodeOf(async () => {
    const text = { type: "string" } as const;
    const own = Object.fromEntries(tool.options.map((name) => [name, text]));
    const common = { drive: text, changer: text, device: text, home: text, "output-format": text };
    const options = { ...own, ...common, help: { type: "boolean" } } as const;
    const { values, positionals } = wordsOf(() => parseArgs({ args: [...args], options, allowPositionals: true }));
    const [name, ...words] = positionals;
    const command = name === undefined || !Object.hasOwn(tool.commands, name) ? undefined : tool.commands[name];
    if (command === undefined || values["help"] === true) {
      process.stdout.write(helpOf(tool));
      if (name !== undefined && command === undefined) process.stderr.write(`capstan: unknown command ${name}\n`);
      return values["help"] === true ? 0 : 2;
    }
    const valueOf = (option: string): string | undefined => {
      const value: unknown = Reflect.get(values, option);
      return typeof value === "string" ? value : undefined;
    };
    const isJson = (valueOf("output-format") ?? "text").startsWith("json");
    const drive = valueOf("drive") ?? (tool.kind === "changer" ? valueOf("changer") : undefined);
    const choice = { home: valueOf("home"), drive, device: valueOf("device"), environment: process.env };
    const act = async (): Promise<unknown> =>
      withUnit(chooseUnit(tool.kind, choice), (unit) => command.run(unit, inputOf(words, valueOf)));
    return show(command, isJson, () => stayAlive(act()));
  });
}

async function show(command: ToolCommand, isJson: boolean, act: () => Promise<unknown>): Promise<number> {
  if (!isJson) {
    const result = await act();
    const asText = command.text as ((result: unknown) => string) | undefined;
    if (result !== undefined) process.stdout.write(`${asText?.(result) ?? JSON.stringify(result, undefined, 2)}\n`);
    return 0;
  }
  try {
    process.stdout.write(`${JSON.stringify({ success: (await act()) ?? null })}\n`);
    return 0;
  } catch (error) {
    if (!isFault(error)) throw error;
    process.stdout.write(`${JSON.stringify({ error: asError(error).message })}\n`);
    return error.row.exit;
  }
}

function inputOf(words: readonly string[], valueOf: (name: string) => string | undefined): ToolInput {
  return {
    count: (position, { byDefault, least = 1 } = {}) => {
      const word = words[position];
      if (word === undefined && byDefault !== undefined) return byDefault;
      const count = /^\d{1,10}$/.test(word ?? "") ? Number(word) : -1;
      if (count >= least && count <= countMax) return count;
      throw mainFault("usage", { reason: `${word ?? "nothing"} is no number from ${least} to ${countMax}` });
    },
    option: valueOf,
    flag: (name, byDefault) => {
      const value = valueOf(name);
      if (value === undefined) return byDefault;
      if (["true", "1", "yes", "on"].includes(value)) return true;
      if (["false", "0", "no", "off"].includes(value)) return false;
      throw mainFault("usage", { reason: `--${name} is true or false` });
    },
  };
}

function helpOf({ name, kind, summary, commands, options }: Tool): string {
  const rows = Object.entries(commands).map(
    ([word, { takes, summary: text }]) => `  ${`${word} ${takes}`.padEnd(30)}${text}\n`,
  );
  const own = kind === "drive" ? "--drive NAME, CAPSTAN_TAPE_DRIVE" : "--changer NAME OF ONE OF ITS DRIVES";
  return `Usage: capstan ${name} COMMAND [options]

${summary} Needs no running instance: the unit is reached over iSCSI.

Commands:
${rows.join("")}
Options:
  ${own.padEnd(38)}one that the manager of a data folder knows (--home, CAPSTAN_HOME)
  ${`--device iscsi://HOST:PORT/TARGET/LUN`.padEnd(38)}any other
  ${"--output-format text|json".padEnd(38)}JSON is {"success": …} or {"error": "…"}
${options.map((option) => `  --${option} VALUE\n`).join("")}`;
}
