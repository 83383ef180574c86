// SPDX-License-Identifier: Apache-2.0
// Whether a drive notices what else the gateway has to do or to know: a control plane that is busy, and
// a hundred thousand cartridges.

import { setTimeout as sleep } from "node:timers/promises";
import { CapstanSubject } from "./capstan-subject.ts";
import { median } from "./machine.ts";
import type { BenchOptions } from "./options.ts";
import { figure, printTable } from "./table.ts";
import { openDrive, sampleOf, type Sample } from "./throughput.ts";

const blockSize = 262_144;
const cartridgesPerCall = 1500;
const cartridgesPerLibrary = 48_000;

/** Writing with and without a console and scripts that ask ten times a second, for the list of all cartridges too. */
export async function measureControl(options: BenchOptions): Promise<void> {
  const subject = await CapstanSubject.start(options.folder, { drives: 1, sizeGiB: 100 });
  const quiet: Sample[] = [];
  const busy: Sample[] = [];
  try {
    await addCartridges(subject, "many", cartridgesPerCall);
    for (let round = 0; round < options.rounds; round++) {
      quiet.push(await write(subject, options));
      const asking = new AbortController();
      const asked = askAllTheTime(subject, asking.signal);
      busy.push(await write(subject, options));
      asking.abort();
      await asked;
    }
  } finally {
    await subject.stop();
  }
  printCompared("control plane", { without: quiet, with: busy, names: ["quiet", "asked 10 times a second"] });
}

/** Writing with 10 cartridges known, and with 100,000. */
export async function measureScale(options: BenchOptions): Promise<void> {
  const few = await CapstanSubject.start(options.folder, { drives: 1, sizeGiB: 100, label: "few" });
  const many = await CapstanSubject.start(options.folder, { drives: 1, sizeGiB: 100, label: "many" });
  const samples = { few: [] as Sample[], many: [] as Sample[] };
  try {
    for (const name of ["first", "second"]) await addCartridges(many, name, cartridgesPerLibrary);
    await addCartridges(many, "third", 100_000 - 2 * cartridgesPerLibrary);
    for (let round = 0; round < options.rounds; round++) {
      const order = round % 2 === 0 ? ([few, many] as const) : ([many, few] as const);
      for (const subject of order) samples[subject === few ? "few" : "many"].push(await write(subject, options));
    }
  } finally {
    await few.stop();
    await many.stop();
  }
  printCompared("cartridges known", { without: samples.few, with: samples.many, names: ["11", "100,011"] });
}

async function write(subject: CapstanSubject, { sizeGiB }: BenchOptions): Promise<Sample> {
  const count = Math.round((sizeGiB * 2 ** 30) / blockSize);
  const client = await openDrive(subject);
  const sample = await sampleOf(subject, () => client.write({ count, blockSize, depth: 1 }));
  await client.close();
  return sample;
}

async function askAllTheTime(subject: CapstanSubject, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const path of ["cartridges", "store", "drives", "libraries", "system/status"]) {
      await subject.ask(path);
      await sleep(100);
    }
  }
}

/** A library of its own with so many blank cartridges. */
async function addCartridges(subject: CapstanSubject, library: string, count: number): Promise<void> {
  await subject.capstan("library", "create", library, "--drives", "1", "--slots", String(count));
  for (let made = 0; made < count; made += cartridgesPerCall) {
    const wanted = ["--library", library, "--count", String(Math.min(cartridgesPerCall, count - made))];
    const prefix = `${library[0]?.toUpperCase() ?? "X"}${String.fromCharCode("A".charCodeAt(0) + made / 9000)}`;
    await subject.capstan("cartridge", "create", ...wanted, "--size", "100GiB", "--barcode-prefix", prefix);
  }
}

function printCompared(
  what: string,
  sets: { readonly without: readonly Sample[]; readonly with: readonly Sample[]; readonly names: readonly string[] },
): void {
  const row = (name: string, own: readonly Sample[]): string[] => {
    const middle = (key: keyof Sample, digits = 0): string => figure(median(own.map((sample) => sample[key])), digits);
    const rates = own.map((sample, round) => sample.mibPerSecond / (sets.without[round]?.mibPerSecond ?? Number.NaN));
    return [name, middle("mibPerSecond"), middle("p99Us"), middle("cpuPerGiB", 2), figure(median(rates), 2)];
  };
  const [first = "", second = ""] = sets.names;
  printTable(
    [`write 256 KiB, depth 1; ${what}`, "MiB/s", "p99 us", "CPU s/GiB", "ratio"],
    [row(first, sets.without), row(second, sets.with)],
  );
}
