// SPDX-License-Identifier: Apache-2.0
// Libraries that backup products are known to take, by product: what a new library has unless its request says otherwise,
// and what the product's administrator has to know. A row each, no code.

import type { changerModels, driveModels } from "#scsi/index.ts";
import { gatewayFault } from "./faults.ts";
import type { LibraryRequest, Topology } from "./requests.ts";
import type { PresetView } from "./views.ts";

interface Preset {
  /** For people. */
  readonly title: string;
  readonly changerModel: keyof typeof changerModels;
  readonly driveModel: keyof typeof driveModels;
  readonly drives: number;
  readonly storageSlots: number;
  readonly mailSlots: number;
  readonly topology?: Topology;
  /** For the administrator of the product. */
  readonly hint: string;
}

/** A library of the usual size with the changer that nearly every product knows. */
const usual = {
  changerModel: "stk-l700",
  driveModel: "ibm-lto8",
  drives: 4,
  storageSlots: 40,
  mailSlots: 8,
} as const;

const presets = {
  amanda: { ...usual, title: "Amanda", hint: "Use chg-robot with the sg device of the changer." },
  arcserve: {
    ...usual,
    title: "Arcserve Backup",
    hint: "Assign the mail slots; use quick import and quick inventory.",
  },
  "backup-exec": {
    ...usual,
    title: "Veritas Backup Exec",
    hint: "Cartridges leave with 'Export media now' and come back with 'Import media now'.",
  },
  bacula: {
    ...usual,
    title: "Bacula and Bareos",
    hint: "mtx-changer works as it is; cartridges leave with 'mtx transfer' to a mail slot, then 'update slots'.",
  },
  commvault: { ...usual, title: "Commvault", hint: "Cartridges leave with Export; catalog them after a retrieval." },
  "data-protector": {
    ...usual,
    changerModel: "hpe-msl",
    driveModel: "hpe-lto8",
    title: "OpenText Data Protector",
    hint: "The block size is 256 KiB by default; set SCSI Reserve/Release on the drives if hosts share them.",
  },
  dpm: {
    ...usual,
    title: "Microsoft Data Protection Manager",
    hint: "Install the StorageTek changer driver, or Windows shows no barcodes; then run DPMDriveMappingTool.",
  },
  ltfs: {
    ...usual,
    changerModel: "ibm-ts3100",
    driveModel: "ibm-lto8",
    title: "LTFS",
    hint: "mkltfs makes two partitions; the barcode's first six characters are the volume serial.",
  },
  netbackup: {
    ...usual,
    title: "Veritas NetBackup",
    hint: "Configure the robot as TLD; tick 'Empty media access port prior to update' after cartridges came back.",
  },
  netvault: { ...usual, title: "Quest NetVault", hint: "Give each drive the number of its bay." },
  networker: {
    ...usual,
    changerModel: "ibm-3584",
    title: "Dell NetWorker",
    hint: "Cartridges leave with Withdraw and come back with Deposit; drives match by serial number in inquire.",
  },
  novastor: {
    ...usual,
    title: "NovaStor DataCenter",
    hint: "It takes at most 2,400 elements; DRIVES, FIRST_DRIVE, SLOTS and FIRST_SLOT are in `capstan library show`.",
  },
  proxmox: {
    ...usual,
    changerModel: "ibm-ts3100",
    title: "Proxmox Backup Server",
    hint: "Barcodes of eight characters; set the mail slots as export slots or leave them to eject through.",
  },
  "spectrum-protect": {
    ...usual,
    changerModel: "ibm-3584",
    title: "IBM Spectrum Protect",
    hint: "Use the IBM driver non-exclusively; barcodes have at most eight characters; AUTODetect finds the drives.",
  },
  veeam: {
    ...usual,
    title: "Veeam Backup & Replication",
    hint: "If Windows shows an unknown medium changer, tick 'Use native SCSI commands' on the tape server.",
  },
} as const satisfies Readonly<Record<string, Preset>>;

const byName = new Map<string, Preset>(Object.entries(presets));

/** The request with what its preset adds; what the request says itself counts. Fault `gateway.preset-unknown`. */
export function withPreset({ preset: name, ...request }: LibraryRequest): Omit<LibraryRequest, "preset"> {
  if (name === undefined) return request;
  const preset = byName.get(name);
  if (preset === undefined) throw gatewayFault("preset-unknown", { name, known: [...byName.keys()].join(", ") });
  const { title: _title, hint: _hint, ...library } = preset;
  return { ...library, ...request };
}

/** All presets, by name. */
export function presetViews(): readonly PresetView[] {
  return [...byName].map(([name, preset]) => ({ name, ...preset }));
}
