// SPDX-License-Identifier: Apache-2.0
// Several drives of a target writing at the same time: what they do together, how even they are, and the memory.

import { figure, printTable } from "./table.ts";
import { cpuSecondsOf, median, residentMiBOf } from "./machine.ts";
import type { BenchOptions } from "./options.ts";
import type { Subject } from "./subject.ts";
import { openDrive } from "./throughput.ts";

/** All drives at once, one session each, 256 KiB blocks, depth 1. */
export async function measureDrives(subjects: readonly Subject[], options: BenchOptions): Promise<void> {
  const totals = new Map<string, Sample[]>();
  for (let round = -1; round < options.rounds; round++) {
    for (let turn = 0; turn < subjects.length; turn++) {
      const subject = subjects[(turn + Math.max(round, 0)) % subjects.length];
      if (subject === undefined) continue;
      const sample = await allAtOnce(subject, options);
      if (round >= 0) totals.set(subject.label, [...(totals.get(subject.label) ?? []), sample]);
    }
  }
  const rows = subjects.map(({ label, drives }, index) => {
    const own = totals.get(label) ?? [];
    const middle = (key: keyof Sample, digits = 0): string => figure(median(own.map((sample) => sample[key])), digits);
    const ratios = subjects.slice(1).map((other) => {
      const theirs = totals.get(other.label) ?? [];
      const rates = own.map((sample, round) => sample.mibPerSecond / (theirs[round]?.mibPerSecond ?? Number.NaN));
      return index === 0 ? figure(median(rates), 2) : "";
    });
    const figures = [middle("mibPerSecond"), middle("evenness", 2), middle("worstP99Us"), middle("cpuPerGiB", 2)];
    return [String(drives.length), label, ...figures, middle("residentMiB"), ...ratios];
  });
  const head = ["drives at once", "target", "total MiB/s", "slowest/fastest", "worst p99 us", "CPU s/GiB", "RSS MiB"];
  printTable([...head, ...subjects.slice(1).map(({ label }) => `x ${label}`)], rows);
}

interface Sample {
  readonly mibPerSecond: number;
  readonly evenness: number;
  readonly worstP99Us: number;
  readonly cpuPerGiB: number;
  readonly residentMiB: number;
}

async function allAtOnce(subject: Subject, { sizeGiB }: BenchOptions): Promise<Sample> {
  const blockSize = 262_144;
  const count = Math.round((sizeGiB * 2 ** 30) / blockSize);
  const clients = await Promise.all(subject.drives.map((_, index) => openDrive(subject, index)));
  const before = cpuSecondsOf(subject.pid);
  const start = performance.now();
  const passages = await Promise.all(clients.map((client) => client.write({ count, blockSize, depth: 1 })));
  const seconds = (performance.now() - start) / 1000;
  const cpu = cpuSecondsOf(subject.pid) - before;
  const residentMiB = residentMiBOf(subject.pid);
  await Promise.all(clients.map((client) => client.close()));
  const bytes = passages.reduce((sum, passage) => sum + passage.bytes, 0);
  const times = passages.map((passage) => passage.seconds + passage.filemarkSeconds);
  return {
    mibPerSecond: bytes / 2 ** 20 / seconds,
    evenness: Math.min(...times) / Math.max(...times),
    worstP99Us: Math.max(...passages.map(({ latenciesMs }) => (latenciesMs[Math.floor(count * 0.99)] ?? 0) * 1000)),
    cpuPerGiB: cpu / (bytes / 2 ** 30),
    residentMiB,
  };
}
