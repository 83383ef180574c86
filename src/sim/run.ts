// SPDX-License-Identifier: Apache-2.0
// npm run sim: runs seeds and prints what failed, with what is needed to see it again.

import { asError } from "#base/index.ts";
import { canaries } from "./canaries.ts";
import { endingNamed, endings } from "./ending.ts";
import { managerCanaries } from "./manager-canaries.ts";
import { simulateManager } from "./manager-simulation.ts";
import type { ManagerWorldOptions } from "./manager-world.ts";
import { simulate, type Verdict } from "./simulation.ts";
import type { WorldOptions } from "./world.ts";

const usage = `usage: npm run sim -- SEED [--trace] [--canary NAME]
       npm run sim -- --seeds COUNT [--from SEED] [--canary NAME] [--until-failed]
       npm run sim -- --hours COUNT [--from SEED] [--canary NAME] [--until-failed]
       npm run sim -- --canaries | --help
       --family NAME with any of them: ${endings.slice(1).join(", ")}, manager

Runs the whole gateway, or managers over a simulated library, in a world that follows from the seed.
Canaries, gateways and managers that are broken on purpose:
${[...Object.entries(canaries), ...Object.entries(managerCanaries)]
  .map(([name, { title }]) => `  ${name.padEnd(16)} ${title}`)
  .join("\n")}
`;

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

interface Request {
  readonly from: number;
  /** How many seeds, or Infinity: as many as `hours` allow. */
  readonly count: number;
  readonly hours: number;
  /** The first seed that fails is the last. */
  readonly untilFailed: boolean;
  readonly options: WorldOptions;
  /** Of managers instead of a gateway. */
  readonly manager: ManagerWorldOptions | undefined;
  readonly suffix: string;
}

function parse(args: readonly string[]): Request | undefined {
  let [from, count, suffix]: [number | undefined, number, string] = [undefined, 1, ""];
  let [hours, untilFailed] = [Infinity, false];
  let options: WorldOptions = {};
  let manager: ManagerWorldOptions | undefined;
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--trace") options = { ...options, onEvent: print };
    else if (word === "--until-failed") untilFailed = true;
    else if (word === "--canary") {
      const name = rest.shift() ?? "";
      const canary = canaries[name];
      const managerCanary = managerCanaries[name];
      if (canary !== undefined) options = { ...options, canary };
      else if (managerCanary !== undefined) manager = { canary: managerCanary };
      else return undefined;
      suffix += ` --canary ${name}`;
    } else if (word === "--family") {
      const name = rest.shift();
      const ending = endingNamed(name);
      if (ending !== undefined) options = { ...options, ending };
      else if (name === "manager") manager ??= {};
      else return undefined;
      suffix += ` --family ${name}`;
    } else {
      const number = Number(word.startsWith("--") ? rest.shift() : word);
      if (word === "--hours" && number > 0) {
        [hours, count] = [number, Infinity];
        continue;
      }
      if (!Number.isSafeInteger(number) || number < 0) return undefined;
      if (word === "--seeds") count = number;
      else if (word === "--from" || !word.startsWith("--")) from = number;
      else return undefined;
    }
  }
  return from === undefined && count === 1
    ? undefined
    : { from: from ?? 1, count, hours, untilFailed, options, manager, suffix };
}

function report(verdict: Verdict, suffix: string): void {
  print(`FAILED ${verdict.summary}`);
  for (let error: Error | undefined = verdict.failure; error !== undefined;) {
    print(`  ${error.name}: ${error.message}`);
    if (error.name !== "CheckFailure") print(error.stack ?? "");
    error = error.cause === undefined ? undefined : asError(error.cause);
  }
  print("  the last events:");
  for (const line of verdict.tail) print(`  ${line}`);
  print(`  again with: npm run sim -- ${verdict.seed}${suffix}`);
}

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  if (args[0] === "--help" || args[0] === "--canaries") {
    const names = [...Object.keys(canaries), ...Object.keys(managerCanaries)];
    process.stdout.write(args[0] === "--help" ? usage : `${names.join("\n")}\n`);
    return 0;
  }
  const request = parse(args);
  if (request === undefined) {
    process.stderr.write(usage);
    return 2;
  }
  const { from, count, hours, untilFailed, options, manager, suffix } = request;
  const { onEvent } = options;
  const managerOptions = { ...manager, ...(onEvent === undefined ? {} : { onEvent }) };
  let failed = 0;
  let seed = from;
  for (; seed < from + count && process.uptime() < hours * 3600; seed++) {
    const verdict = await (manager === undefined ? simulate(seed, options) : simulateManager(seed, managerOptions));
    if (verdict.failure !== undefined) {
      failed += 1;
      report(verdict, suffix);
      if (untilFailed) return 1;
    } else if (count === 1) {
      if (options.onEvent === undefined) for (const line of verdict.tail) print(line);
      print(`${verdict.summary}; hash ${verdict.hash}`);
    }
  }
  const done = seed - from;
  if (count > 1) print(`${done - failed} of ${done} seeds passed, from ${from} to ${seed - 1}`);
  return failed === 0 ? 0 : 1;
}

process.on("unhandledRejection", (error) => {
  print(`FAILED: a rejection that nobody handles, in the seed after the last one that is shown: ${String(error)}`);
  process.exit(1);
});
process.exitCode = await main();
