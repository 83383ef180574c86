// SPDX-License-Identifier: Apache-2.0
// One drive per target: write and read with several block sizes and queue depths, in interleaved rounds, so that noise
// of the machine meets every target alike.

import type { BenchOptions } from "./options.ts";
import { Floor } from "./floor.ts";
import { cpuSecondsOf, median, rawDiskRate } from "./machine.ts";
import type { Subject } from "./subject.ts";
import { TapeClient, type Passage } from "./tape-client.ts";
import { figure, printTable } from "./table.ts";

/** What one run came to. */
export interface Sample {
  readonly mibPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly cpuPerGiB: number;
  readonly filemarkMs: number;
}

/** Opens drive `index` of a target and makes it ready. */
export async function openDrive(
  subject: Subject,
  index = 0,
  initiator: BenchOptions["initiator"] = "linux",
): Promise<TapeClient> {
  const drive = subject.drives[index];
  if (drive === undefined) throw new Error(`${subject.label} has no drive ${index}`);
  const client = await TapeClient.open(subject.portal, drive.target, drive.lun, initiator);
  await client.prepare();
  return client;
}

/** The matrix of block sizes and depths. */
export async function measureThroughput(subjects: readonly Subject[], options: BenchOptions): Promise<void> {
  const rows: string[][] = [];
  const floor = await Floor.start(options.folder);
  const all = [...subjects, floor];
  try {
    for (const blockSize of options.blockSizes) {
      for (const depth of options.depths) {
        const samples = await roundsOf(subjects, floor, options, { blockSize, depth });
        for (const way of ["write", "read"] as const) {
          const name = `${way} ${blockSize / 1024} KiB, depth ${depth}`;
          rows.push(...rowsOf(name, all, (label) => samples.get(`${way} ${label}`) ?? []));
        }
      }
    }
  } finally {
    await floor.stop();
  }
  const ratios = all.slice(1).map(({ label }) => `x ${label}`);
  const head = ["one drive", "target", "MiB/s", "p50 us", "p99 us", "CPU s/GiB", "filemark ms", ...ratios];
  printTable(head, rows);
}

async function roundsOf(
  subjects: readonly Subject[],
  floor: Floor,
  options: BenchOptions,
  { blockSize, depth }: { readonly blockSize: number; readonly depth: number },
): Promise<Map<string, Sample[]>> {
  const samples = new Map<string, Sample[]>();
  const count = Math.max(1, Math.round((options.sizeGiB * 2 ** 30) / blockSize));
  for (let round = -1; round < options.rounds; round++) {
    for (let turn = 0; turn < subjects.length; turn++) {
      const subject = subjects[(turn + Math.max(round, 0)) % subjects.length];
      if (subject === undefined) continue;
      const client = await openDrive(subject, 0, options.initiator);
      for (const way of ["write", "read"] as const) {
        const sample = await sampleOf(subject, () => client[way]({ count, blockSize, depth }));
        // The first round only warms files and page cache.
        if (round >= 0) listOf(samples, `${way} ${subject.label}`).push(sample);
      }
      await client.close();
    }
    // A floor is a floor for one block at a time, on its way in.
    if (depth > 1) continue;
    const sample = await sampleOf(floor, () => floor.write({ count, blockSize }));
    if (round >= 0) listOf(samples, `write ${floor.label}`).push(sample);
  }
  return samples;
}

/** Runs something against a process, and says what it took. */
export async function sampleOf(subject: Pick<Subject, "pid">, run: () => Promise<Passage>): Promise<Sample> {
  const before = cpuSecondsOf(subject.pid);
  const { bytes, seconds, filemarkSeconds, latenciesMs } = await run();
  const percentile = (part: number): number => (latenciesMs[Math.floor((latenciesMs.length - 1) * part)] ?? 0) * 1000;
  return {
    mibPerSecond: bytes / 2 ** 20 / (seconds + filemarkSeconds),
    p50Us: percentile(0.5),
    p99Us: percentile(0.99),
    cpuPerGiB: (cpuSecondsOf(subject.pid) - before) / (bytes / 2 ** 30),
    filemarkMs: filemarkSeconds * 1000,
  };
}

function rowsOf(
  name: string,
  subjects: readonly Pick<Subject, "label">[],
  of: (label: string) => readonly Sample[],
): string[][] {
  return subjects.flatMap(({ label }, index) => {
    const own = of(label);
    if (own.length === 0) return [];
    const middle = (key: keyof Sample): number => median(own.map((sample) => sample[key]));
    const ratios = subjects.slice(1).map((other) => {
      const theirs = of(other.label);
      const rates = own.map((sample, round) => sample.mibPerSecond / (theirs[round]?.mibPerSecond ?? Number.NaN));
      return index === 0 ? figure(median(rates), 2) : "";
    });
    const figures = [figure(middle("mibPerSecond")), figure(middle("p50Us")), figure(middle("p99Us"))];
    return [[name, label, ...figures, figure(middle("cpuPerGiB"), 2), figure(middle("filemarkMs"), 1), ...ratios]];
  });
}

function listOf<T>(map: Map<string, T[]>, key: string): T[] {
  const list = map.get(key) ?? [];
  map.set(key, list);
  return list;
}

/** A long write onto a cartridge, beside what the disk takes without a page cache. */
export async function measureSustained(subjects: readonly Subject[], options: BenchOptions): Promise<void> {
  const blockSize = 262_144;
  const count = Math.round((options.sustainedGiB * 2 ** 30) / blockSize);
  const rounds = Math.min(3, options.rounds);
  const samples = new Map<string, Sample[]>();
  const raw: number[] = [];
  for (let round = 0; round < rounds; round++) {
    raw.push(rawDiskRate(options.folder, Math.min(4, options.sustainedGiB)));
    for (let turn = 0; turn < subjects.length; turn++) {
      const subject = subjects[(turn + round) % subjects.length];
      if (subject === undefined) continue;
      const client = await openDrive(subject);
      listOf(samples, subject.label).push(await sampleOf(subject, () => client.write({ count, blockSize, depth: 1 })));
      await client.close();
    }
  }
  const rows = rowsOf(`${options.sustainedGiB} GiB, 256 KiB, depth 1`, subjects, (label) => samples.get(label) ?? []);
  const head = ["sustained write", "target", "MiB/s", "p50 us", "p99 us", "CPU s/GiB", "filemark ms"];
  printTable(
    [...head, ...subjects.slice(1).map(({ label }) => `x ${label}`)],
    [
      ...rows,
      ["raw O_DIRECT write of the disk", "", figure(median(raw)), "", "", "", "", ...subjects.slice(1).map(() => "")],
    ],
  );
}
