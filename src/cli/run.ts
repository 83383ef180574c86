// SPDX-License-Identifier: Apache-2.0
// Runs one command line: parses, calls, prints, and says with which code to end.

import { asError, Fault, isFault } from "#base/index.ts";
import { errorBody, type Operation } from "#api/index.ts";
import { CommanderError } from "commander";
import { callWhole } from "./client.ts";
import { completions, completionScript } from "./completion.ts";
import { cliFault } from "./faults.ts";
import { tableText } from "./output.ts";
import type { CliPorts } from "./ports.ts";
import { makeProgram, type CommandActions, type CommonOptions } from "./program.ts";
import { watchTask } from "./watch.ts";

/** Runs `capstan` with these arguments and resolves with the exit code. Never rejects. */
export async function runCli(args: readonly string[], ports: CliPorts): Promise<number> {
  const { terminal } = ports;
  try {
    const [first, ...rest] = args;
    const other = ports.otherCommands.find(({ name }) => name.split(" ").every((word, index) => args[index] === word));
    if (other !== undefined) return await ports.runOther(other.name, args.slice(other.name.split(" ").length));
    const program = makeProgram(ports, actionsOf(ports));
    if (first === "__complete") {
      const words = rest[0] === "--" ? rest.slice(1) : rest;
      for (const word of await completions(program, words, askerOf(ports))) terminal.out(`${word}\n`);
      return 0;
    }
    if (first === undefined) {
      program.outputHelp();
      return 2;
    }
    await program.parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    return report(error, args, ports);
  }
}

function actionsOf(ports: CliPorts): CommandActions {
  const { terminal } = ports;
  return {
    operation: async (entry, input, options) => {
      const server = await ports.connect(options);
      const answer = await callWhole(server, entry, input);
      if (entry.kind === "task" && options.wait) return followTask(ports, taskIdOf(answer), options);
      await print(ports, entry, { answer, options });
      if (entry.kind === "task" && options.output === "table") {
        terminal.err(`The task goes on; follow it with: capstan task watch ${taskIdOf(answer)}\n`);
      }
    },
    watchTask: (id, options) => followTask(ports, id, options),
    completion: (shell) => terminal.out(completionScript(shell)),
  };
}

async function print(
  { terminal }: CliPorts,
  entry: Operation,
  { answer, options }: { readonly answer: unknown; readonly options: CommonOptions },
): Promise<void> {
  if (options.output === "json") terminal.out(`${JSON.stringify(answer, undefined, 2)}\n`);
  else terminal.out(await tableText(entry, answer));
}

async function followTask(ports: CliPorts, id: string, options: CommonOptions): Promise<void> {
  const task = await watchTask(await ports.connect(options), id, ports.terminal);
  if (options.output === "json") ports.terminal.out(`${JSON.stringify(task, undefined, 2)}\n`);
  else ports.terminal.out(`${task.subject}: ${task.operation} ${task.state}\n`);
  if (task.state !== "done") {
    throw cliFault("task-failed", { id, state: task.state, reason: task.error?.text ?? "see its log" });
  }
}

function taskIdOf(answer: unknown): string {
  return typeof answer === "object" && answer !== null && "id" in answer ? String(answer.id) : "";
}

/** Names for completion; without a server there are none, and a shell must not see an error in the middle of a line. */
function askerOf(ports: CliPorts): (operation: Operation) => Promise<unknown> {
  return async (operation) => {
    try {
      return await callWhole(await ports.connect({ home: undefined, api: undefined, token: undefined }), operation, {});
    } catch (error) {
      if (isFault(error)) return [];
      throw error;
    }
  };
}

function report(error: unknown, args: readonly string[], { terminal }: CliPorts): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    // A group without a command: commander has shown its help.
    if (error.code === "commander.help") return 2;
    const text = error.message.replace(/^error: /, "").replaceAll(/\s*\n\s*/g, " ");
    return reportFault(cliFault("usage", { reason: `${text}; see capstan --help` }), args, terminal);
  }
  if (isFault(error)) return reportFault(error, args, terminal);
  terminal.err(`capstan: internal error: ${asError(error).stack ?? asError(error).message}\n`);
  return 1;
}

function reportFault(fault: Fault, args: readonly string[], terminal: CliPorts["terminal"]): number {
  const wantsJson = args.includes("--output=json") || args[args.indexOf("--output") + 1] === "json";
  if (wantsJson) terminal.err(`${JSON.stringify(errorBody(fault), undefined, 2)}\n`);
  else terminal.err(`capstan: ${fault.message}\n`);
  return fault.row.exit;
}
