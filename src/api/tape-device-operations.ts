// SPDX-License-Identifier: Apache-2.0
// Drives, changers and cartridges by hand: what is where, moving, loading, status, cleaning, erasing, vaults. Names of commands
// and columns are those of Proxmox.

import * as z from "zod";
import type { CartridgeRecord } from "#backup/index.ts";
import { locationTextOf, managerOf } from "./handling.ts";
import { operation } from "./operation.ts";
import { bytes, Nothing, tapeDrive, Task, time } from "./schemas.ts";

const drive = tapeDrive;
const changer = z.string().optional().describe("Name of the changer; not needed when there is only one");
const labelText = z.string().describe("Label of the cartridge");
const cartridge = z.string().describe("Label of the cartridge, or its UUID");
const slot = (text: string) => z.int().min(1).max(65_535).describe(text);
const isAsked = (text: string) => z.boolean().optional().describe(text);

const ElementView = z.object({
  entryKind: z.enum(["drive", "slot", "import-export"]),
  entryId: z.int(),
  labelText: z.string().optional(),
  loadedSlot: z.int().optional(),
  drive: z.string().optional(),
});
const ChangerView = z.object({
  name: z.string(),
  portal: z.string().optional(),
  target: z.string().optional(),
  drives: z.array(z.string()),
});
const StatusView = z.object({
  vendor: z.string(),
  product: z.string(),
  revision: z.string(),
  serial: z.string().optional(),
  hasMedium: z.boolean(),
  activity: z.string().optional(),
  blocksize: z.int().optional(),
  density: z.string().optional(),
  compression: z.boolean().optional(),
  bufferMode: z.int().optional(),
  writeProtect: z.boolean().optional(),
  alertFlags: z.array(z.string()),
  fileNumber: z.int().optional(),
  blockNumber: z.int().optional(),
  manufactured: z.string().optional(),
  bytesWritten: bytes.optional(),
  bytesRead: bytes.optional(),
  mediumPasses: z.int().optional(),
  mediumWearout: z.number().optional(),
  volumeMounts: z.int().optional(),
});
const LabelView = z.object({
  labelText: z.string(),
  uuid: z.string(),
  ctime: time,
  pool: z.string().optional(),
  mediaSetUuid: z.string().optional(),
  mediaSetCtime: time.optional(),
  seqNr: z.int().optional(),
  encryptionKeyFingerprint: z.string().optional(),
});
const PlaceView = z.object({
  labelText: z.string(),
  uuid: z.string(),
  location: z.string(),
  status: z.string().optional(),
});

const placeView = ({ label, location, state }: CartridgeRecord) => {
  return { labelText: label.labelText, uuid: label.uuid, location: locationTextOf(location), status: state };
};
const milliseconds = (seconds: number): number => seconds * 1000;

const queries = [
  operation({
    name: "tape.status",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/tape/status" },
    summary: "Show the status of a drive and of its cartridge",
    input: z.strictObject({ drive }),
    output: StatusView,
    positional: [],
    examples: [{ title: "The only drive", input: {} }],
    handler: (context, input) => managerOf(context).devices.status(input.drive),
  }),
  operation({
    name: "tape.volume-statistics",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/tape/volume-statistics" },
    summary: "Show the volume statistics of the cartridge in a drive",
    input: z.strictObject({ drive }),
    output: z.array(z.object({ name: z.string(), value: z.union([z.number(), z.string(), z.boolean()]) })),
    positional: [],
    examples: [{ title: "The only drive", input: {} }],
    handler: async (context, input) =>
      Object.entries(await managerOf(context).devices.statistics(input.drive)).map(([name, value]) => ({
        name,
        value,
      })),
  }),
  operation({
    name: "tape.cartridge-memory",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/tape/cartridge-memory" },
    summary: "Show the memory of the cartridge in a drive",
    input: z.strictObject({ drive }),
    output: z.array(z.object({ id: z.string(), name: z.string(), value: z.string() })),
    positional: [],
    examples: [{ title: "The only drive", input: {} }],
    handler: (context, input) => managerOf(context).devices.memory(input.drive),
  }),
  operation({
    name: "tape.changer.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/tape/changers" },
    summary: "List the changers of the manager; each has the name of the first drive that was set up for it",
    input: z.strictObject({}),
    output: z.array(ChangerView),
    positional: [],
    examples: [{ title: "All of them", input: {} }],
    handler: (context) => managerOf(context).devices.changers(),
  }),
  operation({
    name: "tape.changer.status",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/tape/changer-status" },
    summary: "Show what is in the drives and slots of a changer; the inventory learns it",
    input: z.strictObject({ name: changer }),
    output: z.array(ElementView),
    positional: ["name"],
    columns: ["entryKind", "entryId", "labelText", "loadedSlot", "drive"],
    examples: [{ title: "The only changer", input: {} }],
    handler: (context, { name }) => managerOf(context).devices.changerStatus(name),
  }),
] as const;

