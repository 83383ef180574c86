// SPDX-License-Identifier: Apache-2.0
// What the way to the object store costs a drive that writes at the same time: ingest alone, and with uploads at once,
// plain, encrypted, and compressed and encrypted. The object store is a folder of the same disk.

import { setTimeout as sleep } from "node:timers/promises";
import { CapstanSubject } from "./capstan-subject.ts";
import { cpuSecondsOf, median } from "./machine.ts";
import type { BenchOptions } from "./options.ts";
import { figure, printTable } from "./table.ts";
import { openDrive, sampleOf, type Sample } from "./throughput.ts";

const off = '[store.compression]\nmode = "off"\n';
const plain = '[store.encryption]\nprovider = "none"\nallow-plain = true\n';
const variants = {
  "ingest alone": `[store]\nupload-delay = "7d"\nupload-buffer = "4TiB"\n${plain}${off}`,
  "and upload": `[store]\nupload-delay = "0s"\n${plain}${off}`,
  "and upload, encrypted": `[store]\nupload-delay = "0s"\n${off}`,
  "and upload, zstd 1, encrypted": `[store]\nupload-delay = "0s"\n[store.compression]\nmode = "always"\nlevel = 1\n`,
} as const;

interface UploadSample extends Sample {
  /** From the first block until everything is in the object store. */
  readonly wholeCpuPerGiB: number;
  readonly wholeSeconds: number;
}

/** Rounds over all variants, each a gateway of its own that runs all the time and idles while others are measured. */
export async function measureUpload(options: BenchOptions): Promise<void> {
  const subjects: CapstanSubject[] = [];
  const samples = new Map<string, UploadSample[]>();
  try {
    for (const [label, settings] of Object.entries(variants)) {
      subjects.push(await CapstanSubject.start(options.folder, { drives: 1, sizeGiB: 100, settings, label }));
    }
    for (let round = 0; round < options.rounds; round++) {
      for (let turn = 0; turn < subjects.length; turn++) {
        const subject = subjects[(turn + round) % subjects.length];
        if (subject === undefined) continue;
        samples.set(subject.label, [...(samples.get(subject.label) ?? []), await ingest(subject, options)]);
      }
    }
  } finally {
    for (const subject of subjects) await subject.stop();
  }
  const alone = samples.get("ingest alone") ?? [];
  const rows = [...samples].map(([label, own]) => {
    const middle = (key: keyof UploadSample, digits: number): string =>
      figure(median(own.map((sample) => sample[key])), digits);
    const rates = own.map((sample, round) => sample.mibPerSecond / (alone[round]?.mibPerSecond ?? Number.NaN));
    const figures = [middle("mibPerSecond", 0), figure(median(rates), 2), middle("cpuPerGiB", 2)];
    return [label, ...figures, middle("wholeSeconds", 2), middle("wholeCpuPerGiB", 2)];
  });
  const head = ["256 KiB, depth 1", "ingest MiB/s", "x alone", "CPU s/GiB", "until stored s", "CPU s/GiB until stored"];
  printTable(head, rows);
}

async function ingest(subject: CapstanSubject, options: BenchOptions): Promise<UploadSample> {
  const blockSize = 262_144;
  // Of less, too much stays in the segment that is still open.
  const sizeGiB = Math.max(options.sizeGiB, 1);
  const count = Math.round((sizeGiB * 2 ** 30) / blockSize);
  const client = await openDrive(subject);
  const before = cpuSecondsOf(subject.pid);
  const start = performance.now();
  const sample = await sampleOf(subject, () => client.write({ count, blockSize, depth: 1 }));
  if (subject.label !== "ingest alone") await stored(subject);
  const wholeSeconds = (performance.now() - start) / 1000;
  const wholeCpuPerGiB = (cpuSecondsOf(subject.pid) - before) / sizeGiB;
  await client.close();
  return { ...sample, wholeSeconds, wholeCpuPerGiB };
}

/** All sealed segments are in the object store; what is in the open one waits for more. */
async function stored(subject: CapstanSubject): Promise<void> {
  for (let tries = 0; tries < 6000; tries++) {
    const { uploadBufferUsed } = (await subject.ask("store")) as { readonly uploadBufferUsed: number };
    if (uploadBufferUsed < 64 * 2 ** 20) return;
    await sleep(50);
  }
  throw new Error("uploading does not end");
}
