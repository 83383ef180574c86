// SPDX-License-Identifier: Apache-2.0
// A store's own words in the bucket, wired: the log that tells what becomes true, and the beacon that tells how it is.

import { hexFromBytes } from "#base/index.ts";
import { BucketLog, type BucketLogOptions } from "./bucket-log.ts";
import type { CartridgeRegistry } from "./cartridge-registry.ts";
import type { Unstored } from "./log-entry.ts";
import type { ObjectStore } from "./object-store.ts";
import type { SmallSealer } from "./small-sealer.ts";
import { StatusBeacon } from "./status-beacon.ts";
import type { StoreOwner, StorePorts } from "./types.ts";

/** What both need. */
export interface BucketParts {
  readonly ports: StorePorts;
  readonly owner: StoreOwner | undefined;
  readonly gateway: string;
  readonly sealer: SmallSealer;
}

/** The log of this gateway in the bucket, which is told of everything from now on. */
export function openBucketLog(
  { ports, owner, gateway, sealer }: BucketParts,
  registry: CartridgeRegistry,
  { stop, ...watching }: Pick<BucketLogOptions, "unanswered" | "isInUse"> & { readonly stop: () => void },
): BucketLog {
  const { clock, log, objects, random } = ports;
  const bucketLog = new BucketLog({
    objects,
    clock,
    log,
    sealer,
    gateway,
    host: owner?.host ?? "this machine",
    draw: () => hexFromBytes(random.bytes(8)),
    memory: registry,
    snapshot: () => ({ store: registry.logFacts(), gateway: owner?.facts() ?? [] }),
    ...watching,
    fenced: (fenced) => {
      stop();
      log.error(bucketLog.fault.message);
      owner?.fenced(fenced);
    },
  });
  if (owner !== undefined) bucketLog.foundBehind(owner.sequence());
  registry.tell = (fact) => bucketLog.note({ store: [fact] });
  return bucketLog;
}

/** The beacon of this gateway. `objects` are behind the fence. */
export function makeBeacon(
  { ports, gateway, sealer }: BucketParts,
  parts: { bucketLog: BucketLog; objects: ObjectStore; unstored: () => readonly Unstored[] },
): StatusBeacon {
  const { clock, log } = ports;
  return new StatusBeacon({ ...parts, clock, log, sealer, gateway });
}
