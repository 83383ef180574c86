// SPDX-License-Identifier: Apache-2.0
// Makes a damaged copy of a segment anew from the other one, while hosts go on: a local file from the object store. The
// damaged file stays until all that replaces it is there and has proved to be what was written.

import { asError, limits } from "#base/index.ts";
import type { ActiveCartridge, ActiveCartridges } from "./active-cartridges.ts";
import { crc32 } from "./crc32.ts";
import type { Entry } from "./directory-entry.ts";
import { folderOf } from "./disk-paths.ts";
import { type CopiedHolder, openAnyCopy } from "./any-copy.ts";
import type { Copies } from "./copies.ts";
import type { Disk } from "./disk.ts";
import { storeFault } from "./faults.ts";
import { segmentKey } from "./object-keys.ts";
import type { RemoteContent, RemoteOptions } from "./remote-content.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";
import type { CartridgeId, SegmentDamage } from "./types.ts";

/** What healing needs. */
export interface HealerOptions extends RemoteOptions {
  /** Where segments can be read. */
  readonly copies: Copies;
  readonly disk: Disk;
  readonly active: ActiveCartridges;
  /** Ended when the store closes. */
  readonly signal: AbortSignal;
  /** Called with the bytes that were fetched. */
  readonly fetched: (byteCount: number) => void;
  /** Called with what was found, and with what was done about it. */
  readonly damaged: (damage: SegmentDamage) => void;
}

/** Heals one copy after the other. */
export class SegmentHealer {
  readonly #options: HealerOptions;
  readonly #waiting = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: HealerOptions) {
    this.#options = options;
  }

  /** The local copy of a stored segment is not what was written. Resolves when that was seen to, as far as possible. */
  damagedCopy(cartridge: StoredCartridge, { segment }: Entry, what: string): Promise<void> {
    const path = cartridge.segmentPath(segment);
    if (this.#waiting.has(path)) return Promise.resolve();
    this.#waiting.add(path);
    this.#tell(cartridge, segment, what, "found");
    const healing = this.#last.then(() => this.#heal(cartridge.id, segment, what));
    this.#last = healing.catch(() => {});
    return healing.finally(() => this.#waiting.delete(path));
  }

  async #heal(id: CartridgeId, segment: number, what: string): Promise<void> {
    const { active: all, log, signal } = this.#options;
    const active = await all.hold(id);
    const path = active.cartridge.segmentPath(segment);
    try {
      if (!(await this.#restore(active, segment))) return;
      await active.image?.trust(segment);
      this.#tell(active.cartridge, segment, what, "healed");
    } catch (error) {
      if (signal.aborted) return;
      log.error("a damaged local copy could not be made anew", { path, error: asError(error).message });
    } finally {
      await all.release(active);
    }
  }

  /** False when there is no copy any more, or it may be given up anyway. */
  async #restore({ cartridge }: ActiveCartridge, segment: number): Promise<boolean> {
    const { disk, signal } = this.#options;
    const entry = (await cartridge.find(segment))?.entry;
    if (entry?.stored !== true || !entry.local) return false;
    const path = cartridge.segmentPath(segment);
    const made = `${path}.part-whole`;
    try {
      await this.#write(cartridge, entry, made);
      const now = (await cartridge.find(segment))?.entry;
      if (signal.aborted || now?.stored !== true) return false;
      await disk.rename(made, path);
      await disk.syncFolder(folderOf(path));
      await cartridge.markLocal([segment], true);
      return true;
    } finally {
      await disk.remove(made);
    }
  }

  async #write(cartridge: StoredCartridge, entry: Entry, path: string): Promise<void> {
    const { disk, signal, fetched } = this.#options;
    await disk.remove(path);
    const file = await disk.open(path, { mode: "create" });
    try {
      let [offset, sum] = [0, 0];
      for await (const piece of remotePieces(this.#options, cartridge, entry, signal)) {
        await file.write(offset, [piece]);
        sum = crc32(piece, sum);
        offset += piece.byteLength;
        fetched(piece.byteLength);
      }
      if (sum !== entry.fileCrc) {
        const key = segmentKey(cartridge.ownerOf(entry.segment).id, entry);
        throw storeFault("object-corrupt", { key, actual: sum, expected: entry.fileCrc });
      }
      await file.sync();
    } finally {
      await file.close();
    }
  }

  #tell(cartridge: StoredCartridge, segment: number, what: string, outcome: "found" | "healed"): void {
    const { id } = cartridge;
    const subject = cartridge.segmentPath(segment);
    this.#options.damaged({ id, segment, copy: "local", subject, what, outcome, lost: [] });
  }
}

/** All bytes of a stored segment in order, as they were before they were sealed. Faults as for `openAnyCopy`. */
export async function* remotePieces(
  options: RemoteOptions & { readonly copies: Copies },
  holder: CopiedHolder,
  entry: Entry,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  yield* piecesOf(await openAnyCopy(options, holder, entry, signal), entry, signal);
}

/** All bytes of a segment from one of its objects, in order. */
export async function* piecesOf(content: RemoteContent, entry: Entry, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const pieces = Math.ceil(entry.fileSize / content.pieceSize);
  const atOnce = Math.max(1, Math.floor(limits.fetchSize / content.pieceSize));
  for (let first = 0; first < pieces; first += atOnce) {
    const read = await content.read(first, Math.min(atOnce, pieces - first), signal);
    for (const piece of read) yield await piece;
  }
}
