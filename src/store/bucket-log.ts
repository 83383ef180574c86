// SPDX-License-Identifier: Apache-2.0
// The log by which the bucket describes itself: numbered, create-only objects with what became true since the one
// before, and a snapshot now and then. It is also the fence. One data folder at a time writes the log of a gateway; who
// takes over writes the next number under a new epoch, and whoever finds its next number taken, or a later one there,
// is fenced: it changes nothing in the bucket any more.
//
// What is destroyed in the bucket is destroyed after the entry that makes it right was written (`commit`), never before.
// So a writer that was overtaken unawares, and still carries out what it had committed, harms nothing: whoever took over
// has read that entry.

import {
  asError,
  assert,
  type Clock,
  type Duration,
  isFault,
  isoText,
  limits,
  type Log,
  milliseconds,
  sleep,
} from "#base/index.ts";
import { crc32 } from "./crc32.ts";
import { storeFault } from "./faults.ts";
import { decodeLogEntry, encodeLogEntry, type LogFacts, logVersion, type LogWriter } from "./log-entry.ts";
import { logKey, logNumberOf, logPrefix } from "./object-keys.ts";
import type { ObjectStore } from "./object-store.ts";
import { type ObjectWork, putBytes, retried } from "./object-work.ts";
import type { SmallSealer } from "./small-sealer.ts";
import { deleteLogBefore, type Snapshot, writeSnapshotParts } from "./log-snapshot.ts";

/** What a data folder remembers of the log it writes. Durable before the entry is put. */
export interface LogPosition extends LogWriter {
  readonly gateway: string;
  /** The last entry that was put or was about to be. */
  readonly number: number;
  readonly crc32: number;
  /** Checksums of other entries of that number that this data folder was about to put when it died: they may arrive late. */
  readonly earlier: readonly number[];
  /** The last entry with a snapshot. */
  readonly snapshot: number;
  /** How many facts of the gateway's ledger were known when it was written. */
  readonly sequence: number;
  /** More had become true by then than the entry tells. */
  readonly isBehind: boolean;
}

/** Where the position is kept. */
export interface LogMemory {
  readonly position: LogPosition | undefined;
  /** True when facts are known that the entry of that position does not tell. */
  readonly isBehind: boolean;
  keep(position: LogPosition): Promise<void>;
}

/** What a log needs. */
export interface BucketLogOptions {
  readonly objects: ObjectStore;
  readonly sealer: SmallSealer;
  readonly clock: Clock;
  readonly log: Log;
  readonly gateway: string;
  readonly host: string;
  /** Sixteen hexadecimal digits of its own each time. */
  readonly draw: () => string;
  readonly memory: LogMemory;
  /** Everything that is true now. */
  readonly snapshot: () => Snapshot;
  /** Called once, when this data folder has found that it is not the gateway any more. */
  readonly fenced: (fenced: Fenced) => void;
  /** Called when the bucket was asked whether this is still the gateway, and did not answer. */
  readonly unanswered?: () => void;
  /** Whether hosts could write what nobody will find; always when absent. */
  readonly isInUse?: () => boolean;
}

/** Who is the gateway instead. */
export interface Fenced {
  readonly host: string;
  readonly epoch: number;
  readonly at: string;
}

/** Deaths in the middle of putting one entry that are remembered. */
const earlierKept = 16;
const nothingWritten = { number: 0, crc32: 0, earlier: [], snapshot: 0, sequence: 0, isBehind: true } as const;

interface Batch {
  readonly store: LogFacts["store"][number][];
  readonly gateway: unknown[];
}

/** An entry on its way: the same bytes each time it is tried. */
interface Prepared {
  readonly position: LogPosition;
  readonly bytes: Uint8Array;
  readonly isSnapshot: boolean;
}

/** This data folder was about to put an entry of that checksum at its position. */
const isOurs = ({ crc32: last, earlier }: LogPosition, sum: number): boolean => sum === last || earlier.includes(sum);

/** The log of one gateway, as its one writer. */
export class BucketLog {
  readonly #options: BucketLogOptions;
  readonly #abort = new AbortController();
  #position: LogPosition | undefined;
  /** The last entry that is surely in the bucket. */
  #written = 0;
  #hasJoined = false;
  #needsSnapshot: boolean;
  #pending: Batch = { store: [], gateway: [] };
  #sequence: number;
  #factsSinceSnapshot = 0;
  #snapshotSize = 0;
  #prepared: Prepared | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #confirmedAt = -Infinity;
  /** When the bucket last said, or did not deny, that this is the gateway; undefined until it was asked first. */
  #heardAt: number | undefined;
  #watching: Promise<void> | undefined;
  #background: Promise<void> | undefined;
  #fenced: Fenced | undefined;
  #failure: Error | undefined;

