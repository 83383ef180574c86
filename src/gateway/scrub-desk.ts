// SPDX-License-Identifier: Apache-2.0
// Reading everything back: on a schedule, or when an operator says so. It decides when and what may be paid; the store reads.

import { asError, between, days, type Duration, limits, type Timer } from "#base/index.ts";
import type { ScrubReport, StorageClass } from "#store/index.ts";
import type { JsonValue, TaskContext, TaskRecord } from "#work/index.ts";
import { gatewayFault } from "./faults.ts";
import type { GatewayParts } from "./parts.ts";
import { readCost } from "./prices.ts";
import type { Actor } from "./requests.ts";

/** How scrubs are done unless an operator says otherwise. */
export interface ScrubSettings {
  /** Pause between the end of one and the beginning of the next; undefined: only operators begin one. */
  readonly every: Duration | undefined;
  /** Bytes per second, here and in the object store together. */
  readonly bytesPerSecond: number | undefined;
  /** Objects are read back too, as far as they need no thaw. */
  readonly objects: boolean;
  /** What reading objects back may cost, in the currency of the prices; undefined: whatever it costs. */
  readonly moneyLimit: number | undefined;
}

/** Of an installation that was told nothing: no money is spent, and drives hardly notice. */
export const usualScrub: ScrubSettings = {
  every: days(30),
  bytesPerSecond: 20_000_000,
  objects: false,
  moneyLimit: undefined,
};

/** What an operator says of one; the rest is as in the settings. */
export interface ScrubRequest {
  readonly objects?: boolean | undefined;
  readonly bytesPerSecond?: number | undefined;
  readonly moneyLimit?: number | undefined;
}

const operation = "store.scrub";
/** Bytes per second: a scrub ends some day. */
const slowest = 1024;
const byItself: Actor = { who: "schedule" };

/** Scrubs of one gateway, one at a time. */
export class ScrubDesk {
  readonly #parts: GatewayParts;
  #timer: Timer | undefined;
  #isRunning = false;
  #isStopped = false;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  /** What the last one came to, or has come to so far. */
  report(): Promise<ScrubReport | undefined> {
    return this.#parts.store.scrub.report();
  }

  /** Begins one, or goes on with one that was interrupted. Faults `gateway.scrub-running`, `store.fenced`. */
  begin(request: ScrubRequest, actor: Actor): TaskRecord {
    const { store, tasks } = this.#parts;
    if (this.#isRunning) throw gatewayFault("scrub-running");
    store.checkChange();
    this.#isRunning = true;
    return tasks
      .start({ operation, subject: "store", who: actor.who }, async (context) => {
        try {
          return await this.#run(request, context);
        } finally {
          this.#isRunning = false;
        }
      })
      .record();
  }

  /** Looks now and then whether one is due. */
  start(): void {
    const { every } = this.#parts.settings.scrub;
    if (every === undefined || this.#isStopped) return;
    this.#timer = this.#parts.clock.setTimer(limits.scrubLook, () => {
      void this.#beginWhenDue(every).finally(() => this.start());
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #beginWhenDue(every: Duration): Promise<void> {
    const { clock, log, store } = this.#parts;
    try {
      const last = await this.report();
      const isDue = last?.endedAt === undefined || between(last.endedAt, clock.now()) >= every;
      if (isDue && !this.#isRunning && !this.#isStopped && store.fenced === undefined) this.begin({}, byItself);
    } catch (error) {
      if (!this.#isStopped) log.warn("a scrub could not be begun", { error: asError(error).message });
    }
  }

  async #run(request: ScrubRequest, context: TaskContext): Promise<JsonValue> {
    const { store, settings, alarms } = this.#parts;
    const { scrub } = settings;
    const { objects = scrub.objects, bytesPerSecond = scrub.bytesPerSecond, moneyLimit = scrub.moneyLimit } = request;
    const counter = context.counter("read", "bytes");
    let before = 0;
    let spent = 0;
    const report = await store.scrub.run({
      signal: context.signal,
      bytesPerSecond: bytesPerSecond === undefined ? undefined : Math.max(bytesPerSecond, slowest),
      readsObjects: objects,
      pay: (storageClass, bytes) => {
        const cost = this.#costOf(storageClass, bytes);
        if (moneyLimit !== undefined && spent + cost > moneyLimit) return false;
        spent += cost;
        return true;
      },
      progress: ({ localBytes, objectBytes }) => {
        const read = localBytes + objectBytes;
        if (read > before) counter.add(read - before);
        before = Math.max(read, before);
      },
    });
    for (const { subject, what, advice } of report.findings) context.warn(`${subject}: ${what}; ${advice}`);
    const bad = report.findings.filter(({ severity }) => severity === "damage").length;
    alarms.set("scrub", {
      severity: bad > 0 ? "critical" : undefined,
      text:
        bad > 0
          ? `the last scrub found ${bad} segments or objects that have no whole copy`
          : "the last scrub found nothing",
      advice: "see capstan store scrub-report",
    });
    const { findings, ...counts } = report;
    return { ...counts, endedAt: report.endedAt ?? null, findings: findings.length, spent };
  }

  /** A request for each range, and what the class charges for reading. */
  #costOf(storageClass: StorageClass, bytes: number): number {
    const requests = 2 + Math.ceil(bytes / limits.fetchSize);
    const cost = readCost(this.#parts.settings.prices, { storageClass, bytes, requests });
    return cost.requests + cost.retrieval + cost.egress;
  }
}
