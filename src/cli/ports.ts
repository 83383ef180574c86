// SPDX-License-Identifier: Apache-2.0
// What the command line needs from outside.

/** Where text goes. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** True when `err` is a terminal that a line can be drawn on again and again. */
  readonly isInteractive: boolean;
  /** Width in characters. */
  readonly columns: number;
}

/** How a server is found. */
export interface ConnectOptions {
  readonly home: string | undefined;
  readonly api: string | undefined;
  readonly token: string | undefined;
}

/** A request, in the words of HTTP. */
export interface ServerRequest {
  readonly method: string;
  /** With the query string. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** A server that answers; every request carries the token. */
export interface Server {
  /** For messages. */
  readonly address: string;
  send(request: ServerRequest): Promise<{ readonly status: number; readonly body: AsyncIterable<string> }>;
}

/** A command that is not an operation of the API: it is done by whoever runs the command line. */
export interface OtherCommand {
  /** One word, or several: `store probe` stands beside the operations of the group `store`. */
  readonly name: string;
  readonly summary: string;
}

/** Everything that the command line is given. */
export interface CliPorts {
  readonly terminal: Terminal;
  readonly version: string;
  /** Finds the server and the token; Faults say what was looked for where. */
  connect(options: ConnectOptions): Promise<Server>;
  /** Name of the tape drive that is meant when none is named. */
  readonly tapeDrive?: string;
  /** All of a text file; `-` is standard input. */
  readText(path: string): Promise<string>;
  /** Commands that `runOther` does. */
  readonly otherCommands: readonly OtherCommand[];
  /** Does one of them with its arguments and resolves with the exit code. */
  runOther(name: string, args: readonly string[]): Promise<number>;
}
