// SPDX-License-Identifier: Apache-2.0
// What the manager of tapes is set up with: drives, pools, keys. Names of commands are those of Proxmox where it has them.

import * as z from "zod";
import { managerOf } from "./handling.ts";
import { operation } from "./operation.ts";
import { bytes, Nothing, size } from "./schemas.ts";

const driveName = z.string().describe("Name of the drive");
const poolName = z.string().describe("Name of the media pool");
const target = (what: string): z.ZodString => z.string().describe(`iSCSI name of the target of the ${what}`);
const lun = (what: string) => z.int().min(0).max(16_383).optional().describe(`LUN of the ${what}, 0 when left out`);

const DriveView = z.object({
  name: z.string(),
  kind: z.enum(["library", "standalone", "folder"]),
  portal: z.string().optional(),
  changerTarget: z.string().optional(),
  changerLun: z.int().optional(),
  driveTarget: z.string().optional(),
  driveLun: z.int().optional(),
  exportSlots: z.array(z.int()).optional(),
  ejectsBeforeUnload: z.boolean().optional(),
  path: z.string().optional(),
  sizeBytes: bytes.optional(),
});
const PoolView = z.object({
  name: z.string(),
  allocation: z.string(),
  retention: z.string(),
  template: z.string(),
  encryption: z.string().optional(),
});
const KeyView = z.object({
  fingerprint: z.string(),
  hint: z.string().optional(),
  created: z.string(),
  modified: z.string(),
});

/** Numbers of slots, each once, in their order. */
const slotsOf = (text: string | undefined): readonly number[] =>
  Array.from(
    new Set(
      (text ?? "")
        .split(",")
        .filter((slot) => slot !== "")
        .map(Number),
    ),
  ).toSorted((a, b) => a - b);

const anExample = (name: string) => [{ title: "By name", input: { name } }];

