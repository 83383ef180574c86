// SPDX-License-Identifier: Apache-2.0
// Each kind of damage to a store is found by name, and nothing is found where nothing is wrong.

import assert from "node:assert/strict";
import { test } from "node:test";
import { minutes, silentLog } from "#base/index.ts";
import { type Finding, Findings } from "./finding.ts";
import type { ObjectKey } from "./object-store.ts";
import { blockOf, page, StoreBed } from "./store-bed.ts";
import { mendStore } from "./store-mend.ts";
import { lookAtStore, readStoreLedger } from "./store-look.ts";
import type { CartridgeId } from "./types.ts";

const tape = "TAPE01";
const folder = `cartridges/${tape}`;
const signal = new AbortController().signal;

/** A cartridge of several segments, all uploaded and described, at rest; the first of them dead. */
async function restingBed(): Promise<StoreBed> {
  const bed = new StoreBed();
  await bed.start();
  const image = await bed.loadNew(tape);
  for (let number = 0; number < 30; number++) await bed.run(image.appendBlock(blockOf(number, 2 * page)));
  await bed.run(image.unload());
  await bed.clock.advance(minutes(5));
  assert.equal(bed.store.usage(tape as CartridgeId).dirtyBytes, 0);
  await bed.stop();
  return bed;
}

/** Mends what was found, and starts once, so that what a start does is done. */
async function mend(bed: StoreBed, findings: readonly Finding[]): Promise<void> {
  const { clock, random, objects } = bed;
  const ports = { disk: bed.disk.attach(), objects, clock, random, log: silentLog, sealing: undefined };
  const options = { gateway: "", isOurs: true, signal };
  const mended = await bed.run(mendStore({ ...ports, folder: "cartridges" }, findings, options));
  assert.ok(mended.length > 0 && mended.every(({ isDone }) => isDone), JSON.stringify(mended));
}

/** After mending: everything is on the tape, and nothing is found any more but what was put aside. */
async function assertWell(bed: StoreBed): Promise<void> {
  assert.deepEqual(
    (await look(bed, true)).filter(({ severity }) => severity !== "advice"),
    [],
  );
  await bed.start();
  await bed.clock.advance(minutes(5));
  const image = await bed.load(tape);
  const content = await bed.readAll(image);
  assert.deepEqual(
    content.map((each) => Buffer.from(each)),
    Array.from({ length: 30 }, (_, number) => Buffer.from(blockOf(number, 2 * page))),
  );
  await bed.run(image.unload());
  await bed.clock.advance(minutes(5));
  await bed.stop();
  assert.deepEqual(
    (await look(bed, true)).filter(({ severity }) => severity !== "advice"),
    [],
  );
}

async function look(bed: StoreBed, isDeep = false): Promise<readonly Finding[]> {
  const findings = new Findings();
  const { clock, random, objects } = bed;
  const disk = bed.disk.attach();
  const ledger = await bed.run(readStoreLedger(disk, "cartridges"));
  assert.ok(ledger !== undefined);
  const ports = { disk, objects, clock, random, log: silentLog, sealing: undefined, findings, folder: "cartridges" };
  await bed.run(lookAtStore(ports, ledger, { gateway: "", isDeep, signal }));
  return findings.all;
}

const loseObject = (bed: StoreBed, key: string): Promise<void> => bed.run(bed.objects.delete(key as ObjectKey));

const segments = (bed: StoreBed): readonly string[] => bed.disk.paths().filter((path) => path.endsWith(".segment"));

/** One finding about that subject and nothing else that matters. */
function assertFound(findings: readonly Finding[], subject: string, severity: Finding["severity"]): Finding {
  const serious = findings.filter((each) => each.severity !== "advice" || severity === "advice");
  assert.deepEqual(
    serious.map((each) => [each.subject, each.severity]),
    [[subject, severity]],
  );
  const [found] = serious;
  assert.ok(found !== undefined);
  return found;
}

test("nothing is found where nothing is wrong, and looking changes nothing", async () => {
  const bed = await restingBed();
  const before = bed.disk.paths().map((path) => [path, Buffer.from(bed.disk.contentOf(path)).toString("hex")]);
  const keys = [...bed.objects.keys];
  assert.deepEqual(await look(bed), []);
  assert.deepEqual(await look(bed, true), []);
  const after = bed.disk.paths().map((path) => [path, Buffer.from(bed.disk.contentOf(path)).toString("hex")]);
  assert.deepEqual(after, before);
  assert.deepEqual([...bed.objects.keys], keys);
});

