// SPDX-License-Identifier: Apache-2.0
// A datastore as a whole: snapshots of trees and images are made, verified, browsed, restored, pruned and collected.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bytesFromText,
  type EpochSeconds,
  epochSeconds,
  hours,
  isFault,
  limits,
  readFully,
  sourceOf,
} from "#base/index.ts";
import { CatalogReader, PxarEncoder, plainMetadata } from "#pxar/index.ts";
import { SeededRandom, SimClock, SimFiles, SimTree } from "#sim/index.ts";
import { chunkPath, readWhole } from "./chunk-store.ts";
import { archiveChunks } from "./chunker.ts";
import { Datastore } from "./datastore.ts";
import { collectGarbage } from "./garbage-collection.ts";
import { decodeManifest, encodeManifest, isSignedWith, manifestName } from "./manifest.ts";
import { type Namespace, snapshotPath, type SnapshotPlace } from "./names.ts";
import { archiveNames, extractMember, openArchive, openContent, withArchive } from "./snapshot-content.ts";
import { archiveTree, rootArchive, snapshotCatalog } from "./snapshot-create.ts";
import { SnapshotRestorer } from "./snapshot-restore.ts";
import { SnapshotWriter } from "./snapshot-writer.ts";
import { verifySnapshot } from "./verify.ts";

const owner = "root@pam";
const key = Uint8Array.from({ length: 32 }, (_, index) => 255 - index);
const quiet = { file: () => {}, member: () => {}, check: () => {} };
const noWarnings = {
  ...quiet,
  warn: (text: string): void => {
    throw new Error(text);
  },
};

function bed(): { clock: SimClock; random: SeededRandom; files: SimFiles; store: Datastore } {
  const clock = new SimClock();
  const files = new SimFiles(clock);
  return { clock, random: new SeededRandom(5), files, store: new Datastore("store1", files) };
}

const place = (time: number, namespace: Namespace = []): SnapshotPlace => ({
  namespace,
  snapshot: { type: "host", id: "demo", time: time as EpochSeconds },
});

function tree(random: SeededRandom): SimTree {
  const source = new SimTree();
  source.addFolder("etc", plainMetadata(0o40750, { uid: 1, gid: 2, mtimeSeconds: 77n }));
  source.addFile("etc/hosts", bytesFromText("127.0.0.1 localhost\n"));
  source.addFile("etc/empty", new Uint8Array(0));
  source.addFile("large", random.bytes(3_000_000), plainMetadata(0o100600, { mtimeSeconds: 1_700_000_000n }));
  source.addLink("link", "etc/hosts");
  source.link("etc/second name", "large");
  source.addFile("ünicode", bytesFromText("ü"));
  return source;
}

type Bed = ReturnType<typeof bed>;

async function backUp(
  { store, clock, random }: Bed,
  source: SimTree,
  where: SnapshotPlace,
  secret?: Uint8Array,
): Promise<SnapshotWriter> {
  const options = { store, place: where, owner, clock, random, ...(secret === undefined ? {} : { key: secret }) };
  const writer = await SnapshotWriter.begin(options);
  await archiveTree(writer, source, noWarnings);
  await writer.blob("notes.blob", bytesFromText("a note"));
  await writer.finish({ notes: "first" });
  return writer;
}

const verify = (store: Datastore, where: SnapshotPlace, secret?: Uint8Array): Promise<readonly string[]> =>
  verifySnapshot(store, where, { good: new Set(), check: () => {}, ...(secret === undefined ? {} : { key: secret }) });

for (const secret of [undefined, key]) {
  const name = secret === undefined ? "in clear" : "encrypted";
  test(`a tree is backed up, verified and restored as it was, ${name}`, async () => {
    const all = bed();
    const source = tree(all.random);
    const where = place(1000, ["a", "b"]);
    await backUp(all, source, where, secret);
    assert.deepEqual(await verify(all.store, where, secret), []);
    assert.deepEqual(await archiveNames(all.store, where), [rootArchive]);
    const manifest = await all.store.manifest(where);
    assert.equal(manifest.unprotected["notes"], "first");
    assert.equal(isSignedWith(manifest, key), secret !== undefined);
    const target = new SimTree();
    await withArchive(await openArchive(all.store, where, rootArchive, secret), async (archive) => {
      await extractMember(archive, await archive.root(), target, noWarnings);
    });
    assert.deepEqual(target.description, source.description);
    assert.deepEqual(await all.store.namespaces([]), [[], ["a"], ["a", "b"]]);
    assert.equal(await all.store.owner(["a", "b"], where.snapshot), owner);
  });
}

