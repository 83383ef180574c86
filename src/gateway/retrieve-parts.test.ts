// SPDX-License-Identifier: Apache-2.0
// Retrieving only what is read: tape files, on demand, faster tiers, and the limit of money. Every test counts what the
// object store was asked to thaw.

import assert from "node:assert/strict";
import { test } from "node:test";
import { days, equalBytes, hours, minutes } from "#base/index.ts";
import { Locate16, Space6 } from "#scsi/index.ts";
import type { ObjectKey } from "#store/index.ts";
import { smallLibrary, testBlock, testSize, TestWorld, type Host } from "./gateway-fixtures.ts";
import type { Gateway } from "./gateway.ts";
import { listPrices } from "./prices.ts";

const actor = { who: "ann" };
const tape = "CAP001L8";
/** Blocks of each tape file; a segment takes 15. */
const blocksPerFile = 20;
const files = 6;
const segmentSize = 1024 * 1024;

interface Scene {
  readonly world: TestWorld;
  readonly gateway: Gateway;
  readonly drive: Host;
}

/** A cartridge of six tape files on the shelf. */
async function scene(settings: Parameters<TestWorld["start"]>[0] = {}): Promise<Scene> {
  const world = new TestWorld();
  const gateway = await world.start(settings);
  await world.run(gateway.createLibrary(smallLibrary));
  await world.run(gateway.createCartridges({ library: "lib", sizeBytes: testSize }));
  await world.run(gateway.loadCartridge(tape));
  const drive = await world.login(gateway.listDrives("lib")[0]?.target ?? "");
  await drive.attentions();
  for (let number = 0; number < files * blocksPerFile; number++) {
    assert.equal(await drive.write(testBlock(number)), "good");
    if ((number + 1) % blocksPerFile === 0) assert.equal(await drive.filemark(), "good");
  }
  await world.run(gateway.unloadCartridge(tape));
  await world.run(gateway.ejectCartridge(tape, actor));
  await world.until(tape, "ARCHIVED");
  return { world, gateway, drive };
}

async function thawedSegments(world: TestWorld): Promise<number> {
  const keys = world.objects.keys.filter((key) => key.includes("/segments/")) as ObjectKey[];
  const infos = await world.run(Promise.all(keys.map((key) => world.objects.head(key))));
  return infos.filter((info) => info?.thaw.kind === "thawed" || info?.thaw.kind === "thawing").length;
}

const locateFile = (file: number): Uint8Array =>
  Locate16.encode({ destinationType: 1, identifier: BigInt(file) } as Parameters<typeof Locate16.encode>[0]);

/** Sends a command as hosts do: comes again while the drive says that it is becoming ready. */
async function patiently(world: TestWorld, drive: Host, act: () => Promise<string>): Promise<string> {
  for (let tries = 0; tries < 100; tries++) {
    const word = await act();
    if (word !== "becoming-ready") return word;
    while ((await drive.ready()) === "becoming-ready") await world.clock.advance(minutes(10));
  }
  return "for ever becoming-ready";
}

async function readBlock(world: TestWorld, drive: Host, number: number): Promise<string> {
  return patiently(world, drive, async () => {
    const { word, data } = await drive.read();
    if (word === "good") assert.ok(equalBytes(data, testBlock(number)), `block ${number} is as it was written`);
    return word;
  });
}

test("some tape files: only their segments thaw, and what was not asked for needs an operator", async () => {
  const { world, gateway, drive } = await scene();
  await world.run(gateway.retrieveCartridge({ barcode: tape, library: "lib", files: { first: 3, last: 3 } }, actor));
  assert.equal(gateway.getCartridge(tape).state, "RETRIEVING");
  await world.until(tape, "RETRIEVED");
  assert.equal(await thawedSegments(world), 4, "three that hold the file, and the one with the labels");
  await world.run(gateway.loadCartridge(tape));
  await drive.attentions();
  assert.equal(await readBlock(world, drive, 0), "good");
  assert.equal((await drive.send(locateFile(3))).word, "good");
  for (let number = 0; number < blocksPerFile; number++) {
    assert.equal(await readBlock(world, drive, 3 * blocksPerFile + number), "good");
  }
  assert.equal((await drive.read()).word, "filemark-detected");
  const events = gateway.subscribe();
  assert.equal((await drive.send(locateFile(5))).word, "intervention-needed");
  assert.match(String((await world.run(events.next())).value?.text), /retrieve-more CAP001L8/);
  assert.equal(await drive.ready(), "good", "the drive itself is ready");
  assert.equal(gateway.listDrives("lib")[0]?.state, "ready");
  await world.run(gateway.retrieveMore({ barcode: tape, files: { first: 5, last: 5 } }, actor));
  const word = await patiently(world, drive, async () => (await drive.send(locateFile(5))).word);
  assert.equal(word, "good");
  assert.equal(await readBlock(world, drive, 5 * blocksPerFile), "good");
  await world.stop();
  assert.deepEqual(world.errors, []);
});

