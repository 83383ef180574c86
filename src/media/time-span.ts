// SPDX-License-Identifier: Apache-2.0
// Time spans as systemd and Proxmox write them: a sum of numbers with units, such as `1y 12month` or `300ms20s 5day`.

import { mediaFault } from "./faults.ts";

const units: readonly (readonly [names: string, seconds: number])[] = [
  ["nsec ns", 1e-9],
  ["usec us µs", 1e-6],
  ["msec ms", 1e-3],
  ["seconds second sec s", 1],
  ["minutes minute min m", 60],
  ["hours hour hr h", 3600],
  ["days day d", 86_400],
  ["weeks week w", 604_800],
  ["months month M", 2_630_016],
  ["years year y", 31_557_600],
];

const secondsByName = new Map<string, number>([
  ["", 1],
  ...units.flatMap(([names, seconds]) => names.split(" ").map((name) => [name, seconds] as const)),
]);

/** The seconds of a time span, with fractions. Fault `media.bad-span`. */
export function parseTimeSpan(text: string): number {
  const bad = (reason: string): Error => mediaFault("bad-span", { text, reason });
  const trimmed = text.trim();
  if (trimmed === "") throw bad("it is empty");
  let seconds = 0;
  let rest = trimmed;
  while (rest !== "") {
    const term = /^(\d+)\s*([A-Za-zµ]*)\s*/.exec(rest);
    if (term === null) throw bad(`a number should begin at "${rest}"`);
    const [whole, digits, unit = ""] = term;
    const factor = secondsByName.get(unit);
    if (factor === undefined) throw bad(`"${unit}" is no unit`);
    seconds += Number(digits) * factor;
    rest = rest.slice(whole.length);
  }
  return seconds;
}
