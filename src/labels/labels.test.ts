// SPDX-License-Identifier: Apache-2.0
// Sheets of labels: which labels, where, and what a printer's errors become. That the codes can be read is shown with a reader of
// somebody else's in test/interop.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isFault } from "#base/index.ts";
import { code39 } from "./code39.ts";
import { labelTypes, parseLabelRow, planLabels } from "./label-rows.ts";
import { makeLabelSheet } from "./label-sheet.ts";
import { calibrated, drawSheets, papers, placesOf, type Shape } from "./sheet.ts";

const plan = (rows: string, places: number): readonly string[] =>
  planLabels(rows.split(" ").map(parseLabelRow), places).map((label) => (label ? label.volume + label.type : "-"));

test("numbers are padded to six characters, and ranges, single labels and free places come in order", () => {
  assert.deepEqual(plan("TEST:L8:simple:8-11 skip:2 ABCDEF:LY CLN:CU:frame:1-1", 50), [
    "TEST08L8",
    "TEST09L8",
    "TEST10L8",
    "TEST11L8",
    "-",
    "-",
    "ABCDEFLY",
    "CLN001CU",
  ]);
  assert.deepEqual(plan("ab:L9:color:7-3", 50), ["AB0007L9"]);
});

test("a number that has no room ends its row", () => {
  assert.deepEqual(plan("ABCDE:L9:color:8-12", 50), ["ABCDE8L9", "ABCDE9L9"]);
});

test("rows that fill share what is left equally, and the last one takes the rest", () => {
  const filled = plan("AAA:L9:color:1-3 BBB CCC", 10);
  assert.equal(filled.length, 10);
  assert.deepEqual(filled.map((label) => label.slice(0, 1)).join(""), "AAABBBCCCC");
  assert.equal(plan("AAA", 51).length, 51);
  assert.equal(plan("AAA:L9:color:1-12 BBB", 10).length, 20);
});

test("what makes no label says why", () => {
  const refused = (row: string, reason: RegExp): void =>
    assert.throws(
      () => parseLabelRow(row),
      (error) => isFault(error, "labels.bad-row") && reason.test(error.message),
    );
  refused("A1:L9", /up to six letters/);
  refused("TOOLONGX:L9", /up to six letters/);
  refused("ABC:L2", /L2 is none of/);
  refused("ABC:L9:rainbow", /rainbow is none of/);
  refused("ABC:L9:color:x", /no number/);
  refused("ABC:L9:color:1234", /no room/);
  refused("skip:many", /skip:3/);
  const many = (): unknown => makeLabelSheet({ rows: "A:L9:color:0-99999" });
  assert.throws(many, (error) => isFault(error, "labels.bad-sheet"));
  assert.throws(() => makeLabelSheet({ rows: "A", labelWidth: 60 }), /at least 70 by 15 mm/);
  assert.throws(() => makeLabelSheet({ rows: "A", calibrate: "1,2" }), /four numbers/);
  assert.throws(() => makeLabelSheet({ rows: "A", calibrate: "50,10,50,100" }), /that far off/);
});

