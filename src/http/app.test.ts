// SPDX-License-Identifier: Apache-2.0
// The API over HTTP on a real gateway in a simulated world, without a network: routes, tokens, errors, events, metrics.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { isoText, limits, minutes, silentLog, type Log } from "#base/index.ts";
import { apiPrefix, EventHub, operations, TokenStore, type Role } from "#api/index.ts";
import { Manager } from "#backup/index.ts";
import { defaultSettings, Gateway } from "#gateway/index.ts";
import { utcZone } from "#media/index.ts";
import { NoticeDesk } from "#notify/index.ts";
import {
  SeededRandom,
  SimClock,
  SimDisk,
  SimFiles,
  SimNetwork,
  SimObjectStore,
  SimStateFiles,
  SimTree,
} from "#sim/index.ts";
import { httpApp } from "./app.ts";

const clock = new SimClock();

const random = new SeededRandom("http tests");

const tokens = new TokenStore({
  clock,
  random: random.fork("tokens"),
  file: { read: () => undefined, replace: () => {} },
});

const errors: unknown[] = [];

const log: Log = { ...silentLog, error: (_message, _fields, cause) => void errors.push(cause), child: () => log };

const gateway = new Gateway({
  clock,
  random: random.fork("gateway"),
  log: silentLog,
  network: new SimNetwork({ clock, random: random.fork("network") }).machine("10.0.0.1"),
  disk: new SimDisk({ random: random.fork("disk") }).attach(),
  objects: new SimObjectStore({
    clock,
    random: random.fork("objects"),
    thawDelay: { Expedited: minutes(5), Standard: minutes(240), Bulk: minutes(720) },
  }),
  settings: {
    ...defaultSettings,
    instance: "test",
    portals: [{ listen: { host: "10.0.0.1", port: 3260 }, allowAnyone: true }],
    storeSizes: { segmentSize: 1024 * 1024, ringSize: 2 * 1024 * 1024 },
  },
});

const text: Record<Role, string> = { viewer: "", operator: "", admin: "" };

let hub: EventHub;

let app: ReturnType<typeof httpApp>;

