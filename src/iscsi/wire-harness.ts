// SPDX-License-Identifier: Apache-2.0
// For the tests of this room: a target with fake units behind a wire that is fed by hand; see `Wire` of sim.

import { silentLog, type ByteStream, type Log, type StreamReceiver } from "#base/index.ts";
import { SeededRandom, SimClock, Wire, type SentPdu, type WireWorld } from "#sim/index.ts";
import { serialNumber } from "./serial-number.ts";
import { FakeDevice, FakeDirectory, initiatorName, targetName } from "./session-harness.ts";
import { SessionRegistry } from "./session-registry.ts";
import type { TargetSettings } from "./settings.ts";
import { TargetConnection } from "./target-connection.ts";
import type { TextPair } from "./text.ts";

export { type SentPdu };

/** A wire to a target with fake units. */
export class FakeWire extends Wire<FakeWorld> {}

/** The names of a normal session. */
export const names: readonly TextPair[] = [
  ["InitiatorName", initiatorName],
  ["TargetName", targetName],
];

/** A target with fake units. */
export interface FakeWorld extends WireWorld {
  readonly random: SeededRandom;
  readonly device: FakeDevice;
  readonly directory: FakeDirectory;
  readonly registry: SessionRegistry;
}

/** What a fake world may be made of; everything has a default. */
export interface FakeWorldOptions {
  readonly seed?: number | string;
  readonly log?: Log;
  readonly clock?: SimClock;
  readonly device?: FakeDevice;
  readonly registry?: SessionRegistry;
}

/** Makes a target with fake units. */
export function makeWorld(settings: Partial<TargetSettings> = {}, options: FakeWorldOptions = {}): FakeWorld {
  const clock = options.clock ?? new SimClock();
  const device = options.device ?? new FakeDevice();
  const directory = new FakeDirectory(device);
  const registry = options.registry ?? new SessionRegistry();
  const random = new SeededRandom(options.seed ?? 1);
  const log = options.log ?? silentLog;
  const accept = (stream: ByteStream, firstStatSn = 1): StreamReceiver => {
    const shared = { clock, random, log, directory, registry, settings };
    return new TargetConnection({ stream, ...shared, firstStatSn: serialNumber(firstStatSn) });
  };
  return { clock, random, device, directory, registry, names, accept };
}
