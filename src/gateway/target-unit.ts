// SPDX-License-Identifier: Apache-2.0
// What stands behind one iSCSI target: joins the sessions of the iscsi room with the logical units of the device room.
// Their tasks and nexuses have the same shapes; here only the logical unit number is looked up.

import { assert, limits } from "#base/index.ts";
import { MissingUnit, type LogicalUnit } from "#device/index.ts";
import type { Nexus, ScsiTask, TargetDevice, UnitManagement } from "#iscsi/index.ts";

/** Told of sessions that come and go. */
export interface NexusWatcher {
  opened(nexus: Nexus): void;
  closed(nexus: Nexus, how: "logout" | "lost"): void;
}

/** The logical units of a target. */
export class TargetUnits implements TargetDevice {
  readonly name: string;
  readonly #units = new Map<number, LogicalUnit>();
  readonly #missing = new MissingUnit({ luns: () => this.luns() });
  readonly #nexuses = new Set<Nexus>();
  readonly #watcher: NexusWatcher;
  /** The unit that data was last sent to. */
  #receiving: LogicalUnit | undefined;

  constructor(name: string, watcher: NexusWatcher) {
    this.name = name;
    this.#watcher = watcher;
  }

  /** Logical unit numbers, ascending. */
  luns(): readonly number[] {
    return [...this.#units.keys()].toSorted((left, right) => left - right);
  }

  /** Sessions that are open. */
  get nexusCount(): number {
    return this.#nexuses.size;
  }

  /** Adds a unit; sessions that are open see it from now on, and are told so by the other units. */
  add(lun: number, unit: LogicalUnit): void {
    assert(!this.#units.has(lun), `LUN ${lun} of ${this.name} is free`);
    for (const other of this.#units.values()) other.lunsChanged();
    this.#units.set(lun, unit);
    for (const nexus of this.#nexuses) unit.nexusOpened(nexus);
  }

  /** Takes a unit away. */
  async remove(lun: number): Promise<void> {
    const unit = this.#units.get(lun);
    this.#units.delete(lun);
    if (this.#receiving === unit) this.#receiving = undefined;
    for (const other of this.#units.values()) other.lunsChanged();
    for (const nexus of this.#nexuses) await unit?.nexusClosed(nexus, "logout");
  }

  nexusOpened(nexus: Nexus): void {
    this.#nexuses.add(nexus);
    for (const unit of this.#all()) unit.nexusOpened(nexus);
    this.#watcher.opened(nexus);
  }

  async nexusClosed(nexus: Nexus, how: "logout" | "lost"): Promise<void> {
    this.#nexuses.delete(nexus);
    await Promise.all(this.#all().map((unit) => unit.nexusClosed(nexus, how)));
    this.#watcher.closed(nexus, how);
  }

  accept(task: ScsiTask): void {
    const unit = this.#unit(task.lun);
    if (task.expectedDataOut > 0) this.#receiving = unit;
    unit.accept(task);
  }

  abort(task: ScsiTask): Promise<void> {
    return this.#unit(task.lun).abort(task);
  }

  async manage(function_: UnitManagement, nexus: Nexus, lun: number): Promise<boolean> {
    if (function_ === "target-warm-reset" || function_ === "target-cold-reset") {
      await Promise.all(this.#all().map((unit) => unit.manage("reset", undefined)));
      return true;
    }
    const unit = this.#units.get(lun);
    if (unit === undefined) return false;
    await unit.manage(function_ === "lun-reset" ? "reset" : function_, nexus);
    return true;
  }

  /** The next data most likely goes where the last went. A unit whose ring is full does not narrow its neighbours. */
  get placeableBytes(): number {
    return Math.min(limits.ringSize, this.#receiving?.placeableBytes ?? limits.ringSize);
  }

  #unit(lun: number): LogicalUnit {
    return this.#units.get(lun) ?? this.#missing;
  }

  #all(): readonly LogicalUnit[] {
    return [...this.#units.values(), this.#missing];
  }
}
