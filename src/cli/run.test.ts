// SPDX-License-Identifier: Apache-2.0
// The command line against a server that answers from a table: what is asked, what is shown, which exit code.

import assert from "node:assert/strict";
import { test } from "node:test";
import { networkFault } from "#base/index.ts";
import { operations } from "#api/index.ts";
import type { CliPorts, ServerRequest } from "./ports.ts";
import { runCli } from "./run.ts";

interface Canned {
  readonly status?: number;
  /** JSON, or text as it is. */
  readonly body: unknown;
  /** The body never ends, as that of an event stream. */
  readonly isOpen?: boolean;
}

interface Bench {
  readonly ports: CliPorts;
  readonly requests: ServerRequest[];
  out: string;
  err: string;
  run(line: string): Promise<number>;
}

async function* pieces(text: string, isOpen: boolean): AsyncIterable<string> {
  for (let index = 0; index < text.length; index += 7) yield text.slice(index, index + 7);
  if (isOpen) await new Promise(() => {});
}

/** Answers by `METHOD /path`; everything else is a 404 of no Capstan. */
function bench(answers: Readonly<Record<string, Canned>> = {}, isInteractive = false): Bench {
  const requests: ServerRequest[] = [];
  const ports: CliPorts = {
    terminal: {
      out: (text) => void (made.out += text),
      err: (text) => void (made.err += text),
      isInteractive,
      columns: 100,
    },
    version: "0.1.0",
    connect: async () => ({
      address: "http://test",
      send: async (request) => {
        requests.push(request);
        const answer = answers[`${request.method} ${request.path}`] ?? { status: 404, body: "<html>" };
        const { status = 200, body, isOpen = false } = answer;
        return { status, body: pieces(typeof body === "string" ? body : JSON.stringify(body), isOpen) };
      },
    }),
    readText: async (path) => `from ${path} a secret\n`,
    otherCommands: [
      { name: "serve", summary: "run an instance" },
      { name: "store probe", summary: "try out an object store" },
    ],
    runOther: async (name, args) => name.length + args.length,
  };
  const made: Bench = { ports, requests, out: "", err: "", run: (line) => runCli(line.split(" "), ports) };
  return made;
}

const cartridge = {
  barcode: "CAP001L8",
  state: "AVAILABLE",
  place: { kind: "element", library: "default", element: "storage-slot", number: 1, address: 1025 },
  library: "default",
  writeOnce: false,
  pool: "glacier",
  storageClass: "STANDARD",
  sizeBytes: 200 * 1024 ** 2,
  usedBytes: 0,
  uploadedBytes: 0,
  dirtyBytes: 0,
  writeProtected: false,
  createdAt: "2026-11-20T12:00:00.000Z",
  changedAt: "2026-11-20T12:00:00.000Z",
};
const task = {
  id: "00112233445566778899aabbccddeeff",
  operation: "cartridge.retrieve",
  subject: "CAP001L8",
  who: "admin",
  state: "running",
  phase: "thaw",
  counters: [{ name: "objects", unit: "objects", value: 1, total: 4 }],
  warnings: [],
  lines: [],
  createdAt: "2026-11-20T12:00:00.000Z",
};

test("a table shows sizes with units, places in words, and no frame", async () => {
  const b = bench({ "GET /api/v1/cartridges?limit=1000": { body: [cartridge] } });
  assert.equal(await b.run("cartridge list"), 0);
  const [head, row] = b.out.split("\n");
  assert.match(head ?? "", /^BARCODE +STATE +PLACE +SIZE/);
  assert.match(row ?? "", /^CAP001L8 +AVAILABLE +default storage-slot 1 +200 MiB/);
});

test("an empty list says so", async () => {
  const b = bench({ "GET /api/v1/cartridges?limit=1000": { body: [] } });
  assert.equal(await b.run("cartridge list"), 0);
  assert.equal(b.out, "none\n");
});

test("--output json prints what the server said", async () => {
  const b = bench({ "GET /api/v1/cartridges?library=default&limit=1000": { body: [cartridge] } });
  assert.equal(await b.run("cartridge list --library default --output json"), 0);
  assert.deepEqual(JSON.parse(b.out), [cartridge]);
});

