// SPDX-License-Identifier: Apache-2.0
// The parts of an open store, wired. What each does and decides is its own business.

import { limits } from "#base/index.ts";
import { type ActiveCartridge, ActiveCartridges, unstoredOf } from "./active-cartridges.ts";
import { checkBandwidth, noBandwidthLimits } from "./bandwidth.ts";
import type { BucketLog } from "./bucket-log.ts";
import { type BucketParts, makeBeacon, openBucketLog } from "./bucket-parts.ts";
import { Recovery } from "./cartridge-recovery.ts";
import { CartridgeRegistry } from "./cartridge-registry.ts";
import type { Copies } from "./copies.ts";
import type { DamageBook } from "./damage-book.ts";
import { DiskRoom } from "./disk-room.ts";
import type { KeyRing } from "./key-ring.ts";
import type { ObjectStore } from "./object-store.ts";
import { Pace } from "./paced-objects.ts";
import { RecoveryPoints } from "./recovery-points.ts";
import { RecyclingDisk } from "./recycling-disk.ts";
import { Scrub } from "./scrub.ts";
import { SegmentFetcher } from "./segment-fetcher.ts";
import { SegmentHealer } from "./segment-healer.ts";
import { openStores } from "./open-stores.ts";
import type { StatusBeacon } from "./status-beacon.ts";
import type { StoreSealing } from "./store-sealing.ts";
import type { CartridgeId, CartridgeLoss, SegmentDamage, StoreSettings } from "./types.ts";
import { Upkeep } from "./upkeep.ts";

/** What exists once the store is open. */
export interface StoreParts {
  readonly disk: RecyclingDisk;
  readonly registry: CartridgeRegistry;
  readonly active: ActiveCartridges;
  readonly room: DiskRoom;
  readonly pace: Pace;
  /** Other stores, as long as the bucket is ours. */
  readonly mirrors: ReadonlyMap<string, ObjectStore>;
  readonly copies: Copies;
  readonly upkeep: Upkeep;
  readonly recovery: Recovery;
  readonly fetcher: SegmentFetcher;
  readonly healer: SegmentHealer;
  readonly scrub: Scrub;
  readonly points: RecoveryPoints;
  readonly bucketLog: BucketLog;
  readonly beacon: StatusBeacon;
  /** The object store, as long as it is ours. */
  readonly objects: ObjectStore;
  readonly keys: KeyRing;
}

/** What the parts are made of. */
export interface StoreWiring {
  readonly bucket: BucketParts;
  readonly settings: StoreSettings;
  readonly sealing: StoreSealing;
  readonly folder: string;
  /** Bytes between the entries of a segment's index. */
  readonly checkpointDistance: number;
  readonly damage: DamageBook;
  /** Called with bytes that came back from the object store. */
  readonly fetched: (byteCount: number) => void;
}

/** Reads the store's ledger and puts everything together. Nothing is under way when it resolves. */
export async function openParts(wiring: StoreWiring): Promise<StoreParts> {
  const { bucket, settings, sealing, folder, damage, fetched } = wiring;
  const { ports } = bucket;
  const { log, random, clock } = ports;
  const late: { upkeep?: Upkeep; active?: ActiveCartridges } = {};
  const disk = await RecyclingDisk.on(ports.disk, `${folder}/spare-segments`);
  const { diskReserveBytes: reserveBytes = limits.diskReserve } = settings;
  const abort = new AbortController();
  const { signal } = abort;
  const room = new DiskRoom({ disk, clock, log, reserveBytes, tight: () => late.upkeep?.startEviction() });
  const registry = await CartridgeRegistry.open({ disk, log, random, path: `${folder}/store.ledger` });
  const bucketLog = openBucketLog(bucket, registry, {
    stop: () => late.upkeep?.uploader.pause(),
    unanswered: () => settings.active?.(),
    isInUse: () => late.active?.isInUse === true,
  });
  const pace = new Pace(clock, checkBandwidth(settings.bandwidth ?? noBandwidthLimits));
  const confirm = (): Promise<void> => bucketLog.confirm();
  const { objects, mirrors, copies } = openStores(ports, { pace, confirm, placesOf: settings.copiesOf });
  const { keys, threads, sealers } = sealing;
  const full = (): void => room.foundFull();
  const active = new ActiveCartridges({ disk, clock, log, folder, registry, objects, sealers, signal, full });
  late.active = active;
  const work = { disk, objects, clock, log, registry, active, room, abort };
  const points = new RecoveryPoints({ ...work, bucketLog, sealers });
  const beacon = makeBeacon(bucket, { bucketLog, objects, unstored: () => unstoredOf(active) });
  const damaged = (each: SegmentDamage): void => damage.note(each);
  const upkeep = new Upkeep({
    ...work,
    ...uploadSettings(settings),
    damaged,
    dead: (subject) => damage.forget(subject),
    sealing: sealing.uploads,
    points,
    epoch: () => confirmedEpoch(bucketLog),
    recounted: () => {
      beacon.changed();
      settings.active?.();
    },
  });
  late.upkeep = upkeep;
  const { checkpointDistance } = wiring;
  const sealed = (each: ActiveCartridge): void => upkeep.sealed(each);
  const lost = (id: CartridgeId, loss: CartridgeLoss): void => settings.owner?.lost(id, loss);
  const recovery = new Recovery({ disk, clock, log, registry, checkpointDistance, sealed, lost });
  const remote = { disk, objects, copies, clock, log, threads, keys, fetched };
  const fetcher = new SegmentFetcher({ ...remote, cached: () => upkeep.startEviction() });
  const healer = new SegmentHealer({ ...remote, active, signal, damaged });
  const changed = (each: ActiveCartridge): void => upkeep.startUploading(each);
  const { uploads } = upkeep;
  const scrub = new Scrub({ disk, clock, folder, registry, active, healer, remote, uploads, changed });
  const known = { disk, registry, active, room, pace, upkeep, recovery, fetcher, healer, scrub, points };
  return { ...known, bucketLog, objects, mirrors, copies, beacon, keys };
}

function uploadSettings({ cacheBytes, uploadBufferBytes, uploadDelay = limits.uploadDelay }: StoreSettings) {
  return { cacheBytes, uploadBufferBytes, uploadDelay };
}

/** The epoch under which segments are put; asked when the bucket is known to be ours. */
async function confirmedEpoch(bucketLog: BucketLog): Promise<number> {
  await bucketLog.confirm();
  return bucketLog.epoch;
}
