// SPDX-License-Identifier: Apache-2.0
// QR codes (ISO/IEC 18004) as squares that are dark or light, drawn as SVG or as block characters. The library that makes them
// is loaded when the first one is made.

import { assert } from "#base/index.ts";

/** A QR code without its quiet zone. */
export interface QrCode {
  /** Modules on each side. */
  readonly size: number;
  isDark(row: number, column: number): boolean;
}

/** Light modules around a code. */
const quiet = 4;

/** Makes a QR code that stays readable when a seventh of it is not (level M). */
export async function qrCode(text: string): Promise<QrCode> {
  const { default: barcodes } = await import("bwip-js/node");
  const options = { bcid: "qrcode", text, eclevel: "M" };
  const [code] = barcodes.raw(options);
  assert(code !== undefined && "pixs" in code, "a QR code has squares");
  assert(code.pixx === code.pixy, "a QR code is a square");
  const { pixs, pixx: size } = code;
  return { size, isDark: (row, column) => pixs[row * size + column] === 1 };
}

/** The code as an SVG image, `width` in CSS units. */
export function qrSvg(code: QrCode, width: string): string {
  const side = code.size + 2 * quiet;
  const path: string[] = [];
  for (let row = 0; row < code.size; row++) {
    for (let column = 0; column < code.size; column++) {
      if (code.isDark(row, column)) path.push(`M${column + quiet} ${row + quiet}h1v1h-1z`);
    }
  }
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${width}" viewBox="0 0 ${side} ${side}" ` +
    `shape-rendering="crispEdges"><rect width="${side}" height="${side}" fill="#fff"/><path d="${path.join("")}"/></svg>`
  );
}

/** The code in characters, two modules high each, for dark text on light ground. */
export function qrText(code: QrCode): string {
  const isDark = (row: number, column: number): boolean =>
    row >= 0 && column >= 0 && row < code.size && column < code.size && code.isDark(row, column);
  const lines: string[] = [];
  for (let row = -quiet; row < code.size + quiet; row += 2) {
    let line = "";
    for (let column = -quiet; column < code.size + quiet; column++) {
      const [upper, lower] = [isDark(row, column), isDark(row + 1, column)];
      line += upper && lower ? "█" : upper ? "▀" : lower ? "▄" : " ";
    }
    lines.push(line.trimEnd());
  }
  return `${lines.join("\n")}\n`;
}
