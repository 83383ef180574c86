// SPDX-License-Identifier: Apache-2.0
// What a manager is set up with: datastores, drives and pools, by name. Kept as one JSON file of the manager's state.

import {
  type Json,
  type JsonObject,
  isJsonArray,
  isJsonObject,
  parseEndpoint,
  parseJson,
  prettyJson,
} from "#base/index.ts";
import { type MediaPool, parseAllocation, parseRetention } from "#media/index.ts";
import { backupFault } from "./faults.ts";

/** A datastore in a folder of this machine. */
export interface StoreConfig {
  readonly name: string;
  readonly path: string;
}

/** A folder in the format of Proxmox's virtual drive. */
export interface FolderDriveConfig {
  readonly kind: "folder";
  readonly name: string;
  readonly path: string;
  /** Bytes that fit on a cartridge; undefined: what Proxmox takes. */
  readonly sizeBytes: number | undefined;
}

/** A drive of a library that is reached over iSCSI. */
export interface LibraryDriveConfig {
  readonly kind: "library";
  readonly name: string;
  /** `host:port`. */
  readonly portal: string;
  readonly changerTarget: string;
  readonly changerLun: number;
  readonly driveTarget: string;
  readonly driveLun: number;
  /** Storage slots that count as mail slots, for libraries that have none. */
  readonly exportSlots: readonly number[];
  /** True: the drive lets its cartridge go before the robot takes it. */
  readonly ejectsBeforeUnload: boolean;
}

/** A drive that no changer serves, reached over iSCSI: people put cartridges in. */
export interface StandaloneDriveConfig {
  readonly kind: "standalone";
  readonly name: string;
  readonly portal: string;
  readonly driveTarget: string;
  readonly driveLun: number;
}

/** A drive. */
export type DriveConfig = LibraryDriveConfig | StandaloneDriveConfig | FolderDriveConfig;

/** A pool as it is written down. */
export interface PoolConfig {
  readonly name: string;
  readonly allocation: string;
  readonly retention: string;
  readonly encryption: string | undefined;
  readonly template: string;
}

/** All of it. */
export interface ManagerConfig {
  readonly datastores: readonly StoreConfig[];
  readonly drives: readonly DriveConfig[];
  readonly pools: readonly PoolConfig[];
}

/** Nothing is set up. */
export const emptyConfig: ManagerConfig = { datastores: [], drives: [], pools: [] };

const safeName = /^[A-Za-z0-9_][A-Za-z0-9._-]{1,31}$/;

/** Checks a name. Fault `backup.bad-config`. */
export function checkName(what: string, name: string): void {
  if (safeName.test(name)) return;
  const reason = "a name has 2 to 32 letters, digits, dots, underlines and hyphens";
  throw backupFault("bad-config", { what: `${what} "${name}"`, reason });
}

/** Checks a drive. Fault `backup.bad-config`. */
export function checkDrive(drive: DriveConfig): void {
  checkName("the drive", drive.name);
  if (drive.kind === "folder" || parseEndpoint(drive.portal) !== undefined) return;
  throw backupFault("bad-config", { what: `the drive ${drive.name}`, reason: `${drive.portal} is no host and port` });
}

/**
 * The name of a drive's changer, by which the inventory knows where cartridges are: that of the first drive that was set up
 * for it, so that all drives of a library mean one changer. Undefined for a drive that stands alone.
 */
export function changerNameOf(config: ManagerConfig, drive: DriveConfig): string | undefined {
  if (drive.kind === "standalone") return undefined;
  if (drive.kind === "folder") return drive.name;
  const isSame = (other: DriveConfig): boolean =>
    other.kind === "library" &&
    other.portal === drive.portal &&
    other.changerTarget === drive.changerTarget &&
    other.changerLun === drive.changerLun;
  return config.drives.find(isSame)?.name ?? drive.name;
}

/** The pool that a configuration means. Faults `media.bad-event`, `media.bad-span`, `backup.bad-config`. */
export function mediaPoolOf(config: PoolConfig): MediaPool {
  checkName("the pool", config.name);
  const { name, allocation, retention, encryption, template } = config;
  return {
    name,
    allocation: parseAllocation(allocation),
    retention: parseRetention(retention),
    encryption,
    template,
  };
}

/** The text of the file. */
export function configText(config: ManagerConfig): string {
  return prettyJson({
    datastores: config.datastores.map(({ name, path }) => ({ name, path })),
    drives: config.drives.map(driveJson),
    pools: config.pools.map(({ encryption, ...pool }) => ({
      ...pool,
      ...(encryption === undefined ? {} : { encryption }),
    })),
  });
}

/** Reads the file; undefined: it is not there. Fault `backup.bad-config`. */
export function parseConfig(text: string | undefined): ManagerConfig {
  if (text === undefined) return emptyConfig;
  const json = parseJson(text);
  if (!isJsonObject(json)) throw bad("it is not a JSON object");
  return {
    datastores: rows(json, "datastores").map((row) => ({ name: textOf(row, "name"), path: textOf(row, "path") })),
    drives: rows(json, "drives").map(driveOf),
    pools: rows(json, "pools").map((row) => ({
      name: textOf(row, "name"),
      allocation: textOf(row, "allocation"),
      retention: textOf(row, "retention"),
      encryption: row["encryption"] === undefined ? undefined : textOf(row, "encryption"),
      template: textOf(row, "template"),
    })),
  };
}

function driveJson(drive: DriveConfig): JsonObject {
  if (drive.kind !== "folder") return { ...drive };
  const { kind, name, path, sizeBytes } = drive;
  return { kind, name, path, ...(sizeBytes === undefined ? {} : { sizeBytes }) };
}

function driveOf(row: JsonObject): DriveConfig {
  const name = textOf(row, "name");
  if (row["kind"] === "folder") {
    const sizeBytes = row["sizeBytes"] === undefined ? undefined : numberOf(row, "sizeBytes");
    return { kind: "folder", name, path: textOf(row, "path"), sizeBytes };
  }
  const portal = textOf(row, "portal");
  const unit = { driveTarget: textOf(row, "driveTarget"), driveLun: numberOf(row, "driveLun") };
  if (row["kind"] === "standalone") return { kind: "standalone", name, portal, ...unit };
  const slots = row["exportSlots"] ?? [];
  if (!isJsonArray(slots)) throw bad('"exportSlots" is not a list');
  return {
    kind: "library",
    name,
    portal,
    changerTarget: textOf(row, "changerTarget"),
    changerLun: numberOf(row, "changerLun"),
    ...unit,
    exportSlots: slots.map(Number),
    ejectsBeforeUnload: row["ejectsBeforeUnload"] === true,
  };
}

const bad = (reason: string): Error => backupFault("bad-config", { what: "the manager's configuration", reason });

function rows(json: JsonObject, key: string): readonly JsonObject[] {
  const list = json[key];
  if (!isJsonArray(list) || !list.every((row: Json) => isJsonObject(row)))
    throw bad(`"${key}" is not a list of objects`);
  return list.filter(isJsonObject);
}

function textOf(row: JsonObject, key: string): string {
  const value = row[key];
  if (typeof value !== "string") throw bad(`"${key}" is not a text`);
  return value;
}

function numberOf(row: JsonObject, key: string): number {
  const value = row[key];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw bad(`"${key}" is not a number`);
  return value;
}
