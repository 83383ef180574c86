// SPDX-License-Identifier: Apache-2.0
// Operations on libraries, their drives and elements, and on what libraries can be made of.

import * as z from "zod";
import { limits } from "#base/index.ts";
import { given } from "./handling.ts";
import { operation } from "./operation.ts";
import { Drive, Element, Library, libraryName, Model, Nothing, name, Preset } from "./schemas.ts";

const address = z.int().min(0).max(65_535).optional();
const drives = z.int().min(1).max(limits.drivesMax).optional();
const slots = z.int().min(1).max(limits.elementsMax).optional();
const mailSlots = z.int().min(0).max(limits.elementsMax).optional();

const durability = z
  .enum(["local", "remote"])
  .optional()
  .describe("When filemarks and the like are answered: synced here (local), or in the object store too (remote)");

const libraryColumns = [
  "name",
  "changerModel",
  "driveModel",
  "topology",
  "durability",
  "drives",
  "storageSlots",
  "mailSlots",
];

/** What can be done with libraries. */
export const libraryOperations = [
  operation({
    name: "library.create",
    kind: "change",
    permission: "admin",
    route: { method: "post", path: "/libraries" },
    summary: "Create a library: a changer with drives, storage slots and mail slots",
    description:
      "Hosts see its devices as new iSCSI targets at once. `capstan model list` shows what changers and drives there are.",
    input: z.strictObject({
      name: name.describe("Name of the new library"),
      preset: z
        .string()
        .optional()
        .describe("Backup product it is for, as `capstan preset list` names it: gives what is left out here"),
      drives: drives.describe("Number of drives, 4 by default"),
      slots: slots.describe("Number of storage slots, 40 by default"),
      mailSlots: mailSlots.describe("Number of mail slots (import/export elements), 8 by default"),
      changerModel: z.string().optional().meta({ suggest: "changer-models" }).describe("Model of the changer"),
      driveModel: z.string().optional().meta({ suggest: "drive-models" }).describe("Model of all drives"),
      topology: z
        .enum(["target-per-device", "single-target"])
        .optional()
        .describe("One iSCSI target per device (default), or one with the changer at LUN 0 and drives from LUN 1"),
      durability,
      firstPicker: address.describe("First element address of the picker"),
      firstDrive: address.describe("First element address of the drives"),
      firstSlot: address.describe("First element address of the storage slots"),
      firstMailSlot: address.describe("First element address of the mail slots"),
    }),
    output: Library,
    positional: ["name"],
    columns: libraryColumns,
    examples: [
      { title: "A library with everything left to its defaults", input: { name: "main" } },
      { title: "A library that Veeam takes", input: { name: "veeam", preset: "veeam" } },
      {
        title: "Two LTO-9 drives behind one target",
        input: { name: "small", drives: 2, slots: 20, mailSlots: 2, driveModel: "ibm-lto9", topology: "single-target" },
      },
      {
        title: "Element addresses as an old configuration expects them",
        input: { name: "moved", firstPicker: 0, firstDrive: 500, firstSlot: 1000, firstMailSlot: 10 },
      },
    ],
    handler: ({ gateway }, input) => {
      const { slots: storageSlots, firstPicker, firstDrive, firstSlot, firstMailSlot, ...rest } = input;
      const firstAddresses = given({
        picker: firstPicker,
        drive: firstDrive,
        storageSlot: firstSlot,
        mailSlot: firstMailSlot,
      });
      const addresses = Object.keys(firstAddresses).length === 0 ? {} : { firstAddresses };
      return gateway.createLibrary({ ...given({ ...rest, storageSlots }), name: input.name, ...addresses });
    },
  }),
  operation({
    name: "library.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/libraries" },
    summary: "List the libraries",
    input: z.strictObject({}),
    output: z.array(Library),
    positional: [],
    columns: [...libraryColumns, "cartridges"],
    examples: [{ title: "All libraries", input: {} }],
    handler: ({ gateway }) => gateway.listLibraries(),
  }),
  operation({
    name: "library.show",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/libraries/{name}" },
    summary: "Show one library with its drives",
    input: z.strictObject({ name: libraryName }),
    output: Library,
    positional: ["name"],
    examples: [{ title: "The library main", input: { name: "main" } }],
    handler: ({ gateway }, input) => gateway.getLibrary(input.name),
  }),
  operation({
    name: "library.elements",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/libraries/{name}/elements" },
    summary: "List the elements of a library and what is in them",
    input: z.strictObject({ name: libraryName }),
    output: z.array(Element),
    positional: ["name"],
    columns: ["address", "kind", "number", "cartridge", "cameFrom"],
    examples: [{ title: "The inventory of the library main", input: { name: "main" } }],
    handler: ({ gateway }, input) => gateway.listElements(input.name),
  }),
  operation({
    name: "library.change",
    kind: "change",
    permission: "admin",
    route: { method: "patch", path: "/libraries/{name}" },
    summary: "Change the number of drives and slots of a library",
    description: "Numbers shrink from the end; what is occupied is refused.",
    input: z.strictObject({
      name: libraryName,
      drives: drives.describe("New number of drives"),
      slots: slots.describe("New number of storage slots"),
      mailSlots: mailSlots.describe("New number of mail slots"),
      durability,
    }),
    output: Library,
    positional: ["name"],
    columns: libraryColumns,
    examples: [
      { title: "More slots", input: { name: "main", slots: 100 } },
      { title: "Data is safe only when it is in the object store", input: { name: "main", durability: "remote" } },
    ],
    handler: ({ gateway }, input) =>
      gateway.changeLibrary(
        input.name,
        given({
          drives: input.drives,
          storageSlots: input.slots,
          mailSlots: input.mailSlots,
          durability: input.durability,
        }),
      ),
  }),
  operation({
    name: "library.delete",
    kind: "change",
    permission: "admin",
    route: { method: "delete", path: "/libraries/{name}" },
    summary: "Delete an empty library",
    input: z.strictObject({ name: libraryName }),
    output: Nothing,
    positional: ["name"],
    examples: [{ title: "Delete the library small", input: { name: "small" } }],
    handler: async ({ gateway }, input) => {
      await gateway.deleteLibrary(input.name);
      return {};
    },
  }),
  operation({
    name: "drive.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/drives" },
    summary: "List drives, what is loaded and how much went through them",
    input: z.strictObject({ library: libraryName.optional() }),
    output: z.array(Drive),
    positional: [],
    columns: ["library", "number", "model", "serial", "state", "cartridge", "sessions", "bytesWritten", "bytesRead"],
    examples: [
      { title: "All drives", input: {} },
      { title: "Those of one library", input: { library: "main" } },
    ],
    handler: ({ gateway }, input) => gateway.listDrives(input.library),
  }),
  operation({
    name: "model.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/models" },
    summary: "List the changer and drive models that libraries can have",
    input: z.strictObject({}),
    output: z.array(Model),
    positional: [],
    columns: ["name", "kind", "vendor", "product", "revision", "medium"],
    examples: [{ title: "All models", input: {} }],
    handler: ({ gateway }) => gateway.models(),
  }),
  operation({
    name: "preset.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/presets" },
    summary: "List backup products with the library that each takes, and what its administrator has to know",
    input: z.strictObject({}),
    output: z.array(Preset),
    positional: [],
    columns: ["name", "title", "changerModel", "driveModel", "hint"],
    examples: [{ title: "All presets", input: {} }],
    handler: ({ gateway }) => gateway.presets(),
  }),
] as const;
