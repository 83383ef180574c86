// SPDX-License-Identifier: Apache-2.0
// A lost or damaged ledger keeps a gateway from starting, and is made anew from the log and from what is here: what was
// uploaded, and what is on the local disk, comes back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault, minutes, seconds, silentLog } from "#base/index.ts";
import { Findings, type Mended } from "#store/index.ts";
import { checkUp } from "./check-up.ts";
import { type Host, smallLibrary, testBlock, testSize, TestWorld } from "./gateway-fixtures.ts";
import { mendFindings } from "./mend-ledgers.ts";
import { recoverGateway } from "./recovery.ts";

const tape = "CAP001L8";
const gatewayLedger = "gateway.ledger";
const storeLedger = "cartridges/store.ledger";

/** A gateway that stopped; its first cartridge has 20 blocks in the bucket, and 5 on the disk alone. */
async function stopped({ isKilled = false } = {}): Promise<TestWorld> {
  const world = new TestWorld();
  const gateway = await world.start({ uploadDelay: seconds(0) });
  await world.run(gateway.createLibrary(smallLibrary));
  await world.run(gateway.createCartridges({ library: "lib", count: 3, sizeBytes: testSize }));
  await fill(world, 0, 20);
  await world.clock.advance(minutes(3));
  assert.equal(gateway.getCartridge(tape).recoveryPoint?.objects, 21);
  world.objects.options.failBefore = { put: 1 };
  await fill(world, 20, 5);
  if (isKilled) world.kill();
  else await world.stop();
  world.objects.options.failBefore = {};
  await world.clock.advance(minutes(30));
  return world;
}

/** Writes so many blocks and a filemark at the end of the cartridge. */
async function fill(world: TestWorld, first: number, count: number): Promise<void> {
  const { gateway } = world;
  const { firstAddresses, changerTarget } = gateway.getLibrary("lib");
  const changer = await world.login(changerTarget);
  const drive = await world.login(gateway.listDrives("lib")[0]?.target ?? "");
  await changer.attentions();
  assert.equal(await changer.move(firstAddresses.storageSlot, firstAddresses.drive), "good");
  await drive.attentions();
  if (first > 0) await toEndOfData(drive);
  for (let number = first; number < first + count; number++) assert.equal(await drive.write(testBlock(number)), "good");
  assert.equal(await drive.filemark(), "good");
  assert.equal(await changer.move(firstAddresses.drive, firstAddresses.storageSlot), "good");
  await drive.logout();
  await changer.logout();
}

async function toEndOfData(drive: Host): Promise<void> {
  for (let reads = 0; reads < 100; reads++) if ((await drive.read()).word.startsWith("end-of-data")) return;
  assert.fail("the tape has an end");
}

const portsOf = ({ clock, random, objects, disk }: TestWorld) => ({
  clock,
  objects,
  log: silentLog,
  sealing: undefined,
  random: random.fork("doctor"),
  disk: disk.attach(),
});

const signal = new AbortController().signal;

async function look(world: TestWorld): Promise<Findings> {
  const findings = new Findings();
  await world.run(checkUp({ ...portsOf(world), findings }, { isDeep: true, signal }));
  return findings;
}

async function mend(world: TestWorld, takeOver = false): Promise<readonly Mended[]> {
  const { all } = await look(world);
  return world.run(mendFindings(portsOf(world), all, { host: "host", takeOver }));
}

const seriousOf = ({ all }: Findings): readonly string[] =>
  all.filter(({ severity }) => severity !== "advice").map(({ subject }) => subject);

