// SPDX-License-Identifier: Apache-2.0
// An append-only journal of small facts in one file. Appends that come while a write is under way share the next write
// and its sync. It does not know what the facts mean.

import { assert, asError, limits, type Log } from "#base/index.ts";
import { folderOf, unlessMissing } from "./disk-paths.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { decodeLedger, encodeBatch, encodeLedgerHeader, LedgerHeader } from "./ledger-format.ts";
import { factsAt } from "./ledger-reading.ts";

/** What a ledger needs. */
export interface LedgerOptions<Fact> {
  readonly disk: Disk;
  /** Path of the file; its folder is made when absent. */
  readonly path: string;
  readonly log: Log;
  /** Checks a parsed fact; throws when it is none. A fact that was written by a newer release may be refused here. */
  readonly decode: (value: unknown) => Fact;
}

interface Append {
  readonly kind: "append";
  readonly texts: readonly string[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface Compact {
  readonly kind: "compact";
  readonly texts: readonly string[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * A journal of JSON facts. `open` replays; `append` resolves when the facts survive a crash; facts of one append
 * survive together or not at all; facts come back in the order of the calls. After a failed append every further one
 * is refused with the same fault, until a `compact` succeeds.
 */
export class Ledger<Fact> {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #jobs: (Append | Compact)[] = [];
  #replayed: readonly Fact[];
  #file: DiskFile;
  #endOffset: number;
  #nextSequence: number;
  #factCount: number;
  #working: Promise<void> | undefined;
  #failure: Error | undefined;
  #closed = false;

  private constructor(disk: Disk, path: string, file: DiskFile, state: State<Fact>) {
    this.#disk = disk;
    this.#path = path;
    this.#file = file;
    this.#replayed = state.facts;
    this.#endOffset = state.endOffset;
    this.#nextSequence = state.nextSequence;
    this.#factCount = state.facts.length;
  }

  /** Opens or creates. Faults: `store.file-damaged` (with file and offset), `store.format-newer`, disk faults. */
  static async open<Fact>(options: LedgerOptions<Fact>): Promise<Ledger<Fact>> {
    const { disk, path } = options;
    let file = await unlessMissing(disk.open(path, { mode: "write" }));
    if (file === undefined) {
      await disk.makeFolder(folderOf(path));
      file = await writeNewFile(disk, path, [encodeLedgerHeader(0)]);
    }
    try {
      return new Ledger(disk, path, file, await readFile(file, options));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The facts that were found by `open`, oldest first. */
  get replayed(): readonly Fact[] {
    return this.#replayed;
  }

  /** Gives the memory of `replayed` back. */
  forgetReplayed(): void {
    this.#replayed = [];
  }

  /** Facts in the file: when it is much more than a snapshot would have, it is time to compact. */
  get factCount(): number {
    return this.#factCount;
  }

  /** Counts every fact that was ever added, also those that a snapshot replaced. */
  get sequence(): number {
    return this.#nextSequence;
  }

  /** Why appends are refused. What memory knows and the file does not is lost unless `compact` writes it. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Adds the facts; durable when it resolves. */
  append(facts: readonly Fact[]): Promise<void> {
    if (facts.length === 0) return Promise.resolve();
    return this.#enqueue("append", facts);
  }

  /** Replaces all facts by `snapshot`, atomically. Appends that are called later come behind it. */
  compact(snapshot: readonly Fact[]): Promise<void> {
    return this.#enqueue("compact", snapshot);
  }

  /** Waits for what was called before, then closes the file. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#working;
    await this.#file.close();
  }

  #enqueue(kind: "append" | "compact", facts: readonly Fact[]): Promise<void> {
    assert(!this.#closed, `${this.#path} is open`);
    if (this.#failure !== undefined && kind === "append") return Promise.reject(this.#failure);
    const texts = facts.map((fact) => JSON.stringify(fact));
    for (const text of texts) assert(text.length <= limits.ledgerFact, `a fact of at most ${limits.ledgerFact} bytes`);
    return new Promise((resolve, reject) => {
      this.#jobs.push({ kind, texts, resolve, reject });
      this.#working ??= this.#work();
    });
  }

  async #work(): Promise<void> {
    // One turn later, so that calls made together share one write.
    await Promise.resolve();
    for (let jobs = this.#takeJobs(); jobs.length > 0; jobs = this.#takeJobs()) {
      try {
        if (this.#failure !== undefined && jobs[0]?.kind === "append") throw this.#failure;
        const texts = jobs.flatMap((job) => job.texts);
        if (jobs[0]?.kind === "compact") await this.#rewrite(texts);
        else await this.#extend(texts);
        for (const job of jobs) job.resolve();
      } catch (error) {
        this.#failure ??= asError(error);
        for (const job of jobs) job.reject(this.#failure);
      }
    }
    this.#working = undefined;
  }

  /** One compaction, or as many appends as fit into one write. */
  #takeJobs(): (Append | Compact)[] {
    if (this.#jobs[0]?.kind === "compact") return this.#jobs.splice(0, 1);
    let count = 0;
    let size = 0;
    for (const job of this.#jobs) {
      for (const text of job.texts) size += text.length;
      if (job.kind === "compact" || (count > 0 && size > limits.ledgerBatch)) break;
      count += 1;
    }
    return this.#jobs.splice(0, count);
  }

  async #extend(texts: readonly string[]): Promise<void> {
    const bytes = encodeBatch(texts, this.#nextSequence);
    await this.#file.write(this.#endOffset, [bytes]);
    await this.#file.sync();
    this.#endOffset += bytes.byteLength;
    this.#nextSequence += texts.length;
    this.#factCount += texts.length;
  }

  async #rewrite(texts: readonly string[]): Promise<void> {
    const parts = [encodeLedgerHeader(this.#nextSequence)];
    if (texts.length > 0) parts.push(encodeBatch(texts, this.#nextSequence));
    const file = await writeNewFile(this.#disk, this.#path, parts);
    this.#failure = undefined;
    const old = this.#file;
    this.#file = file;
    this.#endOffset = parts.reduce((size, part) => size + part.byteLength, 0);
    this.#nextSequence += texts.length;
    this.#factCount = texts.length;
    await old.close();
  }
}

interface State<Fact> {
  readonly facts: readonly Fact[];
  readonly endOffset: number;
  readonly nextSequence: number;
}

/** Writes beside and renames over `path`: a crash leaves the old file or the new one. */
async function writeNewFile(disk: Disk, path: string, parts: readonly Uint8Array[]): Promise<DiskFile> {
  const beside = `${path}.new`;
  await disk.remove(beside);
  const file = await disk.open(beside, { mode: "create" });
  try {
    await file.write(0, parts);
    await file.sync();
    await disk.rename(beside, path);
    await disk.syncFolder(folderOf(path));
  } catch (error) {
    await file.close();
    throw error;
  }
  return file;
}

async function readFile<Fact>(file: DiskFile, options: LedgerOptions<Fact>): Promise<State<Fact>> {
  const { path, log, decode } = options;
  const bytes = new Uint8Array(await file.size());
  const count = await file.read(0, bytes);
  const content = decodeLedger(path, bytes.subarray(0, count));
  const facts = factsAt(path, bytes, content, decode);
  if (content.endOffset < bytes.byteLength) {
    log.warn("the end of a ledger was never acknowledged and is dropped", {
      path,
      offset: content.endOffset,
      bytes: bytes.byteLength - content.endOffset,
    });
    await file.truncate(Math.max(content.endOffset, LedgerHeader.size));
    await file.sync();
  }
  return { facts, endOffset: content.endOffset, nextSequence: content.nextSequence };
}
