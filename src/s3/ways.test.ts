// SPDX-License-Identifier: Apache-2.0
// The ways to a server: TLS with a certificate of one's own, the bucket in the host name, a proxy in between, time-outs.

import { strict as assert } from "node:assert";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createSilentServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { bytesFromText, isFault, milliseconds, silentLog } from "#base/index.ts";
import { SeededRandom, SimClock } from "#sim/index.ts";
import { S3Simulator } from "#s3sim/index.ts";
import { crc32, objectKey } from "#store/index.ts";
import { type HttpListener, listenHttp, makeCertificate, SystemClock } from "#world/index.ts";
import { connectS3 } from "./connect.ts";
import type { S3Access, S3Location } from "./location.ts";
import type { S3ObjectStore } from "./object-store.ts";
import { fullProfile } from "./profile.ts";
import { bedKeys } from "./s3-bed.ts";

const clock = new SimClock();
const ports = { clock, random: new SeededRandom("ways"), log: silentLog };
const seen: { readonly host: string; readonly path: string; readonly hash: string }[] = [];
const simulator = new S3Simulator({
  ...ports,
  signatureClock: new SystemClock(),
  keys: bedKeys,
  trouble: ({ headers, path }) => {
    seen.push({ host: headers["host"] ?? "", path, hash: headers["x-amz-content-sha256"] ?? "" });
    return undefined;
  },
});
simulator.makeBucket("tapes", { hasLocks: true });
const key = objectKey("a");
const text = bytesFromText("content");
async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

async function roundTrip(location: Partial<S3Location>, access: Partial<S3Access>): Promise<void> {
  const place = {
    location: { bucket: "tapes", prefix: "", region: undefined, endpoint: undefined, isPathStyle: true, ...location },
    access: { keys: bedKeys, ...access },
  };
  let store: S3ObjectStore | undefined;
  try {
    store = await connectS3(place, ports, { profile: fullProfile });
    seen.length = 0;
    await store.put(key, text.byteLength, once(text), { storageClass: "STANDARD", crc32: crc32(text) });
    assert.deepEqual(await store.get(key, 0, 100), text);
  } finally {
    store?.close();
  }
}

suite("TLS", () => {
  const folder = mkdtempSync(join(tmpdir(), "capstan-ways-"));
  const files = { certificate: join(folder, "certificate.pem"), key: join(folder, "key.pem") };
  let listener: HttpListener;
  let trust = "";
  before(async () => {
    await makeCertificate(files, "*.s3.test");
    trust = readFileSync(files.certificate, "utf8");
    const certificate = { certificate: trust, key: readFileSync(files.key, "utf8") };
    listener = await listenHttp((request) => simulator.handle(request), { certificate });
  });
  after(async () => {
    await listener.close();
    rmSync(folder, { recursive: true });
  });

  test("a certificate is trusted when it was named, and a body then needs no signature", async () => {
    await roundTrip({ endpoint: `https://localhost:${listener.port}` }, { trust });
    assert.deepEqual(
      seen.filter(({ hash }) => hash !== "UNSIGNED-PAYLOAD"),
      [],
    );
  });

  test("a certificate that nobody named is refused", async () => {
    const trip = roundTrip({ endpoint: `https://localhost:${listener.port}` }, {});
    await assert.rejects(
      trip,
      (error) => isFault(error, "store.object-store-unreachable") && /self-signed/.test(error.message),
    );
  });

  test("through a proxy by CONNECT, with the bucket in the host name", async () => {
    const targets: string[] = [];
    const proxy = await tunnelTo(listener.port, targets);
    try {
      const { port } = proxy.address() as AddressInfo;
      const access = { trust, proxy: `http://127.0.0.1:${port}` };
      await roundTrip({ endpoint: "https://s3.test", isPathStyle: false }, access);
      assert.ok(targets.length > 0 && targets.every((target) => target === "tapes.s3.test:443"), targets.join());
      assert.ok(seen.every(({ host, path }) => host === "tapes.s3.test" && !path.includes("tapes")));
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  });
});

/** A proxy that leads every tunnel to one port, and notes where it was meant to go. */
async function tunnelTo(port: number, targets: string[]): Promise<Server> {
  const proxy = createServer();
  proxy.on("connect", (request, client) => {
    targets.push(request.url ?? "");
    const server = connect(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      server.pipe(client);
      client.pipe(server);
    });
    for (const socket of [server, client]) socket.on("error", () => server.destroy());
    client.on("close", () => server.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return proxy;
}

test("without TLS bodies are signed", async () => {
  const listener = await listenHttp((request) => simulator.handle(request));
  try {
    await roundTrip({ endpoint: `http://127.0.0.1:${listener.port}` }, {});
    assert.ok(seen.length > 0 && seen.every(({ hash }) => /^[0-9a-f]{64}$/.test(hash)));
  } finally {
    await listener.close();
  }
});

test("a server that never answers is given up", async () => {
  const silent = createSilentServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const sockets: { destroy(): void }[] = [];
  silent.on("connection", (socket) => sockets.push(socket));
  try {
    const { port } = silent.address() as AddressInfo;
    const trip = roundTrip({ endpoint: `http://127.0.0.1:${port}` }, { timeout: milliseconds(100) });
    await assert.rejects(
      trip,
      (error) => isFault(error, "store.object-store-unreachable") && /imed? ?out|Timeout/.test(error.message),
    );
  } finally {
    for (const socket of sockets) socket.destroy();
    silent.close();
  }
});
