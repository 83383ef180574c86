// SPDX-License-Identifier: Apache-2.0
// The door of the server: starts an instance, says how to use it, and stops it when it is told to.

import { flushCompileCache } from "node:module";
import process from "node:process";
import { asError, isFault, limits, seconds, type Log } from "#base/index.ts";
import { openLog, SystemClock } from "#world/index.ts";
import { greeting } from "./greeting.ts";
import { startInstance, type Instance } from "./instance.ts";
import { readSettings, serveHelp, type InstanceSettings } from "./settings.ts";

/** Exit code after a signal, as shells count it: 128 and the number of SIGINT. */
const interruptedCode = 130;

/**
 * Runs an instance until a signal stops it and resolves with the exit code. What keeps it from starting is one line on
 * the error stream and the exit code of the fault.
 */
export async function serve(args: readonly string[]): Promise<number> {
  try {
    const settings = await readSettings(args, process.env);
    if (settings === undefined) {
      process.stdout.write(serveHelp);
      return 0;
    }
    return await runUntilSignal(settings);
  } catch (error) {
    if (!isFault(error)) throw error;
    process.stderr.write(`capstan: ${error.message}\n`);
    return error.row.exit;
  }
}

async function runUntilSignal(settings: InstanceSettings): Promise<number> {
  let log: Log | undefined;
  const stopAsked = signalled();
  const lines = new HeldLines();
  endOnBugs(() => log, lines);
  const instance = await startInstance(settings, async () => (log = await openProcessLog(settings, lines)));
  process.stdout.write(greeting(instance, settings));
  lines.release(isForPeople(settings));
  log?.info("ready", { home: instance.home, api: instance.apiAddress });
  new SystemClock().setTimer(seconds(2), () => flushCompileCache());
  const signal = await stopAsked;
  log?.info(`${signal}: stopping`);
  return stopInTime(instance, log);
}

function openProcessLog(settings: InstanceSettings, lines: HeldLines): Promise<Log> {
  const format = isForPeople(settings) ? "text" : "json";
  return openLog({ level: settings.logLevel, format, write: (line) => lines.write(line) });
}

/** True when log lines go to a person at a terminal. */
function isForPeople({ logFormat }: InstanceSettings): boolean {
  return logFormat === "text" || (logFormat === "auto" && process.stderr.isTTY === true);
}

/**
 * Log lines of a start are held back until it has succeeded: one that fails says why in one line and nothing else. A
 * person is told all that matters by the greeting; a machine gets the lines afterwards.
 */
class HeldLines {
  #held: string[] | undefined = [];

  write(line: string): void {
    if (this.#held === undefined) process.stderr.write(line);
    else this.#held.push(line);
  }

  release(drop: boolean): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    if (!drop) for (const line of held) process.stderr.write(line);
  }
}

/**
 * Resolves with the first signal. A second one ends the process at once; but npm passes on the Ctrl-C that a terminal
 * has sent to this process already, so that what comes right after the first is the same one.
 */
function signalled(): Promise<string> {
  const clock = new SystemClock();
  return new Promise((resolve) => {
    let first: number | undefined;
    const onSignal = (signal: string): void => {
      if (first === undefined) {
        first = clock.monotonic();
        resolve(signal);
      } else if (clock.monotonic() - first > 500) process.exit(interruptedCode);
    };
    process.on("SIGINT", onSignal);
    process.on("SIGTERM", onSignal);
  });
}

async function stopInTime(instance: Instance, log: Log | undefined): Promise<number> {
  const late = Symbol("late");
  const timer = Promise.withResolvers<typeof late>();
  new SystemClock().setTimer(limits.stopTimeout, () => timer.resolve(late));
  try {
    if ((await Promise.race([instance.stop(), timer.promise])) !== late) return 0;
    log?.error("it took too long to stop; what was acknowledged is safe, the next start goes on from there");
  } catch (error) {
    log?.error("the stop was not orderly; what was acknowledged is safe", {}, error);
  }
  process.exit(1);
}

/** A bug nobody caught could break a promise if the process went on; the journal makes a restart safe. */
function endOnBugs(log: () => Log | undefined, lines: HeldLines): void {
  process.on("uncaughtException", (error) => {
    lines.release(false);
    const known = log();
    if (known === undefined) process.stderr.write(`capstan: internal error: ${asError(error).stack ?? ""}\n`);
    else known.error("internal error; the process ends, start it again", {}, error);
    process.exit(1);
  });
}
