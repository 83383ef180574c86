// SPDX-License-Identifier: Apache-2.0
// What a gateway costs that knows very many cartridges: how long a start takes, how long a page of them, how much memory;
// and what a cartridge costs whose index has a quarter of a million segments.

import { setTimeout as sleep } from "node:timers/promises";
import { Locate16, TestUnitReady } from "#scsi/index.ts";
import { CapstanSubject } from "./capstan-subject.ts";
import { cpuSecondsOf, median, peakMiBOf, residentMiBOf } from "./machine.ts";
import type { BenchOptions } from "./options.ts";
import { fillHome, longSegments, makeLong } from "./size-home.ts";
import { figure, printTable } from "./table.ts";
import { TapeClient } from "./tape-client.ts";

const blank = 1500;
const shelved = 100_000;
const pageSize = 100;

/** What one start and a few lists took: seconds, milliseconds, MiB. */
interface SizeSample {
  readonly portal: number;
  readonly portalCpu: number;
  readonly firstCommand: number;
  readonly api: number;
  readonly apiCpu: number;
  readonly pageMs: number;
  readonly pageCliMs: number;
  readonly allMs: number;
  readonly startMiB: number;
  readonly peakMiB: number;
  readonly listedMiB: number;
}

/** Starts with 11, 1,511 and 101,511 cartridges by turns, and a cartridge of 15 TiB. */
export async function measureSize(options: BenchOptions): Promise<void> {
  const subjects: { readonly name: string; readonly subject: CapstanSubject; readonly samples: SizeSample[] }[] = [];
  try {
    for (const [name, filling] of [
      ["10", undefined],
      ["1,500", { library: "large", blank, shelved: 0 }],
      ["1,500 and 100,000 on the shelf", { library: "large", blank, shelved }],
    ] as const) {
      const subject = await CapstanSubject.start(options.folder, { drives: 1, sizeGiB: 16, label: name });
      subjects.push({ name, subject, samples: [] });
      await subject.capstan("library", "create", "large", "--slots", String(blank), "--drives", "1");
      await subject.kill();
      if (filling !== undefined) await fillHome(subject.home, filling);
      // The first start tells the bucket of them all; it is no start as others are.
      await subject.launch();
      await settled(subject);
    }
    for (let round = 0; round < options.rounds; round++) {
      for (const offset of subjects.keys()) {
        const each = subjects[(round + offset) % subjects.length];
        if (each !== undefined) each.samples.push(await sampleOf(each.subject));
      }
    }
    printSamples(subjects);
    const [few] = subjects;
    if (few !== undefined) await measureLong(few.subject);
  } finally {
    for (const { subject } of subjects) await subject.stop();
  }
}

/** Waits until the process is idle. */
async function settled(subject: CapstanSubject): Promise<void> {
  for (let before = -1, now = cpuSecondsOf(subject.pid); now - before > 0.02; now = cpuSecondsOf(subject.pid)) {
    before = now;
    await sleep(500);
  }
}

async function sampleOf(subject: CapstanSubject): Promise<SizeSample> {
  await subject.kill();
  const start = performance.now();
  const since = (): number => (performance.now() - start) / 1000;
  const launched = subject.launch();
  const { seconds: portal, cpu: portalCpu } = await untilPortal(subject, since);
  const client = await openFirst(subject);
  const firstCommand = since();
  await client.close();
  const api = await launched;
  const apiCpu = cpuSecondsOf(subject.pid);
  await settled(subject);
  const startMiB = residentMiBOf(subject.pid);
  const peakMiB = peakMiBOf(subject.pid);
  const first = await timed(() => subject.ask(`cartridges?limit=${pageSize}`));
  const pages = [first];
  for (const after of ["B001000L8", "S050000L8", "S099000L8"]) {
    pages.push(await timed(() => subject.ask(`cartridges?limit=${pageSize}&after=${after}`)));
  }
  const pageCliMs = await timed(() => subject.capstan("cartridge", "list", "--limit", String(pageSize)));
  const allMs = await timed(() => subject.capstan("cartridge", "list"));
  const pageMs = Math.max(...pages);
  const listedMiB = residentMiBOf(subject.pid);
  return { portal, portalCpu, firstCommand, api, apiCpu, pageMs, pageCliMs, allMs, startMiB, peakMiB, listedMiB };
}