test("a long list is asked for page by page, and a page alone when it is limited", async () => {
  const named = (number: number) => ({ ...cartridge, barcode: `C${String(number).padStart(5, "0")}L8` });
  const page = (first: number, count: number) => ({
    body: Array.from({ length: count }, (_, index) => named(first + index)),
  });
  const b = bench({
    "GET /api/v1/cartridges?limit=1000": page(0, 1000),
    "GET /api/v1/cartridges?after=C00999L8&limit=1000": page(1000, 1000),
    "GET /api/v1/cartridges?after=C01999L8&limit=1000": page(2000, 3),
    "GET /api/v1/cartridges?limit=2": page(0, 2),
  });
  assert.equal(await b.run("cartridge list --output json"), 0, b.err);
  const listed = JSON.parse(b.out) as readonly { readonly barcode: string }[];
  assert.deepEqual(
    listed.map(({ barcode }) => barcode),
    page(0, 2003).body.map(({ barcode }) => barcode),
  );
  assert.equal(b.requests.length, 3);
  assert.equal(await b.run("cartridge list --limit 2 --output json"), 0, b.err);
  assert.equal(b.requests.length, 4);
});

test("what every command takes may stand before it", async () => {
  const b = bench({ "GET /api/v1/cartridges?limit=1000": { body: [cartridge] } });
  assert.equal(await b.run("--output json cartridge list"), 0);
  assert.deepEqual(JSON.parse(b.out), [cartridge]);
  assert.equal(await b.run("--home /data serve"), 2);
  assert.match(b.err, /options of serve stand behind it/);
});

test("options become the fields of the operation, sizes stay as they were written", async () => {
  const b = bench({ "POST /api/v1/cartridges": { body: [cartridge] } });
  assert.equal(await b.run("cartridge create --count 3 --size 200MiB --barcode-prefix CAP"), 0);
  assert.deepEqual(JSON.parse(b.requests[0]?.body ?? ""), { count: 3, size: "200MiB", barcodePrefix: "CAP" });
});

test("a name can stand by itself or behind its option", async () => {
  for (const line of ["cartridge show CAP001L8", "cartridge show --barcode CAP001L8"]) {
    const b = bench({ "GET /api/v1/cartridges/CAP001L8": { body: cartridge } });
    assert.equal(await b.run(line), 0, b.err);
    assert.match(b.out, /BARCODE: +CAP001L8\n/);
  }
});

test("names are escaped in paths and queries", async () => {
  const b = bench();
  await b.run("target show iqn.2026-11.io.capstan:a/b?c");
  await b.run("access chap list --target iqn.x:a&b=c");
  assert.deepEqual(
    b.requests.map(({ path }) => path),
    ["/api/v1/targets/iqn.2026-11.io.capstan%3Aa%2Fb%3Fc", "/api/v1/access/chap?target=iqn.x%3Aa%26b%3Dc"],
  );
});

test("a secret can come from a file, without its line end", async () => {
  const b = bench();
  await b.run("access chap set --target t --initiator i --secret-file /run/secret");
  assert.equal(JSON.parse(b.requests[0]?.body ?? "").secret, "from /run/secret a secret");
});

const usageErrors: readonly (readonly [string, RegExp])[] = [
  ["cartridge show", /<barcode>: is missing/],
  ["cartridge show lower", /<barcode>: a barcode is 5 to 16/],
  ["cartridge create --size 12XB", /--size: "12XB" is no size/],
  ["cartridge create --size 1MiB", /--size: a cartridge has 16 MiB to 64 TiB/],
  ["cartridge create --count many", /--count: /],
  ["cartridge create --count", /argument missing/],
  ["cartridge create --colour red", /unknown option '--colour'/],
  ["cartridge create --into nowhere", /Allowed choices are storage-slot, mail-slot/],
  ["cartridge polish", /unknown command 'polish'/],
  ["cartridge list --output yaml", /Allowed choices are table, json/],
  ["cartridge show CAP001L8 CAP002L8", /too many arguments/],
  ["cartridge show CAP001L8 --barcode CAP002L8", /barcode is given twice/],
  ["access chap set --target t --initiator i", /--secret: is missing/],
  ["token create robot --role king", /Allowed choices are viewer, operator, admin/],
  ["completion tcsh", /no completion for tcsh/],
  ["nonsense", /unknown command 'nonsense'/],
];

