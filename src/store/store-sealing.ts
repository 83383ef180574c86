// SPDX-License-Identifier: Apache-2.0
// Who seals and opens what in a store, made from its ports.

import { InlineThreads, limits, type Threads } from "#base/index.ts";
import { noCompression } from "./compression-gauge.ts";
import { KeyRing, noKeyProviders } from "./key-ring.ts";
import { cartridgePrefix } from "./object-keys.ts";
import { type SealJobs, sealJobs } from "./seal-jobs.ts";
import type { UploadSealing } from "./segment-upload.ts";
import { plainSealers, type SmallSealer, type SmallSealers } from "./small-sealer.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";
import type { StorePorts } from "./types.ts";
import type { SealedOwner } from "./wrapped-key.ts";

/** The parts that seal. */
export interface StoreSealing {
  readonly keys: KeyRing;
  readonly threads: Threads<SealJobs>;
  /** For segments; undefined where they go as the files that they are. */
  readonly uploads: UploadSealing | undefined;
  /** For small objects. */
  readonly sealers: SmallSealers;
  /** So that the first block that must be fetched does not wait for the key too. Whoever needs it meets its fault. */
  readonly prepare: (cartridge: Pick<StoredCartridge, "id" | "head">) => void;
}

/** The parts that seal, as the ports say. */
export function storeSealing(
  ports: Pick<StorePorts, "objects" | "mirrors" | "clock" | "random" | "sealing">,
  gateway: string,
): StoreSealing {
  const { objects, clock, sealing } = ports;
  const mirrors = [...(ports.mirrors?.values() ?? [])];
  const random = sealing?.random ?? ports.random;
  const { providers = noKeyProviders, compression = noCompression, frameSize = limits.frameSize } = sealing ?? {};
  const level = compression.mode === "off" ? 0 : compression.level;
  const keys = new KeyRing({ objects, mirrors, clock, random, providers, level });
  const threads = sealing?.threads ?? new InlineThreads(sealJobs);
  const uploads = sealing && { threads, random, keys, compression, frameSize };
  const sealers = sealing === undefined ? plainSealers : ringSealers(keys, gateway);
  const prepare: StoreSealing["prepare"] = ({ id, head }) => {
    if (sealing !== undefined && head.objectBytes > 0) keys.openerOf(cartridgePrefix(id)).catch(() => {});
  };
  return { keys, threads, uploads, sealers, prepare };
}

/** The gateway as the owner of its own state. */
export function gatewayOwner(gateway: string): SealedOwner {
  return `gateways/${gateway}/`;
}

/** Sealers that ask the ring for a key when they need it. */
export function ringSealers(keys: KeyRing, gateway: string): SmallSealers {
  const sealer = (owner: SealedOwner): SmallSealer => ({
    sealBytes: async (key, kind, bytes) => (await keys.sealerOf(owner)).sealBytes(key, kind, bytes),
    openBytes: async (key, kind, bytes) => (await keys.openerOf(owner)).openBytes(key, kind, bytes),
  });
  return { gateway: sealer(gatewayOwner(gateway)), cartridge: (id) => sealer(cartridgePrefix(id)) };
}
