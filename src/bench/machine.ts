// SPDX-License-Identifier: Apache-2.0
// What the machine says: a process's CPU time and memory, and how fast the disk takes a new file without page cache.

import { constants, closeSync, fdatasyncSync, openSync, readFileSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { allocatePages } from "#base/index.ts";

const ticksPerSecond = 100;

/** CPU seconds, user and system, that a process has used with all its threads. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Resident memory of a process in MiB, now. */
export const residentMiBOf = (pid: number): number => statusMiB(pid, /VmRSS:\s+(\d+)/);

/** The most that it ever had. */
export const peakMiBOf = (pid: number): number => statusMiB(pid, /VmHWM:\s+(\d+)/);

function statusMiB(pid: number, line: RegExp): number {
  return Number(line.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}

/** MiB per second at which a new file of `gib` GiB in `folder` is written around the page cache and synced. */
export function rawDiskRate(folder: string, gib: number): number {
  const path = join(folder, "raw-disk-rate");
  const piece = allocatePages(1 << 20);
  const file = openSync(path, constants.O_CREAT | constants.O_WRONLY | constants.O_TRUNC | constants.O_DIRECT);
  try {
    const start = performance.now();
    const count = gib * 1024;
    for (let index = 0; index < count; index++) {
      piece.fill(index & 255, 0, 512);
      writeSync(file, piece);
    }
    fdatasyncSync(file);
    return count / ((performance.now() - start) / 1000);
  } finally {
    closeSync(file);
    unlinkSync(path);
  }
}

/** The middle value; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.filter(Number.isFinite).toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
