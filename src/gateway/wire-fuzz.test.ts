// SPDX-License-Identifier: Apache-2.0
// A whole gateway against an initiator that is broken in every way: mutated PDUs and mutated CDBs to a drive with a
// cartridge and to the changer. Nothing is thrown, no unit is poisoned, no session is left, and the next one works.

import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog, type ByteStream, type Listener, type Network, type StreamReceiver } from "#base/index.ts";
import { Layout } from "#codec/index.ts";
import { ErrorLog, fuzz } from "#iscsi/target-wire-conformance.ts";
import { IscsiInitiator } from "#iscsi/index.ts";
import * as scsi from "#scsi/index.ts";
import { SeededRandom, SimClock, SimDisk, SimNetwork, SimObjectStore } from "#sim/index.ts";
import { minutes } from "#base/index.ts";
import { Gateway } from "./gateway.ts";
import { smallLibrary, testSettings, testSize } from "./gateway-fixtures.ts";

/** Everything that starts with an operation code of its own, with zeros behind: where mutation begins. */
const exported: readonly unknown[] = Object.values(scsi);
const cdbs = exported
  .filter((value) => value instanceof Layout)
  .filter(({ size, fields }) => [6, 10, 12, 16].includes(size) && "opcode" in fields)
  .map((layout) => layout.encode({}));

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

test("there are CDBs to begin with", () => assert.ok(cdbs.length > 40, `${cdbs.length} CDBs`));

for (const unit of ["drive-01", "changer"]) {
  test(`25,000 mutated PDUs with mutated CDBs do a ${unit} no harm`, async () => {
    const random = new SeededRandom(`wire fuzz ${unit}`);
    const clock = new SimClock();
    const network = new SimNetwork({ clock, random });
    const tapped = new TappedNetwork(network.machine("10.0.0.1"));
    const disk = new SimDisk({ random });
    const thawDelay = { Expedited: minutes(5), Standard: minutes(240), Bulk: minutes(720) };
    const objects = new SimObjectStore({ clock, random, thawDelay });
    const log = new ErrorLog();
    const gateway = new Gateway({
      clock,
      random,
      log,
      network: tapped,
      disk: disk.attach(),
      objects,
      settings: testSettings,
    });
    await clock.runUntil(gateway.start());
    await clock.runUntil(gateway.createLibrary(smallLibrary));
    await clock.runUntil(gateway.createCartridges({ library: "lib", sizeBytes: testSize, count: 3 }));
    const name = gateway.listTargets().find((target) => target.name.endsWith(unit))?.name ?? "";
    const changer = gateway.listTargets().find((target) => target.name.endsWith("changer"))?.name ?? "";
    const host = "iqn.2026-11.io.capstan.test:host";
    const initiator = new IscsiInitiator({
      network: network.machine("10.0.0.2"),
      clock,
      random,
      log: silentLog,
      name: host,
    });
    const portal = { host: "10.0.0.1", port: 3260 };
    const robot = await clock.runUntil(initiator.login(portal, changer));
    const move = scsi.MoveMedium.encode({ source: 4096, destination: 256 });
    for (let tries = 0; tries < 3; tries++) await clock.runUntil(robot.execute({ lun: 0, cdb: move }));
    await clock.runUntil(robot.logout());
    const { accept } = tapped;
    assert.ok(accept !== undefined);
    const result = await fuzz({
      world: {
        clock,
        names: [
          ["InitiatorName", host],
          ["TargetName", name],
        ],
        accept,
      },
      sessionCount: () => gateway.listSessions().length,
      sendQueue: 32 * 1024 * 1024,
      random,
      pduCount: 25_000,
      cdbs,
      between: () => assert.deepEqual(log.errors, []),
    });
    assert.ok(result.loggedIn > 0 && result.answers > 0);
    const session = await clock.runUntil(initiator.login(portal, name));
    const answers: number[] = [];
    for (let tries = 0; tries < 5; tries++) {
      const inquiry = scsi.Inquiry.encode({ allocationLength: 96 });
      answers.push((await clock.runUntil(session.execute({ lun: 0, cdb: inquiry, dataInLength: 96 }))).status);
    }
    assert.deepEqual(answers, [0, 0, 0, 0, 0]);
    await clock.runUntil(session.logout());
    await clock.runUntil(gateway.stop());
    assert.deepEqual(log.errors, []);
  });
}
