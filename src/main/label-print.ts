// SPDX-License-Identifier: Apache-2.0
// `capstan label print ROWS FILE`: barcode labels for LTO cartridges, as PDF or SVG. Needs no running instance.

import { writeFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { asError } from "#base/index.ts";
import { labelTypes, makeLabelSheet, papers, type PaperName } from "#labels/index.ts";
import { exitCodeOf, wordsOf } from "./bare-command.ts";
import { mainFault } from "./faults.ts";

const types = Object.entries(labelTypes).map(([name, text]) => `  ${name}  ${text}\n`);
const help = `Usage: capstan label print [options] FILE.pdf|FILE.svg ROW...

Writes sheets of barcode labels for LTO cartridges. Without a row it writes the page with which a printer is measured.
A row is PREFIX:TYPE:MODE:FIRST-LAST. Without LAST it fills the sheet; rows that fill share what is left of it. Type L9, mode
color and number 0 are taken when they are left out. skip:3 leaves three places free, on a sheet that was used before.
Modes: color, frame, simple. An SVG has one page a file: FILE-1.svg, FILE-2.svg, ...

  capstan label print labels.pdf CAP:L9:color:1-40 CLN:CU:simple:1-2
  capstan label print labels.pdf TEST:L8

Options:
  --paper NAME            ${Object.keys(papers).join(", ")} (default a4)
  --label-width MM        at least 70        --label-height MM      at least 15
  --margin-left MM                           --margin-top MM
  --column-space MM                          --row-space MM
  --no-borders            draw no borders to cut along
  --calibrate SX,DX,SY,DY what was measured on the calibration page
  --help                  show this

Types:
${types.join("")}`;

const size = { type: "string" } as const;
const options = {
  paper: size,
  "label-width": size,
  "label-height": size,
  "margin-left": size,
  "margin-top": size,
  "column-space": size,
  "row-space": size,
  "no-borders": { type: "boolean" },
  calibrate: size,
  help: { type: "boolean" },
} as const;

/** Runs the command and resolves with the exit code. */
export function labelPrint(args: readonly string[]): Promise<number> {
  return exitCodeOf(async () => {
    const { values, positionals } = wordsOf(() =>
      parseArgs({ args: [...args], options, allowPositionals: true, strict: true }),
    );
    const [file, ...rows] = positionals;
    if (values.help === true || file === undefined) {
      process.stdout.write(help);
      return values.help === true ? 0 : 2;
    }
    const form = /\.(pdf|svg)$/.exec(file)?.[1];
    if (form === undefined) throw mainFault("usage", { reason: `${file} ends neither with .pdf nor with .svg` });
    const millimetres = (name: Exclude<keyof typeof values, "no-borders" | "help">): number | undefined => {
      const text = values[name];
      if (text === undefined) return undefined;
      if (!/^\d{1,3}(\.\d+)?$/.test(text)) throw mainFault("usage", { reason: `--${name} is a number of millimetres` });
      return Number(text);
    };
    const sheet = makeLabelSheet({
      rows: rows.join(" "),
      paper: paperOf(values.paper),
      labelWidth: millimetres("label-width"),
      labelHeight: millimetres("label-height"),
      marginLeft: millimetres("margin-left"),
      marginTop: millimetres("margin-top"),
      columnSpace: millimetres("column-space"),
      rowSpace: millimetres("row-space"),
      borders: values["no-borders"] === true ? false : undefined,
      calibrate: values.calibrate,
    });
    if (form === "pdf") write(file, sheet.pdf);
    else for (const [page, text] of sheet.svg.entries()) write(pageFile(file, page, sheet.pages), text);
    process.stdout.write(`${sheet.barcodes.length} labels on ${sheet.pages} pages: ${file}\n`);
    return 0;
  });
}

function paperOf(name: string | undefined): PaperName | undefined {
  if (name === undefined || Object.hasOwn(papers, name)) return name as PaperName | undefined;
  throw mainFault("usage", { reason: `--paper is one of ${Object.keys(papers).join(", ")}` });
}

const pageFile = (file: string, page: number, pages: number): string =>
  pages === 1 ? file : file.replace(/\.svg$/, `-${page + 1}.svg`);

function write(file: string, content: string | Uint8Array): void {
  try {
    writeFileSync(file, content);
  } catch (error) {
    throw mainFault("usage", { reason: asError(error).message }, error);
  }
}