test("on demand a cartridge appears at once, and only what is read thaws", async () => {
  const { world, gateway, drive } = await scene();
  const request = { barcode: tape, library: "lib", onDemand: true, aheadBytes: 0 } as const;
  await world.run(gateway.retrieveCartridge(request, actor));
  await world.until(tape, "RETRIEVED", minutes(1));
  assert.equal(await thawedSegments(world), 0);
  await world.run(gateway.loadCartridge(tape));
  await drive.attentions();
  assert.equal((await drive.read()).word, "becoming-ready");
  assert.equal(await drive.ready(), "becoming-ready");
  assert.equal(await drive.rewind(), "good", "the medium moves meanwhile");
  assert.equal(await readBlock(world, drive, 0), "good");
  assert.equal(await thawedSegments(world), 1);
  assert.equal(await patiently(world, drive, async () => (await drive.send(locateFile(4))).word), "good");
  assert.equal(await readBlock(world, drive, 4 * blocksPerFile), "good");
  const { retrieval } = gateway.getCartridge(tape);
  assert.equal(await thawedSegments(world), retrieval?.segments);
  assert.ok((retrieval?.segments ?? 9) <= 3);
  const back = Space6.encode({ code: 1, count: 2 ** 24 - 2 });
  assert.equal(await patiently(world, drive, async () => (await drive.send(back)).word), "good");
  await world.run(gateway.ejectCartridge(tape, actor));
  await world.clock.advance(minutes(1));
  assert.equal(gateway.getCartridge(tape).retrieval, undefined);
  await world.stop();
  assert.deepEqual(world.errors, []);
});

test("a whole tape is read on demand, block by block, with a window that goes ahead", async () => {
  const { world, gateway, drive } = await scene();
  await world.run(
    gateway.retrieveCartridge({ barcode: tape, library: "lib", onDemand: true, aheadBytes: 3 * segmentSize }, actor),
  );
  await world.until(tape, "RETRIEVED");
  await world.run(gateway.loadCartridge(tape));
  await drive.attentions();
  const began = world.clock.now();
  for (let number = 0; number < files * blocksPerFile; number++) {
    assert.equal(await readBlock(world, drive, number), "good");
    if ((number + 1) % blocksPerFile !== 0) continue;
    assert.equal(await patiently(world, drive, async () => (await drive.read()).word), "filemark-detected");
  }
  assert.equal((await drive.read()).word, "end-of-data");
  const took = world.clock.now() - began;
  assert.ok(took < hours(4.5) * 3, `eight segments by four at a time, not one by one: ${took} ms`);
  const thaws = gateway.costs().thawed;
  assert.equal(
    thaws.reduce((sum, { segments }) => sum + segments, 0),
    8,
    "each was paid for once",
  );
  await world.stop();
  assert.deepEqual(world.errors, []);
});

/** Prices that make each segment cost one unit. */
const dear = {
  ...listPrices,
  currency: "COIN",
  classes: {
    ...listPrices.classes,
    GLACIER: {
      ...listPrices.classes.GLACIER,
      thaw: { Standard: { requests: 1000, gib: 0, hours: [3, 5] }, Bulk: { requests: 100, gib: 0, hours: [5, 12] } },
    },
  },
} as const;

test("when the money is gone the drive asks for an operator, and goes on when there is more", async () => {
  const { world, gateway, drive } = await scene({ prices: dear });
  const request = { barcode: tape, library: "lib", onDemand: true, aheadBytes: 0, moneyLimit: 2 } as const;
  await world.run(gateway.retrieveCartridge(request, actor));
  await world.until(tape, "RETRIEVED");
  await world.run(gateway.loadCartridge(tape));
  await drive.attentions();
  const events = gateway.subscribe();
  let number = 0;
  let word = "good";
  for (; word === "good"; number++) {
    word = await readBlock(world, drive, number);
    if (word === "filemark-detected") word = await readBlock(world, drive, number);
  }
  assert.equal(word, "intervention-needed");
  assert.ok(number > 20 && number < 40, `two segments were read, up to block ${number}`);
  assert.equal(gateway.getCartridge(tape).retrieval?.spent, 2);
  let alarm = "";
  while (!alarm.includes("2.0000 of 2.0000 COIN")) alarm = String((await world.run(events.next())).value?.text);
  world.kill();
  const again = await world.start({ prices: dear });
  assert.equal(again.getCartridge(tape).retrieval?.spent, 2, "what was spent survives");
  const host = await world.login(again.listDrives("lib")[0]?.target ?? "", {}, "iqn.2026-11.io.capstan.test:again");
  await world.clock.advance(minutes(1));
  await host.attentions();
  assert.equal(await readBlock(world, host, 0), "good", "what was paid for is still thawed");
  assert.equal((await host.send(locateFile(4))).word, "intervention-needed");
  await world.run(again.retrieveMore({ barcode: tape, moneyLimit: 4 }, actor));
  assert.equal(await patiently(world, host, async () => (await host.send(locateFile(4))).word), "good");
  assert.ok((again.getCartridge(tape).retrieval?.spent ?? 9) <= 4);
  await world.stop();
  assert.deepEqual(world.errors, []);
});

