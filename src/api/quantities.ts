// SPDX-License-Identifier: Apache-2.0
// Sizes and times as people write them: `200MiB`, `1.5 TB`, `90s`, `12h`. Decimal units are powers of 1000, binary ones
// of 1024, as IEC 80000-13 says.

const sizeUnits: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  pb: 1e15,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
  pib: 2 ** 50,
};

const timeUnits: Readonly<Record<string, number>> = {
  ms: 1,
  "": 1000,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Bytes of a size with a unit; undefined when the text is none, or not a whole number of bytes. */
export function parseSize(text: string): number | undefined {
  return scaled(text, sizeUnits);
}

/** Milliseconds of a time with a unit (`ms`, `s`, `m`, `h`, `d`; seconds without one); undefined when it is none. */
export function parseTime(text: string): number | undefined {
  return scaled(text, timeUnits);
}

function scaled(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const unit = units[(match?.[2] ?? "?").toLowerCase()];
  if (match === null || unit === undefined) return undefined;
  const value = Math.round(Number(match[1]) * unit * 1e6) / 1e6;
  return Number.isSafeInteger(value) ? value : undefined;
}

const rateUnits: Readonly<Record<string, number>> = { "": 1, bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9 };

/** Bits per second of a rate (`50Mbit`, `10 Gbit/s`); undefined when the text is none. */
export function parseRate(text: string): number | undefined {
  return scaled(text.replace(/\/s$/, ""), rateUnits);
}

const dayNames = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
type Day = (typeof dayNames)[number];

/** Days of a week, as `mon-fri`, `sat,sun` or `daily`; undefined when the text is none. */
export function parseDays(text: string): readonly Day[] | undefined {
  if (text.trim().toLowerCase() === "daily") return dayNames;
  const found = new Set<Day>();
  for (const part of text.toLowerCase().split(",")) {
    const [first, last = first, ...more] = part.trim().split("-");
    const from = dayNames.findIndex((name) => name === first);
    const to = dayNames.findIndex((name) => name === last);
    if (from < 0 || to < from || more.length > 0) return undefined;
    for (const day of dayNames.slice(from, to + 1)) found.add(day);
  }
  return dayNames.filter((day) => found.has(day));
}

/** Days as `parseDays` reads them. */
export function daysText(days: readonly Day[]): string {
  return days.length === dayNames.length ? "daily" : days.join(",");
}

/** A size for people: three digits and a binary unit. */
export function sizeText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let index = 0;
  let value = bytes;
  while (value >= 1024 && index < units.length - 1) {
    value /= 1024;
    index++;
  }
  const digits = index === 0 || value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[index] ?? ""}`;
}

export { spanText } from "#base/index.ts";
