// SPDX-License-Identifier: Apache-2.0
// Made the frozen image store-v2, once: a data folder and a folder object store with encrypted and compressed objects,
// under a key that is written here. It is kept to tell how, and to make the image of a later version from; store-v2 itself
// is never made anew. Usage: node test/images/make-store-v2.ts FOLDER

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { InlineThreads, milliseconds, seconds, silentLog } from "#base/index.ts";
import { SeededRandom } from "#sim/index.ts";
import {
  CartridgeStore,
  FileKeyProvider,
  FolderObjectStore,
  keyLine,
  sealJobs,
  storeFault,
  type CartridgeId,
} from "#store/index.ts";
import { NodeDisk, SystemClock } from "#world/index.ts";
import { frozenObject, objectCount } from "./content.ts";

const folder = process.argv[2] ?? "store-v2";
mkdirSync(folder);
const text = `# The key of the frozen image; no secret.\n${keyLine(Uint8Array.from({ length: 32 }, (_, index) => index))}\n`;
writeFileSync(join(folder, "capstan.keys"), text);

const clock = new SystemClock();
const random = new SeededRandom("store-v2");
const disk = await NodeDisk.open(folder, storeFault);
const thawDelay = { Expedited: seconds(1), Standard: seconds(1), Bulk: seconds(1) };
const objects = new FolderObjectStore({ disk, clock, random, folder: "store", thawDelay });
await objects.open();
const file = { path: "capstan.keys", read: () => text, write: () => {} };
const store = new CartridgeStore(
  {
    disk,
    objects,
    clock,
    random,
    log: silentLog,
    sealing: {
      threads: new InlineThreads(sealJobs),
      providers: { current: new FileKeyProvider({ file, random, create: false }), others: [], allowPlain: false },
      compression: { mode: "adaptive", level: 1 },
      frameSize: 8192,
    },
  },
  {
    cacheBytes: 2 ** 40,
    uploadBufferBytes: 2 ** 40,
    uploadDelay: milliseconds(0),
    segmentSize: 65_536,
    ringSize: 65_536,
  },
);
await store.open();

/** Writes the frozen objects; half of them come after a cut, so that there are two generations. */
async function write(id: CartridgeId): Promise<void> {
  await store.create(id, { barcode: id, sizeBytes: 2 ** 24 });
  const image = await store.load(id);
  for (let number = 0; number < 40; number++) await image.appendBlock(new Uint8Array(3000).fill(number));
  await image.sync();
  await image.cut(0 as never);
  for (let number = 0; number < objectCount; number++) {
    const object = frozenObject(number);
    if (object === "filemark") await image.appendFilemarks(1);
    else await image.appendBlock(object);
  }
  await image.unload();
}

for (const id of ["LOCAL01", "SHELF02"] as CartridgeId[]) await write(id);
await store.archive("SHELF02" as CartridgeId, "GLACIER_IR");
await store.archive("LOCAL01" as CartridgeId, "STANDARD");
await store.close();