test("as many labels as fit are on a sheet, none over an edge, none over another", () => {
  const size = fc.double({ min: 0, max: 12, noNaN: true });
  const layouts = fc.record({
    paper: fc.constantFrom("a4", "letter", "avery-3420"),
    width: fc.double({ min: 70, max: 90, noNaN: true }),
    height: fc.double({ min: 15, max: 25, noNaN: true }),
    left: size,
    top: size,
    columns: size,
    rows: size,
  });
  fc.assert(
    fc.property(layouts, ({ paper, width, height, left, top, columns, rows }) => {
      const { paperWidth, paperHeight } = papers[paper as keyof typeof papers];
      const spaces = { marginLeft: left, marginTop: top, columnSpace: columns, rowSpace: rows, hasBorders: true };
      const layout = { paperWidth, paperHeight, labelWidth: width, labelHeight: height, ...spaces };
      const places = placesOf(layout);
      const labels = planLabels([parseLabelRow("A")], places.columns * places.rows);
      const [page, more] = drawSheets(layout, labels);
      assert.equal(more, undefined);
      const borders = (page?.shapes ?? []).filter(
        (shape): shape is Shape & { kind: "box" } => shape.kind === "box" && shape.width === width,
      );
      assert.equal(borders.length, places.columns * places.rows);
      for (const { x, y } of borders) {
        assert.ok(x >= left && x + width <= paperWidth + 1e-6 && y >= top && y + height <= paperHeight + 1e-6);
      }
      const corners = new Set(borders.map(({ x, y }) => `${x.toFixed(3)} ${y.toFixed(3)}`));
      assert.equal(corners.size, borders.length);
      // One more column or row would not fit.
      assert.ok(left + places.columns * (width + columns) + width > paperWidth - 1e-6);
      assert.ok(top + places.rows * (height + rows) + height > paperHeight - 1e-6);
    }),
    { numRuns: 200 },
  );
});

test("a printer that moves and stretches prints a calibrated page where it should be", () => {
  const shift = fc.double({ min: -8, max: 8, noNaN: true });
  const stretch = fc.double({ min: 0.9, max: 1.1, noNaN: true });
  fc.assert(
    fc.property(shift, stretch, shift, stretch, (ax, bx, ay, by) => {
      const printed = (x: number, y: number): readonly [number, number] => [ax + bx * x, ay + by * y];
      const [startX, startY] = printed(50, 50);
      const box: Shape = { kind: "box", x: 30, y: 60, width: 70, height: 17, fill: undefined, stroke: undefined };
      const page = calibrated(
        { width: 210, height: 297, shapes: [box] },
        { startX, lengthX: 100 * bx, startY, lengthY: 100 * by },
      );
      const [shape] = page.shapes;
      assert.ok(shape?.kind === "box");
      const [left, top] = printed(shape.x, shape.y);
      const [right, bottom] = printed(shape.x + shape.width, shape.y + shape.height);
      for (const [actual, wanted] of [
        [left, 30],
        [top, 60],
        [right, 100],
        [bottom, 77],
      ] as const) {
        assert.ok(Math.abs(actual - wanted) < 1e-6, `${actual} for ${wanted}`);
      }
    }),
  );
});

test("every barcode of every type can be said in Code 39: bars in order, nine elements a character, three of them wide", () => {
  for (const type of Object.keys(labelTypes)) {
    const code = code39(`ABZ059${type}`);
    assert.equal(code?.bars.length, 10 * 5);
    assert.ok(Math.abs((code?.width ?? 0) - (10 * (6 + 3 * 2.75) + 9)) < 1e-9);
  }
  assert.equal(code39("abc"), undefined);
  assert.equal(code39("A*C"), undefined);
});

test("a PDF names the place of each of its objects, and a page is as large as the paper", () => {
  const { pdf, svg, pages, barcodes } = makeLabelSheet({ rows: "TEST:L9:color:0-60", paper: "avery-3420" });
  assert.deepEqual([pages, svg.length, barcodes.length], [2, 2, 61]);
  const text = Buffer.from(pdf).toString("latin1");
  const start = Number(/startxref\n(\d+)\n/.exec(text)?.[1]);
  assert.ok(text.slice(start).startsWith("xref\n"));
  const offsets = Array.from(text.slice(start).matchAll(/^(\d{10}) 00000 n $/gm), (match) => Number(match[1]));
  for (const [index, offset] of offsets.entries()) assert.ok(text.slice(offset).startsWith(`${index + 1} 0 obj\n`));
  assert.match(text, /\/MediaBox \[0 0 595\.2756 841\.8898\]/);
  assert.match(svg[0] ?? "", /width="210mm" height="297mm"/);
});

test("without rows it is the page with which a printer is measured", () => {
  const { svg, barcodes } = makeLabelSheet({ rows: "" });
  assert.deepEqual(barcodes, []);
  assert.match(svg[0] ?? "", /x="50" y="50" width="100"/);
});