/** What the manager is set up with. */
export const tapeSetupOperations = [
  operation({
    name: "tape.drive.create",
    kind: "change",
    permission: "admin",
    route: { method: "post", path: "/tape/drives" },
    summary: "Set up a tape drive that is reached over iSCSI, with its library or alone",
    description:
      "The place of the drive in its library is found by its serial number. A drive without a changer stands alone: people put " +
      "cartridges in. `capstan target list` shows our own targets.",
    input: z.strictObject({
      name: driveName,
      portal: z.string().describe("Portal of the library, host:port"),
      driveTarget: target("drive"),
      changerTarget: target("changer").optional(),
      driveLun: lun("drive"),
      changerLun: lun("changer"),
      exportSlots: z
        .string()
        .regex(/^[1-9]\d{0,4}(,[1-9]\d{0,4})*$/, { error: "slots are numbers from 1 on, separated by commas" })
        .optional()
        .describe("Storage slots that count as mail slots, for libraries that have none: 21,22"),
      ejectBeforeUnload: z.boolean().optional().describe("Let the drive eject before the robot takes the cartridge"),
    }),
    output: DriveView,
    positional: ["name"],
    examples: [
      {
        title: "The first drive of a library of this gateway",
        input: {
          name: "drive0",
          portal: "127.0.0.1:3260",
          driveTarget: "iqn.2026-11.io.capstan:main-drive-01",
          changerTarget: "iqn.2026-11.io.capstan:main-changer",
        },
      },
    ],
    handler: async (context, input) => {
      const { name, portal, driveTarget, changerTarget, driveLun = 0, changerLun = 0, exportSlots } = input;
      const unit = { name, portal, driveTarget, driveLun };
      const drive =
        changerTarget === undefined
          ? { kind: "standalone" as const, ...unit }
          : {
              kind: "library" as const,
              ...unit,
              changerTarget,
              changerLun,
              exportSlots: slotsOf(exportSlots),
              ejectsBeforeUnload: input.ejectBeforeUnload === true,
            };
      await managerOf(context).addDrive(drive);
      return drive;
    },
  }),
  operation({
    name: "tape.drive.create-folder",
    kind: "change",
    permission: "admin",
    route: { method: "post", path: "/tape/drive-folders" },
    summary: "Set up a folder as a drive, in the format of Proxmox's virtual drive",
    description: "Tapes in such a folder can be carried to a Proxmox server, and from one. It does not encrypt.",
    input: z.strictObject({
      name: driveName,
      path: z
        .string()
        .regex(/^\//, { error: "a folder is an absolute path" })
        .describe("Absolute path of the folder on the machine of this process"),
      size: size.optional().describe("Size of a cartridge, 64 MiB when left out"),
    }),
    output: DriveView,
    positional: ["name", "path"],
    examples: [{ title: "A folder of tapes", input: { name: "virtual0", path: "/srv/tapes", size: "1GiB" } }],
    handler: async (context, { name, path, size: sizeBytes }) => {
      const drive = { kind: "folder" as const, name, path, sizeBytes };
      await managerOf(context).addDrive(drive);
      return drive;
    },
  }),
  operation({
    name: "tape.import-config",
    kind: "change",
    permission: "admin",
    route: { method: "post", path: "/tape/import-config" },
    summary: "Take over what a Proxmox server has set up for tapes: tape.cfg, media-pool.cfg, tape-job.cfg",
    description:
      "What is there already stays as it is, and what is not taken is named. Import the keys and the datastores before. Drives " +
      "and changers that are devices of that machine are only named.",
    input: z.strictObject({
      path: z
        .string()
        .regex(/^\//, { error: "a folder is an absolute path" })
        .describe("Absolute path of the folder with these files, on the machine of this process"),
      dryRun: z.boolean().optional().describe("Only say what would become of everything"),
    }),
    output: z.array(
      z.object({
        kind: z.enum(["drive", "changer", "pool", "backup-job"]),
        name: z.string(),
        outcome: z.enum(["imported", "would-import", "exists", "left-out"]),
        remarks: z.array(z.string()),
      }),
    ),
    positional: ["path"],
    examples: [{ title: "Only look", input: { path: "/etc/proxmox-backup", dryRun: true } }],
    handler: (context, { path, dryRun }) => managerOf(context).importProxmox({ path, isDryRun: dryRun === true }),
  }),
  operation({
    name: "tape.drive.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/tape/drives" },
    summary: "List the drives of the manager",
    input: z.strictObject({}),
    output: z.array(DriveView),
    positional: [],
    examples: [{ title: "All of them", input: {} }],
    handler: (context) => managerOf(context).config.drives,
  }),
  operation({
    name: "tape.drive.remove",
    kind: "change",
    permission: "admin",
    route: { method: "delete", path: "/tape/drives/{name}" },
    summary: "Forget a drive of the manager",
    input: z.strictObject({ name: driveName }),
    output: Nothing,
    positional: ["name"],
    examples: anExample("drive0"),
    handler: async (context, { name }) => {
      await managerOf(context).remove("drives", name);
      return {};
    },
  }),
  operation({
    name: "tape.pool.create",
    kind: "change",
    permission: "admin",
    route: { method: "post", path: "/tape/pools" },
    summary: "Set up a media pool with its policies",
    input: z.strictObject({
      name: poolName,
      allocation: z.string().optional().describe("When a media set begins: continue, always or a calendar event"),
      retention: z.string().optional().describe("How long sets are kept: keep, overwrite or a time span"),
      encrypt: z.string().optional().describe("Fingerprint of the key that its sets are encrypted with"),
      template: z.string().optional().describe("How its sets are named, in directives of strftime; %c when left out"),
    }),
    output: PoolView,
    positional: ["name"],
    examples: [
      { title: "One endless set", input: { name: "offsite" } },
      {
        title: "A set a week, kept for four",
        input: { name: "weekly", allocation: "sat 18:00", retention: "4 weeks" },
      },
    ],
    handler: (context, { name, allocation = "continue", retention = "keep", template = "%c", encrypt }) =>
      managerOf(context).addPool({ name, allocation, retention, template, encryption: encrypt }),
  }),
  operation({
    name: "tape.pool.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/tape/pools" },
    summary: "List the media pools",
    input: z.strictObject({}),
    output: z.array(PoolView),
    positional: [],
    examples: [{ title: "All of them", input: {} }],
    handler: (context) => managerOf(context).config.pools,
  }),
  operation({
    name: "tape.pool.remove",
    kind: "change",
    permission: "admin",
    route: { method: "delete", path: "/tape/pools/{name}" },
    summary: "Forget a media pool; its cartridges stay in the inventory",
    input: z.strictObject({ name: poolName }),
    output: Nothing,
    positional: ["name"],
    examples: anExample("offsite"),
    handler: async (context, { name }) => {
      await managerOf(context).remove("pools", name);
      return {};
    },
  }),
  operation({
    name: "tape.key.create",
    kind: "change",
    permission: "admin",
    route: { method: "post", path: "/tape/keys" },
    summary: "Make an encryption key for tapes, protected by a passphrase",
    description:
      "The protected key is written onto every cartridge of its sets; with the passphrase it comes back from there.",
    input: z.strictObject({
      hint: z.string().min(1).max(64).describe("What reminds you of the passphrase"),
      passphrase: z.string().min(5).meta({ secret: true }).describe("Passphrase, at least 5 characters"),
    }),
    output: KeyView,
    positional: [],
    examples: [{ title: "A key with a hint", input: { hint: "the usual horse", passphrase: "correct horse battery" } }],
    handler: async (context, input) => {
      const { fingerprint = "", hint, created, modified } = await managerOf(context).createKey(input);
      return { fingerprint, hint, created, modified };
    },
  }),
  operation({
    name: "tape.key.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/tape/keys" },
    summary: "List the encryption keys for tapes",
    input: z.strictObject({}),
    output: z.array(KeyView),
    positional: [],
    examples: [{ title: "All of them", input: {} }],
    handler: (context) =>
      managerOf(context).keys.configs.map(({ fingerprint = "", hint, created, modified }) => {
        return { fingerprint, hint, created, modified };
      }),
  }),
] as const;
