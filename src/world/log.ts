// SPDX-License-Identifier: Apache-2.0
// The log of a running instance: pino's JSON lines for machines, or one short line each for a person at a terminal.
// pino is loaded when a log is opened, not with this module.

import { isoText, type Instant, type Log, type LogFields } from "#base/index.ts";

/** How much is logged. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** What a log is made of. */
export interface LogOptions {
  readonly level: LogLevel;
  /** `json`: one JSON object per line. `text`: for people. */
  readonly format: "json" | "text";
  /** Takes each finished line, with its line end. */
  readonly write: (line: string) => void;
}

/** What this file uses of pino. */
interface Pino {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Pino;
}

/** Opens a log. Fields whose names speak of secrets are never written. */
export async function openLog(options: LogOptions): Promise<Log> {
  const { default: pino } = await import("pino");
  const write = options.format === "json" ? options.write : (line: string) => options.write(textLine(line));
  const secrets = ["secret", "password", "token", "authorization", "key"];
  return new PinoLog(
    pino(
      {
        level: options.level,
        base: null,
        redact: secrets,
        timestamp: () => `,"time":"${isoText(Date.now() as Instant)}"`,
        formatters: { level: (level) => ({ level }) },
      },
      { write },
    ),
  );
}

class PinoLog implements Log {
  readonly #pino: Pino;

  constructor(pino: Pino) {
    this.#pino = pino;
  }

  debug(message: string, fields: LogFields = {}): void {
    this.#pino.debug(fields, message);
  }

  info(message: string, fields: LogFields = {}): void {
    this.#pino.info(fields, message);
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#pino.warn(fields, message);
  }

  error(message: string, fields: LogFields = {}, cause?: unknown): void {
    this.#pino.error(cause === undefined ? fields : { ...fields, err: cause }, message);
  }

  child(fields: LogFields): Log {
    return new PinoLog(this.#pino.child(fields));
  }
}

/** A JSON line of pino as a line for people: time, level, sentence, fields, and the stack of an error below. */
function textLine(line: string): string {
  const { level, time, msg, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
  const head = `${String(time).slice(11, 19)} ${String(level).padEnd(5)} ${String(msg)}${rest.join("")}\n`;
  return typeof err === "object" && err !== null && "stack" in err ? `${head}  ${String(err.stack)}\n` : head;
}
