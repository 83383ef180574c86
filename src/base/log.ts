// SPDX-License-Identifier: Apache-2.0
// Port: structured logs. A line is an event name, a few fields and, for people, a sentence. Secrets never go in.

/** What a line may carry beside its sentence. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Port: takes log lines; never throws. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** Something needs a person. `cause` adds the error with its causes. */
  error(message: string, fields?: LogFields, cause?: unknown): void;
  /** A log whose lines all carry `fields`. */
  child(fields: LogFields): Log;
}

/** A log that keeps nothing: for unit tests. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};
