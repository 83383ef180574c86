// SPDX-License-Identifier: Apache-2.0
// One instance per data folder. The lock is an exclusive SQLite transaction on an otherwise empty file: taken in one
// step, so that two starts cannot both win, and released by the kernel when the process ends, however it ends. Nothing
// in the file is ever believed; `lock-owner` beside it only serves the message.

import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { asError, type Fault } from "#base/index.ts";
import { worldFault } from "./faults.ts";
import { PrivateFile } from "./private-file.ts";

/** SQLITE_BUSY: https://sqlite.org/rescode.html */
const sqliteBusy = 5;

/** Names of the files that locking makes in the data folder. */
export const lockFileNames = ["lock", "lock-journal", "lock-owner", "lock-owner.new"] as const;

/** A lock that is held. */
export interface InstanceLock {
  /** Lets the next instance in. Idempotent. */
  release(): void;
}

/** Takes the lock of the folder at once, or throws Fault `world.folder-locked` or `world.folder-unusable`. */
export function lockInstance(folder: string): InstanceLock {
  const owner = new PrivateFile(join(folder, "lock-owner"));
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(join(folder, "lock"), { timeout: 0 });
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    database?.close();
    throw lockFault(folder, owner, error);
  }
  owner.note(`${process.pid}\n`);
  let held: DatabaseSync | undefined = database;
  return {
    release() {
      if (held === undefined) return;
      owner.remove();
      held.close();
      held = undefined;
    },
  };
}

function lockFault(folder: string, ownerFile: PrivateFile, error: unknown): Fault {
  if (error instanceof Error && "errcode" in error && error.errcode === sqliteBusy) {
    const owner = ownerFile.read()?.trim();
    return worldFault("folder-locked", { folder, owner: owner === undefined ? "" : `(process ${owner}) ` }, error);
  }
  return worldFault("folder-unusable", { folder, reason: asError(error).message }, error);
}
