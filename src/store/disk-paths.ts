// SPDX-License-Identifier: Apache-2.0
// Paths on the disk port, and the one question asked about its faults.

import { isFault } from "#base/index.ts";

/** The folder that a path lies in; empty for the data folder itself. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 0));
}

/** True for a name in the store's folder that is no cartridge's. */
export function isStoreFile(name: string): boolean {
  return name.startsWith("store.ledger") || ["spare-segments", "scrub", "scrub.new"].includes(name);
}

/** The result, or undefined when the file does not exist. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isFault(error, "store.file-missing")) return undefined;
    throw error;
  }
}