  constructor(options: BucketLogOptions) {
    this.#options = options;
    const { position } = options.memory;
    this.#position = position;
    this.#needsSnapshot = position === undefined || options.memory.isBehind;
    this.#sequence = position?.sequence ?? 0;
  }

  /** Who is the gateway instead of us, if anybody is. */
  get fenced(): Fenced | undefined {
    return this.#fenced;
  }

  /** Why the last attempt to write failed, while something waits. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** The bucket answered once, and this was the gateway. */
  get isJoined(): boolean {
    return this.#hasJoined;
  }

  /** Who writes here. */
  get writer(): LogWriter {
    return { writer: this.#position?.writer ?? "", epoch: this.epoch, host: this.#options.host };
  }

  /** Epoch of this writer; 0 while it never was in touch with the bucket. */
  get epoch(): number {
    return this.#position?.epoch ?? 0;
  }

  /**
   * The data folder knows so many facts of the gateway: perhaps more than the log's position says. Before anything is
   * noted. Fault `store.owner-behind` when it knows fewer.
   */
  foundBehind(sequence: number): void {
    if (sequence === this.#sequence) return;
    if (sequence < this.#sequence) {
      const { gateway } = this.#options;
      throw storeFault("owner-behind", { gateway, count: sequence, told: this.#sequence });
    }
    this.#needsSnapshot = true;
    this.#sequence = sequence;
  }

  /** These became true. They are in the bucket soon, or when `commit` says so. `sequence`: of the gateway's ledger. */
  note(facts: Partial<LogFacts>, sequence: number = this.#sequence): void {
    this.#pending.store.push(...(facts.store ?? []));
    this.#pending.gateway.push(...(facts.gateway ?? []));
    this.#sequence = Math.max(sequence, this.#sequence);
    this.start();
  }

  /** Writes in the background what is noted, and looks whether this is still the gateway. */
  start(): void {
    if (this.#abort.signal.aborted || this.#fenced !== undefined) return;
    this.#background ??= this.#runInBackground().finally(() => {
      this.#background = undefined;
      // What was noted while it ended.
      if (this.#hasJoined && this.#isWaiting()) this.start();
    });
  }

  /** Everything noted so far is in the bucket. Faults `store.fenced`, of the object store. May be repeated. */
  commit(signal?: AbortSignal): Promise<void> {
    return this.#exclusively(() => this.#writeAll(signal));
  }

  /** This was the gateway a moment ago. Faults `store.fenced`, of the object store. */
  async confirm(): Promise<void> {
    this.#throwIfFenced();
    const { clock } = this.#options;
    if (this.#hasJoined && clock.monotonic() - this.#confirmedAt < limits.fenceConfirm) return;
    await this.#exclusively(async () => {
      this.#throwIfFenced();
      if (!this.#hasJoined) return this.#writeAll(undefined);
      if (clock.monotonic() - this.#confirmedAt < limits.fenceConfirm) return;
      if (this.#prepared !== undefined) return this.#writeAll(undefined);
      await this.#lookBehind();
    });
  }

  /** How long ago the bucket last knew this as the gateway; 0 before it was asked first. */
  get silence(): Duration {
    const now = this.#options.clock.monotonic();
    return milliseconds(now - (this.#heardAt ?? now));
  }

  /**
   * From now on looks every few seconds whether somebody has taken over, with one cheap request, so that hosts do not write
   * for long what nobody will find. Ends when nothing is in use any more, and with `close`.
   */
  watch(): void {
    if (this.#watching !== undefined || this.#abort.signal.aborted) return;
    this.#heardAt = this.#options.clock.monotonic();
    this.#watching = this.#watch().finally(() => {
      this.#watching = undefined;
      this.#heardAt = undefined;
      // Something was taken into use while it ended.
      if (this.#fenced === undefined && this.#options.isInUse?.() === true) this.watch();
    });
  }

  /** Writes what waits, if the bucket answers in time, and ends. */
  async close(within: Duration): Promise<void> {
    const { clock } = this.#options;
    if (this.#fenced === undefined && this.#hasJoined) {
      const late = new AbortController();
      const timer = clock.setTimer(within, () => late.abort(new Error("the gateway stops")));
      await this.commit(late.signal).catch(() => {});
      timer.cancel();
    }
    this.#abort.abort(storeFault("closed"));
    await this.#background;
    await this.#watching;
    await this.#last;
  }

  async #watch(): Promise<void> {
    const { clock, log, unanswered, isInUse = () => true } = this.#options;
    const { signal } = this.#abort;
    while (!signal.aborted && this.#fenced === undefined && isInUse()) {
      await sleep(clock, limits.fenceWatch, signal).catch(() => {});
      if (signal.aborted || !this.#hasJoined) continue;
      try {
        await this.#exclusively(() => this.#lookAtNext());
        this.#heardAt = clock.monotonic();
      } catch (error) {
        if (signal.aborted || isFault(error, "store.fenced")) continue;
        log.debug("the bucket could not be asked whether this is still the gateway", { error: asError(error).message });
        unanswered?.();
      }
    }
  }

  /** The number that this writer would put next is free; else somebody may have taken over. */
  async #lookAtNext(): Promise<void> {
    this.#throwIfFenced();
    const { objects, gateway } = this.#options;
    const info = await objects.head(logKey(gateway, this.#written + 1));
    if (info !== undefined) await this.#lookBehind();
  }

  #isWaiting(): boolean {
    const { store, gateway } = this.#pending;
    return store.length > 0 || gateway.length > 0 || this.#prepared !== undefined || this.#needsSnapshot;
  }

  async #runInBackground(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#abort;
    let pause: Duration = this.#hasJoined ? limits.logDelay : (0 as Duration);
    while (!signal.aborted && this.#fenced === undefined) {
      await sleep(clock, pause, signal).catch(() => {});
      if (signal.aborted || (this.#hasJoined && !this.#isWaiting())) return;
      try {
        await this.commit(signal);
        this.#failure = undefined;
        pause = limits.logDelay;
      } catch (error) {
        this.#failure = asError(error);
        if (!signal.aborted && !isFault(error, "store.fenced")) {
          log.warn("the bucket could not be told what is new; it is tried again", { error: asError(error).message });
        }
        pause = limits.uploadBackoffMax;
      }
    }
  }

  async #writeAll(signal: AbortSignal | undefined): Promise<void> {
    this.#throwIfFenced();
    if (!this.#hasJoined) await this.#join();
    while (this.#isWaiting()) {
      this.#prepared ??= await this.#prepare(signal);
      await this.#put(this.#prepared, signal);
    }
    await this.#keepSequence();
  }

  /** Facts of the gateway's ledger that the bucket need not know count as told. */
  async #keepSequence(): Promise<void> {
    const position = this.#position;
    if (position === undefined || position.sequence === this.#sequence) return;
    this.#position = { ...position, sequence: this.#sequence };
    await this.#options.memory.keep(this.#position);
  }

  /** Finds out where the log stands, and whether it is still ours. */
  async #join(): Promise<void> {
    const { objects, gateway, host, draw } = this.#options;
    const position = this.#position;
    if (position === undefined) {
      const [first] = await objects.list(logPrefix(gateway), undefined, 1);
      if (first !== undefined) return this.#fence(first);
      this.#position = { gateway, host, writer: draw(), epoch: 1, ...nothingWritten };
    } else {
      const key = logKey(gateway, position.number);
      const info = position.number === 0 ? undefined : await objects.head(key);
      if (info !== undefined && !isOurs(position, info.crc32)) return this.#fence(key);
      // What was about to be put when the process died is not there: its number is free, and its facts are not told.
      const isThere = position.number === 0 || info !== undefined;
      this.#written = isThere ? position.number : position.number - 1;
      this.#needsSnapshot ||= info?.crc32 !== position.crc32 && position.number > 0;
      await this.#lookBehind();
    }
    this.#hasJoined = true;
  }

  async #prepare(signal: AbortSignal | undefined): Promise<Prepared> {
    const { gateway, host, clock, sealer, memory } = this.#options;
    const old = this.#position;
    assert(old !== undefined, "the log was joined");
    const number = this.#written + 1;
    const isSnapshot = this.#needsSnapshot || this.#factsSinceSnapshot > limits.logHistory + 2 * this.#snapshotSize;
    const { store, gateway: gatewayFacts } = this.#pending;
    this.#pending = { store: [], gateway: [] };
    const sequence = this.#sequence;
    try {
      const parts = isSnapshot ? await this.#writeSnapshot(number, signal) : null;
      const entry = {
        format: logVersion,
        name: gateway,
        number,
        at: clock.now(),
        writer: old.writer,
        epoch: old.epoch,
        host,
        takesOver: false,
        sequence,
        snapshot: isSnapshot ? number : old.snapshot,
        parts,
        // A snapshot tells these too.
        store: isSnapshot ? [] : store,
        gateway: isSnapshot ? [] : gatewayFacts,
      };
      const bytes = await sealer.sealBytes(logKey(gateway, number), "state", encodeLogEntry(entry));
      const isBehind = this.#pending.store.length > 0;
      const earlier = old.number === number ? [...old.earlier, old.crc32].slice(-earlierKept) : [];
      const place = { number, crc32: crc32(bytes), earlier, snapshot: entry.snapshot };
      const position = { ...old, host, ...place, sequence, isBehind };
      await memory.keep(position);
      this.#position = position;
      this.#factsSinceSnapshot = isSnapshot ? 0 : this.#factsSinceSnapshot + store.length + gatewayFacts.length;
      this.#needsSnapshot = false;
      return { position, bytes, isSnapshot };
    } catch (error) {
      this.#pending.store.unshift(...store);
      this.#pending.gateway.unshift(...gatewayFacts);
      throw error;
    }
  }

  async #writeSnapshot(number: number, signal: AbortSignal | undefined) {
    const { gateway, sealer, snapshot, draw } = this.#options;
    const { store, gateway: facts } = snapshot();
    this.#snapshotSize = store.length + facts.length;
    return writeSnapshotParts(this.#work, { gateway, number, attempt: draw(), sealer, store, facts, signal });
  }

  async #put(prepared: Prepared, signal: AbortSignal | undefined): Promise<void> {
    const { gateway, clock } = this.#options;
    const { position, bytes, isSnapshot } = prepared;
    const key = logKey(gateway, position.number);
    const asked = clock.monotonic();
    try {
      await putBytes(this.#work, key, bytes, signal);
    } catch (error) {
      if (!isFault(error, "store.object-conflict")) throw error;
      if (!(await this.#hasArrivedLate(position.number))) return this.#fence(key);
      return;
    }
    this.#written = position.number;
    this.#prepared = undefined;
    // Where the number was free only because the log was shortened, or the store cannot create only, a later one tells.
    await this.#lookBehind(asked);
    if (isSnapshot) this.#shorten(position.snapshot);
  }

  #shorten(snapshot: number): void {
    const { gateway, log } = this.#options;
    deleteLogBefore(this.#work, gateway, snapshot, this.#abort.signal).catch((error: unknown) => {
      if (this.#abort.signal.aborted) return;
      log.warn("old entries of the log in the bucket could not be deleted", { error: asError(error).message });
    });
  }

  /** Nothing may be there behind the last entry of ours. Whoever asks tries again. */
  async #lookBehind(asked: number = this.#options.clock.monotonic()): Promise<void> {
    const { objects, gateway } = this.#options;
    const last = logKey(gateway, this.#written);
    const [later] = await objects.list(logPrefix(gateway), last, 1);
    if (later !== undefined) {
      if (logNumberOf(later) !== this.#written + 1 || !(await this.#hasArrivedLate(this.#written + 1))) {
        return this.#fence(later);
      }
      return this.#lookBehind(asked);
    }
    this.#confirmedAt = asked;
  }

  /** True when the entry there was put by this data folder before a crash. What it tells is told once more. */
  async #hasArrivedLate(number: number): Promise<boolean> {
    const { objects, gateway } = this.#options;
    const info = await objects.head(logKey(gateway, number));
    const position = this.#position;
    if (info === undefined || position?.number !== number || !isOurs(position, info.crc32)) return false;
    this.#written = number;
    this.#prepared = undefined;
    this.#needsSnapshot = true;
    return true;
  }

  /** Another data folder wrote the entry of that key. */
  async #fence(key: string): Promise<never> {
    const { objects, clock, sealer, gateway } = this.#options;
    const logged = logKey(gateway, logNumberOf(key) ?? 0);
    let fenced: Fenced = { host: "another machine", epoch: this.epoch + 1, at: "a time that is not known" };
    try {
      const bytes = await retried(clock, this.#abort.signal, () => objects.get(logged, 0, limits.logEntry));
      const entry = decodeLogEntry(logged, await sealer.openBytes(logged, "state", bytes));
      fenced = { host: entry.host, epoch: entry.epoch, at: isoText(entry.at) };
    } catch (error) {
      this.#options.log.warn("who took over could not be read", { key, error: asError(error).message });
    }
    if (this.#fenced === undefined) {
      this.#fenced = fenced;
      this.#options.fenced(fenced);
    }
    throw this.fault;
  }

  /** The Fault of everything that changes the bucket, once fenced. */
  get fault(): Error {
    const { host, epoch, at } = this.#fenced ?? { host: "nobody", epoch: 0, at: "no time" };
    return storeFault("fenced", { gateway: this.#options.gateway, host, epoch, at });
  }

  #throwIfFenced(): void {
    if (this.#fenced !== undefined) throw this.fault;
  }

  get #work(): ObjectWork {
    const { objects, clock } = this.#options;
    return { objects, clock };
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}
