// SPDX-License-Identifier: Apache-2.0
// Datastores as people use them: snapshots of images, encrypted ones, pruning and forgetting.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type EpochSeconds, isFault, prettyJson, silentLog } from "#base/index.ts";
import { snapshotPath, SnapshotWriter } from "#datastore/index.ts";
import { keyConfigJson, protectKey } from "#keys/index.ts";
import { utcZone } from "#media/index.ts";
import { SeededRandom, SimClock, SimFiles, SimStateFiles, SimTree } from "#sim/index.ts";
import { type TaskRecord, TaskRegistry } from "#work/index.ts";
import { Manager } from "./manager.ts";

async function bed() {
  const [clock, random] = [new SimClock(), new SeededRandom("stores")];
  const keeper = { save: () => Promise.resolve(), forget: () => Promise.resolve() };
  const tasks = new TaskRegistry({ clock, random, log: silentLog, keeper, earlier: [] });
  const files = new Map<string, SimFiles>();
  const trees = new Map<string, SimTree>();
  const made = <T>(map: Map<string, T>, name: string, make: () => T): T => {
    const value = map.get(name) ?? make();
    map.set(name, value);
    return value;
  };
  const manager = await Manager.open({
    state: new SimStateFiles(),
    tasks,
    clock,
    random,
    zone: utcZone,
    ports: {
      files: (path) => made(files, path, () => new SimFiles(clock)),
      tree: (path) => made(trees, path, () => new SimTree()),
      openStation: () => assert.fail("no drive is set up"),
    },
  });
  await manager.addStore({ name: "s1", path: "/s1" });
  const ended = async (record: TaskRecord): Promise<TaskRecord> => {
    const final = await tasks.ended(record.id);
    assert.equal(final.state, "done", final.error?.text ?? "");
    return final;
  };
  const filesOf = (path: string): SimFiles => made(files, path, () => new SimFiles(clock));
  const treeOf = (path: string): SimTree => made(trees, path, () => new SimTree());
  return { clock, random, manager, tasks, ended, filesOf, treeOf };
}

const wanted = { store: "s1", id: "demo", namespace: undefined, owner: undefined, encryption: undefined };
const failsWith = (code: string) => (error: unknown) => isFault(error, code);

test("an image becomes a snapshot of fixed chunks, and comes back as it was", async () => {
  const { random, manager, ended, filesOf, treeOf } = await bed();
  const image = random.bytes(5_000_000);
  filesOf("/images/").put("web.raw", image);
  const { result } = await ended(
    manager.stores.createImage({ ...wanted, source: "/images/web.raw", name: "disk" }, "me"),
  );
  const [view] = await manager.stores.snapshots("s1");
  assert.deepEqual([view?.files, view?.sizeBytes], [["disk.img.fidx"], 5_000_000]);
  assert.equal(Reflect.get(result as object, "chunks"), 2);
  const at = { store: "s1", snapshot: view?.snapshot ?? "", archive: undefined, path: undefined };
  await ended(manager.stores.extract(at, "/back", "me"));
  assert.deepEqual(treeOf("/back").description.length, 2);
  const back = await treeOf("/back").open([Buffer.from("disk.img")]);
  const bytes = new Uint8Array(image.byteLength + 1);
  let filled = 0;
  for (let count = await back.read(bytes); count > 0; count = await back.read(bytes.subarray(filled))) filled += count;
  assert.deepEqual(bytes.subarray(0, filled), image);
});

test("an image that is empty or badly named is refused, and leaves no snapshot", async () => {
  const { manager, tasks, filesOf } = await bed();
  filesOf("/images/").put("empty.raw", new Uint8Array(0));
  const task = manager.stores.createImage({ ...wanted, source: "/images/empty.raw", name: "disk" }, "me");
  assert.equal((await tasks.ended(task.id)).error?.code, "backup.empty-image");
  assert.deepEqual(await manager.stores.snapshots("s1"), []);
  const named = { ...wanted, source: "/images/empty.raw", name: "../x" };
  assert.throws(() => manager.stores.createImage(named, "me"), failsWith("datastore.bad-name"));
});

test("an encrypted snapshot is restored with the key of its client, and not without", async () => {
  const { random, manager, tasks, ended, treeOf } = await bed();
  const created = "2026-01-01T00:00:00+00:00";
  const how = { kind: "pbkdf2", random, created, modified: created, hint: undefined } as const;
  const text = prettyJson(keyConfigJson(protectKey(random.bytes(32), { ...how, passphrase: "secret" })));
  const encryption = { text, passphrase: "secret" };
  treeOf("/home").addFile("a", random.bytes(3000));
  await ended(manager.stores.createSnapshot({ ...wanted, source: "/home", encryption }, "me"));
  const [view] = await manager.stores.snapshots("s1");
  const at = { store: "s1", snapshot: view?.snapshot ?? "", archive: undefined, path: undefined };
  const without = await tasks.ended(manager.stores.extract(at, "/without", "me").id);
  assert.equal(without.error?.code, "datastore.key-needed");
  assert.throws(
    () => manager.stores.extract({ ...at, encryption: { text, passphrase: "wrong" } }, "/x", "me"),
    failsWith("keys.wrong-passphrase"),
  );
  await ended(manager.stores.extract({ ...at, encryption }, "/back", "me"));
  assert.deepEqual(treeOf("/back").description, treeOf("/home").description);
  await ended(manager.stores.verify("s1", "me"));
});

test("pruning removes what no rule keeps, tries first when asked to, and never takes what is protected", async () => {
  const { clock, random, manager, ended, filesOf } = await bed();
  const store = manager.store("s1");
  for (const day of [1, 2, 3, 4, 5]) {
    const snapshot = { type: "host" as const, id: "demo", time: (day * 86_400) as EpochSeconds };
    const place = { namespace: [], snapshot };
    const writer = await SnapshotWriter.begin({ store, place, owner: "root@pam", clock, random });
    await writer.blob("notes.blob", random.bytes(10));
    await writer.finish();
    if (day === 1) filesOf("/s1").put(`${snapshotPath([], snapshot)}/.protected`, new Uint8Array(0));
  }
  const how = { namespace: "", depth: undefined, rules: { last: 2 } };
  const removedBy = async (isTrial: boolean): Promise<unknown> =>
    Reflect.get((await ended(manager.stores.prune("s1", { ...how, isTrial }, "me"))).result as object, "removed");
  const days = async (): Promise<string[]> =>
    (await manager.stores.snapshots("s1")).map(({ snapshot }) => snapshot.slice(10, 20));
  const gone = ["host/demo/1970-01-04T00:00:00Z", "host/demo/1970-01-03T00:00:00Z"];
  assert.deepEqual(await removedBy(true), gone);
  assert.equal((await days()).length, 5);
  assert.deepEqual(await removedBy(false), gone);
  assert.deepEqual(await days(), ["1970-01-02", "1970-01-05", "1970-01-06"]);
  assert.deepEqual(await removedBy(false), []);
  await assert.rejects(manager.stores.forget("s1", "host/demo/1970-01-02T00:00:00Z"), failsWith("datastore.protected"));
  await manager.stores.forget("s1", "host/demo/1970-01-05T00:00:00Z");
  assert.deepEqual(await days(), ["1970-01-02", "1970-01-06"]);
});
