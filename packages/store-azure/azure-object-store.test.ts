// SPDX-License-Identifier: Apache-2.0
// The Azure adapter passes the suite of its port against azurite, which this test starts and ends: all but thawing, which
// azurite does at once, and which is tested by itself.

import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { bytesFromText, days, isFault } from "../../src/base/index.ts";
import { SimClock } from "../../src/sim/index.ts";
import { crc32, objectKey, type StorageClass } from "../../src/store/index.ts";
import { objectStoreConformance } from "../../src/store/object-store-conformance.ts";
import { AzureObjectStore } from "./azure-object-store.ts";

const port = 10_123;
/** The account and key that azurite documents for everybody. */
const account = "devstoreaccount1";
const secret = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const folder = mkdtempSync(join(tmpdir(), "capstan-azurite-"));
const service = new BlobServiceClient(
  `http://127.0.0.1:${port}/${account}`,
  new StorageSharedKeyCredential(account, secret),
  { retryOptions: { maxTries: 1 } },
);
let azurite: ChildProcess;
let containers = 0;

before(async () => {
  const program = join(import.meta.dirname, "node_modules", ".bin", "azurite-blob");
  const options = [
    "--blobPort",
    String(port),
    "--location",
    folder,
    "--silent",
    "--skipApiVersionCheck",
    "--inMemoryPersistence",
  ];
  azurite = spawn(
    program,
    options.filter((option) => option !== "--location" && option !== folder),
    { stdio: "ignore" },
  );
  for (let attempt = 0; ; attempt++) {
    try {
      await service.getProperties();
      return;
    } catch (error) {
      if (attempt === 300) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
});
after(() => {
  azurite.kill();
  rmSync(folder, { recursive: true });
});

async function make(classes?: readonly StorageClass[]) {
  const clock = new SimClock();
  const container = service.getContainerClient(`test-${++containers}`);
  await container.create();
  const blockSize = 1024 * 1024;
  const store = new AzureObjectStore({ container, prefix: "site/", clock, blockSize, ...(classes && { classes }) });
  return { store, clock };
}

objectStoreConformance("Azure", async () => {
  const { store, clock } = await make(["STANDARD", "STANDARD_IA"]);
  return { store, now: () => clock.now(), pass: (duration) => clock.advance(duration) };
});

const key = objectKey("a/b");
async function* pieces(content: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < content.byteLength; at += 300_000) yield content.subarray(at, at + 300_000);
}

test("what is in the archive must be thawed, and freezes again when its time is over", async () => {
  const { store, clock } = await make();
  const text = bytesFromText("content");
  const put = { storageClass: "DEEP_ARCHIVE", crc32: crc32(text) } as const;
  await store.put(key, text.byteLength, pieces(text), put);
  const frozen = (error: unknown): boolean => isFault(error, "store.object-frozen");
  assert.deepEqual((await store.head(key))?.thaw, { kind: "frozen" });
  await assert.rejects(store.get(key, 0, 1), frozen);
  await assert.rejects(store.changeClass(key, "STANDARD"), frozen);
  await assert.rejects(store.thaw(key, "Bulk", days(1)), (error) => isFault(error, "store.tier-unsupported"));
  await store.thaw(key, "Standard", days(2));
  assert.equal((await store.head(key))?.thaw.kind, "thawed");
  assert.deepEqual(await store.get(key, 0, 100), text);
  assert.deepEqual(await store.list("", undefined, 10), [key]);
  await store.thaw(key, "Expedited", days(5));
  await clock.advance(days(4));
  assert.deepEqual(await store.get(key, 0, 100), text);
  await clock.advance(days(2));
  assert.deepEqual((await store.head(key))?.thaw, { kind: "frozen" });
  await assert.rejects(store.get(key, 0, 1), frozen);
  await store.thaw(key, "Standard", days(2));
  await store.changeClass(key, "STANDARD_IA");
  await clock.advance(days(30));
  assert.deepEqual(await store.get(key, 0, 100), text);
});

test("an upload that was interrupted goes on where it was", async () => {
  const { store } = await make();
  const content = Buffer.alloc(5 * 1024 * 1024 + 7, "some content ");
  const broken = async function* (): AsyncIterable<Uint8Array> {
    yield content.subarray(0, 3 * 1024 * 1024);
    throw new Error("broken");
  };
  const options = { storageClass: "STANDARD", crc32: crc32(content), condition: { kind: "absent" } } as const;
  await assert.rejects(store.put(key, content.byteLength, broken(), options), /broken/);
  assert.equal(await store.head(key), undefined);
  await store.put(key, content.byteLength, pieces(content), options);
  assert.equal(store.resumedBytes, 3 * 1024 * 1024);
  assert.equal(Buffer.compare(await store.get(key, 0, content.byteLength), content), 0);
});
