// SPDX-License-Identifier: Apache-2.0
// The manager as its users meet it, over HTTP: a directory to a snapshot, to tape on our own library, and back, with nothing
// but operations of the API.

import assert from "node:assert/strict";
import { randomFillSync } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { defined, endpointText, milliseconds, silentLog, sleep } from "#base/index.ts";
import { SystemClock } from "#world/index.ts";
import { type Instance, startInstance } from "./instance.ts";
import { readSettings } from "./settings.ts";

type Json = Record<string, unknown>;

const MiB = 1024 * 1024;

/** Talks to the API of an instance. */
class Client {
  readonly #instance: Instance;
  readonly #token: string;
  readonly #clock = new SystemClock();

  constructor(instance: Instance) {
    this.#instance = instance;
    this.#token = readFileSync(instance.tokenFile, "utf8").trim();
  }

  async call(method: string, path: string, body?: Json): Promise<unknown> {
    const response = await fetch(`${this.#instance.apiAddress}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    assert.ok(response.ok, `${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  }

  list(path: string): Promise<readonly Json[]> {
    return this.call("GET", path) as Promise<readonly Json[]>;
  }

  /** Starts a task and waits for its end, which must be good. */
  async task(path: string, body: Json): Promise<Json> {
    let task = (await this.call("POST", path, body)) as Json;
    while (task["endedAt"] === undefined) {
      await sleep(this.#clock, milliseconds(50));
      task = (await this.call("GET", `/tasks/${String(task["id"])}`)) as Json;
    }
    assert.equal(task["state"], "done", JSON.stringify(task));
    return task["result"] as Json;
  }
}

async function withInstance(use: (client: Client, instance: Instance, work: string) => Promise<void>): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), "capstan-manager-"));
  const home = join(work, "home");
  const settings = await readSettings(
    ["--home", home, "--iscsi", "127.0.0.1:0", "--api", "127.0.0.1:0", "--empty"],
    {},
  );
  const instance = await startInstance(defined(settings, "there are settings"), silentLog);
  try {
    const { gateway } = instance;
    await gateway.createLibrary({ name: "main", driveModel: "ibm-lto8", drives: 2, storageSlots: 8, mailSlots: 2 });
    for (const barcode of ["API001L8", "API002L8"]) {
      await gateway.createCartridges({ library: "main", barcode, sizeBytes: 64 * MiB });
    }
    await use(new Client(instance), instance, work);
  } finally {
    await instance.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

async function setUp(client: Client, instance: Instance, work: string): Promise<void> {
  const targetOf = (device: string): string => {
    const targets = instance.gateway.listTargets("main");
    return defined(
      targets.find(({ units }) => units.some((unit) => unit.device === device)),
      `there is a target of ${device}`,
    ).name;
  };
  for (const [name, device] of [
    ["drive0", "drive-02"],
    ["drive1", "drive-01"],
  ] as const) {
    await client.call("POST", "/tape/drives", {
      name,
      portal: endpointText(defined(instance.portals[0], "there is a portal")),
      driveTarget: targetOf(device),
      changerTarget: targetOf("changer"),
    });
  }
  for (const name of ["store1", "store2"]) {
    await client.call("POST", "/datastores", { name, path: join(work, name) });
  }
  const key = (await client.call("POST", "/tape/keys", { hint: "horse", passphrase: "correct horse" })) as Json;
  await client.call("POST", "/tape/pools", { name: "offsite", encrypt: key["fingerprint"], retention: "4 weeks" });
}

test("a directory goes to tape and comes back, by operations of the API alone", async () => {
  await withInstance(async (client, instance, work) => {
    await setUp(client, instance, work);
    const source = join(work, "source");
    mkdirSync(join(source, "inner"), { recursive: true });
    writeFileSync(join(source, "inner/file"), "content ".repeat(1000));

    const made = await client.task("/datastores/store1/snapshots", { source, id: "demo", namespace: "a" });
    const snapshot = String(made["snapshot"]);
    assert.match(snapshot, /^ns\/a\/host\/demo\/\d{4}-/);
    const browsed = await client.list(`/datastores/store1/browse?snapshot=${snapshot}&path=inner`);
    assert.deepEqual(browsed, [{ name: "file", type: "file", mode: "0644", sizeBytes: 8000 }]);

    assert.deepEqual(await client.task("/tape/barcode-label", { pool: "offsite", drive: "drive0" }), {
      labelled: ["API001L8", "API002L8"],
    });
    const backup = await client.task("/tape/backup", {
      store: "store1",
      pool: "offsite",
      drive: "drive0",
      ejectMedia: true,
    });
    assert.deepEqual([backup["written"], backup["skipped"], backup["cartridges"]], [1, 0, ["API001L8"]]);
    const [content] = await client.list("/tape/content");
    assert.deepEqual(
      [content?.["store"], content?.["snapshot"], content?.["labelText"]],
      ["store1", snapshot, "API001L8"],
    );
    const media = await client.list("/tape/media?pool=offsite");
    const rows = media.map(({ labelText, status, location, catalog }) => [labelText, status, location, catalog]);
    assert.deepEqual(rows, [
      ["API002L8", "writable", "online-drive0", "ok"],
      ["API001L8", "writable", "online-drive0", "ok"],
    ]);

    const mediaSet = String(backup["mediaSet"]);
    const restored = await client.task("/tape/restore", { mediaSet, store: "store2", drive: "drive1" });
    assert.deepEqual(restored["restored"], [`store1:${snapshot}`]);
    assert.deepEqual(await client.task("/datastores/store2/verify", {}), { snapshots: 1 });
    const target = join(work, "extracted");
    await client.task("/datastores/store2/extract", { snapshot, target });
    assert.equal(readFileSync(join(target, "inner/file"), "utf8"), "content ".repeat(1000));
    assert.deepEqual(await client.task("/tape/catalog", { labelText: "API001L8", drive: "drive1", scan: true }), {
      found: "by-scan",
    });
    assert.ok(
      "fingerprint" in
        (await client.task("/tape/keys/restore", {
          labelText: "API001L8",
          drive: "drive1",
          passphrase: "correct horse",
        })),
    );
    // The cartridge is known to be where both drives of the library can get it: another backup by the other drive goes on.
    const again = await client.task("/tape/backup", { store: "store1", pool: "offsite", drive: "drive1" });
    assert.deepEqual([again["mediaSet"], again["skipped"]], [mediaSet, 1]);
    await client.task("/tape/inventory", { drive: "drive1", catalog: true });
  });
});

test("a folder in the format of Proxmox's virtual drive is a drive like any other", async () => {
  await withInstance(async (client, _instance, work) => {
    for (const name of ["from", "to"]) await client.call("POST", "/datastores", { name, path: join(work, name) });
    await client.call("POST", "/tape/pools", { name: "plain" });
    const tapes = join(work, "tapes");
    await client.call("POST", "/tape/drive-folders", { name: "virtual0", path: tapes, size: "4MiB" });
    const source = join(work, "source");
    mkdirSync(source);
    for (let index = 0; index < 3; index++) {
      const content = new Uint8Array(MiB);
      randomFillSync(content);
      writeFileSync(join(source, `file ${index}`), content);
      // A snapshot each, so that a cartridge ends between them.
      await client.task("/datastores/from/snapshots", { source, id: `demo${index}` });
    }
    const labels = ["VT0001", "VT0002", "VT0003", "VT0004"];
    for (const labelText of labels) await client.task("/tape/label", { labelText, pool: "plain" });
    const backup = await client.task("/tape/backup", { store: "from", pool: "plain" });
    const used = backup["cartridges"] as readonly string[];
    assert.ok(used.length >= 2, used.join(" "));
    assert.ok(readdirSync(tapes).includes(`tapefile-0-${labels[0]}.json`));
    const restored = await client.task("/tape/restore", { mediaSet: backup["mediaSet"], store: "from=to" });
    assert.equal((restored["restored"] as readonly string[]).length, 3);
    assert.deepEqual(await client.task("/datastores/to/verify", {}), { snapshots: 3 });
  });
});

test("what is not set up is refused by name, and setting up twice too", async () => {
  await withInstance(async (client, instance, work) => {
    await setUp(client, instance, work);
    const fails = async (method: string, path: string, body: Json | undefined, text: RegExp): Promise<void> => {
      await assert.rejects(client.call(method, path, body), text);
    };
    await fails(
      "POST",
      "/tape/backup",
      { store: "none", pool: "offsite" },
      /backup\.unknown.*none|none.*backup\.unknown/s,
    );
    await fails("POST", "/tape/backup", { store: "store1", pool: "none" }, /backup\.unknown/);
    await fails("POST", "/datastores", { name: "store1", path: "/x" }, /backup\.exists/);
    await fails("POST", "/tape/pools", { name: "p2", allocation: "sometimes" }, /media\.bad-event/);
    await fails("POST", "/tape/pools", { name: "p2", encrypt: "00:11" }, /keys\.unknown/);
    await fails(
      "POST",
      "/tape/drives",
      { name: "d", portal: "x", driveTarget: "a", changerTarget: "b" },
      /backup\.bad-config/,
    );
    await fails("POST", "/tape/restore", { mediaSet: "none", store: "store1" }, /media\.unknown-set/);
    await fails("GET", "/datastores/store1/browse?snapshot=none", undefined, /datastore\.bad-name/);
    await client.call("DELETE", "/datastores/store2");
    await client.call("DELETE", "/tape/drives/drive0");
    await client.call("DELETE", "/tape/drives/drive1");
    await client.call("DELETE", "/tape/pools/offsite");
    assert.deepEqual(await client.list("/datastores"), [{ name: "store1", path: join(work, "store1") }]);
    assert.deepEqual(await client.list("/tape/drives"), []);
    assert.equal((await client.list("/tape/keys")).length, 1);
  });
});
