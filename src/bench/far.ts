// SPDX-License-Identifier: Apache-2.0
// Reading a cartridge that is only in the object store, a folder of the same disk, beside a bare loop that gets ranges of the same
// objects: of the same size, as many at a time. Once as fast as that goes, once over a line of a known speed, where the line
// itself is what a loop could reach at best.

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { limits, milliseconds } from "#base/index.ts";
import { FolderObjectStore, storeFault, type ObjectKey } from "#store/index.ts";
import { NodeDisk, SystemClock, SystemRandom } from "#world/index.ts";
import { CapstanSubject } from "./capstan-subject.ts";
import { median } from "./machine.ts";
import type { BenchOptions } from "./options.ts";
import { figure, printTable } from "./table.ts";
import { openDrive } from "./throughput.ts";

const lineMbit = 800;
const blockSize = 262_144;
const mib = 2 ** 20;
const nothingKept = '[store]\nupload-delay = "0s"\ncache = "1MiB"\n';
const plain = '[store.encryption]\nprovider = "none"\nallow-plain = true\n[store.compression]\nmode = "off"\n';
const line = `[store.bandwidth]\ndown = "${lineMbit}Mbit"\n`;
const variants = {
  "a folder": nothingKept,
  "a folder, not sealed": `${nothingKept}${plain}`,
  [`a line of ${lineMbit} Mbit/s`]: `${nothingKept}${line}`,
} as const;

interface FarSample {
  readonly mibPerSecond: number;
  readonly bareMibPerSecond: number;
  readonly firstBlockMs: number;
}

/** Each variant by itself: what is compared is within a round. */
export async function measureFar(options: BenchOptions): Promise<void> {
  const rows: string[][] = [];
  for (const [label, settings] of Object.entries(variants)) {
    const subject = await CapstanSubject.start(options.folder, { drives: 1, sizeGiB: 100, settings, label });
    try {
      const samples = await roundsOf(subject, options, settings.includes(line));
      const middle = (key: keyof FarSample): number => median(samples.map((sample) => sample[key]));
      const ratio = median(samples.map(({ mibPerSecond, bareMibPerSecond }) => mibPerSecond / bareMibPerSecond));
      const rates = [figure(middle("mibPerSecond")), figure(middle("bareMibPerSecond")), figure(ratio, 2)];
      rows.push([label, ...rates, figure(middle("firstBlockMs"), 1)]);
    } finally {
      await subject.stop();
    }
  }
  printTable(["not in the cache, 256 KiB", "MiB/s", "bare ranges MiB/s", "x bare", "first block ms"], rows);
}

async function roundsOf(
  subject: CapstanSubject,
  options: BenchOptions,
  isLine: boolean,
): Promise<readonly FarSample[]> {
  const count = Math.round((Math.max(options.sizeGiB, 0.5) * 2 ** 30) / blockSize);
  const writer = await openDrive(subject);
  await writer.write({ count, blockSize, depth: 4 });
  await writer.close();
  const [cartridge] = (await subject.capstan("cartridge", "list", "--library", "bench")) as { barcode: string }[];
  if (cartridge === undefined) throw new Error("the bench has no cartridge");
  const samples: FarSample[] = [];
  for (let round = 0; round < options.rounds; round++) {
    await subject.capstan("cartridge", "unload", cartridge.barcode);
    await nothingLocal(subject);
    const bareMibPerSecond = isLine ? (lineMbit * 1e6) / 8 / mib : await bareRate(join(subject.home, "objects"));
    await subject.capstan("cartridge", "load", cartridge.barcode, "1");
    const client = await openDrive(subject);
    await client.rewind();
    const first = await client.read({ count: 1, blockSize, depth: 1 });
    const { bytes, seconds } = await client.read({ count, blockSize, depth: 4 });
    await client.close();
    samples.push({ mibPerSecond: bytes / mib / seconds, bareMibPerSecond, firstBlockMs: first.seconds * 1000 });
  }
  return samples;
}

/** Everything is in the object store and nowhere else. */
async function nothingLocal(subject: CapstanSubject): Promise<void> {
  for (let tries = 0; tries < 1200; tries++) {
    const { uploadBufferUsed, cacheUsed } = (await subject.ask("store")) as Record<string, number>;
    if (uploadBufferUsed === 0 && cacheUsed === 0) return;
    await sleep(50);
  }
  throw new Error("uploading and eviction do not end");
}

/** MiB per second of a loop that does nothing but get ranges of all segments. */
async function bareRate(folder: string): Promise<number> {
  const disk = await NodeDisk.open(folder, storeFault);
  const none = milliseconds(0);
  const thawDelay = { Expedited: none, Standard: none, Bulk: none };
  const ports = { disk, clock: new SystemClock(), random: new SystemRandom() };
  // It is not opened: that is for its owner, which runs.
  const objects = new FolderObjectStore({ ...ports, folder: "store", thawDelay });
  const ranges: { readonly key: ObjectKey; readonly offset: number }[] = [];
  for (const key of await objects.list("cartridges/", undefined, 10_000)) {
    const info = key.includes("/segments/") ? await objects.head(key) : undefined;
    for (let offset = 0; offset < (info?.sizeBytes ?? 0); offset += limits.fetchSize) ranges.push({ key, offset });
  }
  const start = performance.now();
  let bytes = 0;
  const lane = async (): Promise<void> => {
    for (let range = ranges.shift(); range !== undefined; range = ranges.shift()) {
      bytes += (await objects.get(range.key, range.offset, limits.fetchSize)).byteLength;
    }
  };
  await Promise.all(Array.from({ length: limits.fetchesInFlight }, lane));
  return bytes / mib / ((performance.now() - start) / 1000);
}
