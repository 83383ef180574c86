// SPDX-License-Identifier: Apache-2.0
// Adapter of the Threads port: worker threads that load a table of pure functions. They start when the first job comes,
// end when nothing has come for a while, and are replaced when they die.

import { availableParallelism, loadavg } from "node:os";
import { Worker, type Transferable } from "node:worker_threads";
import { asError, Bug, limits, threadFault, type ThreadJobs, type Threads } from "#base/index.ts";
import type { ThreadAnswer, ThreadRequest } from "./thread-worker.ts";

/** What the pool is made of. */
export interface WorkerThreadsOptions {
  /** The module with the functions; it exports them as `jobs`. */
  readonly url: URL;
  /** Threads; by default one less than processors, at least one and `limits.threads` at most. */
  readonly count?: number;
}

interface Waiting {
  readonly request: ThreadRequest;
  readonly transfer: readonly Transferable[];
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  /** Sent to it and not answered: the next is there when it ends one. */
  readonly sent: Map<number, Waiting>;
}

/** A pool of workers. */
export class WorkerThreads<Jobs extends ThreadJobs> implements Threads<Jobs> {
  readonly count: number;
  readonly #url: URL;
  readonly #threads = new Set<Thread>();
  readonly #queue: Waiting[] = [];
  #nextId = 1;
  #isClosed = false;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: WorkerThreadsOptions) {
    this.#url = options.url;
    this.count = options.count ?? Math.min(Math.max(availableParallelism() - 1, 1), limits.threads);
  }

  /** More threads and processes want to run than there are processors, over the last minute. */
  get isBusy(): boolean {
    return (loadavg()[0] ?? 0) > availableParallelism();
  }

  run<Name extends keyof Jobs & string>(
    name: Name,
    input: Parameters<Jobs[Name]>[0],
    transfer: readonly ArrayBufferLike[] = [],
  ): Promise<ReturnType<Jobs[Name]>> {
    if (this.#isClosed) return Promise.reject(threadFault("lost", { reason: "the pool is closed" }));
    clearTimeout(this.#idle);
    const id = this.#nextId++;
    const buffers = transfer.filter((memory) => memory instanceof ArrayBuffer);
    return new Promise((resolve, reject) => {
      const done = resolve as (result: unknown) => void;
      this.#queue.push({ request: { id, name, input }, transfer: buffers, resolve: done, reject });
      this.#send();
    });
  }

  /** Ends all threads; what they were at is lost. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#idle);
    for (const { reject } of this.#queue.splice(0)) reject(threadFault("lost", { reason: "the pool is closed" }));
    await Promise.all([...this.#threads].map(({ worker }) => worker.terminate()));
  }

  #send(): void {
    while (this.#queue.length > 0) {
      const thread = this.#freeThread();
      const next = thread === undefined ? undefined : this.#queue.shift();
      if (thread === undefined || next === undefined) return;
      thread.sent.set(next.request.id, next);
      thread.worker.ref();
      try {
        thread.worker.postMessage(next.request, next.transfer);
      } catch (error) {
        thread.sent.delete(next.request.id);
        next.reject(error);
      }
    }
  }

  /** One with nothing to do, a new one while there may be more, or one that would wait for its next job. */
  #freeThread(): Thread | undefined {
    const threads = [...this.#threads];
    const idle = threads.find(({ sent }) => sent.size === 0);
    if (idle !== undefined) return idle;
    if (threads.length < this.count) return this.#start();
    return threads.find(({ sent }) => sent.size < limits.jobsPerThread);
  }

  #start(): Thread {
    const worker = new Worker(new URL("./thread-worker.ts", import.meta.url), {
      workerData: { url: this.#url.href },
      resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 },
    });
    const thread: Thread = { worker, sent: new Map() };
    this.#threads.add(thread);
    worker.on("message", (answer: ThreadAnswer) => this.#answered(thread, answer));
    worker.on("error", (error: unknown) => this.#lost(thread, asError(error).message));
    worker.on("exit", (code) => this.#lost(thread, `exit code ${code}`));
    return thread;
  }

  #answered(thread: Thread, answer: ThreadAnswer): void {
    const waiting = thread.sent.get(answer.id);
    thread.sent.delete(answer.id);
    // A thread without work keeps no process from ending.
    if (thread.sent.size === 0) thread.worker.unref();
    if ("error" in answer) waiting?.reject(new Bug(`a job failed: ${answer.error}`));
    else waiting?.resolve(answer.result);
    this.#send();
    if ([...this.#threads].every(({ sent }) => sent.size === 0)) this.#startIdling();
  }

  #lost(thread: Thread, reason: string): void {
    if (!this.#threads.delete(thread)) return;
    for (const { reject } of thread.sent.values()) reject(threadFault("lost", { reason }));
    thread.sent.clear();
    if (!this.#isClosed) this.#send();
  }

  #startIdling(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      for (const { worker, sent } of this.#threads) if (sent.size === 0) void worker.terminate();
    }, limits.threadIdle).unref();
  }
}
