// SPDX-License-Identifier: Apache-2.0
// Where objects are in the object store. docs/FORMATS.md describes the scheme.
//
// Keys carry the epoch of the gateway that put them: what a gateway still puts after another one has taken over is
// under keys that nothing names. Epoch 0 stands for keys of format version 1, which have none.

import type { ObjectKey } from "./object-store.ts";
import { objectKey } from "./object-key.ts";
import type { CartridgeId } from "./types.ts";
import type { SealedOwner } from "./wrapped-key.ts";

const padded = (value: number, digits: number): string => String(value).padStart(digits, "0");

/** A manifest, and so each part of a directory that was first written with it. */
export interface ManifestName {
  readonly epoch: number;
  readonly number: number;
}

/** Everything of a cartridge begins with this. */
export function cartridgePrefix(id: CartridgeId): SealedOwner {
  return `cartridges/${id}/`;
}

/** All sealed segments of a cartridge begin with this. */
export function segmentsPrefix(id: CartridgeId): string {
  return `${cartridgePrefix(id)}segments/`;
}

/** A sealed segment. */
export function segmentKey(id: CartridgeId, { segment, epoch }: SegmentName): ObjectKey {
  const suffix = epoch === 0 ? "" : `-e${padded(epoch, 5)}`;
  return objectKey(`${segmentsPrefix(id)}${padded(segment, 12)}${suffix}`);
}

/** A segment and the epoch in which it was put. */
export interface SegmentName {
  readonly segment: number;
  readonly epoch: number;
}

/** The segment that a key names; undefined for any other key. */
export function segmentOfKey(key: string): SegmentName | undefined {
  const [, segment, epoch] = /\/segments\/(\d{12})(?:-e(\d{5}))?$/.exec(key) ?? [];
  return segment === undefined ? undefined : { segment: Number(segment), epoch: Number(epoch ?? 0) };
}

/** The cartridge whose segment a key names; undefined for any other key. */
export function cartridgeOfSegment(key: string): CartridgeId | undefined {
  const [, id] = /^cartridges\/([^/]+)\/segments\//.exec(key) ?? [];
  return id as CartridgeId | undefined;
}

/** What sorts behind all keys of segments before this one, and before all others. */
export function segmentsBefore(id: CartridgeId, segment: number): string {
  return `${segmentsPrefix(id)}${padded(segment - 1, 12)}~`;
}

/** All manifests of a cartridge begin with this. The last one in byte order is the newest. */
export function manifestsPrefix(id: CartridgeId): string {
  return `${cartridgePrefix(id)}manifests/`;
}

/** A manifest. */
export function manifestKey(id: CartridgeId, { epoch, number }: ManifestName): ObjectKey {
  const name = epoch === 0 ? `${padded(number, 8)}.json` : `e${padded(epoch, 5)}-${padded(number, 8)}`;
  return objectKey(`${manifestsPrefix(id)}${name}`);
}

/** The manifest that a key names; undefined for any other key. */
export function manifestOfKey(key: string): ManifestName | undefined {
  const [, epoch, number, first] = /\/manifests\/(?:e(\d{5})-(\d{8})|(\d{8})\.json)$/.exec(key) ?? [];
  if (first !== undefined) return { epoch: 0, number: Number(first) };
  return number === undefined ? undefined : { epoch: Number(epoch), number: Number(number) };
}

/** A part of the directory, under the name of the manifest that was the first to name it. */
export function directoryKey(id: CartridgeId, { epoch, number }: ManifestName, part: number): ObjectKey {
  const name = epoch === 0 ? padded(number, 8) : `e${padded(epoch, 5)}-${padded(number, 8)}`;
  return objectKey(`${cartridgePrefix(id)}directories/${name}/${padded(part, 6)}`);
}

/** Everything that gateways say of themselves begins with this. */
export const gatewaysPrefix = "gateways/";

/** The log of a gateway. */
export function logPrefix(gateway: string): string {
  return `${gatewaysPrefix}${gateway}/log/`;
}

/** An entry of a gateway's log. */
export function logKey(gateway: string, number: number): ObjectKey {
  return objectKey(`${logPrefix(gateway)}${padded(number, 12)}`);
}

/** The number of a log entry; undefined for any other key. */
export function logNumberOf(key: string): number | undefined {
  const [, number] = /\/log\/(\d{12})$/.exec(key) ?? [];
  return number === undefined ? undefined : Number(number);
}

/** All parts of the snapshot that a log entry names. */
export function snapshotPrefix(gateway: string, number: number): string {
  return `${gatewaysPrefix}${gateway}/snapshots/${padded(number, 12)}/`;
}

/** A part of the snapshot that a log entry names. The attempt keeps an entry that was never written from being in the way. */
export function snapshotKey(gateway: string, number: number, attempt: string, part: number): ObjectKey {
  return objectKey(`${snapshotPrefix(gateway, number)}${attempt}-${padded(part, 6)}`);
}

/** What a gateway said of itself last; the only object that is ever replaced. */
export function statusKey(gateway: string): ObjectKey {
  return objectKey(`${gatewaysPrefix}${gateway}/status`);
}
