// SPDX-License-Identifier: Apache-2.0
// Faults: the world failed in an expected way. One class; codes come from tables, one table per room, whose rows decide
// retry, HTTP status and exit code, so that no face decides for itself.

/** What a fault means to whoever meets it. */
export interface FaultRow {
  /** The text for people; `{name}` is replaced by the detail of that name. */
  readonly text: string;
  /** Whether trying again can help: never, after a pause, or once an operator has done something. */
  readonly retry: "never" | "backoff" | "operator";
  readonly http: 400 | 401 | 403 | 404 | 409 | 413 | 422 | 429 | 500 | 502 | 503 | 507;
  /** Exit code of the CLI: 1 failed, 2 usage, 3 not found, 4 conflict, 5 denied, 6 unreachable, 7 no room, 8 damaged. */
  readonly exit: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;
}

/** A room's table: code without the room's name to row. */
export type FaultTable = Readonly<Record<string, FaultRow>>;

/** What a fault's text may quote. */
export type FaultDetails = Readonly<Record<string, string | number>>;

/** An expected failure. `code` is `room.name`; `cause` keeps the error that led here. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: string;
  readonly row: FaultRow;
  readonly details: FaultDetails;

  constructor(code: string, row: FaultRow, details: FaultDetails, cause?: unknown) {
    const text = row.text.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(details[name] ?? `{${name}}`));
    super(text, cause === undefined ? undefined : { cause });
    this.code = code;
    this.row = row;
    this.details = details;
  }
}

/** Makes the constructor of one room's faults: `const storeFault = faultsOf("store", { … })`. */
export function faultsOf<Table extends FaultTable>(room: string, table: Table) {
  const make = (name: keyof Table & string, details: FaultDetails = {}, cause?: unknown): Fault => {
    const row = table[name];
    if (row === undefined) throw new TypeError(`no fault ${room}.${name}`);
    return new Fault(`${room}.${name}`, row, details, cause);
  };
  return Object.assign(make, { room, table });
}

/** True for a Fault, optionally of one code (`"store.disk-full"`). */
export function isFault(error: unknown, code?: string): error is Fault {
  return error instanceof Fault && (code === undefined || error.code === code);
}

/** A thrown thing as an Error: what is not one is wrapped. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
