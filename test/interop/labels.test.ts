// SPDX-License-Identifier: Apache-2.0
// Printed labels are read back by zbarimg (Debian zbar-tools), from the PDF as poppler draws it and from the SVG as librsvg does:
// every type, every mode, plain and calibrated sheets, and every character of a barcode.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { labelTypes, type LabelSheetRequest, makeLabelSheet } from "#labels/index.ts";

const folder = mkdtempSync(join(tmpdir(), "capstan-labels-"));
after(() => rmSync(folder, { recursive: true, force: true }));
/** As fine as an office printer, which is coarser than that in fact. */
const dotsPerInch = 300;

function run(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  assert.equal(error, undefined, `${command} is needed: ${error?.message}`);
  assert.equal(status, 0, `${command} ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** The barcodes in a picture, sorted. */
const codesIn = (picture: string): readonly string[] =>
  run("zbarimg", "-q", "--raw", "-Sdisable", "-Scode39.enable", picture).trim().split("\n");

function readBack(name: string, request: LabelSheetRequest): void {
  const sheet = makeLabelSheet(request);
  const wanted = [...sheet.barcodes].sort();
  const pdf = join(folder, `${name}.pdf`);
  writeFileSync(pdf, sheet.pdf);
  run("pdftoppm", "-r", String(dotsPerInch), "-gray", "-png", pdf, join(folder, `${name}-pdf`));
  const pictures = readdirSync(folder).filter((file) => file.startsWith(`${name}-pdf`) && file.endsWith(".png"));
  assert.equal(pictures.length, sheet.pages);
  assert.deepEqual(pictures.flatMap((file) => codesIn(join(folder, file))).sort(), wanted, `${name}: PDF`);
  const drawn = sheet.svg.flatMap((text, page) => {
    const file = join(folder, `${name}-${page}.svg`);
    writeFileSync(file, text);
    run("rsvg-convert", `--dpi-x=${dotsPerInch}`, `--dpi-y=${dotsPerInch}`, "-o", `${file}.png`, file);
    return codesIn(`${file}.png`);
  });
  assert.deepEqual(drawn.sort(), wanted, `${name}: SVG`);
}

test("every type is read back, in every mode", () => {
  const rows = Object.keys(labelTypes).flatMap((type, index) => {
    const mode = ["color", "frame", "simple"][index % 3] ?? "color";
    return [`T${String.fromCharCode(65 + index)}:${type}:${mode}:${index}-${index}`];
  });
  readBack("types", { rows: rows.join(" ") });
});

test("every character of a barcode is read back", () => {
  const letters = Array.from({ length: 26 }, (_, index) => String.fromCharCode(65 + index));
  const prefixes = letters.map((letter, index) => `${letter}${letters[(index + 7) % 26]}${letters[(index + 13) % 26]}`);
  readBack("characters", {
    rows: prefixes.map((prefix, index) => `${prefix}:L9:color:${index * 37}-${index * 37}`).join(" "),
  });
});

test("a full sheet of bought labels is read back, calibrated for a printer that moves and shrinks", () => {
  readBack("avery", {
    rows: "CAP:L9:color:1 CLN:CU:simple:1-3",
    paper: "avery-3420",
    calibrate: "51.5,98.8,48.9,100.7",
  });
});

test("several sheets with other sizes are read back", () => {
  readBack("letter", {
    rows: "LTR:L8:frame:1-60",
    paper: "letter",
    labelWidth: 72,
    labelHeight: 20,
    rowSpace: 2,
    columnSpace: 1,
  });
});
