// SPDX-License-Identifier: Apache-2.0
// How small objects that name or describe data are sealed before they are put, and opened after they were read.

import type { ObjectKey } from "./object-store.ts";
import type { CartridgeId } from "./types.ts";

/** What a small object is. */
export type SmallKind = "manifest" | "directory" | "state";

/** Seals and opens small objects of one owner. What was sealed for one key and kind opens under no other. */
export interface SmallSealer {
  /** The bytes to put under `key`; other ones each time. */
  sealBytes(key: ObjectKey, kind: SmallKind, bytes: Uint8Array): Promise<Uint8Array>;
  /** What was sealed. Faults `store.object-damaged`, `store.format-newer`. */
  openBytes(key: ObjectKey, kind: SmallKind, bytes: Uint8Array): Promise<Uint8Array>;
}

/** The sealers of an installation: of its own state, and of each cartridge. */
export interface SmallSealers {
  readonly gateway: SmallSealer;
  cartridge(id: CartridgeId): SmallSealer;
}

/** Leaves objects as they are. */
export const plainSealer: SmallSealer = {
  sealBytes: (_key, _kind, bytes) => Promise.resolve(bytes),
  openBytes: (_key, _kind, bytes) => Promise.resolve(bytes),
};

/** Seals nothing. */
export const plainSealers: SmallSealers = { gateway: plainSealer, cartridge: () => plainSealer };