const tasks = [
  operation({
    name: "tape.read-label",
    kind: "change",
    permission: "operator",
    route: { method: "post", path: "/tape/read-label" },
    summary: "Read the labels of the cartridge in a drive",
    input: z.strictObject({ drive, inventorize: isAsked("Take the labels into the inventory") }),
    output: LabelView,
    positional: [],
    examples: [{ title: "The only drive", input: {} }],
    handler: async (context, input) => {
      const inventorizes = input.inventorize === true;
      const { label, set } = await managerOf(context).devices.readLabel(input.drive, { inventorizes });
      return {
        labelText: label.labelText,
        uuid: label.uuid,
        ctime: milliseconds(label.ctime),
        pool: set?.pool ?? label.pool,
        mediaSetUuid: set?.uuid,
        mediaSetCtime: set === undefined ? undefined : milliseconds(set.ctime),
        seqNr: set?.setIndex,
        encryptionKeyFingerprint: set?.key?.fingerprint,
      };
    },
  }),
  operation({
    name: "tape.changer.transfer",
    kind: "task",
    permission: "operator",
    route: { method: "post", path: "/tape/changer-transfer" },
    summary: "Move a cartridge from one slot of a changer to another",
    input: z.strictObject({ from: slot("Slot that it is in"), to: slot("Empty slot that it goes to"), name: changer }),
    output: Task,
    positional: ["from", "to"],
    examples: [{ title: "To the first mail slot of a library with 20 slots", input: { from: 3, to: 21 } }],
    handler: (context, { from, to, name }, caller) =>
      managerOf(context).devices.transfer({ changer: name, from, to }, caller.name),
  }),
  operation({
    name: "tape.load-media",
    kind: "task",
    permission: "operator",
    route: { method: "post", path: "/tape/load-media" },
    summary: "Load a cartridge into a drive",
    input: z.strictObject({ labelText, drive }),
    output: Task,
    positional: ["labelText"],
    examples: [{ title: "Into the only drive", input: { labelText: "CAP001L8" } }],
    handler: (context, input, caller) =>
      managerOf(context).devices.load({ labelText: input.labelText, drive: input.drive }, caller.name),
  }),
  operation({
    name: "tape.load-media-from-slot",
    kind: "task",
    permission: "operator",
    route: { method: "post", path: "/tape/load-media-from-slot" },
    summary: "Load whatever is in a slot into a drive",
    input: z.strictObject({ sourceSlot: slot("Slot that it is in"), drive }),
    output: Task,
    positional: ["sourceSlot"],
    examples: [{ title: "Into the only drive", input: { sourceSlot: 3 } }],
    handler: (context, input, caller) =>
      managerOf(context).devices.loadSlot({ slot: input.sourceSlot, drive: input.drive }, caller.name),
  }),
  operation({
    name: "tape.unload",
    kind: "task",
    permission: "operator",
    route: { method: "post", path: "/tape/unload" },
    summary: "Take the cartridge out of a drive",
    description: "It goes to the slot that is named, else to where it came from, else to the first free slot.",
    input: z.strictObject({ drive, targetSlot: slot("Slot that it goes to").optional() }),
    output: Task,
    positional: [],
    examples: [{ title: "Of the only drive", input: {} }],
    handler: (context, input, caller) =>
      managerOf(context).devices.unload({ slot: input.targetSlot, drive: input.drive }, caller.name),
  }),
  operation({
    name: "tape.export-media",
    kind: "task",
    permission: "operator",
    route: { method: "post", path: "/tape/export-media" },
    summary: "Move a cartridge to a mail slot",
    input: z.strictObject({ labelText, drive }),
    output: Task,
    positional: ["labelText"],
    examples: [{ title: "From the only library", input: { labelText: "CAP001L8" } }],
    handler: (context, input, caller) =>
      managerOf(context).devices.export({ labelText: input.labelText, drive: input.drive }, caller.name),
  }),
  operation({
    name: "tape.eject",
    kind: "task",
    permission: "operator",
    route: { method: "post", path: "/tape/eject" },
    summary: "Eject the cartridge of a drive; in a library it goes to a slot",
    input: z.strictObject({ drive }),
    output: Task,
    positional: [],
    examples: [{ title: "Of the only drive", input: {} }],
    handler: (context, input, caller) => managerOf(context).devices.eject(input.drive, caller.name),
  }),
  operation({
    name: "tape.rewind",
    kind: "task",
    permission: "operator",
    route: { method: "post", path: "/tape/rewind" },
    summary: "Rewind the cartridge of a drive",
    input: z.strictObject({ drive }),
    output: Task,
    positional: [],
    examples: [{ title: "Of the only drive", input: {} }],
    handler: (context, input, caller) => managerOf(context).devices.rewind(input.drive, caller.name),
  }),
  operation({
    name: "tape.clean",
    kind: "task",
    permission: "operator",
    route: { method: "post", path: "/tape/clean" },
    summary: "Clean a drive with a cleaning cartridge of its library, whose barcode begins with CLN",
    description: "A backup does so by itself when its drive asks for it.",
    input: z.strictObject({ drive }),
    output: Task,
    positional: [],
    examples: [{ title: "The only drive", input: {} }],
    handler: (context, input, caller) => managerOf(context).devices.clean(input.drive, caller.name),
  }),
  operation({
    name: "tape.format",
    kind: "task",
    permission: "admin",
    route: { method: "post", path: "/tape/format" },
    summary: "Erase a cartridge and forget it",
    input: z.strictObject({
      drive,
      labelText: labelText
        .optional()
        .describe("Label that it must have; it is loaded. What is in the drive when left out"),
      fast: isAsked("Only as far as no reader finds anything, which is so when left out"),
    }),
    output: Task,
    positional: [],
    examples: [{ title: "One of the library", input: { labelText: "CAP001L8" } }],
    handler: (context, input, caller) =>
      managerOf(context).devices.format(
        { labelText: input.labelText, isFast: input.fast !== false, drive: input.drive },
        caller.name,
      ),
  }),
] as const;

