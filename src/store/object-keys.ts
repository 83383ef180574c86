// SPDX-License-Identifier: Apache-2.0
// Where a cartridge's objects are in the object store. docs/FORMATS.md describes the scheme.

import type { ObjectKey } from "./object-store.ts";
import { objectKey } from "./object-key.ts";
import type { CartridgeId } from "./types.ts";

const padded = (value: number, digits: number): string => String(value).padStart(digits, "0");

/** Everything of a cartridge begins with this. */
export function cartridgePrefix(id: CartridgeId): string {
  return `cartridges/${id}/`;
}

/** A sealed segment. */
export function segmentKey(id: CartridgeId, segment: number): ObjectKey {
  return objectKey(`${cartridgePrefix(id)}segments/${padded(segment, 12)}`);
}

/** A manifest; the one with the highest number counts. */
export function manifestKey(id: CartridgeId, number: number): ObjectKey {
  return objectKey(`${cartridgePrefix(id)}manifests/${padded(number, 8)}.json`);
}

/** A part of the directory that a manifest names. */
export function directoryKey(id: CartridgeId, manifest: number, part: number): ObjectKey {
  return objectKey(`${cartridgePrefix(id)}directories/${padded(manifest, 8)}/${padded(part, 6)}`);
}
