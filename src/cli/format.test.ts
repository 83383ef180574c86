// SPDX-License-Identifier: Apache-2.0
// Values as people read them, and progress as one line.

import assert from "node:assert/strict";
import { test } from "node:test";
import { counterText, headText, kebabText, valueText } from "./format.ts";
import { barText, progressLine, ProgressRenderer } from "./progress.ts";

const values: readonly (readonly [string, unknown, string, { unit?: string } | undefined])[] = [
  ["usedBytes", 1536, "1.50 KiB", { unit: "bytes" }],
  ["total", 12.3456, "12.35", { unit: "money" }],
  ["total", 0, "0.00", { unit: "money" }],
  ["total", 0.000_123_4, "0.00012", { unit: "money" }],
  ["uptime", 61_000, "1 min 1 s", { unit: "milliseconds" }],
  ["createdAt", "2026-11-20T13:04:05.678Z", "2026-11-20 13:04:05Z", { unit: "time" }],
  ["slots", 40, "40", undefined],
  ["mutual", true, "yes", undefined],
  ["cartridge", undefined, "-", undefined],
  ["allow", [], "-", undefined],
  ["allow", ["a", "b"], "a, b", undefined],
  ["drives", [{}, {}], "2", undefined],
  ["drives", [], "0", undefined],
  ["place", { kind: "shelf", pool: "glacier" }, "shelf glacier", undefined],
  ["place", { kind: "element", library: "main", element: "drive", number: 2 }, "main drive 2", undefined],
  ["portals", [{ host: "::1", port: 3260 }], "[::1]:3260", undefined],
  ["units", [{ lun: 0, device: "changer" }], "0:changer", undefined],
  ["chap", [{ initiator: "iqn.a" }], "iqn.a", undefined],
  ["medium", { suffix: "L8", sizeBytes: 1024 ** 4 }, "L8, 1 TiB", undefined],
  ["other", { a: 1, b: "x" }, "a 1, b x", undefined],
];

for (const [name, value, expected, schema] of values) {
  test(`${name} ${JSON.stringify(value)} is shown as ${expected}`, () => {
    assert.equal(valueText(value, schema, name), expected);
  });
}

test("names of fields become options and heads of columns", () => {
  assert.equal(kebabText("barcodePrefix"), "barcode-prefix");
  assert.equal(headText("usedBytes"), "USED");
  assert.equal(headText("changerModel"), "CHANGER-MODEL");
});

test("counters say how much of how much", () => {
  assert.equal(counterText({ name: "data", unit: "bytes", value: 1024, total: 2048 }), "data 1 KiB of 2 KiB");
  assert.equal(counterText({ name: "files", unit: "files", value: 3 }), "files 3");
});

test("a bar is full at the end, empty at the beginning, and never longer", () => {
  assert.match(barText(0, 10, "files"), /^\[-{24}\] {3}0 % {2}0 of 10 files$/);
  assert.match(barText(20, 10, "files"), /^\[#{24}\] 100 %/);
  assert.match(barText(0, 0, "bytes"), /^\[#{24}\] 100 % {2}0 B of 0 B$/);
});

const task = { id: "1", operation: "x", subject: "CAP001L8", state: "waiting", phase: "thaw", counters: [] };

test("a task that waits shows what for, instead of its phase", () => {
  assert.equal(progressLine(task), "CAP001L8  waiting  thaw");
  assert.equal(progressLine({ ...task, waitingFor: "a free mail slot" }), "CAP001L8  waiting  a free mail slot");
});

function rendered(isInteractive: boolean, columns = 80): string {
  let text = "";
  const terminal = { out: () => {}, err: (line: string) => void (text += line), isInteractive, columns };
  const renderer = new ProgressRenderer(terminal);
  for (const line of ["one", "one", "a line that is longer than the terminal"]) renderer.show(line);
  renderer.end();
  renderer.end();
  return text;
}

test("progress is plain lines without repetition where there is no terminal", () => {
  assert.equal(rendered(false), "one\na line that is longer than the terminal\n");
});

test("progress is one line that is drawn again on a terminal, cut to its width", () => {
  assert.equal(rendered(true, 21), "\r\u001B[2Kone\r\u001B[2Ka line that is long…\n");
});