test("an encrypted snapshot is not read without its key, nor with another", async () => {
  const all = bed();
  await backUp(all, tree(all.random), place(1000), key);
  const root = async (secret?: Uint8Array): Promise<unknown> =>
    withArchive(await openArchive(all.store, place(1000), rootArchive, secret), (archive) => archive.root());
  await assert.rejects(root(), (error) => isFault(error, "datastore.key-needed"));
  await assert.rejects(root(new Uint8Array(32)), (error) => isFault(error, "datastore.damaged"));
  assert.deepEqual(await verify(all.store, place(1000)), []);
});

test("a single file and the catalog are read from a snapshot", async () => {
  const all = bed();
  await backUp(all, tree(all.random), place(1000));
  await withArchive(await openArchive(all.store, place(1000), rootArchive), async (archive) => {
    const found = await archive.lookUp([bytesFromText("etc"), bytesFromText("hosts")]);
    assert.ok(found.member.type === "file");
    const content = new Uint8Array(20);
    await readFully(archive.content(found.member), content);
    assert.equal(Buffer.from(content).toString(), "127.0.0.1 localhost\n");
  });
  const opened = await openContent(all.store, place(1000), snapshotCatalog);
  const catalog = new CatalogReader(opened.content, snapshotCatalog);
  const [root] = await catalog.list(await catalog.rootBlock());
  assert.ok(root?.type === "directory");
  const names = (await catalog.list(root.block)).map((entry) => `${entry.type} ${Buffer.from(entry.name).toString()}`);
  assert.deepEqual(names, ["directory etc", "hardlink large", "symlink link", "file ünicode"]);
  await opened.close();
});

test("a second snapshot of the same tree stores no chunk again", async () => {
  const all = bed();
  const source = tree(all.random);
  const first = await backUp(all, source, place(1000));
  assert.ok(first.statistics.newChunks >= 2);
  const second = await backUp(all, source, place(2000));
  assert.equal(second.statistics.newChunks, 0);
  assert.equal(second.statistics.bytes, first.statistics.bytes);
  await assert.rejects(backUp(all, source, place(2000)), (error) => isFault(error, "datastore.snapshot-exists"));
});

test("an image is cut into fixed chunks and comes back; a source that is too short ends the backup", async () => {
  const all = bed();
  const image = all.random.bytes(4_194_304 + 1000);
  const writer = await SnapshotWriter.begin({ ...all, place: place(1000), owner });
  await writer.fixedFile("disk.img.fidx", sourceOf(image), image.byteLength);
  const short = writer.fixedFile("other.img.fidx", sourceOf(image), image.byteLength + 1);
  await assert.rejects(short, (error) => isFault(error, "datastore.damaged"));
  await writer.finish();
  assert.deepEqual(await verify(all.store, place(1000)), []);
  const opened = await openContent(all.store, place(1000), "disk.img.fidx");
  const back = new Uint8Array(2000);
  const filled = await opened.content.readAt(4_194_304 - 500, back);
  assert.equal(filled, 500);
  assert.equal(await opened.content.readAt(4_194_304, back.subarray(500)), 1000);
  assert.deepEqual(back.subarray(0, 1500), image.subarray(4_194_304 - 500));
  await opened.close();
});

test("a snapshot that is abandoned is not there", async () => {
  const all = bed();
  const writer = await SnapshotWriter.begin({ ...all, place: place(1000), owner });
  const archive = await writer.dynamicFile("root.pxar.didx", archiveChunks);
  await archive.sink(all.random.bytes(10));
  await writer.abandon();
  assert.equal(await all.store.hasSnapshot(place(1000)), false);
});

test("a group belongs to who made it", async () => {
  const all = bed();
  await backUp(all, tree(all.random), place(1000));
  const other = SnapshotWriter.begin({ ...all, place: place(2000), owner: "other@pbs" });
  await assert.rejects(other, (error) => isFault(error, "datastore.group-owned"));
});

