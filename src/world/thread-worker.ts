// SPDX-License-Identifier: Apache-2.0
// A worker thread: loads the functions it was told and answers one job after the other.

import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";
import { parentPort, workerData, type Transferable } from "node:worker_threads";
import { asError } from "#base/index.ts";

/** One job, as it is sent to a worker. */
export interface ThreadRequest {
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
}

/** Its end, as it comes back. */
export type ThreadAnswer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };

type Job = (input: unknown) => unknown;

/** Niceness of a worker: a tenth of the processor beside somebody who wants all of it. */
const niceness = 10;

giveWay();

const { url } = workerData as { readonly url: string };
const { jobs }: { readonly jobs: Readonly<Record<string, Job>> } = await import(url);

parentPort?.on("message", ({ id, name, input }: ThreadRequest) => {
  try {
    const job = jobs[name];
    if (job === undefined) throw new TypeError(`no job ${name} in ${url}`);
    const result = job(input);
    parentPort?.postMessage({ id, result } satisfies ThreadAnswer, memoryOf(result));
  } catch (error) {
    parentPort?.postMessage({ id, error: asError(error).message } satisfies ThreadAnswer);
  }
});

/** No host waits for a worker, and all hosts wait for the main thread. On Linux each thread has a priority of its own. */
function giveWay(): void {
  try {
    setPriority(Number(readlinkSync("/proc/thread-self").split("/").at(-1)), niceness);
  } catch {
    // Elsewhere all threads are equal.
  }
}

/** The memory of a result, which goes back to whoever asked. Memory of Node's own pool stays, and is copied. */
function memoryOf(result: unknown): Transferable[] {
  const isPlain = typeof result === "object" && result !== null && !ArrayBuffer.isView(result);
  const values: unknown[] = isPlain ? Object.values(result) : [result];
  const buffers = values.flatMap((value) =>
    value instanceof Uint8Array && value.buffer instanceof ArrayBuffer && !Buffer.isBuffer(value) ? [value.buffer] : [],
  );
  return [...new Set(buffers)];
}
