// SPDX-License-Identifier: Apache-2.0
// The bandwidth limits as an operator changes them: what the API has set is kept in the ledger and counts instead of the
// configuration file, until it is reset.

import { type BandwidthInterval, type BandwidthSettings, checkBandwidth } from "#store/index.ts";
import { gatewayFault } from "./faults.ts";
import type { GatewayParts } from "./parts.ts";
import type { BandwidthView } from "./views.ts";

type Parts = Pick<GatewayParts, "book" | "store" | "settings" | "feed">;

/** A change of the fixed limits; null removes one, what is left out stays. */
export interface BandwidthChange {
  readonly up?: number | null;
  readonly down?: number | null;
  readonly timeZone?: string;
}

/** The limits that were set, and those that hold now. */
export function bandwidthView({ book, store }: Parts): BandwidthView {
  const { settings, limit } = store.bandwidth;
  const source = book.state.bandwidth === undefined ? "configuration" : "api";
  return { ...settings, upNow: limit.up, downNow: limit.down, source };
}

/** Sets fixed limits. Fault `store.bandwidth-bad`. */
export function setBandwidth(parts: Parts, { up, down, timeZone }: BandwidthChange): Promise<BandwidthView> {
  return change(parts, (current) => ({
    ...current,
    up: up === undefined ? current.up : (up ?? undefined),
    down: down === undefined ? current.down : (down ?? undefined),
    timeZone: timeZone ?? current.timeZone,
  }));
}

/** Adds an interval to the schedule. Fault `store.bandwidth-bad` when it overlaps another. */
export function addBandwidthInterval(parts: Parts, interval: BandwidthInterval): Promise<BandwidthView> {
  return change(parts, (current) => ({ ...current, schedule: [...current.schedule, interval] }));
}

/** Takes an interval out, by its number from 1. Fault `gateway.bad-number`. */
export function removeBandwidthInterval(parts: Parts, number: number): Promise<BandwidthView> {
  return change(parts, (current) => {
    const { length } = current.schedule;
    if (number < 1 || number > length) {
      throw gatewayFault("bad-number", { what: "the number of an interval", value: number, min: 1, max: length });
    }
    return { ...current, schedule: current.schedule.filter((_, index) => index !== number - 1) };
  });
}

/** Back to what the configuration file says. */
export async function resetBandwidth(parts: Parts): Promise<BandwidthView> {
  await parts.book.change(() => ({ facts: [{ kind: "bandwidth-gone" }], result: undefined }));
  return apply(parts, parts.settings.bandwidth);
}

async function change(parts: Parts, next: (current: BandwidthSettings) => BandwidthSettings): Promise<BandwidthView> {
  const bandwidth = await parts.book.change((state) => {
    const changed = checkBandwidth(next(state.bandwidth ?? parts.settings.bandwidth));
    return { facts: [{ kind: "bandwidth", bandwidth: changed }], result: changed };
  });
  return apply(parts, bandwidth);
}

function apply(parts: Parts, settings: BandwidthSettings): BandwidthView {
  parts.store.changeBandwidth(settings);
  parts.feed.publish("gateway.changed", "bandwidth", "the bandwidth limits have changed");
  return bandwidthView(parts);
}
