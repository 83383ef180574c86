// SPDX-License-Identifier: Apache-2.0
// Operations on the bandwidth limits of the store.

import * as z from "zod";
import { given } from "./handling.ts";
import { operation } from "./operation.ts";
import { daysText, parseDays } from "./quantities.ts";
import { Bandwidth, days, rate, timeOfDay } from "./schemas.ts";
import type { BandwidthView } from "#gateway/index.ts";

const timeZone = z.string().min(1).optional().describe("IANA name of the time zone of the schedule, as Europe/Berlin");
const up = rate.optional().describe("Upload limit, for example 50Mbit; none removes it");
const down = rate.optional().describe("Download limit, for example 100Mbit; none removes it");

const shown = (view: BandwidthView): z.input<typeof Bandwidth> => ({
  ...view,
  schedule: view.schedule.map((interval, index) => ({
    ...interval,
    number: index + 1,
    days: daysText(interval.days),
  })),
});

/** What can be done with bandwidth limits. */
export const bandwidthOperations = [
  operation({
    name: "store.bandwidth.show",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/store/bandwidth" },
    summary: "Show the bandwidth limits, their schedule, and what holds now",
    input: z.strictObject({}),
    output: Bandwidth,
    positional: [],
    examples: [{ title: "Now", input: {} }],
    handler: ({ gateway }) => shown(gateway.bandwidth()),
  }),
  operation({
    name: "store.bandwidth.set",
    kind: "change",
    permission: "admin",
    route: { method: "put", path: "/store/bandwidth" },
    summary: "Set the limits that hold outside of the schedule; they count at once",
    description: "In bits per second. The smallest are 51,200 up and 102,400 down.",
    input: z.strictObject({ up, down, timeZone }),
    output: Bandwidth,
    positional: [],
    examples: [
      { title: "Both ways", input: { up: "50Mbit", down: "100Mbit" } },
      { title: "No limit for uploads", input: { up: "none" } },
    ],
    handler: async ({ gateway }, input) => shown(await gateway.setBandwidth(given(input))),
  }),
  operation({
    name: "store.bandwidth.add",
    kind: "change",
    permission: "admin",
    route: { method: "post", path: "/store/bandwidth/intervals" },
    summary: "Add an interval to the weekly schedule",
    description: "Both minutes belong to it; one over midnight is written as two. Intervals do not overlap.",
    input: z.strictObject({ days, from: timeOfDay, to: timeOfDay, up, down }),
    output: Bandwidth,
    positional: ["days", "from", "to"],
    examples: [{ title: "Office hours", input: { days: "mon-fri", from: "08:00", to: "17:59", up: "10Mbit" } }],
    handler: async ({ gateway }, input) => {
      const { from, to } = input;
      const interval = { days: parseDays(input.days) ?? [], from, to };
      const limits = given({ up: input.up ?? undefined, down: input.down ?? undefined });
      return shown(await gateway.addBandwidthInterval({ ...interval, ...limits }));
    },
  }),
  operation({
    name: "store.bandwidth.remove",
    kind: "change",
    permission: "admin",
    route: { method: "delete", path: "/store/bandwidth/intervals/{number}" },
    summary: "Take an interval out of the weekly schedule",
    input: z.strictObject({ number: z.int().min(1).describe("Number of the interval, from 1") }),
    output: Bandwidth,
    positional: ["number"],
    examples: [{ title: "The first", input: { number: 1 } }],
    handler: async ({ gateway }, input) => shown(await gateway.removeBandwidthInterval(input.number)),
  }),
  operation({
    name: "store.bandwidth.reset",
    kind: "change",
    permission: "admin",
    route: { method: "delete", path: "/store/bandwidth" },
    summary: "Go back to the bandwidth limits of the configuration file",
    input: z.strictObject({}),
    output: Bandwidth,
    positional: [],
    examples: [{ title: "Reset", input: {} }],
    handler: async ({ gateway }) => shown(await gateway.resetBandwidth()),
  }),
] as const;
