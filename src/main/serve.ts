// SPDX-License-Identifier: Apache-2.0
// The door of the server: starts an instance, says how to use it, and stops it when it is told to.

import { flushCompileCache } from "node:module";
import process from "node:process";
import { asError, isFault, limits, seconds, type Log } from "#base/index.ts";
import { openLog, SystemClock } from "#world/index.ts";
import { greeting } from "./greeting.ts";
import { startInstance, type Instance } from "./instance.ts";
import { LateLog } from "./late-log.ts";
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
  const stopAsked = signalled();
  const log = new LateLog();
  endOnBugs(log);
  const instance = await startInstance(settings, log);
  const isForPeople = settings.logFormat === "text" || (settings.logFormat === "auto" && process.stderr.isTTY);
  const format = isForPeople ? "text" : "json";
  const write = (line: string): void => void process.stderr.write(line);
  // A person is told by the greeting all that mattered so far; a machine gets every line.
  log.release(await openLog({ level: settings.logLevel, format, write }), { dropHeld: isForPeople });
  process.stdout.write(greeting(instance, settings));
  log.info("ready", { home: instance.home, api: instance.apiAddress });
  new SystemClock().setTimer(seconds(2), () => flushCompileCache());
  const signal = await stopAsked;
  log.info(`${signal}: stopping`);
  return stopInTime(instance, log);
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

async function stopInTime(instance: Instance, log: Log): Promise<number> {
  const late = Symbol("late");
  const timer = Promise.withResolvers<typeof late>();
  new SystemClock().setTimer(limits.stopTimeout, () => timer.resolve(late));
  try {
    if ((await Promise.race([instance.stop(), timer.promise])) !== late) return 0;
    log.error("it took too long to stop; what was acknowledged is safe, the next start goes on from there");
  } catch (error) {
    log.error("the stop was not orderly; what was acknowledged is safe", {}, error);
  }
  process.exit(1);
}

/** A bug nobody caught could break a promise if the process went on; the journal makes a restart safe. */
function endOnBugs(log: Log): void {
  process.on("uncaughtException", (error) => {
    log.error("internal error; the process ends, start it again", {}, error);
    // Said by itself too: the log may not be open yet.
    process.stderr.write(`capstan: internal error: ${asError(error).stack ?? asError(error).message}\n`);
    process.exit(1);
  });
}