for (const [line, text] of usageErrors) {
  test(`capstan ${line}: is refused with exit code 2 and asks no server`, async () => {
    const b = bench();
    assert.equal(await b.run(line), 2);
    assert.match(b.err, text);
    assert.equal(b.err.split("\n").length, 2, b.err);
    assert.deepEqual(b.requests, []);
  });
}

test("what the server refuses is one line with the exit code of its fault", async () => {
  const body = {
    error: { code: "gateway.x", message: "there is no cartridge", details: {}, retry: "never", exitCode: 3 },
  };
  const b = bench({ "GET /api/v1/cartridges/CAP001L8": { status: 404, body } });
  assert.equal(await b.run("cartridge show CAP001L8"), 3);
  assert.equal(b.err, "capstan: there is no cartridge\n");
  b.err = "";
  assert.equal(await b.run("cartridge show CAP001L8 --output json"), 3);
  assert.deepEqual(JSON.parse(b.err), body);
});

test("a server that is no Capstan, and one that cannot be reached, end with exit code 6", async () => {
  const strange = bench();
  assert.equal(await strange.run("system version"), 6);
  assert.match(strange.err, /no answer of Capstan \(status 404\)/);
  const away = bench();
  const ports = {
    ...away.ports,
    connect: async () => {
      throw networkFault("unreachable", { address: "127.0.0.1:1", reason: "ECONNREFUSED" });
    },
  };
  assert.equal(await runCli(["system", "version"], ports), 6);
  assert.match(away.err, /cannot connect to 127\.0\.0\.1:1/);
});

test("an answer that is no JSON is no success", async () => {
  const b = bench({ "GET /api/v1/system/version": { body: "hello" } });
  assert.equal(await b.run("system version"), 6);
});

test("help tells first steps, every command tells its options and an example", async () => {
  const b = bench();
  assert.equal(await b.run("--help"), 0);
  assert.match(b.out, /First steps:[\s\S]*Exit codes:/);
  for (const entry of operations) {
    b.out = "";
    assert.equal(await runCli([...entry.name.split("."), "--help"], b.ports), 0);
    assert.match(b.out, /Examples:\n {2}capstan /, entry.name);
    assert.ok(b.out.includes(entry.summary.split(" ").slice(0, 3).join(" ")), entry.name);
  }
});

test("every example of the help is a command line that is understood", async () => {
  for (const entry of operations) {
    const b = bench();
    await runCli([...entry.name.split("."), "--help"], b.ports);
    const lines = b.out.split("Examples:\n")[1]?.trim().split("\n") ?? [];
    for (const line of lines) {
      const words = Array.from(line.trim().matchAll(/'([^']*)'|(\S+)/g), (match) => match[1] ?? match[2] ?? "");
      b.err = "";
      assert.equal(await runCli(words.slice(1), b.ports), 6, `${line}: ${b.err}`);
    }
  }
});

test("no command, and a group without one, show help and end with 2", async () => {
  const b = bench();
  assert.equal(await runCli([], b.ports), 2);
  assert.match(b.out, /Usage: capstan/);
});

test("other commands get their arguments unread", async () => {
  assert.equal(await bench().run("serve --home x --iscsi y"), "serve".length + 4);
  assert.equal(await bench().run("store probe x"), "store probe".length + 1);
});

function stream(...records: readonly object[]): string {
  const events = records.map((record, index) => `id: r-${index}\nevent: task\ndata: ${JSON.stringify(record)}\n\n`);
  return `: listening\n\n${events.join("")}`;
}

const retrieve = "POST /api/v1/cartridges/CAP001L8/retrieve";
const showTask = `GET /api/v1/tasks/${task.id}`;

