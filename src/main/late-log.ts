// SPDX-License-Identifier: Apache-2.0
// A log for the time of a start. Its lines are held back until the start has succeeded: one that fails says why in one
// line and nothing else. It also spares the start from loading the library of the real log.

import { silentLog, type Log, type LogFields } from "#base/index.ts";

interface Shared {
  /** Where lines go; undefined while they are held. */
  target: Log | undefined;
  readonly held: (() => void)[];
}

/** Holds lines until it is told where they go. */
export class LateLog implements Log {
  readonly #shared: Shared;
  readonly #fields: LogFields;

  constructor(shared: Shared = { target: undefined, held: [] }, fields: LogFields = {}) {
    this.#shared = shared;
    this.#fields = fields;
  }

  /** Everything goes to `target` from now on. What was held goes first, or nowhere. Once. */
  release(target: Log, options: { readonly dropHeld: boolean }): void {
    const { held } = this.#shared;
    this.#shared.target = options.dropHeld ? silentLog : target;
    for (const write of held.splice(0)) write();
    this.#shared.target = target;
  }

  debug(message: string, fields: LogFields = {}): void {
    this.#write((log) => log.debug(message, { ...this.#fields, ...fields }));
  }

  info(message: string, fields: LogFields = {}): void {
    this.#write((log) => log.info(message, { ...this.#fields, ...fields }));
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#write((log) => log.warn(message, { ...this.#fields, ...fields }));
  }

  error(message: string, fields: LogFields = {}, cause?: unknown): void {
    this.#write((log) => log.error(message, { ...this.#fields, ...fields }, cause));
  }

  child(fields: LogFields): Log {
    return new LateLog(this.#shared, { ...this.#fields, ...fields });
  }

  #write(write: (log: Log) => void): void {
    const { target, held } = this.#shared;
    if (target !== undefined) write(target);
    else held.push(() => write(this.#shared.target ?? silentLog));
  }
}
