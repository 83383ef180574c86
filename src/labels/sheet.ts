// SPDX-License-Identifier: Apache-2.0
// Sheets of labels as drawings in millimetres: where labels are on the paper, what is on a label, and how a printer's errors are
// taken back. Renderers for SVG and PDF are elsewhere; both draw these shapes.

import { characterWidth, code39 } from "./code39.ts";
import { labelsFault } from "./faults.ts";
import type { SheetLabel } from "./label-rows.ts";

/** A shape. Sizes are millimetres, from the left and from above; colours are `#rrggbb`. */
export type Shape =
  | {
      readonly kind: "box";
      readonly x: number;
      readonly y: number;
      readonly width: number;
      readonly height: number;
      readonly fill: string | undefined;
      readonly stroke: string | undefined;
    }
  /** Text whose middle is at `x`, and whose line of writing is at `y`. */
  | { readonly kind: "text"; readonly x: number; readonly y: number; readonly size: number; readonly text: string };

/** A page of paper with what is on it. */
export interface Page {
  readonly width: number;
  readonly height: number;
  readonly shapes: readonly Shape[];
}

/** How labels lie on a sheet. */
export interface SheetLayout {
  readonly paperWidth: number;
  readonly paperHeight: number;
  readonly labelWidth: number;
  readonly labelHeight: number;
  readonly marginLeft: number;
  readonly marginTop: number;
  readonly columnSpace: number;
  readonly rowSpace: number;
  readonly hasBorders: boolean;
}

/** Papers: plain ones, and a sheet of labels that can be bought. */
export const papers = {
  a4: { paperWidth: 210, paperHeight: 297, labelWidth: 70, labelHeight: 17, marginLeft: 0, marginTop: 4 },
  letter: { paperWidth: 215.9, paperHeight: 279.4, labelWidth: 70, labelHeight: 17, marginLeft: 0, marginTop: 4 },
  "avery-3420": { paperWidth: 210, paperHeight: 297, labelWidth: 70, labelHeight: 16.9, marginLeft: 0, marginTop: 5 },
} as const;
export type PaperName = keyof typeof papers;

/** Smallest label that a library's scanner still reads. */
const smallest = { width: 70, height: 15 };

/** What a printer does to a page, as it was measured on the calibration page: where its lines began, and how long they were. */
export interface Calibration {
  readonly startX: number;
  readonly lengthX: number;
  readonly startY: number;
  readonly lengthY: number;
}

/** On the calibration page: where the lines begin, and how long they are. */
export const calibrationStart = 50;
export const calibrationLength = 100;

/** Columns and rows that fit on the paper. Fault `labels.bad-sheet`. */
export function placesOf(layout: SheetLayout): { readonly columns: number; readonly rows: number } {
  const { labelWidth, labelHeight, paperWidth, paperHeight, marginLeft, marginTop, columnSpace, rowSpace } = layout;
  if (labelWidth < smallest.width || labelHeight < smallest.height) {
    throw labelsFault("bad-sheet", { reason: `a label has at least ${smallest.width} by ${smallest.height} mm` });
  }
  const many = (room: number, size: number, space: number): number =>
    Math.floor((room + space) / (size + space) + 1e-9);
  const columns = many(paperWidth - marginLeft, labelWidth, columnSpace);
  const rows = many(paperHeight - marginTop, labelHeight, rowSpace);
  if (columns < 1 || rows < 1) throw labelsFault("bad-sheet", { reason: "no label fits on the paper" });
  return { columns, rows };
}

/** Sheets with these labels, row by row from the left. */
export function drawSheets(layout: SheetLayout, labels: readonly (SheetLabel | undefined)[]): readonly Page[] {
  const { columns, rows } = placesOf(layout);
  const perSheet = columns * rows;
  const { paperWidth: width, paperHeight: height } = layout;
  return Array.from({ length: Math.max(1, Math.ceil(labels.length / perSheet)) }, (_, sheet) => {
    const own = labels.slice(sheet * perSheet, (sheet + 1) * perSheet);
    const shapes = own.flatMap((label, index) => {
      if (label === undefined) return [];
      const x = layout.marginLeft + (index % columns) * (layout.labelWidth + layout.columnSpace);
      const y = layout.marginTop + Math.floor(index / columns) * (layout.labelHeight + layout.rowSpace);
      return drawLabel(layout, label).map((shape) => ({ ...shape, x: shape.x + x, y: shape.y + y }));
    });
    return { width, height, shapes };
  });
}

