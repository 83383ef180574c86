// SPDX-License-Identifier: Apache-2.0
// The data folder of an instance: made at first start, recognised later, refused when it is someone else's or newer.
// The rooms that keep data in it know only the sub-folders that main gives them.

import { accessSync, constants, existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { asError } from "#base/index.ts";
import { worldFault } from "./faults.ts";
import { lockFileNames, lockInstance } from "./instance-lock.ts";
import { PrivateFile } from "./private-file.ts";

/** The layout of the data folder that this version reads and writes. */
export const dataFolderFormat = 1;

/** Files that an operator may put into a folder before the first start, and those of a start that was cut short. */
const harmlessNames = new Set<string>([
  "capstan.toml",
  "capstan.keys",
  "certificate.pem",
  "certificate-key.pem",
  "capstan-data.json.new",
  ...lockFileNames,
]);

/** A data folder that is ours, locked. */
export interface DataFolder {
  /** Absolute. */
  readonly path: string;
  /** True when this start made it. */
  readonly isNew: boolean;
  /** The file of that name in it. */
  file(name: string): PrivateFile;
  /** Releases the lock. Idempotent. */
  close(): void;
}

/**
 * Opens the folder, makes it when it is absent, and locks it. Faults `world.folder-unusable`, `-foreign`, `-newer`,
 * `-damaged`, `-locked`; then nothing in it was changed.
 */
export function openDataFolder(folder: string): DataFolder {
  const path = resolve(folder);
  makeUsable(path);
  const marker = new PrivateFile(join(path, "capstan-data.json"));
  if (marker.read() === undefined) refuseForeign(path);
  const lock = lockInstance(path);
  try {
    const isNew = checkMarker(path, marker);
    return { path, isNew, file: (name) => new PrivateFile(join(path, name)), close: () => lock.release() };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function makeUsable(path: string): void {
  try {
    makeFolder(path);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw worldFault("folder-unusable", { folder: path, reason: asError(error).message }, error);
  }
}

/** Makes the folder and its parents. Not with `recursive`: that never ends where mkdir says ENOENT, as /proc does. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

function refuseForeign(path: string): void {
  if (readdirSync(path).some((name) => !harmlessNames.has(name))) throw worldFault("folder-foreign", { folder: path });
}

/** Reads the marker, or writes it. True when it was written. */
function checkMarker(path: string, marker: PrivateFile): boolean {
  const text = marker.read();
  if (text === undefined) {
    marker.replace(`${JSON.stringify({ product: "capstan", format: dataFolderFormat })}\n`);
    return true;
  }
  const format = formatOf(text);
  if (format === undefined) {
    throw worldFault("folder-damaged", { folder: path, reason: `${marker.path} is not what Capstan wrote` });
  }
  if (format > dataFolderFormat) {
    throw worldFault("folder-newer", { folder: path, found: format, known: dataFolderFormat });
  }
  return false;
}

function formatOf(text: string): number | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || !("format" in value)) return undefined;
  return typeof value.format === "number" && Number.isInteger(value.format) && value.format >= 1
    ? value.format
    : undefined;
}
