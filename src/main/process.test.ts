// SPDX-License-Identifier: Apache-2.0
// The doors as processes: start, stop, what keeps an instance from starting, the command line against it. Loopback and
// temporary folders only; every process that is started is ended.

import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";

const root = join(import.meta.dirname, "../..");

const launch = join(import.meta.dirname, "launch.mjs");

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

class Process {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  #out = "";
  #err = "";

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const { CAPSTAN_HOME: _home, CAPSTAN_API: _api, CAPSTAN_TOKEN: _token, ...inherited } = process.env;
    this.child = spawn(process.execPath, [launch, ...args], {
      env: { ...inherited, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.on("data", (text) => (this.#out += String(text)));
    this.child.stderr?.on("data", (text) => (this.#err += String(text)));
    this.ended = new Promise((resolve) => {
      this.child.once("close", (code) => resolve({ code, out: this.#out, err: this.#err }));
    });
  }

  /** Resolves with the output once it holds `text`; fails when the process ends before. */
  async says(text: string): Promise<string> {
    const found = new Promise<string>((resolve) => {
      const look = (): void => {
        if (this.#out.includes(text)) resolve(this.#out);
      };
      look();
      this.child.stdout?.on("data", look);
    });
    const early = this.ended.then(({ code, err }) => {
      throw new Error(`ended with ${code} before it said ${text}: ${err}`);
    });
    return Promise.race([found, early]);
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}

let folder = "";

let home = "";

let server: Process;

let greeting = "";

const anyPorts = ["--iscsi", "127.0.0.1:0", "--api", "127.0.0.1:0"];

const cli = (line: string, environment: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  new Process(["cli", ...line.split(" ")], { CAPSTAN_HOME: home, ...environment }).ended;

async function refusesToStart(args: readonly string[], code: number, text: RegExp): Promise<void> {
  const ended = await new Process(["serve", ...args]).ended;
  assert.equal(ended.code, code, ended.err);
  assert.match(ended.err, text);
  assert.equal(ended.err.split("\n").length, 2, ended.err);
  assert.equal(ended.out, "");
}

async function occupied(use: (port: number) => Promise<void>): Promise<void> {
  const other: Server = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  try {
    await use((other.address() as AddressInfo).port);
  } finally {
    other.close();
  }
}

function instanceTests(): void {
  test("the first start tells where everything is, with lines ready to paste", () => {
    assert.match(greeting, new RegExp(`Data folder +${home} +\\(new\\)`));
    assert.match(greeting, /iscsiadm -m discovery -t sendtargets -p 127\.0\.0\.1:\d+\n/);
    assert.match(greeting, /iscsiadm -m node -p 127\.0\.0\.1:\d+ --login\n/);
    assert.match(greeting, /default: 4 drives, 40 slots, 8 mail slots, 10 cartridges/);
  });

  test("secrets are made at the first start, for their owner only, and the token file holds no token", () => {
    const token = readFileSync(join(home, "admin-token"), "utf8").trim();
    assert.equal(statSync(join(home, "admin-token")).mode & 0o777, 0o600);
    assert.equal(statSync(join(home, "tokens.json")).mode & 0o777, 0o600);
    assert.ok(!readFileSync(join(home, "tokens.json"), "utf8").includes(token));
  });

  test("the command line finds server and token in the data folder", async () => {
    const { code, out, err } = await cli("cartridge list");
    assert.equal(code, 0, err);
    assert.match(out, /^BARCODE/);
    assert.match(out, /CAP001L8 +AVAILABLE +default storage-slot 1 /);
    assert.match(out, /CAP010L8/);
  });

  test("target list --output json tells IQN, devices, portals and sessions", async () => {
    const { code, out, err } = await cli("target list --output json");
    assert.equal(code, 0, err);
    const targets = JSON.parse(out);
    assert.equal(targets.length, 5);
    assert.match(targets[0].name, /^iqn\.2026-11\.io\.capstan:/);
    assert.deepEqual(targets[0].units[0].device, "changer");
    assert.equal(targets[0].portals[0].host, "127.0.0.1");
    assert.deepEqual(targets[0].sessions, []);
  });

  test("the lines of the README build a library from a script", async () => {
    const lines = [
      "library create script --drives 2 --slots 12 --mail-slots 2 --topology single-target --first-slot 2000",
      "cartridge create --library script --count 3 --size 200MiB --barcode-prefix SCR",
    ];
    for (const line of lines) {
      const { code, err } = await cli(line);
      assert.equal(code, 0, err);
    }
    const shown = JSON.parse((await cli("library show script --output json")).out);
    assert.deepEqual([shown.cartridges, shown.firstAddresses.storageSlot, shown.drives.length], [3, 2000, 2]);
  });

  test("a wrong token, a missing name and a wrong usage have their own exit codes", async () => {
    assert.equal((await cli("system status", { CAPSTAN_TOKEN: "wrong" })).code, 5);
    assert.equal((await cli("cartridge show NONE99L8")).code, 3);
    assert.equal((await cli("cartridge show")).code, 2);
    const away = await cli("system status", { CAPSTAN_HOME: join(folder, "nowhere") });
    assert.equal(away.code, 6);
    assert.match(away.err, /no Capstan runs on the data folder .*nowhere/);
  });

  test("metrics and health are served", async () => {
    const address = readFileSync(join(home, "api-address"), "utf8").trim();
    assert.equal((await fetch(`${address}/healthz`)).status, 200);
    assert.equal((await fetch(`${address}/metrics`)).status, 401);
    const token = readFileSync(join(home, "admin-token"), "utf8").trim();
    const metrics = await fetch(`${address}/metrics`, { headers: { authorization: `Bearer ${token}` } });
    assert.match(await metrics.text(), /capstan_up 1\n[\s\S]*capstan_cartridges\{state="AVAILABLE"\} \d+/);
  });
}

function refusalTests(): void {
  test("a second instance on the same folder is refused in one line", () =>
    refusesToStart(["--home", home, ...anyPorts], 4, /another Capstan \(process \d+\) uses the data folder/));

  test("a folder of a newer version is refused in one line", async () => {
    const newer = mkdtempSync(join(folder, "newer-"));
    writeFileSync(join(newer, "capstan-data.json"), '{"product":"capstan","format":99}');
    await refusesToStart(["--home", newer, ...anyPorts], 8, /newer version \(format 99/);
  });

  test("a folder that cannot be written is refused in one line", () =>
    refusesToStart(["--home", "/proc/capstan", ...anyPorts], 5, /\/proc\/capstan cannot be used/));

  test("a configuration with a mistake is refused in one line that names it", async () => {
    const bad = mkdtempSync(join(folder, "bad-"));
    writeFileSync(join(bad, "capstan.toml"), "[api]\nlissen = 1\n");
    await refusesToStart(["--home", bad], 2, /capstan\.toml: api\.lissen: there is no such field/);
  });

  test("a portal that anyone could reach is refused unless told so", () =>
    refusesToStart(["--home", join(folder, "open"), "--iscsi", "0.0.0.0:0", "--api", "127.0.0.1:0"], 5, /anyone/));

  test("an iSCSI port in use is refused in one line", () =>
    occupied((port) =>
      refusesToStart(
        ["--home", join(folder, "busy"), "--iscsi", `127.0.0.1:${port}`, "--api", "127.0.0.1:0"],
        4,
        new RegExp(`127\\.0\\.0\\.1:${port} is already in use`),
      ),
    ));

  test("an API port in use is refused in one line", () =>
    occupied((port) =>
      refusesToStart(
        ["--home", join(folder, "busy"), "--iscsi", "127.0.0.1:0", "--api", `127.0.0.1:${port}`],
        4,
        new RegExp(`127\\.0\\.0\\.1:${port} is already in use`),
      ),
    ));

  test("a stopped instance leaves no address behind, and the next start finds everything again", async () => {
    const path = join(folder, "again");
    const first = new Process(["serve", "--home", path, ...anyPorts]);
    await first.says("Ctrl-C");
    assert.equal((await first.stop("SIGINT")).code, 0);
    assert.equal(existsSync(join(path, "api-address")), false);
    assert.equal(readFileSync(join(path, "drives"), "utf8"), "4\n");
    const second = new Process(["serve", "--home", path, ...anyPorts]);
    assert.match(await second.says("Ctrl-C"), /default: 4 drives, 40 slots, 8 mail slots, 10 cartridges/);
    await second.stop("SIGKILL");
    const third = new Process(["serve", "--home", path, ...anyPorts]);
    await third.says("Ctrl-C");
    assert.equal((await third.stop()).code, 0);
  });

  test("on another address the API is HTTPS with a certificate of its own, and the command line trusts it", async () => {
    const path = join(folder, "tls");
    const open = new Process(["serve", "--home", path, "--iscsi", "127.0.0.1:0", "--api", "0.0.0.0:0"]);
    assert.match(
      await open.says("Ctrl-C"),
      /API +https:\/\/0\.0\.0\.0:\d+[\s\S]*certificate\.pem +\(self-signed, new\)/,
    );
    const port = readFileSync(join(path, "api-address"), "utf8").trim().split(":").at(-1) ?? "";
    const { code, err } = await cli(`system version --api https://127.0.0.1:${port} --home ${path}`);
    assert.equal(code, 0, err);
    assert.equal((await open.stop()).code, 0);
  });
}

function launcherTests(): void {
  test("a Node that is too old is told so in one line", async () => {
    const older = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"26.9.0"})';
    const child = spawn(process.execPath, ["--import", older, launch, "serve"], { stdio: ["ignore", "pipe", "pipe"] });
    let err = "";
    child.stderr.on("data", (text) => (err += String(text)));
    const code = await new Promise((resolve) => child.once("close", resolve));
    assert.equal(code, 1);
    assert.match(err, /^capstan: this is Node 26\.9\.0, but Capstan needs 26\.10 or newer\..*npm ci.*\n$/);
  });

  test("the launcher says what to do when the packages are not installed", async () => {
    const bare = mkdtempSync(join(folder, "bare-"));
    writeFileSync(join(bare, "capstan"), readFileSync(join(root, "capstan")), { mode: 0o755 });
    const child = spawn(join(bare, "capstan"), ["--help"], { stdio: ["ignore", "pipe", "pipe"] });
    let err = "";
    child.stderr.on("data", (text) => (err += String(text)));
    const code = await new Promise((resolve) => child.once("close", resolve));
    assert.equal(code, 1);
    assert.match(err, /run: cd '.*bare-.*' && npm ci/);
  });
}

suite("the doors as processes", () => {
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "capstan-process-"));
    home = join(folder, "home");
    server = new Process(["serve", "--home", home, ...anyPorts]);
    greeting = await server.says("Ctrl-C");
  });
  after(async () => {
    const { code, err } = await server.stop();
    rmSync(folder, { recursive: true, force: true });
    assert.equal(code, 0, err);
  });
  instanceTests();
  refusalTests();
  launcherTests();
});
