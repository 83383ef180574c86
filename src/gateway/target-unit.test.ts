// SPDX-License-Identifier: Apache-2.0
// The logical units behind a target: who is told when units come and go, and whose room counts for the command window.

import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "#base/index.ts";
import type { LogicalUnit, UnitTask } from "#device/index.ts";
import type { Nexus, ScsiTask } from "#iscsi/index.ts";
import { TargetUnits } from "./target-unit.ts";

class FakeUnit implements LogicalUnit {
  placeableBytes: number = limits.ringSize;
  told = 0;
  readonly nexuses = new Set<unknown>();
  lunsChanged(): void {
    this.told++;
  }
  nexusOpened(nexus: unknown): void {
    this.nexuses.add(nexus);
  }
  nexusClosed(nexus: unknown): Promise<void> {
    this.nexuses.delete(nexus);
    return Promise.resolve();
  }
  accept(_task: UnitTask): void {}
  abort(): Promise<void> {
    return Promise.resolve();
  }
  manage(): Promise<void> {
    return Promise.resolve();
  }
}

const nexus: Nexus = {
  initiatorName: "iqn.2001-04.com.example:host",
  isid: "000000000001",
  targetName: "iqn.2001-04.com.example:target",
  portalGroupTag: 1,
  id: 1,
  remoteAddress: "127.0.0.1",
};
const watcher = { opened(): void {}, closed(): void {} };

function dataTo(lun: number): ScsiTask {
  return {
    nexus,
    lun,
    cdb: new Uint8Array(16),
    attribute: 1,
    expectedDataOut: 512,
    expectedDataIn: 0,
    place: undefined,
    dataComplete: false,
    onDataComplete: undefined,
    aborted: false,
    finish(): void {},
  };
}

test("units that come and go are told to the other units, and open sessions reach them", async () => {
  const target = new TargetUnits("iqn.2001-04.com.example:target", watcher);
  const [changer, drive] = [new FakeUnit(), new FakeUnit()];
  target.add(0, changer);
  target.nexusOpened(nexus);
  target.add(1, drive);
  assert.deepEqual([changer.told, drive.told], [1, 0]);
  assert.ok(drive.nexuses.has(nexus));
  await target.remove(1);
  assert.equal(changer.told, 2);
  assert.equal(drive.nexuses.size, 0);
  assert.deepEqual(target.luns(), [0]);
});

test("a drive without room narrows the window only while data goes to it", async () => {
  const target = new TargetUnits("iqn.2001-04.com.example:target", watcher);
  const [full, free] = [new FakeUnit(), new FakeUnit()];
  full.placeableBytes = 0;
  target.add(1, full);
  target.add(2, free);
  assert.equal(target.placeableBytes, limits.ringSize);
  target.accept(dataTo(1));
  assert.equal(target.placeableBytes, 0);
  target.accept(dataTo(2));
  assert.equal(target.placeableBytes, limits.ringSize);
  target.accept(dataTo(1));
  await target.remove(1);
  assert.equal(target.placeableBytes, limits.ringSize);
});
