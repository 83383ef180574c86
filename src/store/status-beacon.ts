// SPDX-License-Identifier: Apache-2.0
// Tells the bucket now and then that the gateway is alive, and what of each cartridge only this machine has: so that
// after its loss it is known what was lost.

import { asError, type Clock, type Duration, isFault, limits, type Log, type Timer } from "#base/index.ts";
import type { BucketLog } from "./bucket-log.ts";
import { crc32 } from "./crc32.ts";
import { encodeStatus, logVersion, type Unstored } from "./log-entry.ts";
import { statusKey } from "./object-keys.ts";
import type { ObjectStore } from "./object-store.ts";
import type { SmallSealer } from "./small-sealer.ts";

/** What the beacon needs. */
export interface StatusBeaconOptions {
  /** Behind the fence. */
  readonly objects: ObjectStore;
  readonly sealer: SmallSealer;
  readonly clock: Clock;
  readonly log: Log;
  readonly gateway: string;
  readonly bucketLog: BucketLog;
  readonly unstored: () => readonly Unstored[];
}

/** Keeps the gateway's status in the bucket fresh. */
export class StatusBeacon {
  readonly #options: StatusBeaconOptions;
  #timer: { readonly at: number; readonly timer: Timer } | undefined;
  #telling: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: StatusBeaconOptions) {
    this.#options = options;
  }

  /** Begins to tell. */
  start(): void {
    this.#tellIn(limits.statusDelay);
  }

  /** What only this machine has is other than it was. */
  changed(): void {
    this.#tellIn(limits.statusDelay);
  }

  /** Says that the gateway stopped in order, if the bucket is at hand. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.timer.cancel();
    await this.#telling;
    if (this.#options.bucketLog.isJoined) await this.#tell();
  }

  #tellIn(duration: Duration): void {
    const { clock } = this.#options;
    const at = clock.monotonic() + duration;
    if (this.#isStopped || (this.#timer !== undefined && this.#timer.at <= at)) return;
    this.#timer?.timer.cancel();
    const timer = clock.setTimer(duration, () => {
      this.#timer = undefined;
      this.#telling ??= this.#tell().finally(() => {
        this.#telling = undefined;
        if (this.#options.bucketLog.fenced === undefined) this.#tellIn(limits.statusEvery);
      });
    });
    this.#timer = { at, timer };
  }

  /** A failure is no harm: it is told again soon. */
  async #tell(): Promise<void> {
    const { objects, sealer, clock, log, gateway, bucketLog, unstored } = this.#options;
    try {
      await bucketLog.confirm();
      const key = statusKey(gateway);
      const status = { ...bucketLog.writer, format: logVersion, name: gateway, at: clock.now() };
      const text = encodeStatus({ ...status, isStopped: this.#isStopped, unstored: unstored() });
      const bytes = await sealer.sealBytes(key, "state", text);
      const content = async function* (): AsyncGenerator<Uint8Array> {
        yield bytes;
      };
      await objects.put(key, bytes.byteLength, content(), { storageClass: "STANDARD", crc32: crc32(bytes) });
    } catch (error) {
      if (!isFault(error, "store.fenced")) {
        log.info(`the bucket could not be told how this gateway is: ${asError(error).message}`);
      }
    }
  }
}
