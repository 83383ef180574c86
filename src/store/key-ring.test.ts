// SPDX-License-Identifier: Apache-2.0
// One data key per owner, whatever fails on the way; rotation wraps anew and may be interrupted at every request.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesFromText, type Instant, isFault } from "#base/index.ts";
import { SeededRandom, SimClock, SimObjectStore } from "#sim/index.ts";
import { crc32 } from "./crc32.ts";
import { FileKeyProvider } from "./key-file.ts";
import type { KeyProvider } from "./key-provider.ts";
import { KeyRing, type KeyProviders, noKeyProviders } from "./key-ring.ts";
import { objectKey } from "./object-key.ts";
import type { ObjectStore } from "./object-store.ts";
import { PassphraseKeyProvider } from "./passphrase-keys.ts";
import { wrappedKeyKey } from "./wrapped-key.ts";

const owner = "cartridges/c1/";
const key = objectKey("cartridges/c1/manifests/00000001");
const text = bytesFromText("what the manifest says");

class Bench {
  readonly clock = new SimClock();
  readonly random: SeededRandom;
  readonly objects: SimObjectStore;

  constructor(seed = 1) {
    this.random = new SeededRandom(seed);
    const thaw = { Expedited: 1, Standard: 1, Bulk: 1 } as SimObjectStore["options"]["thawDelay"];
    this.objects = new SimObjectStore({ clock: this.clock, random: this.random.fork("objects"), thawDelay: thaw });
  }

  fileKeys(): KeyProvider {
    let text: string | undefined;
    const file = { path: "keys", read: () => text, write: (next: string) => void (text = next) };
    return new FileKeyProvider({ file, random: this.random, create: true });
  }

  ring(current: KeyProvider | undefined, options: Partial<KeyProviders> & { objects?: ObjectStore } = {}): KeyRing {
    const { others = [], allowPlain = false, objects = this.objects } = options;
    const providers = { current, others, allowPlain };
    return new KeyRing({ objects, clock: this.clock, random: this.random, providers, level: 1 });
  }

  run<T>(work: Promise<T>): Promise<T> {
    return this.clock.runUntil(work);
  }
}

test("the first use makes a data key, and every later ring finds the same", async () => {
  const bench = new Bench();
  const provider = bench.fileKeys();
  const sealed = await (await bench.run(bench.ring(provider).sealerOf(owner))).sealBytes(key, "manifest", text);
  const later = await bench.run(bench.ring(provider).openerOf(owner));
  assert.deepEqual(await later.openBytes(key, "manifest", sealed), text);
  assert.deepEqual(bench.objects.keys, ["cartridges/c1/keys/00000001"]);
});

test("two that make a key at once go on with one", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const bench = new Bench(seed);
    bench.objects.options.failBefore = { put: 0.3, get: 0.3, list: 0.3, head: 0.3 };
    bench.objects.options.failAfter = { put: 0.3 };
    const provider = bench.fileKeys();
    const rings = [bench.ring(provider), bench.ring(provider), bench.ring(provider)];
    const results = await bench.run(Promise.allSettled(rings.map((ring) => ring.sealerOf(owner))));
    const names = results.flatMap((result) => (result.status === "fulfilled" ? [result.value.dataKey?.name] : []));
    assert.ok(names.length > 0, `seed ${seed}`);
    for (const name of names) assert.deepEqual(name, names[0], `seed ${seed}`);
  }
});

test("a ring that failed tries again when it is asked again", async () => {
  const bench = new Bench();
  bench.objects.options.failBefore = { list: 1 };
  const ring = bench.ring(bench.fileKeys());
  await assert.rejects(bench.run(ring.sealerOf(owner)), (error) => isFault(error, "store.object-store-unreachable"));
  delete bench.objects.options.failBefore;
  assert.ok((await bench.run(ring.sealerOf(owner))).dataKey !== undefined);
});

test("reading what has no data key makes none", async () => {
  const bench = new Bench();
  const ring = bench.ring(bench.fileKeys());
  await assert.rejects(bench.run(ring.openerOf(owner)), (error) => isFault(error, "store.key-missing"));
  assert.deepEqual(bench.objects.keys, []);
});

test("without a provider an owner is plain, says so, and nobody can make another one plain later", async () => {
  const bench = new Bench();
  assert.equal((await bench.run(bench.ring(undefined, noKeyProviders).sealerOf(owner))).dataKey, undefined);
  const ring = bench.ring(bench.fileKeys());
  await assert.rejects(bench.run(ring.sealerOf(owner)), (error) => isFault(error, "store.owner-plain"));
  const allowed = bench.ring(bench.fileKeys(), { allowPlain: true });
  assert.equal((await bench.run(allowed.sealerOf(owner))).dataKey, undefined);
});

