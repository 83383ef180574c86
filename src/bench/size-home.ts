// SPDX-License-Identifier: Apache-2.0
// Fills the data folder of a gateway that is stopped with cartridges that were never written: their facts alone, put down
// by the code that puts them down in a gateway, and the directory of one cartridge of 15 TiB.

import { join } from "node:path";
import { randomId, silentLog } from "#base/index.ts";
import { Book, type CartridgeRecord, type Fact, type ObjectId } from "#gateway/index.ts";
import {
  type CartridgeId,
  CartridgeRegistry,
  type CartridgeUsage,
  type Disk,
  storeFault,
  StoredCartridge,
} from "#store/index.ts";
import { NodeDisk, SystemClock, SystemRandom } from "#world/index.ts";

const MiB = 2 ** 20;
const nominalSize = 15 * 2 ** 40;
const random = new SystemRandom();
const clock = new SystemClock();

/** Segments of 64 MiB that hold 15 TiB. */
export const longSegments = nominalSize / (64 * MiB);
const blockSize = 256 * 1024;
const blocksEach = 255;
/** A block's record has 64 bytes before it; the segment ends with a filemark's. */
const bytesEach = blocksEach * (blockSize + 64) + 64;

/** What a data folder is filled with. */
export interface Filling {
  /** Blank cartridges in the slots of the library of this name, which are empty. */
  readonly library: string;
  readonly blank: number;
  /** Cartridges that left that library for the shelf, full. */
  readonly shelved: number;
}

/** Fills a data folder. No gateway runs on it. */
export async function fillHome(home: string, filling: Filling): Promise<void> {
  const disk = await NodeDisk.open(join(home, "data"), storeFault);
  const book = await Book.open(disk, silentLog);
  const registry = await openRegistry(disk);
  try {
    for (let first = 0; first < filling.blank + filling.shelved; first += atOnce) {
      const count = Math.min(atOnce, filling.blank + filling.shelved - first);
      await fillSome(book, registry, { filling, first, count });
    }
  } finally {
    await registry.close();
    await book.close();
  }
}

/** As many as one call of the API makes. */
const atOnce = 1500;

async function fillSome(
  book: Book,
  registry: CartridgeRegistry,
  { filling, first, count }: { readonly filling: Filling; readonly first: number; readonly count: number },
): Promise<void> {
  const library = [...book.state.libraries.values()].find(({ record }) => record.name === filling.library);
  if (library === undefined) throw new Error(`there is no library ${filling.library}`);
  const { id, shape } = library.record;
  const made = Array.from({ length: count }, (_, index) => newCartridge(id, first + index, filling.blank));
  const placements = made.flatMap(({ barcode, state }, index) =>
    state === "AVAILABLE"
      ? [{ barcode, kind: "data" as const, address: shape["storage-slot"].first + first + index }]
      : [],
  );
  await Promise.all(made.map((cartridge) => register(registry, cartridge)));
  await book.change(() => {
    const facts: Fact[] = made.map((cartridge) => ({ kind: "cartridge", cartridge }));
    if (placements.length > 0) facts.push({ kind: "placed", library: id, placements });
    return { facts, result: undefined };
  });
}

function newCartridge(library: ObjectId, number: number, blank: number): CartridgeRecord {
  const at = clock.now();
  const isShelved = number >= blank;
  const cartridge: CartridgeRecord = {
    id: randomId(random) as ObjectId,
    barcode: `${isShelved ? "S" : "B"}${String(number).padStart(6, "0")}L8`,
    generation: 8,
    writeOnce: false,
    sizeBytes: nominalSize,
    state: isShelved ? "ARCHIVED" : "AVAILABLE",
    library,
    pool: "glacier",
    createdAt: at,
    changedAt: at,
    history: { loadCount: isShelved ? 2 : 0, bytesWritten: isShelved ? nominalSize : 0, bytesRead: 0 },
  };
  if (!isShelved) return cartridge;
  const memory = { changeReference: 7, lastDrives: ["CAPSTAN 0123456789", "CAPSTAN 0123456788"] };
  return { ...cartridge, memory, archivedAt: at, classSince: at, shelfClass: "GLACIER" };
}

/** As the store would remember it: made, written and put to rest, with a recovery point. */
async function register(registry: CartridgeRegistry, cartridge: CartridgeRecord): Promise<void> {
  const { barcode, generation, writeOnce, sizeBytes, createdAt } = cartridge;
  const id = cartridge.id as string as CartridgeId;
  await registry.create(id, { barcode, generation, writeOnce, sizeBytes, createdAt });
  if (cartridge.state !== "AVAILABLE") await registerFull(registry, id, "GLACIER");
}

async function registerFull(registry: CartridgeRegistry, id: CartridgeId, storageClass: "STANDARD" | "GLACIER") {
  const blocks = longSegments * blocksEach;
  const bytes = longSegments * bytesEach;
  const storedBytes = longSegments * 64 * MiB;
  const usage: CartridgeUsage = {
    sizeBytes: bytes,
    objects: (blocks + longSegments) as CartridgeUsage["objects"],
    files: longSegments as CartridgeUsage["files"],
    storedBytes,
    objectBytes: storedBytes,
    dirtyBytes: 0,
    localBytes: 0,
    storageClass,
    recoveryPoint: undefined,
  };
  await registry.note(id, usage, "rest");
  const at = clock.now();
  const { objects, files } = usage;
  await registry.notePoint(id, { number: 1, epoch: 1, at, objects, files, bytes, storedBytes, storageClass });
}

/** Makes a blank cartridge one of 15 TiB that is full and stored, as far as its index goes. */
export async function makeLong(home: string, barcode: string): Promise<void> {
  const disk = await NodeDisk.open(join(home, "data"), storeFault);
  const registry = await openRegistry(disk);
  const found = [...registry.records.values()].find(({ description }) => description["barcode"] === barcode);
  if (found === undefined) throw new Error(`there is no cartridge ${barcode}`);
  const { id, tag } = found;
  const cartridge = await StoredCartridge.open({ disk, clock, log: silentLog, id, folder: `cartridges/${id}`, tag });
  try {
    for (let first = 1; first <= longSegments; first += atOnce) {
      const segments = Array.from({ length: Math.min(atOnce, longSegments - first + 1) }, (_, index) => first + index);
      await Promise.all(segments.map((segment) => cartridge.seal(entryOf(segment))));
      await Promise.all(segments.map((segment) => cartridge.markStored(segment, { epoch: 1, objectSize: 0 })));
      await cartridge.markLocal(segments, false);
    }
    await cartridge.fold();
    await registerFull(registry, id, "STANDARD");
  } finally {
    await cartridge.close();
    await registry.close();
  }
}

function entryOf(segment: number): Parameters<StoredCartridge["seal"]>[0] {
  const index = segment - 1;
  return {
    segment,
    generation: 1,
    stored: false,
    local: true,
    fileSize: 64 * MiB,
    firstObject: index * (blocksEach + 1),
    firstFile: index,
    firstByte: index * bytesEach,
    objects: blocksEach + 1,
    filemarks: 1,
    recordBytes: bytesEach,
    fileCrc: segment,
    epoch: 0,
    objectSize: 0,
  };
}

const openRegistry = (disk: Disk): Promise<CartridgeRegistry> =>
  CartridgeRegistry.open({ disk, log: silentLog, random, path: "cartridges/store.ledger" });