test("verification names what is damaged, missing or exchanged", async () => {
  const all = bed();
  const where = place(1000);
  await backUp(all, tree(all.random), where);
  const folder = snapshotPath([], where.snapshot);
  const { index, file } = await all.store.openIndex(`${folder}/${rootArchive}`);
  const first = await index.chunk(0);
  await file.close();
  const path = chunkPath(first.digest);
  const blob = await readWhole(all.files, path, limits.dataBlob);
  const flipped = Uint8Array.from(blob);
  flipped[blob.byteLength - 1] = (flipped[blob.byteLength - 1] ?? 0) ^ 1;
  all.files.put(path, flipped);
  assert.match((await verify(all.store, where)).join("\n"), /chunk .* is damaged: it does not have its checksum/);
  await all.files.remove(path);
  assert.match((await verify(all.store, where)).join("\n"), /the chunk .* is missing/);
  all.files.put(path, blob);
  all.files.put(`${folder}/notes.blob`, blob);
  assert.match((await verify(all.store, where)).join("\n"), /notes\.blob is not the file that the manifest lists/);
  all.files.put(`${folder}/${manifestName}`, bytesFromText("nonsense"));
  assert.match((await verify(all.store, where)).join("\n"), /manifest .* is damaged/);
});

test("a chunk takes the place of an empty or larger one, and no encrypted one that of a plain one", async () => {
  const { store, files, clock } = bed();
  const { encodeBlob } = await import("./data-blob.ts");
  const { chunkDigest } = await import("#keys/index.ts");
  const data = new Uint8Array(1000).fill(9);
  const digest = chunkDigest(data);
  const plain = encodeBlob(data, { isCompressed: false });
  const small = encodeBlob(data, { isCompressed: true });
  const encrypted = encodeBlob(data, { isCompressed: false, encryption: { key, iv: new Uint8Array(16) } });
  files.put(chunkPath(digest), new Uint8Array(0));
  assert.equal(await store.chunks.insert(digest, plain), "replaced");
  assert.equal(await store.chunks.insert(digest, small), "replaced");
  await clock.advance(hours(1));
  assert.equal(await store.chunks.insert(digest, plain), "known");
  assert.equal((await files.facts(chunkPath(digest)))?.atime, epochSeconds(clock.now()));
  const conflict = store.chunks.insert(digest, encrypted);
  await assert.rejects(conflict, (error) => isFault(error, "datastore.chunk-conflict"));
  await assert.rejects(store.chunks.insert(digest, data), (error) => isFault(error, "datastore.damaged"));
  await assert.rejects(store.chunks.read(new Uint8Array(32)), (error) => isFault(error, "datastore.chunk-missing"));
});

