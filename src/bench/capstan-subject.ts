// SPDX-License-Identifier: Apache-2.0
// Our own gateway as a process of its own on a throw-away data folder, run through its command line.

import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { Endpoint } from "#base/index.ts";
import { freePort, type Subject } from "./subject.ts";

const capstan = join(import.meta.dirname, "..", "..", "capstan");
const run = promisify(execFile);

/** How the library of the bench is shaped. */
export interface CapstanShape {
  readonly drives: number;
  /** Nominal size of the cartridges in the drives. */
  readonly sizeGiB: number;
  /** Text of its `capstan.toml`; none unless given. */
  readonly settings?: string;
  readonly label?: string;
}

interface DriveRow {
  readonly library: string;
  readonly number: number;
  readonly target: string;
  readonly lun: number;
}

/** A gateway that runs. */
export class CapstanSubject implements Subject {
  readonly label: string;
  readonly portal: Endpoint;
  drives: Subject["drives"] = [];
  /** Its data folder. */
  readonly home: string;
  readonly #api: string;
  #process: ChildProcess | undefined;
  #said = "";
  #token: string | undefined;

  private constructor(home: string, label: string, port: number, apiPort: number) {
    this.home = home;
    this.label = label;
    this.portal = { host: "127.0.0.1", port };
    this.#api = `127.0.0.1:${apiPort}`;
  }

  /** Starts one in a new folder below `folder`, with a library `bench` whose drives are loaded. */
  static async start(folder: string, shape: CapstanShape): Promise<CapstanSubject> {
    const { drives, sizeGiB, settings, label = "capstan" } = shape;
    const home = await mkdtemp(join(folder, "capstan-bench-"));
    if (settings !== undefined) await writeFile(join(home, "capstan.toml"), settings, { mode: 0o600 });
    const subject = new CapstanSubject(home, label, await freePort(), await freePort());
    await subject.launch();
    const sizes = ["--drives", String(drives), "--slots", String(drives), "--mail-slots", "0"];
    await subject.capstan("library", "create", "bench", ...sizes);
    const wanted = ["--library", "bench", "--count", String(drives), "--size", `${sizeGiB}GiB`];
    await subject.capstan("cartridge", "create", ...wanted, "--barcode-prefix", "BEN");
    const cartridges = (await subject.capstan("cartridge", "list", "--library", "bench")) as { barcode: string }[];
    for (const [index, { barcode }] of cartridges.entries()) {
      await subject.capstan("cartridge", "load", barcode, String(index + 1));
    }
    const rows = (await subject.capstan("drive", "list", "--library", "bench")) as readonly DriveRow[];
    subject.drives = rows.map(({ target, lun }) => ({ target, lun }));
    return subject;
  }

  get pid(): number {
    if (this.#process?.pid === undefined) throw new Error("the gateway does not run");
    return this.#process.pid;
  }

  /** Starts the process (again). Resolves with the seconds until the portal took a connection. */
  async launch(): Promise<number> {
    const portal = `${this.portal.host}:${this.portal.port}`;
    const start = performance.now();
    const args = ["serve", "--home", this.home, "--iscsi", portal, "--api", this.#api];
    const child = spawn(capstan, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#process = child;
    this.#said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => (this.#said = (this.#said + text).slice(-10_000)));
    }
    while (!(await this.#isHealthy())) {
      if (child.exitCode !== null) throw new Error(`the gateway ended at once:\n${this.#said}`);
      if (performance.now() - start > 60_000) throw new Error(`the gateway does not answer:\n${this.#said}`);
      await sleep(5);
    }
    return (performance.now() - start) / 1000;
  }

  /** The portal takes a connection now. */
  takesConnections(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.portal.port, this.portal.host);
      socket.once("error", () => resolve(false));
      socket.once("connect", () => {
        socket.destroy();
        resolve(true);
      });
    });
  }

  async #isHealthy(): Promise<boolean> {
    try {
      return (await fetch(`http://${this.#api}/healthz`, { signal: AbortSignal.timeout(2000) })).ok;
    } catch {
      return false;
    }
  }

  /** Runs `capstan …` against it and returns what it printed as JSON. */
  async capstan(...args: readonly string[]): Promise<unknown> {
    const all = [...args, "--home", this.home, "--output", "json"];
    const { stdout } = await run(capstan, all, { maxBuffer: 1 << 28 });
    return JSON.parse(stdout);
  }

  /** Asks the API, as its administrator; the answer's JSON. */
  async ask(path: string, method = "GET", input?: unknown): Promise<unknown> {
    this.#token ??= (await readFile(join(this.home, "admin-token"), "utf8")).trim();
    const headers = { authorization: `Bearer ${this.#token}`, "content-type": "application/json" };
    const body = input === undefined ? {} : { body: JSON.stringify(input) };
    const answer = await fetch(`http://${this.#api}/api/v1/${path}`, { method, headers, ...body });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async stop(): Promise<void> {
    await this.#end("SIGKILL");
    await rm(this.home, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
}
