// SPDX-License-Identifier: Apache-2.0
// Time as values and as a port. Nothing but the adapters in `world` and `sim` knows where time comes from.

import type { Brand } from "./brand.ts";

/** A span of time in milliseconds; fractions are allowed. */
export type Duration = Brand<number, "Duration">;
/** A point of wall-clock time: milliseconds since 1970-01-01 UTC. */
export type Instant = Brand<number, "Instant">;

/** A point of wall-clock time in whole seconds since 1970-01-01 UTC, as Proxmox's formats keep it. */
export type EpochSeconds = Brand<number, "EpochSeconds">;

export const milliseconds = (count: number): Duration => count as Duration;
export const seconds = (count: number): Duration => (count * 1000) as Duration;
export const minutes = (count: number): Duration => (count * 60_000) as Duration;
export const hours = (count: number): Duration => (count * 3_600_000) as Duration;
export const days = (count: number): Duration => (count * 86_400_000) as Duration;

/** `instant` later by `duration`. */
export const later = (instant: Instant, duration: Duration): Instant => (instant + duration) as Instant;
/** The span from `start` to `end`; negative when `end` is earlier. */
export const between = (start: Instant, end: Instant): Duration => (end - start) as Duration;
/** The whole second in which an instant lies. */
export const epochSeconds = (instant: Instant): EpochSeconds => Math.floor(instant / 1000) as EpochSeconds;
/** The start of a second. */
export const instantOf = (time: EpochSeconds): Instant => (time * 1000) as Instant;
/** The instant as ISO 8601 text in UTC. */
export const isoText = (instant: Instant): string => new globalThis.Date(instant).toISOString();
/** The instant as headers of HTTP write it (RFC 9110, section 5.6.7), to the second. */
export const httpDate = (instant: Instant): string => new globalThis.Date(instant).toUTCString();
/** The instant that ISO 8601 text names; throws RangeError for anything else. */
export function instantFromIso(text: string): Instant {
  const value = globalThis.Date.parse(text);
  if (Number.isNaN(value)) throw new RangeError(`not an ISO 8601 time: ${text}`);
  return value as Instant;
}

/** A timer that was set. */
export interface Timer {
  /** The callback will not run any more. May be called repeatedly and after it ran. */
  cancel(): void;
}

/** Port: where time comes from. */
export interface Clock {
  /** Wall-clock time; may jump. For people and records, never for measuring. */
  now(): Instant;
  /** Time since an arbitrary start; never goes back. */
  monotonic(): Duration;
  /** Runs `callback` once, not before `after` has passed. A pending timer does not keep the process alive. */
  setTimer(after: Duration, callback: () => void): Timer;
}

/** Resolves after `duration`; rejects with the signal's reason when `signal` is aborted first. */
export function sleep(clock: Clock, duration: Duration, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.setTimer(duration, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** A span of time for people: `850 ms`, `12 s`, `3 min 5 s`, `4 h 10 min`. */
export function spanText(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const total = Math.round(milliseconds / 1000);
  if (total < 60) return `${total} s`;
  if (total < 3600) return `${Math.floor(total / 60)} min ${total % 60} s`;
  return `${Math.floor(total / 3600)} h ${Math.floor((total % 3600) / 60)} min`;
}