test("a journal that is damaged or missing is found, and can be made anew", async () => {
  for (const damage of ["flip", "lose"] as const) {
    const bed = await restingBed();
    if (damage === "lose") bed.disk.lose((path) => path === `${folder}/journal`);
    else bed.disk.flipBit(`${folder}/journal`, 20, 3);
    const found = assertFound(await look(bed), `${folder}/journal`, "damage");
    assert.equal(found.mend?.kind, "rebuild");
    await mend(bed, [found]);
    await assertWell(bed);
  }
});

test("a local segment that is missing, cut or damaged is found; what is in the bucket comes from there", async () => {
  const damages: readonly (readonly [string, boolean, (bed: StoreBed, path: string) => void])[] = [
    ["missing", false, (bed, path) => bed.disk.lose((each) => each === path)],
    ["bytes, not", false, (bed, path) => bed.disk.replaceContent(path, bed.disk.contentOf(path).slice(0, page))],
    ["header", false, (bed, path) => bed.disk.flipBit(path, 30, 1)],
    ["footer", false, (bed, path) => bed.disk.flipBit(path, bed.disk.contentOf(path).byteLength - 100, 1)],
    ["content", true, (bed, path) => bed.disk.flipBit(path, 5000, 1)],
  ];
  for (const [text, isDeep, damage] of damages) {
    const bed = await restingBed();
    const path = segments(bed)[1] ?? "";
    damage(bed, path);
    const found = assertFound(await look(bed, isDeep), path, "warning");
    assert.match(found.what, new RegExp(text));
    assert.equal(found.mend?.kind, "forget-local");
    if (isDeep) assert.deepEqual(await look(bed), [], "a quick look does not read content");
    await mend(bed, [found]);
    await assertWell(bed);
  }
});

test("a local segment that was never uploaded and is damaged names the objects that may be lost", async () => {
  const bed = new StoreBed();
  bed.objects.options.failBefore = { put: 1 };
  await bed.start();
  const image = await bed.loadNew(tape);
  for (let number = 0; number < 20; number++) await bed.run(image.appendBlock(blockOf(number, 2 * page)));
  await bed.run(image.unload());
  await bed.clock.advance(minutes(1));
  await bed.stop();
  const path = segments(bed)[0] ?? "";
  bed.disk.flipBit(path, 5000, 1);
  const found = assertFound(await look(bed, true), path, "damage");
  assert.match(found.what, /never uploaded: objects 0 to \d+/);
  assert.equal(found.mend, undefined);
});

test("an object that is missing, short or corrupt is found; it is put again where the local copy is whole", async () => {
  const damages: readonly (readonly [boolean, (bed: StoreBed, key: string) => void | Promise<void>])[] = [
    [false, loseObject],
    [false, (bed, key) => bed.objects.replace(key, new Uint8Array(100))],
    [true, (bed, key) => bed.objects.damage(key, 3000)],
  ];
  for (const [isDeep, damage] of damages) {
    for (const isLocal of [true, false]) {
      const bed = await restingBed();
      const key = bed.segmentKeys[1] ?? "";
      await damage(bed, key);
      if (!isLocal) bed.disk.lose((path) => path === segments(bed)[1]);
      const findings = (await look(bed, isDeep)).filter(({ area }) => area === "bucket");
      const found = assertFound(findings, key, isLocal ? "warning" : "damage");
      assert.equal(found.mend?.kind, isLocal ? "put-again" : undefined);
      if (!isLocal) continue;
      await mend(bed, [found]);
      await assertWell(bed);
    }
  }
});

test("a manifest that is gone or damaged is found, and written anew by the next start", async () => {
  for (const damage of ["lose", "flip"] as const) {
    const bed = await restingBed();
    const key = bed.objects.keys.find((each) => each.includes("/manifests/")) ?? "";
    if (damage === "lose") await loseObject(bed, key);
    else bed.objects.damage(key, 0);
    const found = assertFound(await look(bed), key, "warning");
    assert.equal(found.mend?.kind, "new-manifest");
    await mend(bed, [found]);
    await bed.start();
    await bed.clock.advance(minutes(5));
    await bed.stop();
    await assertWell(bed);
  }
});

test("files, folders and objects that nothing names are found", async () => {
  const bed = await restingBed();
  const content = bed.disk.contentOf(segments(bed)[0] ?? "");
  bed.disk.replaceContent(`${folder}/000000000001.segment.part`, content);
  bed.disk.replaceContent(`cartridges/STRANGE/000000000001.segment`, content);
  const findings = await look(bed);
  assert.deepEqual(
    findings.map(({ subject, mend }) => [subject, mend?.kind]),
    [
      [`${folder}/000000000001.segment.part`, "remove-file"],
      ["cartridges/STRANGE", undefined],
    ],
  );
});