for (const [name, paths] of [
  ["the gateway's", [gatewayLedger]],
  ["the store's", [storeLedger]],
  ["either", [gatewayLedger, storeLedger]],
] as const) {
  for (const damage of ["lost", "damaged"] as const) {
    test(`a start without ${name} ledger (${damage}) is refused; mended, the gateway has everything again`, async () => {
      const world = await stopped();
      for (const path of paths) {
        if (damage === "lost") world.disk.lose((each) => each === path);
        else world.disk.flipBit(path, 12, 1);
      }
      await assert.rejects(world.start(), (error) => {
        assert.ok(isFault(error, "gateway.ledger-lost"), String(error));
        assert.ok(error.message.includes(paths[0]) && error.message.includes("capstan doctor --repair"), error.message);
        return true;
      });
      world.disk.kill();
      assert.deepEqual(
        seriousOf(await look(world)).filter((subject) => subject.includes("ledger")),
        [...paths],
      );
      const mended = await mend(world);
      assert.ok(
        mended.every(({ isDone }) => isDone),
        JSON.stringify(mended),
      );
      assert.deepEqual(seriousOf(await look(world)), []);
      world.disk.kill();
      const gateway = await world.start({ uploadDelay: seconds(0) });
      await world.clock.advance(minutes(5));
      assert.equal(gateway.listCartridges().length, 3);
      const { recoveryPoint, loss, condition } = gateway.getCartridge(tape);
      assert.deepEqual(
        { objects: recoveryPoint?.objects, loss, condition },
        { objects: 27, loss: undefined, condition: "GOOD" },
      );
      assert.equal(gateway.getCartridge(tape).dirtyBytes, 0, "what was only here is uploaded");
      await world.stop();
    });
  }
}

test("with nothing left but the bucket, no new gateway begins beside it, and mending brings back what was uploaded", async () => {
  const world = await stopped();
  world.moveToNewMachine();
  await assert.rejects(world.start(), (error) => isFault(error, "gateway.bucket-used"));
  world.disk.kill();
  assert.ok((await mend(world)).every(({ isDone }) => isDone));
  world.disk.kill();
  const gateway = await world.start({ uploadDelay: seconds(0) });
  await world.clock.advance(minutes(5));
  assert.equal(gateway.getCartridge(tape).recoveryPoint?.objects, 21);
  assert.equal(gateway.listCartridges().length, 3);
  await world.stop();
});

test("a take-over that was cut short at any write is finished by the next one", async () => {
  let cuts = 0;
  for (let failing = 0; failing < 14; failing++) {
    const world = await stopped({ isKilled: true });
    world.disk.lose((path) => path === gatewayLedger || path === storeLedger);
    let count = 0;
    world.disk.options.fail = (operation) => {
      if (!["sync", "rename", "write"].includes(operation)) return undefined;
      count += 1;
      if (count === failing + 1) cuts += 1;
      return count > failing ? new Error("cut") : undefined;
    };
    await mend(world).catch(() => {});
    delete world.disk.options.fail;
    world.disk.crash();
    const mended = (await look(world)).all.some((each) => each.mend?.kind === "ledgers") ? await mend(world) : [];
    assert.ok(
      mended.every(({ isDone }) => isDone),
      `${failing}: ${JSON.stringify(mended)}`,
    );
    world.disk.kill();
    const gateway = await world.start();
    assert.equal(gateway.listCartridges().length, 3);
    await world.stop();
  }
  assert.ok(cuts > 8, `${cuts} were cut short`);
});

/** Drops the last bytes of a file: its last facts look like those that a crash cut off. */
function cutEnd(world: TestWorld, path: string): void {
  const bytes = world.disk.contentOf(path);
  world.disk.replaceContent(path, bytes.slice(0, bytes.byteLength - 40));
}

test("a gateway's ledger that lost its end is not believed: the bucket was told of more", async () => {
  const world = await stopped();
  cutEnd(world, gatewayLedger);
  await assert.rejects(world.start(), (error) => {
    assert.ok(isFault(error, "gateway.ledger-lost") && error.message.includes("lost its end"), String(error));
    return true;
  });
  world.disk.kill();
  assert.deepEqual(seriousOf(await look(world)), [gatewayLedger]);
  assert.ok((await mend(world)).every(({ isDone }) => isDone));
  assert.deepEqual(seriousOf(await look(world)), []);
  world.disk.kill();
  const gateway = await world.start();
  assert.equal(gateway.listCartridges().length, 3);
  await world.stop();
});