async function untilPortal(
  subject: CapstanSubject,
  since: () => number,
): Promise<{ readonly seconds: number; readonly cpu: number }> {
  for (;;) {
    if (await subject.takesConnections()) return { seconds: since(), cpu: cpuSecondsOf(subject.pid) };
    if (since() > 60) throw new Error("the portal does not open");
    await sleep(5);
  }
}

/** A session with the first drive in which a command was answered. */
async function openFirst(subject: CapstanSubject): Promise<TapeClient> {
  const [drive] = subject.drives;
  if (drive === undefined) throw new Error("the bench's library has a drive");
  const client = await TapeClient.open(subject.portal, drive.target, drive.lun);
  await client.command(TestUnitReady.encode({}));
  return client;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function printSamples(sets: readonly { readonly name: string; readonly samples: readonly SizeSample[] }[]): void {
  const row = (name: string, key: keyof SizeSample, digits = 0): string[] => [
    name,
    ...sets.map(({ samples }) => figure(median(samples.map((sample) => sample[key])), digits)),
  ];
  printTable(
    ["cartridges known", ...sets.map(({ name }) => name)],
    [
      row("process start to portal open, s", "portal", 2),
      row("CPU until then, s", "portalCpu", 2),
      row("process start to first command answered, s", "firstCommand", 2),
      row("process start to API ready, s", "api", 2),
      row("CPU until then, s", "apiCpu", 2),
      row(`page of ${pageSize} over HTTP, slowest of 4, ms`, "pageMs", 1),
      row(`page of ${pageSize} by the command line, ms`, "pageCliMs"),
      row("list of all by the command line, ms", "allMs"),
      row("resident after the start, MiB", "startMiB"),
      row("most resident until then, MiB", "peakMiB"),
      row("resident after listing, MiB", "listedMiB"),
    ],
  );
}

/** Loads a cartridge with the index of 15 TiB and looks for blocks on it. */
async function measureLong(subject: CapstanSubject): Promise<void> {
  const wanted = ["--library", "large", "--count", "1", "--size", "15TiB", "--barcode-prefix", "LONG"];
  await subject.capstan("cartridge", "create", ...wanted);
  const [made] = (await subject.capstan("cartridge", "list", "--library", "large", "--barcode-prefix", "LONG")) as [
    { readonly barcode: string },
  ];
  await subject.kill();
  const built = await timed(() => makeLong(subject.home, made.barcode));
  await subject.launch();
  await settled(subject);
  const before = residentMiBOf(subject.pid);
  const cpuBefore = cpuSecondsOf(subject.pid);
  const opened = await timed(() => subject.ask(`cartridges/${made.barcode}/load`, "POST", { drive: 1 }));
  const rows = (await subject.capstan("drive", "list", "--library", "large")) as readonly {
    readonly target: string;
    readonly lun: number;
  }[];
  const [drive] = rows;
  if (drive === undefined) throw new Error("the library has a drive");
  const client = await TapeClient.open(subject.portal, drive.target, drive.lun);
  await client.command(TestUnitReady.encode({}));
  const cpu = cpuSecondsOf(subject.pid) - cpuBefore;
  const locates: number[] = [];
  for (const part of [0.9, 0.5, 0.1, 0.7, 0.3]) {
    const identifier = BigInt(Math.floor(part * longSegments) * 256 + 17);
    locates.push(await timed(() => client.command(Locate16.encode({ identifier }))));
  }
  const after = residentMiBOf(subject.pid);
  await client.close();
  printTable(
    [`a cartridge of 15 TiB: ${longSegments} segments`, ""],
    [
      ["its index was built in, s", figure(built / 1000, 1)],
      ["load by the API until it is in the drive, ms", figure(opened)],
      ["CPU until the drive was ready, s", figure(cpu, 2)],
      ["first LOCATE, ms", figure(locates[0] ?? Number.NaN, 1)],
      ["later ones, median, ms", figure(median(locates.slice(1)), 1)],
      ["resident before, MiB", figure(before)],
      ["more after it, MiB", figure(after - before)],
    ],
  );
}
