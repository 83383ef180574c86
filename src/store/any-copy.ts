// SPDX-License-Identifier: Apache-2.0
// A segment read from whichever of its copies answers: what one does not give, or gives damaged, comes from the next.

import { isFault } from "#base/index.ts";
import type { Copies, Copy } from "./copies.ts";
import type { Entry } from "./directory-entry.ts";
import { storeFault } from "./faults.ts";
import { segmentKey } from "./object-keys.ts";
import type { ObjectKey, StorageClass } from "./object-store.ts";
import { retried } from "./object-work.ts";
import { openRemote, type RemoteContent, type RemoteOptions, type SegmentHolder } from "./remote-content.ts";
import type { CartridgeId } from "./types.ts";

/** A cartridge whose segments may be in several stores. */
export interface CopiedHolder extends SegmentHolder {
  ownerOf(segment: number): { readonly id: CartridgeId; readonly storageClass: StorageClass };
}

/** As `openRemote`, from the first copy that answers. Rejects with the fault of a copy that is only frozen, or of the first. */
export async function openAnyCopy(
  options: RemoteOptions & { readonly copies: Copies },
  cartridge: CopiedHolder,
  entry: Entry,
  signal: AbortSignal,
): Promise<RemoteContent> {
  const { id, storageClass } = cartridge.ownerOf(entry.segment);
  const key = segmentKey(id, entry);
  const inOrder = (): readonly Copy[] => options.copies.of(id, storageClass, key);
  if (inOrder().length === 1) return openRemote(options, cartridge, entry, signal);
  const opened = new Map<string | undefined, RemoteContent>();
  const open = async (copy: Copy): Promise<RemoteContent> => {
    const known = opened.get(copy.store);
    if (known !== undefined) return known;
    const there = copy.store === undefined ? entry : await asInMirror(options, { copy, key, entry, signal });
    const content = await openRemote({ ...options, objects: copy.objects }, cartridge, there, signal);
    opened.set(copy.store, content);
    return content;
  };
  /** Asks one copy after the other; `but` has been asked. */
  const ask = async <T>(work: (copy: Copy) => Promise<T>, but?: Copy): Promise<T> => {
    let fault: unknown;
    for (const copy of inOrder()) {
      if (copy.store === but?.store && but !== undefined) continue;
      try {
        return await work(copy);
      } catch (error) {
        if (signal.aborted || !options.copies.failed(copy, key, error)) throw error;
        if (fault === undefined || isFault(error, "store.object-frozen")) fault = error;
      }
    }
    throw fault ?? storeFault("object-missing", { key });
  };
  const { pieceSize } = await ask(open);
  const read = async (copy: Copy, first: number, count: number): Promise<readonly Promise<Uint8Array>[]> => {
    const content = await open(copy);
    // It was sealed again in one store since, in frames of another size.
    if (content.pieceSize !== pieceSize) throw storeFault("object-damaged", { key, reason: "its frames are others" });
    return content.read(first, count, signal);
  };
  const readOther = async (bad: Copy, at: number, error: unknown): Promise<Uint8Array> => {
    if (signal.aborted || !options.copies.failed(bad, key, error)) throw error;
    try {
      return await ask(async (copy) => {
        const [piece] = await read(copy, at, 1);
        if (piece === undefined) throw storeFault("object-missing", { key });
        return piece;
      }, bad);
    } catch (other) {
      throw isFault(other, "store.object-frozen") ? other : error;
    }
  };
  return {
    pieceSize,
    read: (first, count) =>
      ask(async (copy) => {
        const pieces = await read(copy, first, count);
        return pieces.map((piece, at) => piece.catch((error: unknown) => readOther(copy, first + at, error)));
      }),
  };
}

interface InMirror {
  readonly copy: Copy;
  readonly key: ObjectKey;
  readonly entry: Entry;
  readonly signal: AbortSignal;
}

/** The first store may have got the object again since, and of another size. */
async function asInMirror({ clock }: RemoteOptions, { copy, key, entry, signal }: InMirror): Promise<Entry> {
  if (entry.objectSize === 0) return entry;
  const info = await retried(clock, signal, () => copy.objects.head(key));
  if (info === undefined) throw storeFault("object-missing", { key });
  return { ...entry, objectSize: info.sizeBytes };
}
