// SPDX-License-Identifier: Apache-2.0
// npm run bench: the gateway's speed and memory, with tgt beside it, as tables for a person to read. Nothing is asserted.

import { arch, cpus, totalmem } from "node:os";
import { CapstanSubject } from "./capstan-subject.ts";
import { measureControl, measureScale } from "./company.ts";
import { floorServer } from "./floor.ts";
import { serveFloor } from "./floor-server.ts";
import { measureFar } from "./far.ts";
import { measureDrives } from "./many-drives.ts";
import { readOptions, usage, type BenchOptions, type Part } from "./options.ts";
import { measureSize } from "./size.ts";
import { measureStart } from "./start.ts";
import type { Subject } from "./subject.ts";
import { startTgt } from "./tgt-subject.ts";
import { measureSustained, measureThroughput } from "./throughput.ts";
import { measureUpload } from "./upload.ts";

const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function withSubjects(
  options: BenchOptions,
  drives: number,
  measure: (subjects: readonly Subject[], options: BenchOptions) => Promise<void>,
): Promise<void> {
  const subjects: Subject[] = [];
  const sizeGiB = Math.max(2, Math.ceil(options.sustainedGiB * 1.5));
  try {
    subjects.push(await CapstanSubject.start(options.folder, { drives, sizeGiB }));
    for (const tuned of options.withTgt ? [false, true] : []) {
      const tgt = await startTgt(options.folder, { drives, sizeGiB, tuned });
      if (tgt !== undefined) subjects.push(tgt);
    }
    if (subjects.length === 1) say("tgt is not beside it: not installed, not root, or not wanted");
    await measure(subjects, options);
  } finally {
    for (const subject of subjects) await subject.stop();
  }
}

const runPart = {
  throughput: (options) => withSubjects(options, 1, measureThroughput),
  sustained: (options) => withSubjects(options, 1, measureSustained),
  drives: (options) => withSubjects(options, options.drives, measureDrives),
  start: measureStart,
  upload: measureUpload,
  far: measureFar,
  control: measureControl,
  scale: measureScale,
  size: measureSize,
} satisfies Record<Part, (options: BenchOptions) => Promise<void>>;

async function bench(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) {
    say(usage);
    return 0;
  }
  const [cpu] = cpus();
  say(
    `${cpu?.model ?? arch()}, ${cpus().length} CPUs, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
  );
  say(
    `medians of ${options.rounds} interleaved rounds; client and target share this machine; data in ${options.folder}`,
  );
  for (const part of options.parts) await runPart[part](options);
  return 0;
}

try {
  const [word, path] = process.argv.slice(2);
  if (word === floorServer && path !== undefined) await serveFloor(path);
  else process.exitCode = await bench();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
