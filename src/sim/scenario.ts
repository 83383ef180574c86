// SPDX-License-Identifier: Apache-2.0
// What a seed draws: the shape of the gateway, how badly the world around it behaves, and how much happens. Each seed
// turns some things up and others off, so that a thousand of them meet more than a thousand times the average would.

import { type Duration, milliseconds, minutes, seconds } from "#base/index.ts";
import type { RetentionLock, Topology } from "#gateway/index.ts";
import type { CompressionSettings, Durability } from "#store/index.ts";
import { calmNetwork, type NetworkBehaviour } from "./network.ts";
import type { SeededRandom } from "./random.ts";

const KiB = 1024;

/** How the gateway ends before its time. */
export type CrashKind = "kill" | "power";

/** A second store, and how badly it behaves. */
export interface ScenarioMirror {
  readonly storageClass: "STANDARD" | "GLACIER" | "DEEP_ARCHIVE";
  /** It holds for two days. */
  readonly lock: RetentionLock;
  /** Chance that a call fails, before or after its effect. */
  readonly failures: number;
  /** It does not answer before the world calms down. */
  readonly isDown: boolean;
}

/** Everything that a seed decides before the run begins. */
export interface Scenario {
  readonly drives: number;
  readonly storageSlots: number;
  readonly mailSlots: number;
  readonly cartridges: number;
  readonly topology: Topology;

  readonly segmentSize: number;
  readonly ringSize: number;
  readonly cacheBytes: number;
  readonly uploadBufferBytes: number;
  readonly uploadDelay: Duration;
  /** How often the local disk is full for a while, and for how long at most. */
  readonly fullDisks: number;
  readonly fullDiskMax: Duration;
  readonly diskReserve: number;
  readonly durability: Durability;
  readonly blockLengthMax: number;
  /** Writes that a host has under way at once. */
  readonly queueDepth: number;
  /** Steps of each host. */
  readonly steps: number;
  /** A host writes until the cartridge is full. */
  readonly fillsCartridges: boolean;

  readonly network: NetworkBehaviour;
  readonly headerDigest: boolean;
  readonly dataDigest: boolean;
  /** Longest time that a disk operation takes. */
  readonly diskDelayMax: Duration;
  readonly directAlignment: number;
  /** How objects are sealed; both off: they are the files as they are. */
  readonly encryption: boolean;
  readonly compression: CompressionSettings["mode"];
  readonly frameSize: number;
  /** Chance that what is read of a sealed segment has a wrong bit, which another attempt has not. */
  readonly rot: number;
  /** Chance that writing or syncing a segment fails. A drive that met it has lost what was not synced. */
  readonly segmentFailures: number;
  readonly objectDelayMax: Duration;
  /** Chance that a call of the object store fails, before or after its effect. */
  readonly objectFailures: number;
  readonly thawTime: Duration;
  /** The lock of the shelf pool that all cartridges go to. It holds for a day. */
  readonly lock: RetentionLock;
  /** Days in which a deletion can be taken back. */
  readonly deleteDelayDays: number;
  /** The second copy of what is archived, where there is one. */
  readonly mirror: ScenarioMirror | undefined;
  /** How often a retrieve is on demand. */
  readonly onDemand: number;

  /** How the gateway dies, in this order; empty only when connections are cut. */
  readonly crashes: readonly CrashKind[];
  /** How often all is cut, beside what the network does by itself. */
  readonly cuts: number;
  /** How often the time of day of the gateway's machine leaps, while it runs. */
  readonly clockLeaps: number;
  /** Longest time between two disasters. */
  readonly disasterEvery: Duration;
}

function drawNetwork(random: SeededRandom): NetworkBehaviour {
  switch (random.weighted({ calm: 3, splitting: 3, slow: 1, breaking: 2 })) {
    case "calm":
      return calmNetwork;
    case "splitting":
      return { ...calmNetwork, splitChance: 0.7, crumbChance: 0.15, window: [1 * KiB, 64 * KiB] };
    case "slow":
      return { ...calmNetwork, latencyMax: milliseconds(40) };
    case "breaking":
      return { ...calmNetwork, cutChance: 0.0005, refuseChance: 0.1 };
  }
}

function drawMirror(random: SeededRandom): ScenarioMirror {
  return {
    storageClass: random.pick(["STANDARD", "GLACIER", "DEEP_ARCHIVE"]),
    lock: random.pick(["NONE", "GOVERNANCE", "COMPLIANCE"]),
    failures: random.pick([0, 0.05, 0.3]),
    isDown: random.chance(0.25),
  };
}

/** Draws a scenario. */
export function drawScenario(random: SeededRandom): Scenario {
  const drives = random.between(1, 3);
  const cartridges = random.between(drives, drives + 4);
  const blockLengthMax = random.pick([512, 8 * KiB, 64 * KiB]);
  const segmentSize = random.pick([160 * KiB, 512 * KiB, 2048 * KiB]);
  const crashes = Array.from({ length: random.between(0, 3) }, () => random.pick(["kill", "power"] as const));
  return {
    drives,
    storageSlots: cartridges + random.between(0, 4),
    mailSlots: random.between(1, 3),
    cartridges,
    topology: random.pick(["target-per-device", "single-target"]),
    segmentSize,
    ringSize: random.pick([256 * KiB, 1024 * KiB]),
    cacheBytes: random.pick([0, 256 * KiB, 64 * 1024 * KiB]),
    uploadBufferBytes: random.pick([2 * segmentSize, 64 * 1024 * KiB]),
    blockLengthMax,
    queueDepth: random.pick([1, 1, 3, 8]),
    steps: random.between(10, 40),
    fillsCartridges: blockLengthMax === 64 * KiB && random.chance(0.1),
    network: drawNetwork(random),
    headerDigest: random.chance(0.3),
    dataDigest: random.chance(0.3),
    diskDelayMax: milliseconds(random.pick([0.1, 2, 30])),
    directAlignment: random.pick([1, 512, 4096]),
    segmentFailures: random.chance(0.12) ? 0.02 : 0,
    objectDelayMax: milliseconds(random.pick([1, 50, 2000])),
    objectFailures: random.pick([0, 0, 0.05, 0.3]),
    thawTime: random.pick([seconds(10), minutes(5), minutes(40)]),
    lock: random.pick(["NONE", "GOVERNANCE", "COMPLIANCE"]),
    deleteDelayDays: random.pick([0, 0, 1]),
    onDemand: random.pick([0, 0.5, 1]),
    crashes,
    cuts: crashes.length === 0 ? random.between(1, 4) : random.between(0, 2),
    disasterEvery: milliseconds(random.pick([200, 1000, 5000])),
    uploadDelay: seconds(random.pick([0, 1, 60])),
    fullDisks: random.chance(0.25) ? random.between(1, 4) : 0,
    fullDiskMax: random.pick([seconds(5), seconds(40), minutes(20)]),
    diskReserve: random.pick([0, 256 * KiB, 4096 * KiB]),
    encryption: random.chance(0.75),
    compression: random.pick(["adaptive", "always", "off"]),
    frameSize: random.pick([16 * KiB, 100 * KiB, 1024 * KiB]),
    rot: random.pick([0, 0.3, 1]),
    durability: random.chance(0.25) ? "remote" : "local",
    mirror: random.chance(0.4) ? drawMirror(random) : undefined,
    clockLeaps: random.chance(0.3) ? random.between(1, 3) : 0,
  };
}
