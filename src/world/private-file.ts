// SPDX-License-Identifier: Apache-2.0
// A small text file that only its owner may read: tokens, secrets. Replaced as a whole, so that a crash leaves the old
// or the new content and never a mix.

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { asError } from "#base/index.ts";
import { worldFault } from "./faults.ts";

/** One file of mode 0600. */
export class PrivateFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** The content; undefined when there is no such file. Fault `world.file-unreadable`. */
  read(): string | undefined {
    try {
      return readFileSync(this.path, "utf8");
    } catch (error) {
      if (isCode(error, "ENOENT")) return undefined;
      throw worldFault("file-unreadable", { file: this.path, reason: asError(error).message }, error);
    }
  }

  /** Replaces the content; durable on return. Fault `world.file-unwritable`: the old content is still there. */
  replace(text: string): void {
    const temporary = `${this.path}.new`;
    try {
      rmSync(temporary, { force: true });
      const file = openSync(temporary, "wx", 0o600);
      try {
        writeSync(file, text);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(temporary, this.path);
      syncFolder(dirname(this.path));
    } catch (error) {
      throw worldFault("file-unwritable", { file: this.path, reason: asError(error).message }, error);
    }
  }

  /** As `replace`, but quick and perhaps gone after a crash of the machine: for what is only a help. */
  note(text: string): void {
    const temporary = `${this.path}.new`;
    try {
      writeFileSync(temporary, text, { mode: 0o600 });
      renameSync(temporary, this.path);
    } catch (error) {
      throw worldFault("file-unwritable", { file: this.path, reason: asError(error).message }, error);
    }
  }

  /** Removes the file; one that is not there is no error. */
  remove(): void {
    rmSync(this.path, { force: true });
  }
}

/** True for an error of the operating system with that code. */
export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
