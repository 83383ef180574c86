// SPDX-License-Identifier: Apache-2.0
// Operations on cartridges in libraries: create, move, eject to the shelf.

import * as z from "zod";
import { limits } from "#base/index.ts";
import { given, onlyLibrary } from "./handling.ts";
import { operation } from "./operation.ts";
import {
  barcode,
  Cartridge,
  cartridgeColumns as columns,
  cartridgeSize,
  libraryName,
  maybeLibrary,
  number,
  poolName,
  states,
  Task,
} from "./schemas.ts";

const byBarcode = z.strictObject({ barcode });
const anExample = (title: string) => [{ title, input: { barcode: "CAP001L8" } }];

/** What can be done with cartridges. */
export const cartridgeOperations = [
  operation({
    name: "cartridge.create",
    kind: "change",
    permission: "operator",
    route: { method: "post", path: "/cartridges" },
    summary: "Create blank cartridges in a library",
    input: z.strictObject({
      library: maybeLibrary,
      count: z.int().min(1).max(limits.cartridgesPerCreate).optional().describe("How many, 1 by default"),
      size: cartridgeSize.optional(),
      barcodePrefix: z
        .string()
        .regex(/^[A-Z0-9]{1,5}$/, { error: "1 to 5 capital letters and digits" })
        .optional()
        .describe("Barcodes are this, a running number, and the medium's suffix; CAP by default"),
      barcode: barcode.optional().describe("Exactly this barcode, for one cartridge"),
      into: z.enum(["storage-slot", "mail-slot"]).optional().describe("Where they appear; storage slots by default"),
      writeOnce: z.boolean().optional().describe("Hosts can append to them and nothing else; stays so for ever"),
      pool: poolName.optional().describe("Shelf pool that they go to when they are ejected; glacier by default"),
    }),
    output: z.array(Cartridge),
    positional: [],
    columns,
    examples: [
      { title: "Ten small cartridges for a trial", input: { count: 10, size: "200MiB", barcodePrefix: "TRY" } },
      { title: "One with a barcode of its own", input: { barcode: "ARCH01L8", size: "12TB", pool: "deep-archive" } },
    ],
    handler: ({ gateway }, { library, size, ...rest }) =>
      gateway.createCartridges({
        ...given({ ...rest, sizeBytes: size }),
        library: onlyLibrary(gateway, library),
      }),
  }),
  operation({
    name: "cartridge.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/cartridges" },
    summary: "List cartridges in libraries and on the shelf",
    input: z.strictObject({
      library: libraryName.optional(),
      state: states.optional().describe("Only those in this state"),
      pool: poolName.optional(),
      barcodePrefix: z.string().optional().describe("Only barcodes that begin with this"),
      after: z.string().optional().describe("Only barcodes behind this one: the last of the page before"),
      limit: z.int().min(1).optional().describe("At most so many: a page"),
    }),
    output: z.array(Cartridge),
    positional: [],
    pagedBy: "barcode",
    columns,
    examples: [
      { title: "All cartridges", input: {} },
      { title: "What is on the shelf", input: { state: "ARCHIVED" } },
    ],
    handler: ({ gateway }, input) => gateway.listCartridges(given(input)),
  }),
  operation({
    name: "cartridge.show",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/cartridges/{barcode}" },
    summary: "Show one cartridge",
    input: byBarcode,
    output: Cartridge,
    positional: ["barcode"],
    examples: anExample("One cartridge"),
    handler: ({ gateway }, input) => gateway.getCartridge(input.barcode),
  }),
  operation({
    name: "cartridge.move",
    kind: "change",
    permission: "operator",
    route: { method: "post", path: "/cartridges/{barcode}/move" },
    summary: "Move a cartridge within its library, as the robot would",
    description: "Into a drive loads it, out of a drive unloads it, into a mail slot ejects it to the shelf.",
    input: z.strictObject({
      barcode,
      to: z.enum(["storage-slot", "mail-slot", "drive"]).describe("Kind of element"),
      number: number.optional().describe("Number of the element among its kind, from 1; the first free one by default"),
    }),
    output: Cartridge,
    positional: ["barcode", "to", "number"],
    columns,
    examples: [{ title: "Into storage slot 7", input: { barcode: "CAP001L8", to: "storage-slot", number: 7 } }],
    handler: ({ gateway }, input) =>
      gateway.moveCartridge({
        barcode: input.barcode,
        to: { kind: input.to, ...given({ number: input.number }) },
      }),
  }),
  operation({
    name: "cartridge.load",
    kind: "change",
    permission: "operator",
    route: { method: "post", path: "/cartridges/{barcode}/load" },
    summary: "Load a cartridge into a drive",
    input: z.strictObject({
      barcode,
      drive: number.optional().describe("Number of the drive, from 1; the first empty one by default"),
    }),
    output: Cartridge,
    positional: ["barcode", "drive"],
    columns,
    examples: [{ title: "Into drive 2", input: { barcode: "CAP001L8", drive: 2 } }],
    handler: ({ gateway }, input) => gateway.loadCartridge(input.barcode, input.drive),
  }),
  operation({
    name: "cartridge.unload",
    kind: "change",
    permission: "operator",
    route: { method: "post", path: "/cartridges/{barcode}/unload" },
    summary: "Unload a cartridge from its drive, back to where it came from",
    input: byBarcode,
    output: Cartridge,
    positional: ["barcode"],
    columns,
    examples: anExample("Unload"),
    handler: ({ gateway }, input) => gateway.unloadCartridge(input.barcode),
  }),
  operation({
    name: "cartridge.import",
    kind: "change",
    permission: "operator",
    route: { method: "post", path: "/cartridges/{barcode}/import" },
    summary: "Move a cartridge from a mail slot to a storage slot",
    input: z.strictObject({
      barcode,
      slot: number.optional().describe("Number of the storage slot, from 1; the first free one by default"),
    }),
    output: Cartridge,
    positional: ["barcode", "slot"],
    columns,
    examples: anExample("Into the first free slot"),
    handler: ({ gateway }, input) => gateway.importCartridge(input.barcode, input.slot),
  }),
  operation({
    name: "cartridge.eject",
    kind: "task",
    permission: "operator",
    route: { method: "post", path: "/cartridges/{barcode}/eject" },
    summary: "Eject a cartridge from its library and archive it on the shelf",
    input: byBarcode,
    output: Task,
    positional: ["barcode"],
    examples: anExample("To the shelf"),
    handler: ({ gateway }, input, caller) => gateway.ejectCartridge(input.barcode, { who: caller.name }),
  }),
  operation({
    name: "cartridge.accept-loss",
    kind: "change",
    permission: "operator",
    route: { method: "post", path: "/cartridges/{barcode}/accept-loss" },
    summary: "Take note of what a cartridge lost, so that it can be written again",
    input: byBarcode,
    output: Cartridge,
    positional: ["barcode"],
    columns,
    examples: anExample("After the hosts know"),
    handler: ({ gateway }, input) => gateway.acceptLoss(input.barcode),
  }),
  operation({
    name: "cartridge.cancel-archive",
    kind: "change",
    permission: "operator",
    route: { method: "post", path: "/cartridges/{barcode}/cancel-archive" },
    summary: "Bring back an ejected cartridge while it is still IN_TRANSIT",
    input: byBarcode,
    output: Cartridge,
    positional: ["barcode"],
    columns,
    examples: anExample("Back into a mail slot"),
    handler: ({ gateway }, input) => gateway.cancelArchive(input.barcode),
  }),
] as const;