test("a wrapped key of another owner, or with another name, is refused", async () => {
  const bench = new Bench();
  const provider = bench.fileKeys();
  await bench.run(bench.ring(provider).sealerOf(owner));
  const bytes = bench.objects.contentOf("cartridges/c1/keys/00000001") ?? new Uint8Array(0);
  const moved = Buffer.from(bytes).toString().replace("cartridges/c1/", "cartridges/c2/");
  const renamed = Buffer.from(bytes)
    .toString()
    .replace(/"dataKey":"[0-9a-f]{4}/, '"dataKey":"0000');
  for (const [target, content] of [
    ["cartridges/c2/", moved],
    ["cartridges/c3/", Buffer.from(bytes).toString()],
    ["cartridges/c1/", renamed],
    ["cartridges/c4/", "{}"],
    ["cartridges/c5/", "no JSON"],
  ] as const) {
    const other = new Bench(7);
    await other.run(putText(other.objects, wrappedKeyKey(target, 1), content));
    await assert.rejects(other.run(other.ring(provider).openerOf(target)), isFault, target);
  }
});

async function putText(objects: SimObjectStore, at: ReturnType<typeof objectKey>, content: string): Promise<void> {
  const bytes = bytesFromText(content);
  await objects.put(
    at,
    bytes.byteLength,
    (async function* () {
      yield bytes;
    })(),
    { storageClass: "STANDARD", crc32: crc32(bytes) },
  );
}

test("rotation wraps with the new key and deletes the old wrap; sealed bytes stay as they are", async () => {
  const bench = new Bench();
  const provider = bench.fileKeys();
  const ring = bench.ring(provider);
  const sealed = await (await bench.run(ring.sealerOf(owner))).sealBytes(key, "manifest", text);
  assert.equal(await bench.run(ring.rewrap(owner, undefined)), "already");
  await provider.renew();
  assert.equal(await bench.run(ring.rewrap(owner, undefined)), "done");
  assert.deepEqual(bench.objects.keys, ["cartridges/c1/keys/00000002"]);
  assert.equal((await bench.run(ring.check(owner)))?.keyId, await provider.currentKeyId());
  const opener = await bench.run(bench.ring(provider).openerOf(owner));
  assert.deepEqual(await opener.openBytes(key, "manifest", sealed), text);
  assert.equal(await bench.run(ring.rewrap("cartridges/none/", undefined)), "none");
});

test("rotation moves from one kind of provider to another", async () => {
  const bench = new Bench();
  const old = bench.fileKeys();
  const sealed = await (await bench.run(bench.ring(old).sealerOf(owner))).sealBytes(key, "manifest", text);
  const cost = { cost: 16, blockSize: 1, parallel: 1 };
  const phrase = new PassphraseKeyProvider({ passphrase: "a long passphrase", random: bench.random, cost });
  assert.equal(await bench.run(bench.ring(phrase, { others: [old] }).rewrap(owner, undefined)), "done");
  const opener = await bench.run(bench.ring(phrase).openerOf(owner));
  assert.deepEqual(await opener.openBytes(key, "manifest", sealed), text);
  await assert.rejects(bench.run(bench.ring(old).openerOf(owner)), /passphrase.*scrypt-16/);
});

test("rotation that is interrupted at any request leaves a key that opens, and goes on", async () => {
  for (let failing = 0; failing < 12; failing++) {
    const bench = new Bench(failing);
    const provider = bench.fileKeys();
    const sealed = await (await bench.run(bench.ring(provider).sealerOf(owner))).sealBytes(key, "manifest", text);
    await provider.renew();
    let requests = 0;
    const cut: ObjectStore = new Proxy(bench.objects, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return async (...args: unknown[]): Promise<unknown> => {
          requests += 1;
          // The process is killed: the request had its effect or not, nobody goes on.
          if (requests === failing) throw new Error("killed before");
          const answer: unknown = await Reflect.apply(value, target, args);
          if (requests === failing + 6) throw new Error("killed after");
          return answer;
        };
      },
    });
    await bench.run(bench.ring(provider, { objects: cut }).rewrap(owner, undefined)).catch(() => {});
    const opener = await bench.run(bench.ring(provider).openerOf(owner));
    assert.deepEqual(await opener.openBytes(key, "manifest", sealed), text, `request ${failing}`);
    assert.match(await bench.run(bench.ring(provider).rewrap(owner, undefined)), /done|already/);
    assert.equal(bench.objects.keys.filter((each) => each.includes("/keys/")).length, 1);
    assert.equal((await bench.run(bench.ring(provider).check(owner)))?.keyId, await provider.currentKeyId());
  }
});

test("rotation of what is locked leaves the old wrap, locks the new one alike, and the new one counts", async () => {
  const bench = new Bench();
  const provider = bench.fileKeys();
  const ring = bench.ring(provider);
  await bench.run(ring.sealerOf(owner));
  const retention = { mode: "COMPLIANCE", until: 1e12 as Instant } as const;
  await bench.run(bench.objects.setRetention(wrappedKeyKey(owner, 1), retention));
  await bench.run(bench.objects.setLegalHold(wrappedKeyKey(owner, 1), true));
  await provider.renew();
  assert.equal(await bench.run(ring.rewrap(owner, undefined)), "done");
  assert.deepEqual(bench.objects.keys, ["cartridges/c1/keys/00000001", "cartridges/c1/keys/00000002"]);
  const info = await bench.run(bench.objects.head(wrappedKeyKey(owner, 2)));
  assert.deepEqual([info?.retention, info?.legalHold], [retention, true]);
  assert.equal((await bench.run(ring.check(owner)))?.keyId, await provider.currentKeyId());
  assert.equal(await bench.run(ring.rewrap(owner, undefined)), "already");
});
