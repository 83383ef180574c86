// SPDX-License-Identifier: Apache-2.0
// The commands, made from the table of operations: `library.create` becomes `capstan library create`, an input field an
// option. What the command line offers beyond the API is added here too.

import { Command, Option } from "commander";
import {
  apiFault,
  inputFieldsOf,
  operations,
  problemsOf,
  valueFromText,
  type InputField,
  type Operation,
} from "#api/index.ts";
import { cliFault } from "./faults.ts";
import { kebabText } from "./format.ts";
import type { CliPorts, ConnectOptions } from "./ports.ts";

/** What the actions of commands do. */
export interface CommandActions {
  operation(operation: Operation, input: Readonly<Record<string, unknown>>, options: CommonOptions): Promise<void>;
  watchTask(id: string, options: CommonOptions): Promise<void>;
  completion(shell: string): void;
}

/** Options that every command has. */
export interface CommonOptions extends ConnectOptions {
  readonly output: "table" | "json";
  /** For operations that start a task: follow it to its end. */
  readonly wait: boolean;
}

/** Shells that completion is written for. */
export const shells = ["bash", "zsh", "fish"] as const;

const groupSummaries: Readonly<Record<string, string>> = {
  library: "libraries: changers with drives and slots",
  drive: "tape drives",
  model: "what libraries can be made of",
  cartridge: "cartridges: create, move, eject to the shelf, retrieve",
  pool: "shelf pools: storage class and retention lock of archived cartridges",
  target: "iSCSI targets",
  portal: "iSCSI portals",
  session: "initiators that are logged in",
  access: "who may log in to which target",
  chap: "CHAP secrets",
  allow: "allow-lists of initiators",
  task: "work that goes on: archive, retrieve, delete",
  store: "cache, upload buffer, object store",
  "store bandwidth": "limits of what flows to and from the object store",
  alarm: "what needs an operator",
  key: "keys that the objects in the bucket are sealed with",
  preset: "libraries as backup products like them",
  rule: "cartridges that are made when mail slots run empty",
  shelf: "what archived cartridges cost",
  system: "this installation",
  token: "API tokens",
  datastore: "datastores in Proxmox's layout",
  snapshot: "snapshots of datastores: make, list, browse, restore files",
  tape: "datastores to tape and back",
  "tape drive": "drives that the manager of tapes uses",
  "tape pool": "media pools: when sets begin, how long they are kept",
  "tape key": "encryption keys for tapes",
  "tape backup-job": "backup jobs: what goes to which pool, and when",
  label: "barcode labels for cartridges, to print",
  notify: "who is told what, by mail and by webhook",
  "notify target": "mail servers, mail addresses and webhooks that notices go to",
  "notify matcher": "which notices go to which targets",
  "tape changer": "changers that the manager of tapes uses",
  "tape media": "cartridges of the inventory, and what is on them",
};

const epilogue = `
First steps:
  capstan target list                      what initiators can connect to
  capstan cartridge list                   what is in the libraries and on the shelf
  capstan cartridge create --count 10 --size 100GiB --barcode-prefix NEW
  capstan cartridge eject CAP001L8 --wait  to the shelf
  capstan cartridge retrieve CAP001L8      and back

The server and the token are found in the data folder (--home, CAPSTAN_HOME or ./capstan-data) of an instance that runs
on this machine, or given with --api and --token (CAPSTAN_API, CAPSTAN_TOKEN).

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 conflict, 5 denied, 6 unreachable, 7 no room, 8 damaged.`;

/** Makes all commands. */
export function makeProgram(ports: CliPorts, actions: CommandActions): Command {
  const program = new Command("capstan")
    .description("Capstan, a virtual tape library: ask a running instance, or start one.")
    .version(ports.version, "--version", "show the version of the command line")
    .helpCommand("help [command]", "show help")
    .addHelpText("after", epilogue);
  addCommon(program);
  for (const entry of operations) addOperation(program, entry, { ports, actions });
  addWatch(program, actions);
  for (const { name, summary } of ports.otherCommands) addOther(program, name, summary);
  program
    .command("completion")
    .description("print a completion script: source <(capstan completion bash)")
    .argument("<shell>", shells.join(", "))
    .action((shell: string) => actions.completion(shell));
  for (const command of [program, ...descendants(program)]) quieten(command, ports);
  return program;
}

/** Errors are thrown and text goes to the terminal port; what is unknown is refused. */
function quieten(command: Command, { terminal }: CliPorts): void {
  command
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: () => {},
      getOutHelpWidth: () => Math.min(terminal.columns, 120),
    })
    .allowExcessArguments(false);
}

function descendants(command: Command): readonly Command[] {
  return command.commands.flatMap((child) => [child, ...descendants(child)]);
}

/** The command for the words, made with its groups when it is new. */
function commandFor(program: Command, words: readonly string[]): Command {
  let command = program;
  for (const [index, word] of words.entries()) {
    const known = command.commands.find((child) => child.name() === word);
    const path = words.slice(0, index + 1).join(" ");
    command = known ?? command.command(word).description(groupSummaries[path] ?? groupSummaries[word] ?? "");
  }
  return command;
}

interface Parts {
  readonly ports: CliPorts;
  readonly actions: CommandActions;
}