const inventory = [
  operation({
    name: "tape.media.move",
    kind: "change",
    permission: "operator",
    route: { method: "post", path: "/tape/media/{cartridge}/move" },
    summary: "Note that a cartridge went to a vault, or came back from one",
    input: z.strictObject({
      cartridge,
      vault: z.string().optional().describe("Name of the vault; on site when left out"),
    }),
    output: PlaceView,
    positional: ["cartridge", "vault"],
    examples: [{ title: "To the bank", input: { cartridge: "CAP001L8", vault: "bank" } }],
    handler: async (context, input) => placeView(await managerOf(context).devices.move(input.cartridge, input.vault)),
  }),
  operation({
    name: "tape.media.set-status",
    kind: "change",
    permission: "operator",
    route: { method: "post", path: "/tape/media/{cartridge}/status" },
    summary: "Mark a cartridge as full, damaged or retired, or take such a mark away",
    input: z.strictObject({
      cartridge,
      status: z.enum(["full", "damaged", "retired"]).optional().describe("The mark; taken away when left out"),
    }),
    output: PlaceView,
    positional: ["cartridge", "status"],
    examples: [{ title: "It fell", input: { cartridge: "CAP001L8", status: "damaged" } }],
    handler: async (context, input) =>
      placeView(await managerOf(context).devices.setState(input.cartridge, input.status)),
  }),
  operation({
    name: "tape.media.destroy",
    kind: "change",
    permission: "admin",
    route: { method: "delete", path: "/tape/media/{cartridge}" },
    summary: "Make the inventory forget a cartridge and its catalog",
    input: z.strictObject({ cartridge, force: isAsked("Also when it belongs to a media set") }),
    output: Nothing,
    positional: ["cartridge"],
    examples: [{ title: "A lost one", input: { cartridge: "CAP001L8", force: true } }],
    handler: async (context, input) => {
      await managerOf(context).devices.destroy(input.cartridge, input.force === true);
      return {};
    },
  }),
] as const;

/** Drives, changers and cartridges by hand. */
export const tapeDeviceOperations = [...queries, ...tasks, ...inventory] as const;