test("a store's ledger from before is not believed: this data folder has written more of the log", async () => {
  const world = await stopped();
  const before = world.disk.contentOf(storeLedger);
  await world.start({ uploadDelay: seconds(0) });
  await world.clock.advance(minutes(5));
  await world.stop();
  world.disk.replaceContent(storeLedger, before);
  await world.clock.advance(minutes(30));
  assert.deepEqual(seriousOf(await look(world)), [storeLedger]);
  assert.ok((await mend(world)).every(({ isDone }) => isDone));
  assert.deepEqual(seriousOf(await look(world)), []);
  world.disk.kill();
  const gateway = await world.start({ uploadDelay: seconds(0) });
  await world.clock.advance(minutes(5));
  assert.equal(gateway.getCartridge(tape).recoveryPoint?.objects, 27);
  assert.equal(gateway.status().fenced, undefined);
  await world.stop();
});

const logKeys = ({ objects }: TestWorld): readonly string[] => objects.keys.filter((key) => key.includes("/log/"));

test("what is damaged of the log is named, is written anew by the next start, and a recovery before goes without", async () => {
  const world = await stopped();
  const hurt = logKeys(world).at(-2);
  assert.ok(hurt !== undefined);
  world.objects.rotObject(hurt, () => undefined);
  assert.deepEqual(seriousOf(await look(world)), [hurt]);
  const ports = { ...portsOf(world), sealing: undefined };
  const { sealing: _, disk: _disk, ...rest } = ports;
  const dry = await world.run(recoverGateway(rest, { host: "other", disk: undefined }));
  assert.deepEqual(
    dry.damaged.map(({ key }) => key),
    [hurt],
  );
  assert.equal(dry.cartridges.length, 3);
  assert.ok((await mend(world)).every(({ isDone }) => isDone));
  assert.deepEqual(seriousOf(await look(world)), [], "only advice is left: the next start does it");
  world.disk.kill();
  await world.start({ uploadDelay: seconds(0) });
  await world.clock.advance(minutes(5));
  await world.stop();
  world.disk.kill();
  const whole = await world.run(recoverGateway(rest, { host: "other", disk: undefined }));
  assert.deepEqual([whole.damaged, whole.cartridges.length], [[], 3]);
  assert.equal(whole.cartridges.find(({ barcode }) => barcode === tape)?.objects, 27);
});

test("without the beginning of its log a gateway comes back with what its manifests tell", async () => {
  const world = await stopped();
  for (const key of world.objects.keys.filter((each) => each.includes("/snapshots/"))) {
    world.objects.rotObject(key, (content) => content.fill(0));
  }
  const { sealing: _, disk: _disk, ...rest } = portsOf(world);
  world.moveToNewMachine();
  const disk = world.disk.attach();
  const report = await world.run(recoverGateway(rest, { host: "other", takeOver: true, disk }));
  assert.ok(report.damaged.length > 0);
  const told = report.cartridges.find(({ barcode }) => barcode === tape);
  assert.deepEqual([told?.objects, told?.state, told?.library], [21, "ARCHIVED", undefined]);
  world.disk.kill();
  const gateway = await world.start();
  assert.equal(gateway.getCartridge(tape).recoveryPoint?.objects, 21);
  await world.stop();
});

test("the manifest of a cartridge without blocks is written anew too", async () => {
  const world = await stopped();
  await world.start({ uploadDelay: seconds(0) });
  const { firstAddresses, changerTarget } = world.gateway.getLibrary("lib");
  const changer = await world.login(changerTarget);
  await changer.attentions();
  const from = firstAddresses.storageSlot + 1;
  assert.equal(await changer.move(from, firstAddresses.mailSlot), "good");
  await world.clock.advance(minutes(30));
  const [manifest, ...others] = world.objects.keys.filter((each) => each.includes("/manifests/"));
  assert.ok(manifest !== undefined && others.length === 1);
  await world.stop();
  for (const key of [manifest, ...others]) world.objects.rotObject(key, () => undefined);
  assert.deepEqual(seriousOf(await look(world)).toSorted(), [manifest, ...others].toSorted());
  assert.ok((await mend(world)).every(({ isDone }) => isDone));
  assert.deepEqual(seriousOf(await look(world)), []);
  world.disk.kill();
  await world.start({ uploadDelay: seconds(0) });
  await world.clock.advance(minutes(30));
  await world.stop();
  assert.deepEqual(seriousOf(await look(world)), []);
  assert.equal(world.objects.keys.filter((each) => each.includes("/manifests/")).length, 2);
});