test("a task is followed to its end with --wait, in plain lines where there is no terminal", async () => {
  const done = { ...task, state: "done", counters: [{ name: "objects", unit: "objects", value: 4, total: 4 }] };
  const other = { ...task, id: "f".repeat(32), subject: "OTHER1L8" };
  const answers = {
    [retrieve]: { status: 202, body: task },
    [showTask]: { body: task },
    "GET /api/v1/events": { body: stream(task, other, done), isOpen: true },
  };
  const b = bench(answers);
  assert.equal(await b.run("cartridge retrieve CAP001L8 --wait"), 0, b.err);
  assert.equal(b.err.split("\n").length, 3, b.err);
  assert.match(b.err, /CAP001L8 {2}running {2}thaw {2}\[#+-+\] +25 % {2}1 of 4 objects\n/);
  assert.equal(b.out, "CAP001L8: cartridge.retrieve done\n");
  const terminal = bench(answers, true);
  assert.equal(await terminal.run("cartridge retrieve CAP001L8 --wait"), 0);
  assert.ok(terminal.err.startsWith("\r\u001B[2K"));
  assert.ok(terminal.err.endsWith("\n"));
});

test("without --wait the task is shown with how to follow it", async () => {
  const b = bench({ [retrieve]: { status: 202, body: task } });
  assert.equal(await b.run("cartridge retrieve CAP001L8"), 0);
  assert.match(b.err, new RegExp(`capstan task watch ${task.id}`));
});

test("a failed task ends with exit code 1 and its reason", async () => {
  const failed = { ...task, state: "failed", error: { code: "store.x", text: "the bucket is gone" } };
  const b = bench({ [showTask]: { body: failed }, "GET /api/v1/events": { body: stream(), isOpen: true } });
  assert.equal(await b.run(`task watch ${task.id}`), 1);
  assert.match(b.err, /the bucket is gone/);
});

test("a stream that ends before the task does is no success", async () => {
  const b = bench({ [showTask]: { body: task }, "GET /api/v1/events": { body: stream(task) } });
  assert.equal(await b.run(`task watch ${task.id}`), 6);
  assert.match(b.err, /capstan task show/);
});

const completionCases: readonly (readonly [readonly string[], readonly string[]])[] = [
  [["cart"], ["cartridge"]],
  [
    ["cartridge", "re"],
    ["release", "retain", "retrieve", "retrieve-more"],
  ],
  [
    ["cartridge", "create", "--barcode"],
    ["--barcode", "--barcode-prefix"],
  ],
  [
    ["cartridge", "create", "--into", ""],
    ["mail-slot", "storage-slot"],
  ],
  [["cartridge", "show", "CAP"], ["CAP001L8"]],
  [["cartridge", "move", "CAP001L8", "d"], ["drive"]],
  [["cartridge", "list", "--output", "j"], ["json"]],
  [
    ["completion", ""],
    ["bash", "fish", "zsh"],
  ],
  [["library", "show", ""], []],
];

for (const [words, expected] of completionCases) {
  test(`completion of "${words.join(" ")}" is ${JSON.stringify(expected)}`, async () => {
    const b = bench({ "GET /api/v1/cartridges?limit=1000": { body: [cartridge] } });
    assert.equal(await runCli(["__complete", "--", ...words], b.ports), 0);
    assert.deepEqual(b.out.split("\n").slice(0, -1), expected);
    assert.equal(b.err, "");
  });
}

test("there is a completion script for each shell", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const b = bench();
    assert.equal(await b.run(`completion ${shell}`), 0);
    assert.match(b.out, /__complete/);
  }
});

test("the drive that tape commands mean is known by default, and what is said wins; jobs keep theirs", async () => {
  const path = "/api/v1/tape/status?drive=";
  const b = bench({ [`GET ${path}lto0`]: { body: {} }, [`GET ${path}lto1`]: { body: {} } });
  const ports = { ...b.ports, tapeDrive: "lto0" };
  await runCli(["tape", "status"], ports);
  await runCli(["tape", "status", "--drive", "lto1"], ports);
  await runCli(["tape", "backup-job", "update", "nightly", "--schedule", "daily"], ports);
  assert.deepEqual(
    b.requests.map((request) => request.path),
    [`${path}lto0`, `${path}lto1`, "/api/v1/tape/backup-jobs/nightly"],
  );
  assert.deepEqual(JSON.parse(b.requests[2]?.body ?? ""), { schedule: "daily" });
});