interface Ask {
  readonly method?: string;
  readonly path: string;
  readonly as?: Role | undefined;
  /** JSON, or text as it is. */
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

async function ask({ method = "GET", path, as = "admin", body, headers = {} }: Ask): Promise<Response> {
  const request = new Request(`http://test${path}`, {
    method,
    headers: { authorization: `Bearer ${text[as]}`, ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return clock.runUntil(Promise.resolve(app.fetch(request)));
}

/** The body as what it is; a property that is not there fails the test that looks for it. */
const json = async (answer: Response) => JSON.parse(await answer.text());

interface ErrorAnswer {
  readonly error: { readonly code: string; readonly message: string; readonly details: Record<string, unknown> };
}

async function refused(asked: Ask, status: number, code: string): Promise<ErrorAnswer["error"]> {
  const answer = await ask(asked);
  const { error } = (await json(answer)) as ErrorAnswer;
  assert.deepEqual([answer.status, error.code], [status, code], error.message);
  return error;
}

const malformed: readonly (readonly [string, unknown, string, RegExp])[] = [
  ["no JSON", "{", "api.bad-body", /JSON/],
  ["a list", [], "api.bad-body", /no JSON object/],
  ["a number", 5, "api.bad-body", /no JSON object/],
  ["an unknown field", { name: "x", colour: "red" }, "api.bad-input", /colour: there is no such field/],
  ["a missing field", {}, "api.bad-input", /name: is missing/],
  ["a wrong type", { name: "x", drives: "four" }, "api.bad-input", /drives: /],
  ["a wrong value", { name: "x", drives: 0 }, "api.bad-input", /drives: /],
];

/** Reads events until `count` are there; then the reader goes away. */
async function readEvents(count: number, headers: Record<string, string> = {}): Promise<string[][]> {
  const answer = await ask({ path: `${apiPrefix}/events`, as: "viewer", headers });
  assert.equal(answer.headers.get("content-type"), "text/event-stream");
  assert.ok(answer.body);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let received = "";
  const found: string[][] = [];
  while (found.length < count) {
    const { value, done } = await clock.runUntil(reader.read());
    assert.equal(done, false);
    received += value ?? "";
    const blocks = received.split("\n\n");
    received = blocks.pop() ?? "";
    found.push(...blocks.filter((block) => !block.startsWith(":")).map((block) => block.split("\n")));
  }
  await reader.cancel();
  return found;
}

function routeTests(): void {
  test("nothing answers without a token except health", async () => {
    const paths = [
      ...operations.map(({ route }) => route.path.replaceAll(/\{\w+\}/g, "x")),
      "/events",
      "/openapi.json",
    ];
    for (const path of ["/metrics", "/", "/api", ...paths.map((rest) => `${apiPrefix}${rest}`)]) {
      for (const method of ["GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"]) {
        const answer = await clock.runUntil(Promise.resolve(app.fetch(new Request(`http://test${path}`, { method }))));
        assert.equal(answer.status, 401, `${method} ${path}`);
        assert.equal(answer.headers.get("www-authenticate"), "Bearer");
      }
    }
    const health = await app.fetch(new Request("http://test/healthz"));
    assert.deepEqual([health.status, await health.json()], [200, { status: "ready" }]);
  });

  for (const authorization of ["", "Bearer", "Bearer wrong", "Basic YTpi", "capstan_x"]) {
    test(`what is no token of ours is refused: ${JSON.stringify(authorization)}`, async () => {
      await refused({ path: `${apiPrefix}/libraries`, headers: { authorization } }, 401, "api.unauthenticated");
    });
  }

  test("a role that may not do an operation is refused before its body is read", async () => {
    const asked = { method: "POST", path: `${apiPrefix}/libraries`, as: "operator", body: "{" } as const;
    const error = await refused(asked, 403, "api.denied");
    assert.match(error.message, /library\.create needs the role admin/);
  });

  test("a library is created, shown, changed and deleted", async () => {
    const body = { name: "second", drives: 2, slots: 5, mailSlots: 1, topology: "single-target" };
    const created = await ask({ method: "POST", path: `${apiPrefix}/libraries`, body });
    assert.equal(created.status, 200);
    const library = await json(created);
    assert.equal(library.drives.length, 2);
    assert.equal(library.createdAt, isoText(clock.now()));
    const changed = await ask({ method: "PATCH", path: `${apiPrefix}/libraries/second`, body: { slots: 7 } });
    assert.equal((await json(changed)).storageSlots, 7);
    const targets = await json(await ask({ path: `${apiPrefix}/targets?library=second` }));
    assert.deepEqual(
      targets.map((target: { units: { lun: number }[] }) => target.units.map(({ lun }) => lun)),
      [[0, 1, 2]],
    );
    assert.equal((await ask({ method: "DELETE", path: `${apiPrefix}/libraries/second` })).status, 200);
    await refused({ path: `${apiPrefix}/libraries/second` }, 404, "gateway.library-unknown");
  });

  test("cartridges are created with a size in words in the only library, listed, loaded and unloaded", async () => {
    const body = { count: 2, size: "64MiB", barcodePrefix: "WEB" };
    const created = await ask({ method: "POST", path: `${apiPrefix}/cartridges`, as: "operator", body });
    assert.equal(created.status, 200, await created.clone().text());
    const listed = await json(await ask({ path: `${apiPrefix}/cartridges?barcodePrefix=WEB`, as: "viewer" }));
    assert.deepEqual(
      listed.map((cartridge: { barcode: string; sizeBytes: number }) => [cartridge.barcode, cartridge.sizeBytes]),
      [
        ["WEB001L8", 67_108_864],
        ["WEB002L8", 67_108_864],
      ],
    );
    const path = `${apiPrefix}/cartridges/WEB001L8`;
    const loaded = await json(await ask({ method: "POST", path: `${path}/load`, body: { drive: 3 } }));
    assert.deepEqual([loaded.place.element, loaded.place.number], ["drive", 3]);
    const unloaded = await json(await ask({ method: "POST", path: `${path}/unload` }));
    assert.equal(unloaded.place.element, "storage-slot");
  });
}

function errorTests(): void {
  test("an eject answers 202 with a task that can be looked at", async () => {
    const answer = await ask({ method: "POST", path: `${apiPrefix}/cartridges/CAP001L8/eject` });
    assert.equal(answer.status, 202);
    const task = await json(answer);
    assert.deepEqual([task.subject, task.who], ["CAP001L8", "admin"]);
    const shown = await json(await ask({ path: `${apiPrefix}/tasks/${task.id}` }));
    assert.equal(shown.operation, task.operation);
  });

  for (const [title, body, code, expected] of malformed) {
    test(`a malformed body is a 400 that names what is wrong: ${title}`, async () => {
      const error = await refused({ method: "POST", path: `${apiPrefix}/libraries`, body }, 400, code);
      assert.match(error.message, expected);
    });
  }

  test("malformed queries and paths are a 400 that names the field", async () => {
    const query = await refused({ path: `${apiPrefix}/cartridges?state=LOST` }, 400, "api.bad-input");
    assert.equal(query.details["field"], "state");
    await refused({ path: `${apiPrefix}/cartridges?stat=AVAILABLE` }, 400, "api.bad-input");
    await refused({ path: `${apiPrefix}/cartridges/..%2F..%2Fetc` }, 400, "api.bad-input");
    const twice = { method: "POST", path: `${apiPrefix}/cartridges/CAP002L8/load`, body: { barcode: "CAP003L8" } };
    await refused(twice, 400, "api.bad-input");
  });

  test("a body beyond the limit is refused", async () => {
    const body = JSON.stringify({ name: "x".repeat(limits.apiBody) });
    await refused({ method: "POST", path: `${apiPrefix}/libraries`, body }, 413, "api.body-too-large");
  });

  test("what is not there is a 404 in JSON", async () => {
    await refused({ path: `${apiPrefix}/nothing` }, 404, "api.unknown-route");
    await refused({ method: "PUT", path: `${apiPrefix}/libraries` }, 404, "api.unknown-route");
    await refused({ path: `${apiPrefix}/cartridges/NONE99L8` }, 404, "gateway.cartridge-unknown");
  });

  test("an internal error tells the asker nothing but where to look, and the log everything", async () => {
    const broken = httpApp({
      context: { gateway, tokens, clock, system: { version: "", runtime: "", startedAt: clock.now(), home: "" } },
      events: hub,
      random: random.fork("broken"),
      log,
      metrics: () => Promise.reject(new Error("secret of the house")),
    });
    const headers = { authorization: `Bearer ${text.viewer}` };
    const answer = await broken.fetch(new Request("http://test/metrics", { headers }));
    const body = await answer.text();
    assert.equal(answer.status, 500);
    assert.doesNotMatch(body, /secret/);
    assert.ok(body.includes(answer.headers.get("x-request-id") ?? "absent"));
    assert.match(String(errors.at(-1)), /secret of the house/);
  });
}

function accessTests(): void {
  test("CHAP and allow-lists are set, listed without secrets, and removed", async () => {
    const [target] = await json(await ask({ path: `${apiPrefix}/targets` }));
    const pair = { target: target.name, initiator: "iqn.1993-08.org.debian:01:abc" };
    const secret = "correct horse battery";
    const set = await ask({ method: "PUT", path: `${apiPrefix}/access/chap`, body: { ...pair, user: "ann", secret } });
    assert.equal(set.status, 200, await set.clone().text());
    const listed = await (await ask({ path: `${apiPrefix}/access/chap` })).text();
    assert.ok(listed.includes("ann") && !listed.includes(secret));
    await ask({ method: "POST", path: `${apiPrefix}/access/allow`, body: pair });
    assert.deepEqual(await json(await ask({ path: `${apiPrefix}/access/allow` })), [pair]);
    const query = new URLSearchParams(pair).toString();
    assert.equal((await ask({ method: "DELETE", path: `${apiPrefix}/access/allow?${query}` })).status, 200);
    await refused({ method: "DELETE", path: `${apiPrefix}/access/allow?${query}` }, 404, "api.initiator-unknown");
    assert.equal((await ask({ method: "DELETE", path: `${apiPrefix}/access/chap?${query}` })).status, 200);
    assert.deepEqual(await json(await ask({ path: `${apiPrefix}/access/chap` })), []);
  });

  test("a token is shown once, works at once, and not after it was revoked", async () => {
    const body = { name: "robot", role: "viewer" };
    const created = await json(await ask({ method: "POST", path: `${apiPrefix}/tokens`, body }));
    const headers = { authorization: `Bearer ${created.token}` };
    assert.equal((await ask({ path: `${apiPrefix}/libraries`, headers })).status, 200);
    const listed = await (await ask({ path: `${apiPrefix}/tokens` })).text();
    assert.ok(!listed.includes(created.token));
    assert.equal((await ask({ method: "DELETE", path: `${apiPrefix}/tokens/robot` })).status, 200);
    await refused({ path: `${apiPrefix}/libraries`, headers }, 401, "api.unauthenticated");
  });

  test("every query without required fields answers", async () => {
    for (const entry of operations.filter(({ kind, route }) => kind === "query" && !route.path.includes("{"))) {
      const answer = await ask({ path: `${apiPrefix}${entry.route.path}` });
      // There is no drive here: who asks for one is told so.
      const isAboutDrives = /^tape\.(?:status|volume|cartridge|changer)/.test(entry.name) && answer.status === 404;
      assert.ok(answer.status === 200 || isAboutDrives, `${entry.name}: ${await answer.clone().text()}`);
    }
  });

  test("metrics and the OpenAPI document are served with a token", async () => {
    const metrics = await ask({ path: "/metrics", as: "viewer" });
    assert.equal(await metrics.text(), "capstan_up 1\n");
    assert.match(metrics.headers.get("content-type") ?? "", /^text\/plain/);
    const document = await json(await ask({ path: `${apiPrefix}/openapi.json`, as: "viewer" }));
    assert.equal(document.openapi, "3.1.0");
  });

  test("changes come as events, and a listener that was away goes on behind the last one it saw", async () => {
    const first = readEvents(1);
    await ask({ method: "POST", path: `${apiPrefix}/pools`, body: { name: "cold", storageClass: "GLACIER" } });
    const [event] = await first;
    assert.ok(event?.includes("event: pool.created"));
    const id = event?.find((line) => line.startsWith("id: "))?.slice(4) ?? "";
    await ask({ method: "DELETE", path: `${apiPrefix}/pools/cold` });
    const [next] = await readEvents(1, { "last-event-id": id });
    assert.ok(next?.includes("event: pool.deleted"));
  });

  test("a listener whose last event is not known any more is told that it missed some", async () => {
    for (const id of ["other-1", "nonsense", ""]) {
      const [event] = await readEvents(1, { "last-event-id": id === "" ? "x" : id });
      assert.ok(event?.includes("event: events.lost"));
    }
  });
}

function streamTests(): void {
  test("there is a limit of event streams, and one that ends makes room", async () => {
    const streams: ReadableStreamDefaultReader[] = [];
    for (let index = 0; index < limits.eventStreams; index++) {
      const answer = await ask({ path: `${apiPrefix}/events`, as: "viewer" });
      assert.ok(answer.body);
      const reader = answer.body.getReader();
      await clock.runUntil(reader.read());
      streams.push(reader);
    }
    await refused({ path: `${apiPrefix}/events` }, 429, "api.too-many-streams");
    await streams[0]?.cancel();
    await ask({ path: "/healthz" });
    assert.equal((await ask({ path: `${apiPrefix}/events`, as: "viewer" })).status, 200);
    for (const reader of streams.slice(1)) await reader.cancel();
  });
}

suite("the API over HTTP", () => {
  before(async () => {
    await clock.runUntil(gateway.start());
    for (const role of ["viewer", "operator", "admin"] as const) text[role] = tokens.create(role, role).text;
    hub = new EventHub({ gateway, clock, random: random.fork("events") });
    const system = { version: "0.1.0", runtime: "Node", startedAt: clock.now(), home: "/data" };
    const manager = await Manager.open({
      state: new SimStateFiles(),
      ports: {
        files: () => new SimFiles(clock),
        tree: () => new SimTree(),
        openStation: () => assert.fail("no drive is set up"),
      },
      tasks: gateway.tasks,
      clock,
      random: random.fork("manager"),
      zone: utcZone,
    });
    const notices = await NoticeDesk.open({
      files: new SimStateFiles(),
      clock,
      random: random.fork("notices"),
      log,
      host: "test",
      connectMail: () => assert.fail("no target is set up"),
      runSendmail: () => assert.fail("no target is set up"),
      sendHttp: () => assert.fail("no target is set up"),
    });
    app = httpApp({
      context: { gateway, tokens, clock, system, manager, notices },
      events: hub,
      random: random.fork("http"),
      log,
      metrics: async () => ({ contentType: "text/plain; version=0.0.4", text: "capstan_up 1\n" }),
    });
  });
  after(async () => {
    hub.close();
    await clock.runUntil(gateway.stop());
  });
  routeTests();
  errorTests();
  accessTests();
  streamTests();
});