function addOperation(program: Command, entry: Operation, { ports, actions }: Parts): void {
  const fields = inputFieldsOf(entry);
  const command = commandFor(program, entry.name.split(".")).summary(entry.summary);
  command.description(`${entry.summary}.${entry.description === undefined ? "" : ` ${entry.description}`}`);
  for (const name of entry.positional) {
    const field = fields.find((candidate) => candidate.name === name);
    command.argument(`[${kebabText(name)}]`, field?.description ?? "");
  }
  for (const field of fields) {
    command.addOption(optionOf(field, entry.positional.includes(field.name)));
    if (field.kind === "switch") command.addOption(new Option(noOptionName(field.name)).hideHelp());
    if (field.isSecret)
      command.option(`${optionName(field.name)}-file <file>`, "the same from a file; - is standard input");
  }
  addCommon(command);
  if (entry.kind === "task") command.option("--wait", "follow the task to its end");
  command.addHelpText(
    "after",
    `\nExamples:\n${entry.examples.map((example) => exampleText(entry, example.input)).join("\n")}`,
  );
  command.action(async () => {
    const options: Record<string, unknown> = command.opts();
    const input = await inputOf({ entry, fields, ports }, command.args, options);
    await actions.operation(entry, input, commonOf(command.optsWithGlobals()));
  });
}

function addWatch(program: Command, actions: CommandActions): void {
  const command = commandFor(program, ["task", "watch"]).description("Follow a task to its end.");
  command.argument("<id>", "Id of a task");
  addCommon(command);
  command.action((id: string) => actions.watchTask(id, commonOf(command.optsWithGlobals())));
}

/** A door of its own, which reads its own arguments; it is only reached here when options stand in front of it. */
function addOther(program: Command, name: string, summary: string): void {
  const reason = `options of ${name} stand behind it: capstan ${name} --help`;
  const command = commandFor(program, name.split(" ")).description(summary).allowUnknownOption().allowExcessArguments();
  command.action(() => {
    throw cliFault("usage", { reason });
  });
}

/** Options that may stand before the command or behind it. */
function addCommon(command: Command): void {
  command.optionsGroup("Options of every command:");
  command.addOption(new Option("--output <form>", "table for people, json for programs").choices(["table", "json"]));
  command.option("--home <dir>", "data folder of a running instance");
  command.option("--api <url>", "address of the API, for example https://tape.example.com:8470");
  command.option("--token <token>", "API token");
}

function optionOf(field: InputField, isPositional: boolean): Option {
  const must = field.isRequired && !isPositional ? " (required)" : "";
  const flag = field.kind === "switch" ? optionName(field.name) : `${optionName(field.name)} <${placeholder(field)}>`;
  const option = new Option(flag, `${field.description}${must}`);
  return field.choices.length === 0 ? option : option.choices([...field.choices]);
}

/** Says no to a switch whose default is yes. */
const noOptionName = (field: string): string => `--no-${kebabText(field)}`;

const optionName = (field: string): string => `--${kebabText(field)}`;

function placeholder(field: InputField): string {
  if (field.kind === "integer") return "number";
  return field.kind === "size" ? "size" : field.kind === "choice" ? "choice" : "text";
}

function exampleText(entry: Operation, input: Readonly<Record<string, unknown>>): string {
  const quote = (value: unknown): string =>
    /^[\w.:/@+-]+$/.test(String(value)) ? String(value) : `'${String(value)}'`;
  const positional = entry.positional.filter((name) => name in input).map((name) => quote(input[name]));
  const options = Object.entries(input)
    .filter(([name]) => !entry.positional.includes(name))
    .map(([name, value]) => {
      if (value === true) return optionName(name);
      return value === false ? noOptionName(name) : `${optionName(name)} ${quote(value)}`;
    });
  return `  capstan ${[...entry.name.split("."), ...positional, ...options].join(" ")}`;
}

function commonOf(options: Record<string, unknown>): CommonOptions {
  const text = (name: string): string | undefined => {
    const value = options[name];
    return typeof value === "string" ? value : undefined;
  };
  return {
    home: text("home"),
    api: text("api"),
    token: text("token"),
    output: options["output"] === "json" ? "json" : "table",
    wait: options["wait"] === true,
  };
}

interface InputParts {
  readonly entry: Operation;
  readonly fields: readonly InputField[];
  readonly ports: CliPorts;
}

/** The input of an operation from arguments and options, checked. Faults `cli.usage` and `api.bad-input`. */
async function inputOf(
  { entry, fields, ports }: InputParts,
  args: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> {
  const input: Record<string, unknown> = {};
  for (const field of fields) {
    const position = entry.positional.indexOf(field.name);
    const argument = position < 0 ? undefined : args[position];
    const given = options[field.name];
    const file = field.isSecret ? options[`${field.name}File`] : undefined;
    const sources = [argument, given, file].filter((source) => source !== undefined);
    if (sources.length > 1) throw cliFault("usage", { reason: `${field.name} is given twice` });
    if (typeof file === "string") input[field.name] = (await ports.readText(file)).replace(/\r?\n$/, "");
    else if (sources.length === 1) input[field.name] = read(field, sources[0]);
    else if (field.suggest === "tape-drives" && ports.tapeDrive !== undefined) input[field.name] = ports.tapeDrive;
  }
  const parsed = entry.input.safeParse(input);
  if (parsed.success) return input;
  const nameOf = (name: string): string =>
    entry.positional.includes(name) ? `<${kebabText(name)}>` : optionName(name);
  const { field, problems } = problemsOf(parsed.error, nameOf);
  throw apiFault("bad-input", { operation: `capstan ${entry.name.replaceAll(".", " ")}`, field, problems });
}

function read(field: InputField, source: unknown): unknown {
  return typeof source === "string" ? valueFromText(field, source) : source;
}