test("garbage collection removes what no index names and nobody used for a day", async () => {
  const all = bed();
  const { clock, store, files } = all;
  const source = tree(all.random);
  await backUp(all, source, place(1000));
  source.addFile("large", all.random.bytes(3_000_000));
  await backUp(all, source, place(2000));
  const collect = () => collectGarbage(store, { now: epochSeconds(clock.now()), check: () => {} });
  const chunks = (): number => files.paths.filter((path) => path.startsWith(".chunks/")).length;
  const before = chunks();
  await store.removeSnapshot(place(1000));
  const early = await collect();
  assert.deepEqual([early.removedChunks, early.pendingChunks > 0, chunks()], [0, true, before]);
  await clock.advance(hours(25));
  const late = await collect();
  assert.equal(late.removedChunks, early.pendingChunks);
  assert.equal(chunks(), before - late.removedChunks);
  assert.deepEqual(late.missing, []);
  assert.deepEqual(await verify(store, place(2000)), []);
  assert.match(
    Buffer.from(await readWhole(files, ".gc-status", 10_000)).toString(),
    /^\{"upid":null,"index-file-count":2,/,
  );
});

test("a protected snapshot is not removed", async () => {
  const all = bed();
  await backUp(all, tree(all.random), place(1000));
  all.files.put(`${snapshotPath([], place(1000).snapshot)}/.protected`, new Uint8Array(0));
  await assert.rejects(all.store.removeSnapshot(place(1000)), (error) => isFault(error, "datastore.protected"));
  const missing = all.store.removeSnapshot(place(1001));
  await assert.rejects(missing, (error) => isFault(error, "datastore.snapshot-missing"));
});

test("a snapshot from elsewhere is put in place file by file, the manifest last and without a foreign verification", async () => {
  const all = bed();
  const where = place(1000);
  await backUp(all, tree(all.random), where);
  const manifest = await all.store.manifest(where);
  const to = new Datastore("store2", new SimFiles(all.clock));
  const restorer = await SnapshotRestorer.begin(to, where, owner);
  await assert.rejects(restorer.finish(), (error) => isFault(error, "datastore.damaged"));
  const stored = await all.store.storedFiles(where, manifest);
  assert.deepEqual(
    stored.map(({ name }) => name),
    [manifestName, rootArchive, snapshotCatalog, "notes.blob"],
  );
  const verified = encodeManifest({
    snapshot: where.snapshot,
    files: manifest.files,
    unprotected: { notes: "kept", verify_state: { state: "ok", upid: "UPID" } },
  });
  for (const { name, path } of stored) {
    const bytes = name === manifestName ? verified : await readWhole(all.files, path, limits.dataBlob);
    await restorer.add(name, sourceOf(bytes), bytes.byteLength);
  }
  assert.equal(await to.isFinished(where), false);
  await restorer.finish();
  assert.deepEqual((await to.manifest(where)).unprotected, { notes: "kept" });
  const again = SnapshotRestorer.begin(to, where, owner);
  await assert.rejects(again, (error) => isFault(error, "datastore.snapshot-exists"));
  const wrong = await SnapshotRestorer.begin(to, place(5), owner);
  const foreign = wrong.add(manifestName, sourceOf(verified), verified.byteLength);
  await assert.rejects(foreign, (error) => isFault(error, "datastore.damaged"));
});

test("an archive of version 2 is browsed through its two files", async () => {
  const all = bed();
  const writer = await SnapshotWriter.begin({ ...all, place: place(1000), owner });
  const main = await writer.dynamicFile("root.mpxar.didx", archiveChunks);
  const payload = await writer.dynamicFile("root.ppxar.didx", archiveChunks);
  const encoder = new PxarEncoder({ sink: main.sink, payload: payload.sink });
  await encoder.begin(plainMetadata(0o40755));
  const content = bytesFromText("split");
  await encoder.file(bytesFromText("a"), plainMetadata(0o100644), 5, sourceOf(content));
  await encoder.endDirectory();
  await main.finish();
  await payload.finish();
  await writer.finish();
  const target = new SimTree();
  await withArchive(await openArchive(all.store, place(1000), "root.mpxar.didx"), async (archive) =>
    extractMember(archive, await archive.root(), target, noWarnings),
  );
  assert.ok(target.description.includes(`/a 100644 0:0 0 ${Buffer.from(content).toString("hex")} x1`));
});

test("a file that became shorter is filled with zeros, one that vanished is left out, both with a warning", async () => {
  const all = bed();
  const source = tree(all.random);
  const warnings: string[] = [];
  const flaky = Object.assign(Object.create(source) as SimTree, {
    facts: async (path: readonly Uint8Array[]) => {
      const facts = await source.facts(path);
      return path.at(-1)?.join() === Buffer.from("ünicode").join() ? { ...facts, sizeBytes: 10 } : facts;
    },
    list: async (path: readonly Uint8Array[]) => [...(await source.list(path)), Buffer.from("vanished")],
    readLink: source.readLink.bind(source),
    open: source.open.bind(source),
  });
  const writer = await SnapshotWriter.begin({ ...all, place: place(1000), owner });
  await archiveTree(writer, flaky, { ...quiet, warn: (text) => warnings.push(text) });
  await writer.finish();
  assert.deepEqual(warnings, [
    "/etc/vanished is left out: etc/vanished is not there",
    "/ünicode became shorter while it was read; the rest is zeros",
    "/vanished is left out: vanished is not there",
  ]);
  assert.deepEqual(await verify(all.store, place(1000)), []);
});

test("a manifest that says what cannot be is refused", () => {
  const good = encodeManifest({ snapshot: place(1000).snapshot, files: [] });
  assert.equal(decodeManifest(good, "x").snapshot.id, "demo");
  for (const files of [
    [{ name: "../x.blob", cryptMode: "none" as const, sizeBytes: 1, checksum: "0".repeat(64) }],
    [{ name: "x.blob", cryptMode: "none" as const, sizeBytes: -1, checksum: "0".repeat(64) }],
    [{ name: "x.blob", cryptMode: "none" as const, sizeBytes: 1, checksum: "0" }],
  ]) {
    const blob = encodeManifest({ snapshot: place(1000).snapshot, files });
    assert.throws(
      () => decodeManifest(blob, "x"),
      (error) => isFault(error, "datastore.damaged"),
    );
  }
});