test("a retrieve that would cost more than it may is refused before anything is asked for", async () => {
  const { world, gateway } = await scene({ prices: dear });
  const whole = { barcode: tape, library: "lib", moneyLimit: 3 };
  await assert.rejects(world.run(gateway.retrieveCartridge(whole, actor)), {
    code: "gateway.retrieval-too-dear",
    message: /costs about 8.0000 COIN, and 3.0000 are allowed/,
  });
  assert.equal(gateway.getCartridge(tape).state, "ARCHIVED");
  await world.run(gateway.retrieveCartridge({ ...whole, files: { first: 0, last: 0 } }, actor));
  await world.until(tape, "RETRIEVED");
  assert.equal(gateway.getCartridge(tape).retrieval?.spent, 2);
  await assert.rejects(world.run(gateway.retrieveMore({ barcode: tape, files: { first: 0, last: 5 } }, actor)), {
    code: "gateway.retrieval-too-dear",
  });
  await world.stop();
});

test("a running thaw is hastened by a faster tier, and not slowed down; a tier that the class lacks is refused", async () => {
  const { world, gateway } = await scene();
  const request = { barcode: tape, library: "lib" };
  await world.run(gateway.retrieveCartridge({ ...request, tier: "Bulk" }, actor));
  await world.clock.advance(minutes(30));
  assert.equal(gateway.getCartridge(tape).state, "RETRIEVING");
  await world.run(gateway.retrieveCartridge({ ...request, tier: "Expedited" }, actor));
  await assert.rejects(world.run(gateway.retrieveCartridge({ ...request, tier: "Standard" }, actor)), {
    code: "gateway.tier-slower",
  });
  await world.until(tape, "RETRIEVED", minutes(10));
  await world.run(gateway.ejectCartridge(tape, actor));
  await world.clock.advance(minutes(1));
  await world.run(gateway.assignPool(tape, "deep-archive", actor));
  await world.clock.advance(hours(24));
  await assert.rejects(world.run(gateway.retrieveCartridge({ ...request, tier: "Expedited" }, actor)), {
    code: "gateway.tier-unsupported",
    message: /DEEP_ARCHIVE, which thaws by Standard or Bulk/,
  });
  await world.stop();
});

test("what was thawed in part stays thawed while it is RETRIEVED, and no more than that", async () => {
  const { world, gateway, drive: writer } = await scene();
  // A session that stays pings, and a month passes.
  await writer.logout();
  await world.run(gateway.retrieveCartridge({ barcode: tape, library: "lib", files: { first: 2, last: 2 } }, actor));
  await world.until(tape, "RETRIEVED");
  const before = await thawedSegments(world);
  await world.clock.advance(days(30));
  assert.equal(await thawedSegments(world), before);
  await world.run(gateway.loadCartridge(tape));
  const drive = await world.login(gateway.listDrives("lib")[0]?.target ?? "");
  await drive.attentions();
  assert.equal((await drive.send(locateFile(2))).word, "good");
  assert.equal(await readBlock(world, drive, 2 * blocksPerFile), "good");
  await world.stop();
});

test("estimates say what a retrieve, a move and a deletion cost, and change nothing", async () => {
  const { world, gateway, drive } = await scene({ prices: dear });
  // A session that stays pings, and months pass.
  await drive.logout();
  const before = JSON.stringify(gateway.getCartridge(tape));
  const retrieve = await world.run(gateway.estimate({ barcode: tape, action: "retrieve" }));
  assert.equal(retrieve.thawCost, 8);
  assert.deepEqual([retrieve.hoursFrom, retrieve.hoursTo], [3, 5]);
  const part = await world.run(gateway.estimate({ barcode: tape, action: "retrieve", files: { first: 3, last: 3 } }));
  assert.equal(part.thawCost, 3);
  const move = await world.run(gateway.estimate({ barcode: tape, action: "move", pool: "deep-archive" }));
  assert.equal(move.storageClass, "DEEP_ARCHIVE");
  assert.ok(move.earlyDeletionFee > 0 && move.thawCost > 0.79);
  const deletion = await world.run(gateway.estimate({ barcode: tape, action: "delete" }));
  assert.equal(deletion.total, deletion.earlyDeletionFee);
  await world.clock.advance(days(91));
  assert.equal((await world.run(gateway.estimate({ barcode: tape, action: "delete" }))).total, 0);
  assert.equal(JSON.stringify(gateway.getCartridge(tape)), before);
  await world.stop();
});
