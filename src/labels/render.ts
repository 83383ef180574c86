// SPDX-License-Identifier: Apache-2.0
// Pages as SVG in millimetres, and as PDF 1.4 (ISO 32000): filled and stroked boxes, and text in Courier-Bold, which every reader
// of PDF has and whose characters are all as wide.

import { bytesFromText, concatBytes } from "#base/index.ts";
import type { Page, Shape } from "./sheet.ts";

const lineWidth = 0.1;
const number = (value: number): string => String(Number(value.toFixed(4)));
const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** A page as SVG, as large as the paper. */
export function svgOf({ width, height, shapes }: Page): string {
  const size = `width="${number(width)}mm" height="${number(height)}mm" viewBox="0 0 ${number(width)} ${number(height)}"`;
  const white = `<rect width="${number(width)}" height="${number(height)}" fill="#ffffff"/>`;
  return [`<svg xmlns="http://www.w3.org/2000/svg" ${size}>`, white, ...shapes.map(svgShape), "</svg>", ""].join("\n");
}

function svgShape(shape: Shape): string {
  const place = `x="${number(shape.x)}" y="${number(shape.y)}"`;
  if (shape.kind === "text") {
    const font = `font-family="Courier, monospace" font-weight="bold" font-size="${number(shape.size)}"`;
    return `<text ${place} ${font} text-anchor="middle">${escaped(shape.text)}</text>`;
  }
  const { width, height, fill = "none", stroke } = shape;
  const line = stroke === undefined ? "" : ` stroke="${stroke}" stroke-width="${lineWidth}"`;
  return `<rect ${place} width="${number(width)}" height="${number(height)}" fill="${fill}"${line}/>`;
}

const pointsPerMillimetre = 72 / 25.4;
/** Width of a character of Courier, for a size of 1. */
const courierWidth = 0.6;

/** Pages as one PDF. */
export function pdfOf(pages: readonly Page[]): Uint8Array {
  const font = 3;
  const first = 4;
  const kids = pages.map((_, index) => `${first + 2 * index} 0 R`).join(" ");
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    `<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Courier-Bold /Encoding /WinAnsiEncoding >>",
    ...pages.flatMap((page, index) => {
      const content = pdfContent(page);
      const box = `[0 0 ${number(page.width * pointsPerMillimetre)} ${number(page.height * pointsPerMillimetre)}]`;
      const resources = `<< /Font << /F1 ${font} 0 R >> >>`;
      const own = `<< /Type /Page /Parent 2 0 R /MediaBox ${box} /Resources ${resources} /Contents ${first + 2 * index + 1} 0 R >>`;
      return [own, `<< /Length ${bytesFromText(content).byteLength} >>\nstream\n${content}\nendstream`];
    }),
  ];
  const parts: Uint8Array[] = [bytesFromText("%PDF-1.4\n")];
  let offset = parts[0]?.byteLength ?? 0;
  const offsets: number[] = [];
  for (const [index, body] of objects.entries()) {
    const bytes = bytesFromText(`${index + 1} 0 obj\n${body}\nendobj\n`);
    offsets.push(offset);
    parts.push(bytes);
    offset += bytes.byteLength;
  }
  const rows = offsets.map((at) => `${String(at).padStart(10, "0")} 00000 n \n`).join("");
  const count = objects.length + 1;
  const table = `xref\n0 ${count}\n0000000000 65535 f \n${rows}`;
  parts.push(bytesFromText(`${table}trailer\n<< /Size ${count} /Root 1 0 R >>\nstartxref\n${offset}\n%%EOF\n`));
  return concatBytes(parts);
}

/** Drawing operators. The unit becomes the millimetre; the origin of PDF is below on the left. */
function pdfContent({ height, shapes }: Page): string {
  const scale = number(pointsPerMillimetre);
  return [`${scale} 0 0 ${scale} 0 0 cm ${lineWidth} w`, ...shapes.map((shape) => pdfShape(shape, height))].join("\n");
}

function pdfShape(shape: Shape, pageHeight: number): string {
  if (shape.kind === "text") {
    const { size, text } = shape;
    const left = shape.x - (text.length * size * courierWidth) / 2;
    const words = text.replaceAll(/[\\()]/g, (character) => `\\${character}`);
    return `0 g BT /F1 ${number(size)} Tf ${number(left)} ${number(pageHeight - shape.y)} Td (${words}) Tj ET`;
  }
  const { x, y, width, height, fill, stroke } = shape;
  const box = `${number(x)} ${number(pageHeight - y - height)} ${number(width)} ${number(height)} re`;
  const colors = [fill === undefined ? "" : `${colorOf(fill)} rg`, stroke === undefined ? "" : `${colorOf(stroke)} RG`];
  const paint = fill === undefined ? "S" : stroke === undefined ? "f" : "B";
  return [...colors.filter((color) => color !== ""), box, paint].join(" ");
}

const colorOf = (hex: string): string =>
  [1, 3, 5].map((start) => number(Number.parseInt(hex.slice(start, start + 2), 16) / 255)).join(" ");
