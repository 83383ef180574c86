// SPDX-License-Identifier: Apache-2.0
// A sheet of labels as it is asked for, in words, and as it comes out.

import { labelsFault } from "./faults.ts";
import { parseLabelRow, planLabels } from "./label-rows.ts";
import { pdfOf, svgOf } from "./render.ts";
import {
  type Calibration,
  calibrated,
  drawCalibration,
  drawSheets,
  papers,
  type PaperName,
  placesOf,
} from "./sheet.ts";

/** What is asked for; what is left out is as the paper has it. Sizes are millimetres. */
export interface LabelSheetRequest {
  /** Rows, separated by blanks. Empty: the page with which a printer is measured. */
  readonly rows: string;
  readonly paper?: PaperName | undefined;
  readonly labelWidth?: number | undefined;
  readonly labelHeight?: number | undefined;
  readonly marginLeft?: number | undefined;
  readonly marginTop?: number | undefined;
  readonly columnSpace?: number | undefined;
  readonly rowSpace?: number | undefined;
  readonly borders?: boolean | undefined;
  /** `SX,DX,SY,DY` of the calibration page. */
  readonly calibrate?: string | undefined;
}

/** What came out. */
export interface LabelSheet {
  /** Barcodes in the order of their places. */
  readonly barcodes: readonly string[];
  readonly pages: number;
  readonly pdf: Uint8Array;
  /** One picture per page. */
  readonly svg: readonly string[];
}

/** Makes a sheet. Faults `labels.bad-row`, `labels.bad-sheet`. */
export function makeLabelSheet(request: LabelSheetRequest): LabelSheet {
  const { rows, paper = "a4", calibrate, borders, columnSpace = 0, rowSpace = 0 } = request;
  const { labelWidth, labelHeight, marginLeft, marginTop, ...size } = papers[paper];
  const layout = {
    ...size,
    labelWidth: request.labelWidth ?? labelWidth,
    labelHeight: request.labelHeight ?? labelHeight,
    marginLeft: request.marginLeft ?? marginLeft,
    marginTop: request.marginTop ?? marginTop,
    columnSpace,
    rowSpace,
    hasBorders: borders ?? paper !== "avery-3420",
  };
  const places = placesOf(layout);
  const texts = rows.split(/ +/).filter((text) => text !== "");
  const labels = planLabels(texts.map(parseLabelRow), places.columns * places.rows);
  const drawn = texts.length === 0 ? [drawCalibration(layout)] : drawSheets(layout, labels);
  const correction = calibrate === undefined ? undefined : parseCalibration(calibrate);
  const pages = correction === undefined ? drawn : drawn.map((page) => calibrated(page, correction));
  const barcodes = labels.flatMap((label) => (label === undefined ? [] : [`${label.volume}${label.type}`]));
  return { barcodes, pages: pages.length, pdf: pdfOf(pages), svg: pages.map(svgOf) };
}

function parseCalibration(text: string): Calibration {
  const numbers = text.split(",").map(Number);
  const [startX, lengthX, startY, lengthY] = numbers;
  const isWhole = numbers.length === 4 && numbers.every((value) => Number.isFinite(value));
  if (!isWhole || startX === undefined || lengthX === undefined || startY === undefined || lengthY === undefined) {
    throw labelsFault("bad-sheet", { reason: `"${text}" is not SX,DX,SY,DY, four numbers in millimetres` });
  }
  return { startX, lengthX, startY, lengthY };
}
