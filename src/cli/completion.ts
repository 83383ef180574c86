// SPDX-License-Identifier: Apache-2.0
// Completion for shells. The scripts are short: they ask the hidden command `capstan __complete WORD…`, which walks the
// same commands that parsing does, and asks a running server for names.

import type { Command } from "commander";
import { inputFieldsOf, operations, type Operation } from "#api/index.ts";
import { cliFault } from "./faults.ts";
import { kebabText } from "./format.ts";
import { shells } from "./program.ts";

/** Where names come from: the operation that lists them and the property that is the name. */
const nameSources: Readonly<Record<string, { readonly operation: string; readonly property: string }>> = {
  libraries: { operation: "library.list", property: "name" },
  barcodes: { operation: "cartridge.list", property: "barcode" },
  pools: { operation: "pool.list", property: "name" },
  targets: { operation: "target.list", property: "name" },
  "tape-drives": { operation: "tape.drive.list", property: "name" },
  tasks: { operation: "task.list", property: "id" },
  tokens: { operation: "token.list", property: "name" },
  "changer-models": { operation: "model.list", property: "name" },
  "drive-models": { operation: "model.list", property: "name" },
};

/** Asks the server for an operation without input. */
export type AskServer = (operation: Operation) => Promise<unknown>;

/** What can stand where the last word stands; it may be empty. Words begin behind `capstan`. */
export async function completions(
  program: Command,
  words: readonly string[],
  ask: AskServer,
): Promise<readonly string[]> {
  const last = words.at(-1) ?? "";
  const { command, path, position, option } = walk(program, words.slice(0, -1));
  const candidates =
    option === undefined
      ? await plainCandidates({ command, path, position, last }, ask)
      : await valuesOf(command, path, { field: option, ask });
  return candidates.filter((candidate) => candidate.startsWith(last)).toSorted();
}

interface Place {
  readonly command: Command;
  /** Words of the command. */
  readonly path: readonly string[];
  /** How many arguments stand before. */
  readonly position: number;
}

/** Where the words lead: a command, how many arguments it has so far, and the option that waits for its value. */
function walk(program: Command, words: readonly string[]): Place & { readonly option: string | undefined } {
  let command = program;
  const path: string[] = [];
  let position = 0;
  let option: string | undefined;
  for (const word of words) {
    if (option !== undefined) {
      option = undefined;
      continue;
    }
    const child = command.commands.find((candidate) => candidate.name() === word);
    if (word.startsWith("--")) {
      option = command.options.find((candidate) => candidate.long === word && candidate.required)?.attributeName();
    } else if (child !== undefined) {
      command = child;
      path.push(word);
    } else position++;
  }
  return { command, path, position, option };
}

async function plainCandidates(
  { command, path, position, last }: Place & { readonly last: string },
  ask: AskServer,
): Promise<readonly string[]> {
  if (last.startsWith("-")) return command.options.flatMap((option) => option.long ?? []);
  if (command.commands.length > 0)
    return command.commands.map((child) => child.name()).filter((word) => !word.startsWith("_"));
  if (command.name() === "completion") return shells;
  if (path.join(" ") === "task watch") return namesOf("tasks", ask);
  const field = operationOf(path)?.positional[position];
  return field === undefined ? [] : valuesOf(command, path, { field, ask });
}

async function valuesOf(
  command: Command,
  path: readonly string[],
  { field, ask }: { readonly field: string; readonly ask: AskServer },
): Promise<readonly string[]> {
  const option = command.options.find((candidate) => candidate.long === `--${kebabText(field)}`);
  if (option?.argChoices !== undefined) return option.argChoices;
  const entry = operationOf(path);
  const suggest = entry && inputFieldsOf(entry).find((candidate) => candidate.name === field)?.suggest;
  return suggest === undefined ? [] : namesOf(suggest, ask);
}

function operationOf(path: readonly string[]): Operation | undefined {
  return operations.find((entry) => entry.name === path.join("."));
}

async function namesOf(kind: string, ask: AskServer): Promise<readonly string[]> {
  const source = nameSources[kind];
  const entry = operations.find((candidate) => candidate.name === source?.operation);
  if (source === undefined || entry === undefined) return [];
  const answer = await ask(entry);
  if (!Array.isArray(answer)) return [];
  return answer
    .filter((item: unknown): item is object => typeof item === "object" && item !== null)
    .filter((item) => !kind.endsWith("-models") || Reflect.get(item, "kind") === kind.replace("-models", ""))
    .map((item) => String(Reflect.get(item, source.property)));
}

const scripts: Readonly<Record<(typeof shells)[number], string>> = {
  bash: `# capstan completion for bash: source <(capstan completion bash)
_capstan() {
  local IFS=$'\\n' words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  COMPREPLY=($("\${COMP_WORDS[0]}" __complete -- "\${words[@]}" 2>/dev/null))
  type __ltrim_colon_completions >/dev/null 2>&1 && __ltrim_colon_completions "\${COMP_WORDS[COMP_CWORD]}"
}
complete -F _capstan capstan ./capstan
`,
  zsh: `#compdef capstan
# capstan completion for zsh: source <(capstan completion zsh)
_capstan() {
  local -a found
  found=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a found
}
compdef _capstan capstan
`,
  fish: `# capstan completion for fish: capstan completion fish | source
function __capstan_complete
  set -l words (commandline -opc) (commandline -ct)
  $words[1] __complete -- $words[2..-1] 2>/dev/null
end
complete -c capstan -f -a '(__capstan_complete)'
`,
};

/** The script for a shell. Fault `cli.usage` for one that is not known. */
export function completionScript(shell: string): string {
  const known = shells.find((candidate) => candidate === shell);
  if (known === undefined)
    throw cliFault("usage", { reason: `there is no completion for ${shell}, only for ${shells.join(", ")}` });
  return scripts[known];
}
