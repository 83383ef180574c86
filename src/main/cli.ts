// SPDX-License-Identifier: Apache-2.0
// The door of the command line: finds the server and the token, and lets the cli room do the rest.

import { join, resolve } from "node:path";
import process from "node:process";
import { runCli, type ConnectOptions, type Server } from "#cli/index.ts";
import { httpTransport, PrivateFile } from "#world/index.ts";
import { mainFault } from "./faults.ts";
import { processTerminal, readTextFile } from "./terminal.ts";
import { productVersion } from "./version.ts";

/** Runs a command line and resolves with its exit code. */
export function cli(args: readonly string[]): Promise<number> {
  return runCli(args, {
    terminal: processTerminal(),
    version: productVersion(),
    ...defaultDrive(process.env),
    connect: async (options) => connect(options, process.env),
    readText: readTextFile,
    otherCommands: [...doors].map(([name, { summary }]) => ({ name, summary: `${summary} (capstan ${name} --help)` })),
    runOther: (name, rest) => doors.get(name)?.open(rest) ?? Promise.resolve(usageCode),
  });
}

/** The drive that tape commands work with when none is named. */
export function defaultDrive(environment: Readonly<Record<string, string | undefined>>): {
  readonly tapeDrive?: string;
} {
  const tapeDrive = environment["CAPSTAN_TAPE_DRIVE"] ?? environment["PROXMOX_TAPE_DRIVE"];
  return tapeDrive === undefined || tapeDrive === "" ? {} : { tapeDrive };
}

const usageCode = 2;

interface Door {
  readonly summary: string;
  /** Loads it, runs it and resolves with the exit code. */
  readonly open: (args: readonly string[]) => Promise<number>;
}

/** Commands that need no running instance. Each is loaded when it is asked for. */
const doors: ReadonlyMap<string, Door> = new Map<string, Door>([
  ["serve", { summary: "run an instance here", open: async (args) => (await import("./serve.ts")).serve(args) }],
  [
    "recover",
    {
      summary: "make a lost gateway anew from its bucket",
      open: async (args) => (await import("./recover.ts")).recover(args),
    },
  ],
  [
    "doctor",
    {
      summary: "check a data folder and its bucket",
      open: async (args) => (await import("./doctor.ts")).doctor(args),
    },
  ],
  [
    "demo",
    {
      summary: "show everything with the files of a folder",
      open: async (args) => (await import("./demo.ts")).demo(args),
    },
  ],
  [
    "cartridge read",
    {
      summary: "read a cartridge from a bucket and its keys alone",
      open: async (args) => (await import("./cartridge-read.ts")).cartridgeRead(args),
    },
  ],
  ["pmt", { summary: "move a tape drive by hand", open: async (args) => (await import("./pmt.ts")).pmt(args) }],
  [
    "pmtx",
    { summary: "move cartridges of a changer by hand", open: async (args) => (await import("./pmtx.ts")).pmtx(args) },
  ],
  [
    "label print",
    {
      summary: "write barcode labels for cartridges as PDF or SVG",
      open: async (args) => (await import("./label-print.ts")).labelPrint(args),
    },
  ],
  [
    "store probe",
    {
      summary: "try out what an object store can do",
      open: async (args) => (await import("./store-probe.ts")).storeProbe(args),
    },
  ],
]);

/**
 * The server that options, environment or data folder name, in this order. Faults `main.not-running`, `main.no-token`,
 * `main.bad-address`.
 */
export function connect(options: ConnectOptions, environment: Readonly<Record<string, string | undefined>>): Server {
  const home = resolve(options.home ?? environment["CAPSTAN_HOME"] ?? "capstan-data");
  const named = options.api ?? (options.home === undefined ? environment["CAPSTAN_API"] : undefined);
  const address = named ?? new PrivateFile(join(home, "api-address")).read()?.trim();
  if (address === undefined) throw mainFault("not-running", { home });
  if (!/^https?:\/\/[^/\s]+\/?$/.test(address) || !URL.canParse(address)) throw mainFault("bad-address", { address });
  const token =
    options.token ??
    (options.home === undefined ? environment["CAPSTAN_TOKEN"] : undefined) ??
    new PrivateFile(join(home, "admin-token")).read()?.trim();
  if (token === undefined) throw mainFault("no-token", { home });
  const trust = address.startsWith("https:") ? new PrivateFile(join(home, "certificate.pem")).read() : undefined;
  const send = httpTransport(trust);
  const base = address.replace(/\/$/, "");
  return {
    address: base,
    send: ({ path, headers, ...rest }) =>
      send({ ...rest, url: `${base}${path}`, headers: { ...headers, authorization: `Bearer ${token}` } }),
  };
}
