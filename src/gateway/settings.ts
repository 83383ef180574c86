// SPDX-License-Identifier: Apache-2.0
// What the gateway is made of and told at start. Everything here comes from the configuration file and the command
// line; what the API changes lives in the ledger.

import {
  days,
  hours,
  limits,
  milliseconds,
  type Clock,
  type Duration,
  type Endpoint,
  type Log,
  type Network,
  type Random,
} from "#base/index.ts";
import {
  type BandwidthSettings,
  type Disk,
  noBandwidthLimits,
  type ObjectStore,
  type SealingOptions,
} from "#store/index.ts";
import { listPrices, type PriceTable } from "./prices.ts";
import type { ChapRequest, LibraryRequest } from "./requests.ts";
import type { ScrubSettings } from "./scrub-desk.ts";

/** One iSCSI portal. */
export interface PortalSettings {
  readonly listen: Endpoint;
  /** Address told to initiators in discovery, for NAT; default: the one they connected to. */
  readonly advertise?: Endpoint;
  /** Lets anyone in to targets that have neither CHAP nor an allow-list, although the address is not a loopback one. */
  readonly allowAnyone?: boolean;
}

/** Access rules of every target that has none of its own. */
export interface DefaultAccess {
  /** Initiator names; a trailing `*` matches any rest. Empty: no allow-list. */
  readonly allow: readonly string[];
  /** Credentials good for every target. */
  readonly chap: readonly Omit<ChapRequest, "target">[];
}

/** Settings of a gateway. */
export interface GatewaySettings {
  /** First part of every target name, `iqn.yyyy-mm.naming.authority`. */
  readonly namingAuthority: string;
  /**
   * Name of this installation in target names: 1 … 32 of a-z, 0-9 and `-`. Only the first start looks at it; undefined:
   * eight random digits.
   */
  readonly instance: string | undefined;
  /** The data folder, for messages that name a command; absent in simulations. */
  readonly home?: string;
  /** Name of the machine, for people who ask who writes to the bucket. */
  readonly host: string;
  readonly portals: readonly PortalSettings[];
  readonly access: DefaultAccess;
  /** Library that the first start makes, with its first cartridges; undefined: none. */
  readonly firstLibrary: { readonly library: LibraryRequest; readonly cartridges: number } | undefined;
  /** How long thawed objects stay readable. */
  readonly thawKeep: Duration;
  /** Pause between looks whether something thawed. */
  readonly thawPoll: Duration;
  /** What the object store charges, for estimates and limits of money. */
  readonly prices: PriceTable;
  /** How long a deletion can be taken back, in pools that do not say otherwise. */
  readonly deleteDelay: Duration;
  /** Local bytes above which uploaded segments are evicted. */
  readonly cacheBytes: number;
  /** Drives wait while more bytes than this wait for upload. */
  readonly uploadBufferBytes: number;
  /** How long a sealed segment of a cartridge in a drive waits before it is uploaded. */
  readonly uploadDelay: Duration;
  /** Drives wait while fewer bytes than this are free on the local disk. */
  readonly diskReserveBytes: number;
  /** Bandwidth limits, until the API sets others. */
  readonly bandwidth: BandwidthSettings;
  readonly scrub: ScrubSettings;
  /** Sizes of the store that only tests change. */
  readonly storeSizes?: { readonly segmentSize?: number; readonly ringSize?: number };
}

/** What a gateway needs from outside, from the most general to the most specific. */
export interface GatewayOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly network: Network;
  readonly disk: Disk;
  readonly objects: ObjectStore;
  /** Stores that pools may mirror to, by name. */
  readonly mirrors?: ReadonlyMap<string, ObjectStore>;
  /** Absent: what goes to the object store is neither encrypted nor compressed. */
  readonly sealing?: SealingOptions | undefined;
  readonly settings: GatewaySettings;
}

/** The library that a first start makes: a changer, 4 LTO-8 drives, 40 storage slots, 8 mail slots. */
export const firstLibrary: LibraryRequest = {
  name: "default",
  driveModel: "ibm-lto8",
  drives: 4,
  storageSlots: 40,
  mailSlots: 8,
};

/** Settings of a gateway that was told nothing. */
export const defaultSettings: GatewaySettings = {
  namingAuthority: "iqn.2026-11.io.capstan",
  instance: undefined,
  host: "this machine",
  portals: [{ listen: { host: "127.0.0.1", port: 3260 } }],
  access: { allow: [], chap: [] },
  firstLibrary: { library: firstLibrary, cartridges: 10 },
  thawKeep: days(7),
  thawPoll: hours(1 / 60),
  prices: listPrices,
  deleteDelay: milliseconds(0),
  cacheBytes: 200 * 1024 ** 3,
  uploadBufferBytes: 200 * 1024 ** 3,
  uploadDelay: limits.uploadDelay,
  diskReserveBytes: limits.diskReserve,
  bandwidth: noBandwidthLimits,
  scrub: { every: undefined, bytesPerSecond: undefined, objects: false, moneyLimit: undefined },
};
