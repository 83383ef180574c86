// SPDX-License-Identifier: Apache-2.0
// Barcode labels for LTO cartridges, as sheets to print.

import * as z from "zod";
import { labelModes, labelTypes, makeLabelSheet, papers, type PaperName } from "#labels/index.ts";
import { operation } from "./operation.ts";

const paperNames = Object.keys(papers) as PaperName[];
const millimetres = (text: string) => z.coerce.number().min(0).max(1000).optional().describe(`${text}, in millimetres`);

const Sheet = z.object({
  barcodes: z.array(z.string()),
  pages: z.int(),
  /** PDF in base64, or SVG, one text per page. */
  format: z.enum(["pdf", "svg"]),
  content: z.array(z.string()),
});

/** Label sheets. */
export const labelOperations = [
  operation({
    name: "label.sheet",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/label-sheet" },
    summary: "Make a sheet of barcode labels for LTO cartridges; `capstan label print` writes one into a file",
    description:
      "A row is PREFIX:TYPE:MODE:FIRST-LAST; without LAST it fills the sheet; skip:3 leaves places free. Without rows it is the " +
      "page with which a printer is measured. A PDF comes in base64.",
    input: z.strictObject({
      rows: z
        .string()
        .optional()
        .describe(
          `Rows, separated by blanks. Types: ${Object.keys(labelTypes).join(" ")}; modes: ${labelModes.join(" ")}`,
        ),
      format: z.enum(["pdf", "svg"]).optional().describe("pdf when left out"),
      paper: z.enum(paperNames).optional().describe("a4 when left out"),
      labelWidth: millimetres("Width of a label, at least 70"),
      labelHeight: millimetres("Height of a label, at least 15"),
      marginLeft: millimetres("Left margin of the paper"),
      marginTop: millimetres("Upper margin of the paper"),
      columnSpace: millimetres("Space between columns"),
      rowSpace: millimetres("Space between rows"),
      borders: z.boolean().optional().describe("Draw borders to cut along"),
      calibrate: z.string().optional().describe("SX,DX,SY,DY as measured on the calibration page"),
    }),
    output: Sheet,
    positional: ["rows"],
    columns: ["pages", "format", "barcodes"],
    examples: [{ title: "Twenty labels", input: { rows: "CAP:L9:color:1-20" } }],
    handler: (_context, { rows = "", format = "pdf", ...rest }) => {
      const { barcodes, pages, pdf, svg } = makeLabelSheet({ rows, ...rest });
      const content = format === "svg" ? svg : [Buffer.from(pdf).toString("base64")];
      return { barcodes, pages, format, content };
    },
  }),
] as const;
