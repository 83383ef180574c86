// SPDX-License-Identifier: Apache-2.0
// What a drive unit is made of and what is put into it: the contract between the drive and who owns it.

import type { Clock, Log, Random } from "#base/index.ts";
import type { Eventually, Image } from "#tape/index.ts";
import type { DriveModel, LtoGeneration } from "#scsi/index.ts";
import type { CartridgeMemory } from "./cartridge-memory.ts";
import type { UnitNexus } from "./unit-task.ts";

/** What lasts of a cartridge's past beside its data. Kept by who owns the cartridge; the drive counts it up. */
export interface CartridgeHistory {
  /** How often it was loaded. */
  readonly loadCount: number;
  /** Bytes that hosts wrote to it, ever. */
  readonly bytesWritten: number;
  /** Bytes that hosts read from it, ever. */
  readonly bytesRead: number;
  /** Loads during which it was written, as earlier releases counted them for the volume change reference. */
  readonly writtenMounts?: number;
}

/** A cartridge as it is put into a drive. */
export interface InsertedCartridge {
  /** Its content. Undefined for a cleaning cartridge, which has none. */
  readonly image: Image | undefined;
  /** The content of partitions 1 and up; none when left out. */
  readonly others?: readonly Image[];
  /** Gives up a partition's image, which has failed, and opens it anew; without it a failed image stays as it is. */
  readonly reopen?: (partition: number) => Promise<Image>;
  readonly barcode: string;
  /** Nominal size in bytes. */
  readonly capacityBytes: number;
  readonly generation: LtoGeneration;
  readonly kind: "data" | "write-once" | "cleaning";
  readonly writeProtected: boolean;
  readonly history: CartridgeHistory;
  /** What it keeps beside its data. */
  readonly memory: CartridgeMemory;
}

/** What a drive holds. */
export type DriveState =
  | { readonly kind: "empty" }
  /** Its data is being opened after a start of the process: 02/04/01, becoming ready. */
  | { readonly kind: "loading"; readonly barcode: string }
  /** Loaded and ready; commands reach the medium. */
  | { readonly kind: "loaded"; readonly barcode: string }
  /** A host unloaded it; the cartridge is still in the mouth. */
  | { readonly kind: "unloaded"; readonly barcode: string }
  /** In, but of no use in this drive: a cleaning cartridge or a generation it cannot read. */
  | { readonly kind: "unusable"; readonly barcode: string; readonly reason: "cleaning" | "incompatible" };

/** What became of taking a cartridge out. */
export type RemoveAnswer =
  | { readonly kind: "removed"; readonly cartridge: InsertedCartridge }
  | { readonly kind: "empty" }
  /** A host prevents removal. */
  | { readonly kind: "prevented" }
  /** Its data could not be made durable; it is still in the drive. */
  | { readonly kind: "failed"; readonly cause: Error };

/** Counters of a drive since it was made. */
export interface DriveStatistics {
  readonly commands: number;
  readonly bytesWritten: number;
  readonly bytesRead: number;
  readonly blocksWritten: number;
  readonly blocksRead: number;
  readonly loads: number;
}

/** What a drive unit is made of. */
export interface DriveOptions {
  readonly model: DriveModel;
  /** Unit serial number: VPD page 80h, and what the changer reports for the bay (DVCID). */
  readonly serial: string;
  /** The library it sits in: VPD pages B3h and B4h. */
  readonly library: { readonly changerSerial: string; readonly elementAddress: number };
  /** Keeps what a cartridge in this drive has to keep: durable when it settles. Faults of who keeps it. */
  readonly keep: (barcode: string, memory: CartridgeMemory) => Eventually<void>;
  /**
   * Gives the cartridge in this drive as many images as it is to have partitions: resolves with those of partitions 1 and
   * up. New ones are blank, and those beyond go with what is on them. It survives a crash only once `keep` says so.
   */
  readonly divide: (barcode: string, count: number) => Promise<readonly Image[]>;
  /** Logical unit numbers of the target it is reached through, for REPORT LUNS. */
  readonly luns: () => readonly number[];
  /** Whether an initiator is told of the start of the process (29/01); see UnitOptions. */
  readonly tellsPowerOn?: (nexus: UnitNexus) => boolean;
  readonly clock: Clock;
  /** For the nonces of encrypted blocks. */
  readonly random: Random;
  readonly log: Log;
}
