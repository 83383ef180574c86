// SPDX-License-Identifier: Apache-2.0
// What a cartridge keeps beside its data: the part of its memory chip that hosts and drives write (SPC-4 7.4, SSC-4).
// Plain values that can be kept as JSON; who owns the cartridge keeps them, the drive changes them.

import { limits } from "#base/index.ts";

/** An attribute that a host wrote. */
export interface HostAttribute {
  readonly partition: number;
  readonly id: number;
  /** FORMAT as the host gave it: SPC-4. */
  readonly format: number;
  /** In base64. */
  readonly value: string;
}

/** What a cartridge keeps. Everything may be missing: of a new cartridge nothing is known yet. */
export interface CartridgeMemory {
  /** MAM 0009h: changes with the first change of each mount, never 0. */
  readonly changeReference?: number;
  /** The same of partitions 1 and up; 1 where nothing is known. */
  readonly otherReferences?: readonly number[];
  /** Bytes of each partition, in parts of the nominal size; one partition of all of it when missing. */
  readonly partitions?: readonly number[];
  /** By ascending partition and identifier. */
  readonly attributes?: readonly HostAttribute[];
  /** Vendor and serial number of the drives that loaded it last, newest first. */
  readonly lastDrives?: readonly string[];
  /** SET CAPACITY: the part of the nominal size that is used, in 65,535ths; all of it when missing. */
  readonly capacityProportion?: number;
}

/** One attribute to set; no bytes delete it. */
export interface AttributeChange {
  readonly id: number;
  readonly format: number;
  readonly value: Uint8Array;
}

/** Bytes of the chip that attributes of hosts take: each has a header of five bytes. */
export function usedMemory({ attributes = [] }: CartridgeMemory): number {
  return attributes.reduce((sum, { value }) => sum + headerBytes + Buffer.byteLength(value, "base64"), 0);
}

const headerBytes = 5;

/** The attributes of a partition that hosts wrote. */
export function hostAttributes({ attributes = [] }: CartridgeMemory, partition: number): readonly AttributeChange[] {
  return attributes
    .filter((attribute) => attribute.partition === partition)
    .map(({ id, format, value }) => ({ id, format, value: Buffer.from(value, "base64") }));
}

/** The memory with attributes of a partition set and deleted; undefined when they do not fit. */
export function withAttributes(
  memory: CartridgeMemory,
  partition: number,
  changes: readonly AttributeChange[],
): CartridgeMemory | undefined {
  const others = (memory.attributes ?? []).filter(
    (known) => known.partition !== partition || !changes.some(({ id }) => id === known.id),
  );
  const set = changes
    .filter(({ value }) => value.byteLength > 0)
    .map(({ id, format, value }) => ({ partition, id, format, value: Buffer.from(value).toString("base64") }));
  const attributes = [...others, ...set].toSorted(
    (left, right) => left.partition - right.partition || left.id - right.id,
  );
  const next = { ...memory, attributes };
  return usedMemory(next) <= limits.hostMemory ? next : undefined;
}

/** MAM 0009h of a partition; `first` when nothing is known of partition 0. */
export function referenceOf(memory: CartridgeMemory, partition: number, first: number): number {
  return partition === 0 ? (memory.changeReference ?? first) : (memory.otherReferences?.[partition - 1] ?? 1);
}

/** The memory with another reference of a partition. */
export function withReference(memory: CartridgeMemory, partition: number, reference: number): CartridgeMemory {
  if (partition === 0) return { ...memory, changeReference: reference };
  const otherReferences = [...(memory.otherReferences ?? [])];
  while (otherReferences.length < partition) otherReferences.push(1);
  otherReferences[partition - 1] = reference;
  return { ...memory, otherReferences };
}

/** The memory of a cartridge that was formatted to partitions of these sizes: what was said of others is gone. */
export function partitioned(memory: CartridgeMemory, sizes: readonly number[]): CartridgeMemory {
  const { partitions: _before, attributes = [], ...rest } = memory;
  const kept = attributes.filter(({ partition }) => partition < sizes.length);
  return { ...rest, attributes: kept, ...(sizes.length === 1 ? {} : { partitions: sizes }) };
}

/** Drives kept as the last ones: MAM 020Ah to 020Dh. */
const drivesKept = 4;

/** The memory after a load by a drive. */
export function loadedBy(memory: CartridgeMemory, drive: string): CartridgeMemory {
  return { ...memory, lastDrives: [drive, ...(memory.lastDrives ?? [])].slice(0, drivesKept) };
}
