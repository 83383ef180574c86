// SPDX-License-Identifier: Apache-2.0
// Runs a real gateway as a process of its own on a throw-away data folder and free ports, and talks to it through its
// command line, as an operator would.

import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const capstan = join(import.meta.dirname, "..", "..", "capstan");
const run = promisify(execFile);

/** A cartridge as `capstan cartridge show --output json` tells of it. */
export interface CartridgeView {
  readonly barcode: string;
  readonly state: string;
  readonly writeProtected: boolean;
  readonly place: { readonly kind: string; readonly library?: string; readonly element?: string };
}

/** A target as `capstan target list --output json` tells of it. */
export interface TargetView {
  readonly name: string;
  readonly library: string;
  readonly units: readonly { readonly lun: number; readonly kind: string }[];
}

/** A gateway that runs beside the test. */
export class Gateway {
  readonly home: string;
  readonly port: number;
  readonly api: string;
  #process: ChildProcess | undefined;
  #said = "";

  private constructor(home: string, port: number, apiPort: number) {
    this.home = home;
    this.port = port;
    this.api = `127.0.0.1:${apiPort}`;
  }

  /** Makes a data folder, below `disk` if that is given, and starts a gateway on it. `settings` is a capstan.toml. */
  static async start({
    disk,
    settings,
  }: { readonly disk?: string; readonly settings?: string } = {}): Promise<Gateway> {
    const home = await mkdtemp(join(disk ?? process.env["CAPSTAN_INTEROP_DISK"] ?? tmpdir(), "capstan-home-"));
    if (settings !== undefined) await writeFile(join(home, "capstan.toml"), settings, { mode: 0o600 });
    const gateway = new Gateway(home, await freePort(), await freePort());
    await gateway.launch();
    return gateway;
  }

  /** Process id while it runs. */
  get pid(): number {
    const pid = this.#process?.pid;
    assert.ok(pid !== undefined, "the gateway runs");
    return pid;
  }

  /** Starts the process (again) and waits until it answers. */
  async launch(): Promise<void> {
    const args = ["serve", "--home", this.home, "--iscsi", `127.0.0.1:${this.port}`, "--api", this.api];
    const child = spawn(capstan, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#process = child;
    this.#said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => (this.#said = (this.#said + text).slice(-20_000)));
    }
    const deadline = performance.now() + 30_000;
    while (!(await this.#isHealthy())) {
      assert.equal(child.exitCode, null, `the gateway ended at once:\n${this.#said}`);
      assert.ok(performance.now() < deadline, `the gateway does not answer:\n${this.#said}`);
      await sleep(50);
    }
  }

  async #isHealthy(): Promise<boolean> {
    try {
      const answer = await fetch(`http://${this.api}/healthz`, { signal: AbortSignal.timeout(2000) });
      return answer.ok;
    } catch {
      return false;
    }
  }

  /** Runs `capstan …` against it and returns what it printed as JSON. */
  async capstan(...args: readonly string[]): Promise<unknown> {
    const all = [...args, "--home", this.home, "--output", "json"];
    const { stdout } = await run(capstan, all, { maxBuffer: 1 << 26 });
    return JSON.parse(stdout);
  }

  /** One cartridge. */
  async cartridge(barcode: string): Promise<CartridgeView> {
    return (await this.capstan("cartridge", "show", barcode)) as CartridgeView;
  }

  /** The targets of a library. */
  async targets(library: string): Promise<readonly TargetView[]> {
    const all = (await this.capstan("target", "list")) as readonly TargetView[];
    return all.filter((target) => target.library === library);
  }

  /** The states that a cartridge shows until it is in the last of `wanted`; fails when another state comes up. */
  async statesUntil(barcode: string, wanted: readonly string[]): Promise<readonly string[]> {
    const seen: string[] = [];
    const deadline = performance.now() + 60_000;
    for (;;) {
      const { state } = await this.cartridge(barcode);
      if (seen.at(-1) !== state) seen.push(state);
      assert.ok(wanted.includes(state), `${barcode} is ${state}; expected were ${wanted.join(", ")}`);
      if (state === wanted.at(-1)) return seen;
      assert.ok(performance.now() < deadline, `${barcode} stays ${state}`);
      await sleep(20);
    }
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const child = this.#process;
    assert.ok(child !== undefined && child.exitCode === null, "the gateway runs");
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    this.#process = undefined;
  }

  /** Stops it in order, says whether that worked, and removes the data folder. */
  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    try {
      if (child === undefined) return;
      assert.equal(child.exitCode, null, `the gateway ended by itself:\n${this.#said}`);
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 30_000);
      const [code, signal] = await ended;
      clearTimeout(timer);
      assert.equal(signal ?? code, 0, `the gateway did not stop in order:\n${this.#said}`);
    } finally {
      await rm(this.home, { recursive: true, force: true });
    }
  }
}

/** A TCP port of 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