/** One colour per digit, told apart at a glance and also without colours by their brightness. */
const digitColors = [
  "#e6432e",
  "#f7d02c",
  "#7dc242",
  "#2f9fd8",
  "#b5b5b5",
  "#f08a24",
  "#e78ac3",
  "#2e8b57",
  "#c8a165",
  "#8f63b8",
];
const barHeight = 12;
const black = "#000000";
/** Text boxes are as high as what the bars leave of the label, less a little room. */
const boxRoom = 0.4;

/** A label at the corner of the page: characters above, bars below. */
export function drawLabel({ labelWidth, labelHeight, hasBorders }: SheetLayout, label: SheetLabel): readonly Shape[] {
  const { volume, type, mode } = label;
  const code = code39(`${volume}${type}`);
  if (code === undefined) throw labelsFault("bad-sheet", { reason: `${volume}${type} cannot be said in Code 39` });
  const border: Shape = {
    kind: "box",
    x: 0,
    y: 0,
    width: labelWidth,
    height: labelHeight,
    fill: undefined,
    stroke: black,
  };
  const narrow = labelWidth / (code.width + 2 * characterWidth);
  const barTop = labelHeight - barHeight;
  const bars = code.bars.map(({ left, width }): Shape => {
    const x = (characterWidth + left) * narrow;
    return { kind: "box", x, y: barTop, width: width * narrow, height: barHeight, fill: black, stroke: undefined };
  });
  const cells = [...Array.from(volume), type];
  const cellWidth = labelWidth / cells.length;
  const cellHeight = barTop - boxRoom;
  const boxes = cells.flatMap((text, index): Shape[] => {
    const x = index * cellWidth;
    const fill = mode === "color" && /^\d$/.test(text) ? digitColors[Number(text)] : undefined;
    const box: Shape = { kind: "box", x, y: 0, width: cellWidth, height: cellHeight, fill, stroke: black };
    const size = text.length > 1 ? cellHeight * 0.8 : cellHeight * 0.95;
    const letters: Shape = { kind: "text", x: x + cellWidth / 2, y: cellHeight / 2 + size * 0.32, size, text };
    return mode === "simple" ? [letters] : [box, letters];
  });
  return [...boxes, ...bars, ...(hasBorders ? [border] : [])];
}

/** The page with which a printer is measured: a line across and a line down, each with its length. */
export function drawCalibration({ paperWidth: width, paperHeight: height }: SheetLayout): Page {
  const [start, length] = [calibrationStart, calibrationLength];
  const line = (x: number, y: number, lineWidth: number, lineHeight: number): Shape => {
    return { kind: "box", x, y, width: lineWidth, height: lineHeight, fill: black, stroke: undefined };
  };
  const thin = 0.2;
  const tick = 5;
  const text = (y: number, words: string): Shape => ({ kind: "text", x: width / 2, y, size: 4, text: words });
  const shapes = [
    line(start, start, length, thin),
    line(start, start, thin, length),
    line(start + length, start - tick, thin, 2 * tick),
    line(start - tick, start + length, 2 * tick, thin),
    text(20, "Measure in millimetres, and give them as --calibrate SX,DX,SY,DY:"),
    text(28, "SX: left edge of the paper to the corner.  DX: corner to the end of the line across."),
    text(36, "SY: upper edge to the corner.  DY: corner to the end of the line down."),
  ];
  return { width, height, shapes };
}

/** A page that a printer with these errors prints where it should be. Fault `labels.bad-sheet`. */
export function calibrated(page: Page, { startX, lengthX, startY, lengthY }: Calibration): Page {
  const isSane =
    [lengthX, lengthY].every((length) => length > 80 && length < 120) &&
    [startX, startY].every((start) => start > 0 && start < 100);
  if (!isSane)
    throw labelsFault("bad-sheet", {
      reason: "no printer is that far off; the lines are 100 mm long and begin at 50 mm",
    });
  const scaleX = calibrationLength / lengthX;
  const scaleY = calibrationLength / lengthY;
  const shiftX = calibrationStart - startX * scaleX;
  const shiftY = calibrationStart - startY * scaleY;
  const shapes = page.shapes.map((shape): Shape => {
    const place = { x: shape.x * scaleX + shiftX, y: shape.y * scaleY + shiftY };
    if (shape.kind === "text") return { ...shape, ...place, size: shape.size * scaleY };
    return { ...shape, ...place, width: shape.width * scaleX, height: shape.height * scaleY };
  });
  return { ...page, shapes };
}
