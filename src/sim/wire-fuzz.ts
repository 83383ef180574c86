// SPDX-License-Identifier: Apache-2.0
// The fuzzer against a whole gateway: mutated PDUs and mutated CDBs to a drive with a cartridge in it, or to the changer.
// Nothing may be thrown or logged as an error, no session may stay, and an honest host must be served afterwards.

import { assert, defined, minutes, seconds, silentLog } from "#base/index.ts";
import type { ByteStream, Listener, Network, StreamReceiver } from "#base/index.ts";
import { Layout } from "#codec/index.ts";
import { defaultSettings, Gateway, type GatewaySettings } from "#gateway/index.ts";
import { IscsiInitiator, type InitiatorSession } from "#iscsi/index.ts";
import * as scsi from "#scsi/index.ts";
import { SimClock } from "./clock.ts";
import { SimDisk } from "./disk.ts";
import { SimNetwork } from "./network.ts";
import { SimObjectStore } from "./object-store.ts";
import { SeededRandom } from "./random.ts";
import { ErrorLog, fuzz, type FuzzResult } from "./wire-fuzzer.ts";

/** The units that can be attacked. */
export const fuzzedUnits = ["drive", "changer"] as const;

/** What to run. */
export interface WireFuzzOptions {
  readonly seed: number;
  readonly unit: (typeof fuzzedUnits)[number];
  readonly pduCount: number;
}

const MiB = 1024 * 1024;
const portal = { host: "10.0.0.1", port: 3260 };
const host = "iqn.2026-11.io.capstan.test:host";
const settings: GatewaySettings = {
  ...defaultSettings,
  instance: "fuzz",
  portals: [{ listen: portal, allowAnyone: true }],
  firstLibrary: undefined,
  cacheBytes: 64 * MiB,
  uploadBufferBytes: 64 * MiB,
  storeSizes: { segmentSize: MiB, ringSize: 2 * MiB },
};

/** Every command with zeros behind its operation code: where mutation begins. */
export function plainCdbs(): readonly Uint8Array[] {
  const exported: readonly unknown[] = Object.values(scsi);
  return exported
    .filter((value) => value instanceof Layout)
    .filter(({ size, fields }) => [6, 10, 12, 16].includes(size) && "opcode" in fields)
    .map((layout) => layout.encode({}));
}

/** A network that tells how connections are accepted. */
class TappedNetwork implements Network {
  readonly #network: Network;
  accept: ((stream: ByteStream) => StreamReceiver) | undefined;

  constructor(network: Network) {
    this.#network = network;
  }

  listen(...[endpoint, accept]: Parameters<Network["listen"]>): Promise<Listener> {
    this.accept = accept;
    return this.#network.listen(endpoint, accept);
  }

  connect(...args: Parameters<Network["connect"]>): Promise<ByteStream> {
    return this.#network.connect(...args);
  }
}

/** Runs the fuzzer against one unit of a fresh gateway. Throws what went wrong. */
export async function fuzzGateway({ seed, unit, pduCount }: WireFuzzOptions): Promise<FuzzResult> {
  const random = new SeededRandom(`wire fuzz ${seed} ${unit}`);
  const clock = new SimClock();
  const run = <T>(promise: Promise<T>): Promise<T> => clock.runUntil(promise);
  const network = new SimNetwork({ clock, random });
  const tapped = new TappedNetwork(network.machine(portal.host));
  const disk = new SimDisk({ random }).attach();
  const thawDelay = { Expedited: minutes(5), Standard: minutes(240), Bulk: minutes(720) };
  const objects = new SimObjectStore({ clock, random, thawDelay });
  const log = new ErrorLog();
  const gateway = new Gateway({ clock, random, log, network: tapped, disk, objects, settings });
  await run(gateway.start());
  await run(gateway.createLibrary({ name: "lib", drives: 1, storageSlots: 6, mailSlots: 2 }));
  await run(gateway.createCartridges({ library: "lib", sizeBytes: 64 * MiB, count: 3 }));
  const initiator = new IscsiInitiator({
    network: network.machine("10.0.0.2"),
    clock,
    random,
    log: silentLog,
    name: host,
  });
  const targetOf = (kind: string): string =>
    defined(
      gateway.listTargets().find(({ name }) => name.includes(kind)),
      `a target with a ${kind}`,
    ).name;
  const robot = await run(initiator.login(portal, targetOf("changer")));
  await run(untilGood(robot, scsi.MoveMedium.encode({ source: 4096, destination: 256 })));
  await run(robot.logout());
  const name = targetOf(unit);
  const result = await fuzz({
    world: {
      clock,
      names: [
        ["InitiatorName", host],
        ["TargetName", name],
      ],
      accept: defined(tapped.accept, "a portal that listens"),
    },
    sessionCount: () => gateway.listSessions().length,
    sendQueue: 32 * MiB,
    random,
    pduCount,
    cdbs: plainCdbs(),
    between: () => log.throwErrors(),
  });
  await clock.advance(seconds(1));
  const session = await run(initiator.login(portal, name));
  await run(untilGood(session, scsi.Inquiry.encode({ allocationLength: 96 })));
  await run(session.logout());
  await run(gateway.stop());
  log.throwErrors();
  return result;
}

/** Sends a command until it is GOOD: unit attentions of before come first. */
async function untilGood(session: InitiatorSession, cdb: Uint8Array): Promise<void> {
  for (let tries = 0; tries < 5; tries++) {
    const answer = await session.execute({ lun: 0, cdb, dataInLength: 96 });
    if (answer.status === 0) return;
  }
  assert(false, `GOOD for command ${Buffer.from(cdb).toString("hex")}`);
}
