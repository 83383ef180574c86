// SPDX-License-Identifier: Apache-2.0
// docs/SUPPORTED.md, made from the tables that the product runs on: commands, pages, attributes, densities, models,
// presets. A test compares the file with it.

import { presetViews } from "#gateway/index.ts";
import {
  attributes,
  changerModels,
  densities,
  driveModels,
  encryptionInPages,
  encryptionOutPages,
  logPages,
  smcCommands,
  spcCommands,
  sscCommands,
  vpdPages,
  type AttributeRow,
  type CommandRow,
  type LogPageRow,
} from "#scsi/index.ts";

type Cell = string | number;

const hex = (value: number, digits = 2): string => `${value.toString(16).toUpperCase().padStart(digits, "0")}h`;

function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly Cell[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function commandTable(rows: readonly CommandRow[]): string {
  const sorted = rows.toSorted(
    (left, right) => left.opcode - right.opcode || (left.serviceAction ?? 0) - (right.serviceAction ?? 0),
  );
  return table(
    ["Operation code", "Service action", "Command", "Standard", "Under RESERVE", "Under persistent reservation"],
    sorted.map(({ opcode, serviceAction, name, standard, underReserve, underPersistent }) => [
      hex(opcode),
      serviceAction === undefined ? "" : hex(serviceAction),
      name,
      standard,
      underReserve,
      underPersistent,
    ]),
  );
}

const pageName = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** What units take. */
function commandSections(): readonly string[] {
  return [
    "## Commands of every unit",
    commandTable(Object.values(spcCommands)),
    "## Commands of drives",
    commandTable(Object.values(sscCommands)),
    "## Commands of changers",
    commandTable(Object.values(smcCommands)),
  ];
}

/** What units tell. */
function pageSections(): readonly string[] {
  return [
    "## VPD pages",
    table(
      ["Page", "Name"],
      Object.entries(vpdPages).map(([name, code]) => [hex(code), name]),
    ),
    "## Log pages",
    table(
      ["Page", "Name", "Parameters"],
      Object.values<LogPageRow>(logPages).map(({ code, name, parameters }) => [
        hex(code),
        name,
        Object.values(parameters)
          .map((parameter) => hex(parameter.code, 4))
          .join(" "),
      ]),
    ),
    "## Tape data encryption (security protocol 20h)",
    table(
      ["Page", "Direction", "Name"],
      [
        ...Object.entries(encryptionInPages).map(([name, code]) => [hex(code, 4), "in", pageName(name)]),
        ...Object.entries(encryptionOutPages).map(([name, code]) => [hex(code, 4), "out", pageName(name)]),
      ],
    ),
  ];
}

/** What cartridges are. */
function mediaSections(): readonly string[] {
  return [
    "## Medium auxiliary memory",
    table(
      ["Attribute", "Bytes", "Format", "Written by", "Name"],
      Object.values<AttributeRow>(attributes).map(({ id, length, format, source, name }) => [
        hex(id, 4),
        length,
        format,
        source,
        name,
      ]),
    ),
    "## Media",
    table(
      ["Generation", "Density", "Capacity in MB", "Name", "Barcode suffix", "Write-once suffix"],
      Object.values(densities).map(({ generation, code, capacityMegabytes, name, suffix }) => [
        `LTO-${generation}`,
        hex(code),
        capacityMegabytes,
        name,
        suffix.data,
        suffix.writeOnce,
      ]),
    ),
  ];
}

/** What libraries are made of. */
function modelSections(): readonly string[] {
  return [
    "## Drive models",
    table(
      ["Name", "Vendor", "Product", "Revision", "Writes", "Only reads"],
      Object.entries(driveModels).map(([name, { vendor, product, revision, writes, readsOnly }]) => [
        `\`${name}\``,
        vendor,
        product,
        revision,
        writes.map((generation) => `LTO-${generation}`).join(", "),
        readsOnly.map((generation) => `LTO-${generation}`).join(", "),
      ]),
    ),
    "## Changer models",
    table(
      ["Name", "Vendor", "Product", "Revision", "First picker", "First drive", "First slot", "First mail slot"],
      Object.entries(changerModels).map(([name, { vendor, product, revision, firstAddresses: first }]) => [
        `\`${name}\``,
        vendor,
        product,
        revision,
        first.picker,
        first.drive,
        first.storage,
        first.mail,
      ]),
    ),
  ];
}

/** What backup products take. */
function presetSections(): readonly string[] {
  return [
    "## Presets by backup product",
    "Changer and drives are those that vendors' guides name for the product; which of them were tried with the product itself, the\n" +
      "interop tests say.",
    table(
      ["Preset", "Product", "Changer", "Drives", "Hint for its administrator"],
      presetViews().map(({ name, title, changerModel, driveModel, hint }) => [
        `\`${name}\``,
        title,
        `\`${changerModel}\``,
        `\`${driveModel}\``,
        hint,
      ]),
    ),
  ];
}

/** The whole page. */
export function supportedPage(): string {
  const parts = [
    "# What is supported",
    "This page is made from the tables of the source by `npm run supported`; do not edit it. What a drive or changer does not list here it\n" +
      "answers with INVALID COMMAND OPERATION CODE or INVALID FIELD IN CDB, never with silence.",
    ...commandSections(),
    ...pageSections(),
    ...mediaSections(),
    ...modelSections(),
    ...presetSections(),
  ];
  return `${parts.join("\n\n")}\n`;
}
