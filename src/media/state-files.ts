// SPDX-License-Identifier: Apache-2.0
// Port: the few files in which the manager keeps what it knows of its cartridges: inventory, keys, a catalog per cartridge.

import type { ByteSource } from "#base/index.ts";

/** A file that is read piece by piece. */
export interface StateSource extends ByteSource {
  close(): Promise<void>;
}

/** Port: files by name, in one folder. Faults `media.state-failed`. */
export interface StateFiles {
  /** The whole file; undefined when it is not there. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Opens a file; undefined when it is not there. */
  open(name: string): Promise<StateSource | undefined>;
  /** Replaces the file at once: after a crash either the old one is there, or the new one. */
  write(name: string, content: Uint8Array): Promise<void>;
  /** Replaces the file at once by what a source gives. */
  writeFrom(name: string, content: ByteSource): Promise<void>;
  /** Adds to the end; it survives a crash when this resolves. */
  append(name: string, content: Uint8Array): Promise<void>;
  /** Removes a file; one that is not there is no error. */
  remove(name: string): Promise<void>;
}
