// SPDX-License-Identifier: Apache-2.0
// Keys of tapes: their passphrase is changed, they are printed, lost, and imported again; one that is needed is not removed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault, seconds, silentLog } from "#base/index.ts";
import { openKey } from "#keys/index.ts";
import { utcZone } from "#media/index.ts";
import { SeededRandom, SimClock, SimFiles, SimStateFiles, SimTree } from "#sim/index.ts";
import { TaskRegistry } from "#work/index.ts";
import { Manager } from "./manager.ts";

async function bed() {
  const [clock, random, state] = [new SimClock(), new SeededRandom("keys"), new SimStateFiles()];
  const keeper = { save: () => Promise.resolve(), forget: () => Promise.resolve() };
  const open = (): Promise<Manager> =>
    Manager.open({
      state,
      tasks: new TaskRegistry({ clock, random, log: silentLog, keeper, earlier: [] }),
      clock,
      random,
      zone: utcZone,
      ports: {
        files: () => new SimFiles(clock),
        tree: () => new SimTree(),
        openStation: () => assert.fail("no drive is set up"),
      },
    });
  return { clock, open, manager: await open() };
}

const failsWith = (code: string) => (error: unknown) => isFault(error, code);

test("B-ENC-5: a passphrase is changed with the old one, or by force; the key stays the same", async () => {
  const { clock, open, manager } = await bed();
  const { fingerprint = "", created } = await manager.createKey({ hint: "first", passphrase: "passphrase 1" });
  const key = manager.keys.key(fingerprint);
  const change = { passphrase: "wrong one", newPassphrase: "passphrase 2", hint: "second" };
  await assert.rejects(manager.keyDesk.changePassphrase(fingerprint, change), failsWith("keys.wrong-passphrase"));
  await clock.advance(seconds(60));
  const changed = await manager.keyDesk.changePassphrase(fingerprint, { ...change, passphrase: "passphrase 1" });
  assert.deepEqual([changed.hint, changed.created, changed.modified > created], ["second", created, true]);
  const again = await open();
  assert.deepEqual(openKey(again.keyDesk.show(fingerprint.replaceAll(":", "")), "passphrase 2"), key);
  assert.throws(() => openKey(again.keyDesk.show(fingerprint), "passphrase 1"), failsWith("keys.wrong-passphrase"));
  await again.keyDesk.changePassphrase(fingerprint, {
    passphrase: undefined,
    newPassphrase: "passphrase 3",
    hint: "3",
  });
  assert.deepEqual(openKey(again.keyDesk.show(fingerprint), "passphrase 3"), key);
  const short = { passphrase: "passphrase 3", newPassphrase: "1234", hint: "4" };
  await assert.rejects(again.keyDesk.changePassphrase(fingerprint, short), failsWith("keys.bad-passphrase"));
});

test("B-ENC-5: a key that was printed and lost comes back from paper, once", async () => {
  const { manager } = await bed();
  const { fingerprint = "" } = await manager.createKey({ hint: "first", passphrase: "passphrase 1" });
  const key = manager.keys.key(fingerprint);
  const { bytes } = await manager.keyDesk.paper(fingerprint, { subject: "x", format: "text" });
  const paper = Buffer.from(bytes).toString("utf8");
  await manager.keyDesk.remove(fingerprint, { isForced: false });
  assert.throws(() => manager.keyDesk.show(fingerprint), failsWith("keys.unknown"));
  const wrong = { passphrase: "wrong one", hint: undefined };
  await assert.rejects(manager.keyDesk.import(paper, wrong), failsWith("keys.wrong-passphrase"));
  const right = { passphrase: "passphrase 1", hint: undefined };
  assert.equal((await manager.keyDesk.import(paper, right)).hint, "first");
  assert.deepEqual(manager.keys.key(fingerprint), key);
  await assert.rejects(manager.keyDesk.import(paper, right), failsWith("keys.exists"));
  await assert.rejects(manager.keyDesk.import("{}", right), failsWith("keys.bad-key"));
});

test("a key that a pool encrypts with is not removed, and a fingerprint that is none is refused", async () => {
  const { manager } = await bed();
  const { fingerprint = "" } = await manager.createKey({ hint: "first", passphrase: "passphrase 1" });
  const pool = { name: "p1", allocation: "continue", retention: "keep", encryption: fingerprint, template: "%c" };
  await manager.addPool(pool);
  await assert.rejects(manager.keyDesk.remove(fingerprint, { isForced: true }), failsWith("backup.key-in-use"));
  await manager.remove("pools", "p1");
  await manager.keyDesk.remove(fingerprint, { isForced: false });
  assert.throws(() => manager.keyDesk.show("nonsense"), failsWith("keys.bad-key"));
});
