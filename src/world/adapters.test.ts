// SPDX-License-Identifier: Apache-2.0
// The small adapters: clock, random, log, certificates, metrics page, HTTP transport over loopback.

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer as createPlainServer } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { isFault, milliseconds, seconds } from "#base/index.ts";
import { makeCertificate, readCertificate } from "./certificates.ts";
import { SystemClock } from "./clock.ts";
import { httpTransport, type HttpAnswer } from "./http-transport.ts";
import { openLog } from "./log.ts";
import { metricsRenderer } from "./metrics-page.ts";
import { SystemRandom } from "./random.ts";

let folder = "";

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function textOf(answer: HttpAnswer): Promise<string> {
  let text = "";
  for await (const piece of answer.body) text += piece;
  return text;
}

function clockAndLogTests(): void {
  test("the clock goes forward, runs timers, and a cancelled timer does not run", async () => {
    const clock = new SystemClock();
    const start = clock.monotonic();
    let canceledRan = false;
    clock.setTimer(milliseconds(1), () => (canceledRan = true)).cancel();
    const keepAlive = setInterval(() => {}, 1000);
    await new Promise<void>((resolve) => clock.setTimer(milliseconds(2), resolve));
    clearInterval(keepAlive);
    assert.ok(clock.monotonic() - start >= 1);
    assert.equal(canceledRan, false);
    assert.ok(Math.abs(clock.now() - Date.now()) < 1000);
  });

  test("a timer beyond what the runtime can wait does not fire at once", () => {
    let ran = false;
    const timer = new SystemClock().setTimer(seconds(86_400 * 60), () => (ran = true));
    timer.cancel();
    assert.equal(ran, false);
  });

  test("random bytes have the length asked for and numbers stay below the limit", () => {
    const random = new SystemRandom();
    assert.equal(random.bytes(33).byteLength, 33);
    assert.notDeepEqual(random.bytes(16), random.bytes(16));
    for (let round = 0; round < 100; round++) assert.ok(random.below(3) < 3);
  });

  test("a JSON log has one object per line with level, time, message, fields and the error's cause", async () => {
    const lines: string[] = [];
    const log = await openLog({ level: "info", format: "json", write: (line) => lines.push(line) });
    log.debug("not shown");
    log.child({ drive: 3 }).info("loaded", { barcode: "CAP001L8" });
    log.error("broken", {}, new Error("outer", { cause: new Error("inner") }));
    const [first, second] = lines.map((line) => JSON.parse(line));
    assert.equal(lines.length, 2);
    assert.deepEqual([first.level, first.msg, first.drive, first.barcode], ["info", "loaded", 3, "CAP001L8"]);
    assert.match(first.time, /^\d{4}-\d\d-\d\dT.*Z$/);
    assert.match(second.err.stack, /inner/);
  });

  test("a log never writes fields that are named like secrets", async () => {
    const lines: string[] = [];
    const log = await openLog({ level: "info", format: "json", write: (line) => lines.push(line) });
    log.info("login", { secret: "hunter2", token: "abc" });
    assert.doesNotMatch(lines.join(""), /hunter2|abc/);
  });

  test("a text log is one short line for people", async () => {
    const lines: string[] = [];
    const log = await openLog({ level: "info", format: "text", write: (line) => lines.push(line) });
    log.warn("cache is full", { percent: 97 });
    assert.match(lines[0] ?? "", /^\d\d:\d\d:\d\d warn {2}cache is full percent=97\n$/);
  });
}

function webTests(): void {
  test("the metrics page carries our families with labels and the process's own", async () => {
    const page = await metricsRenderer()([
      { name: "capstan_drives", help: "Drives.", type: "gauge", samples: [{ labels: { library: "main" }, value: 4 }] },
      { name: "capstan_bytes_total", help: "Bytes.", type: "counter", samples: [{ labels: {}, value: 7 }] },
    ]);
    assert.match(page.text, /# TYPE capstan_drives gauge\ncapstan_drives\{library="main"\} 4\n/);
    assert.match(page.text, /# TYPE capstan_bytes_total counter\ncapstan_bytes_total 7\n/);
    assert.match(page.text, /process_cpu_seconds_total/);
    assert.match(page.contentType, /^text\/plain/);
  });

  test("a certificate is made once, names the host, keeps its key private, and is trusted by the transport", async () => {
    const files = { certificate: join(folder, "certificate.pem"), key: join(folder, "key.pem") };
    assert.equal(await makeCertificate(files, "192.0.2.7"), true);
    assert.equal(await makeCertificate(files, "192.0.2.7"), false);
    assert.equal(statSync(files.key).mode & 0o777, 0o600);
    const { certificate, key } = readCertificate(files);
    assert.match(new X509Certificate(certificate).subjectAltName ?? "", /IP Address:192\.0\.2\.7.*localhost/);
    const server = createServer({ cert: certificate, key }, (request, response) => {
      response.end(`${request.method} ${request.url}`);
    });
    const url = `https://127.0.0.1:${await listening(server)}/x`;
    const answer = await httpTransport(certificate)({ method: "GET", url, headers: {} });
    assert.equal(await textOf(answer), "GET /x");
    await assert.rejects(httpTransport()({ method: "GET", url, headers: {} }), (error) =>
      isFault(error, "network.unreachable"),
    );
    server.close();
  });

  test("the transport sends a body and reads the answer", async () => {
    const server = createPlainServer((request, response) => {
      response.statusCode = 201;
      request.pipe(response);
    });
    const url = `http://127.0.0.1:${await listening(server)}/`;
    const answer = await httpTransport()({ method: "POST", url, headers: {}, body: "grüße" });
    assert.equal(answer.status, 201);
    assert.equal(await textOf(answer), "grüße");
    server.close();
  });

  test("a certificate file that is missing is named", () => {
    assert.throws(
      () => readCertificate({ certificate: join(folder, "absent.pem"), key: join(folder, "key.pem") }),
      (error) => isFault(error, "world.file-unreadable") && /absent\.pem/.test(error.message),
    );
  });
}

suite("small adapters", () => {
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "capstan-adapters-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  clockAndLogTests();
  webTests();
});
