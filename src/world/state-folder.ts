// SPDX-License-Identifier: Apache-2.0
// The manager's state in a folder of the local file system. A file is replaced by renaming a synced one over it.

import { randomBytes } from "node:crypto";
import { type FileHandle, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { asError, type ByteSource } from "#base/index.ts";
import type { mediaFault, StateFiles, StateSource } from "#media/index.ts";

/** Makes the faults of media; a parameter because this room takes only types from there. */
export type MediaFaults = typeof mediaFault;

const isMissing = (thrown: unknown): boolean => {
  const error: NodeJS.ErrnoException = asError(thrown);
  return error.code === "ENOENT";
};

/** Files of state, only for their owner to read. */
export class StateFolder implements StateFiles {
  readonly #root: string;
  readonly #faults: MediaFaults;

  constructor(root: string, faults: MediaFaults) {
    this.#root = root;
    this.#faults = faults;
  }

  read(name: string): Promise<Uint8Array | undefined> {
    return this.#run(name, async (path) => {
      try {
        return new Uint8Array(await readFile(path));
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  open(name: string): Promise<StateSource | undefined> {
    return this.#run(name, async (path) => {
      try {
        const handle = await open(path, "r");
        return {
          read: (into: Uint8Array) =>
            this.#run(name, async () => (await handle.read(into, 0, into.byteLength)).bytesRead),
          close: () => handle.close(),
        };
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  write(name: string, content: Uint8Array): Promise<void> {
    return this.#replace(name, (handle) => writeAll(handle, content));
  }

  writeFrom(name: string, content: ByteSource): Promise<void> {
    return this.#replace(name, async (handle) => {
      const piece = new Uint8Array(256 * 1024);
      for (let count = await content.read(piece); count > 0; count = await content.read(piece)) {
        await writeAll(handle, piece.subarray(0, count));
      }
    });
  }

  append(name: string, content: Uint8Array): Promise<void> {
    return this.#run(name, async (path) => {
      const handle = await open(path, "a", 0o600);
      try {
        await writeAll(handle, content);
        await handle.datasync();
      } finally {
        await handle.close();
      }
    });
  }

  remove(name: string): Promise<void> {
    return this.#run(name, (path) => rm(path, { force: true }));
  }

  #replace(name: string, fill: (handle: FileHandle) => Promise<void>): Promise<void> {
    return this.#run(name, async (path) => {
      const temporary = `${path}.${randomBytes(4).toString("hex")}.part`;
      const handle = await open(temporary, "wx", 0o600);
      try {
        await fill(handle);
        await handle.datasync();
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      } finally {
        await handle.close();
      }
      await rename(temporary, path);
      const folder = await open(this.#root, "r");
      await folder.sync();
      await folder.close();
    });
  }

  async #run<T>(name: string, use: (path: string) => Promise<T>): Promise<T> {
    const path = join(this.#root, name);
    try {
      return await use(path);
    } catch (error) {
      const isSystem = error instanceof Error && "syscall" in error;
      throw isSystem ? this.#faults("state-failed", { path, reason: error.message }, error) : error;
    }
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.byteLength;) {
    written += (await handle.write(bytes, written, bytes.byteLength - written)).bytesWritten;
  }
}
