// SPDX-License-Identifier: Apache-2.0
// Seals and opens the objects of one owner (a cartridge, a gateway) with the owner's data key. Small objects in memory;
// segments stream elsewhere, with the same key.

import type { Random } from "#base/index.ts";
import type { ObjectKey } from "./object-store.ts";
import type { SealedKind } from "./sealed-format.ts";
import { type DataKey, openWhole, sealWhole } from "./sealed-object.ts";

/** Seals and opens small objects. What was sealed for one key and kind opens under no other. */
export interface ObjectSealer {
  /** The bytes to put under `key`. Never the same twice: put each only once, create-only. */
  sealBytes(key: ObjectKey, kind: SealedKind, bytes: Uint8Array): Promise<Uint8Array>;
  /** What was sealed. Faults `store.object-damaged`, `store.format-newer`; then nothing is handed out. */
  openBytes(key: ObjectKey, kind: SealedKind, bytes: Uint8Array): Promise<Uint8Array>;
}

/** The sealer of an owner with that data key; plain with checksums when there is none. */
export class DataKeySealer implements ObjectSealer {
  readonly dataKey: DataKey;
  readonly #random: Random;
  readonly #level: number;

  /** `level` of zstd for small objects, 0 for none. */
  constructor(options: { readonly dataKey: DataKey; readonly random: Random; readonly level: number }) {
    this.dataKey = options.dataKey;
    this.#random = options.random;
    this.#level = options.level;
  }

  async sealBytes(key: ObjectKey, kind: SealedKind, bytes: Uint8Array): Promise<Uint8Array> {
    const salt = this.#random.bytes(16);
    const { dataKey } = this;
    return sealWhole({ key, kind, sourceSize: bytes.byteLength, dataKey, salt }, bytes, this.#level);
  }

  async openBytes(key: ObjectKey, kind: SealedKind, bytes: Uint8Array): Promise<Uint8Array> {
    return openWhole({ key, kind, dataKey: this.dataKey }, bytes);
  }
}
