// SPDX-License-Identifier: Apache-2.0
// A key on paper: what it is for, its JSON between two marker lines, and the same JSON as a QR code. As text for terminals and
// text files, as HTML for browsers, as PDF for printers.

import { prettyJson } from "#base/index.ts";
import { type KeyConfig, keyConfigJson, paperKeyText } from "#keys/index.ts";
import { type QrCode, qrCode, qrSvg, qrText } from "./qr-code.ts";

/** How a document may look. */
export const paperFormats = ["text", "html", "pdf"] as const;
/** One of them. */
export type PaperFormat = (typeof paperFormats)[number];

/** A document. */
export interface Document {
  readonly mediaType: string;
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A key on paper. `subject` is printed above it. */
export async function paperKey(
  config: KeyConfig,
  options: { readonly subject: string | undefined; readonly format: PaperFormat },
): Promise<Document> {
  const { subject, format } = options;
  const text = paperKeyText(config, subject);
  const code = await qrCode(prettyJson(keyConfigJson(config)));
  const name = `paper-key-${(config.fingerprint ?? "unknown").replaceAll(":", "").slice(0, 16)}`;
  switch (format) {
    case "text":
      return {
        mediaType: "text/plain; charset=utf-8",
        name: `${name}.txt`,
        bytes: Buffer.from(`${text}\n${qrText(code)}`),
      };
    case "html":
      return {
        mediaType: "text/html; charset=utf-8",
        name: `${name}.html`,
        bytes: Buffer.from(htmlOf(text, config, code)),
      };
    case "pdf":
      return { mediaType: "application/pdf", name: `${name}.pdf`, bytes: await pdfOf(text, config, code) };
    default:
      return format satisfies never;
  }
}

const advice =
  "This is an encryption key, protected by a passphrase. Keep it apart from the tapes and from the passphrase. " +
  "To have it again, scan the code, or type in all between the two marker lines: capstan tape key import.";

const hintOf = ({ hint }: KeyConfig): string => (hint === undefined ? "" : `Hint for the passphrase: ${hint}`);

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

function htmlOf(text: string, config: KeyConfig, code: QrCode): string {
  return [
    "<!DOCTYPE html>",
    '<html lang="en"><head><meta charset="utf-8"><title>Key on paper</title><style>',
    "body{font-family:sans-serif;margin:15mm}pre{font-size:9pt;overflow-wrap:anywhere;white-space:pre-wrap}",
    "@media print{body{margin:0}}figure{margin:0}",
    "</style></head><body>",
    `<p>${escaped(advice)}</p>`,
    `<p>${escaped(hintOf(config))}</p>`,
    `<pre>${escaped(text)}</pre>`,
    `<figure>${qrSvg(code, "90mm")}</figure>`,
    "</body></html>",
    "",
  ].join("\n");
}

/** Millimetres in points. */
const millimetre = 72 / 25.4;

async function pdfOf(text: string, config: KeyConfig, code: QrCode): Promise<Uint8Array> {
  const { default: PdfDocument } = await import("pdfkit");
  const document = new PdfDocument({ size: "A4", margin: 15 * millimetre, info: { Title: "Key on paper" } });
  const parts: Uint8Array[] = [];
  const finished = new Promise<void>((resolve, reject) => {
    document.on("data", (part: Uint8Array) => parts.push(part));
    document.on("end", resolve);
    document.on("error", reject);
  });
  document.font("Helvetica").fontSize(10).text(advice);
  document.moveDown().text(hintOf(config));
  document.moveDown().font("Courier").fontSize(8).text(text);
  const width = 90 * millimetre;
  const module = width / code.size;
  const [left, top] = [15 * millimetre, document.y + 5 * millimetre];
  for (let row = 0; row < code.size; row++) {
    for (let column = 0; column < code.size; column++) {
      if (code.isDark(row, column)) document.rect(left + column * module, top + row * module, module, module);
    }
  }
  document.fill("#000");
  document.end();
  await finished;
  return new Uint8Array(Buffer.concat(parts));
}
