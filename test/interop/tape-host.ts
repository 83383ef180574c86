// SPDX-License-Identifier: Apache-2.0
// A host with one drive of the default library of a gateway, over our own initiator.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { silentLog } from "#base/index.ts";
import { type ScsiAnswer, IscsiInitiator, type InitiatorSession } from "#iscsi/index.ts";
import { scsiStatus, TestUnitReady } from "#scsi/index.ts";
import { SystemClock, SystemRandom, TcpNetwork } from "#world/index.ts";
import type { Gateway, TargetView } from "./gateway.ts";

/** One that repeats what is answered BUSY, as an operating system does. */
export class TapeHost {
  readonly gateway: Gateway;
  #drive: InitiatorSession | undefined;
  #target: TargetView | undefined;

  constructor(gateway: Gateway) {
    this.gateway = gateway;
  }

  /** Logs in to the first drive and waits until it is ready. */
  async login(): Promise<void> {
    const target = (this.#target ??= await this.#find());
    const initiator = new IscsiInitiator({
      network: new TcpNetwork(),
      clock: new SystemClock(),
      random: new SystemRandom(),
      log: silentLog,
      name: "iqn.2026-11.io.capstan:interop",
    });
    this.#drive = await initiator.login({ host: "127.0.0.1", port: this.gateway.port }, target.name);
    for (let tries = 0; (await this.send(TestUnitReady.encode({}))).status !== scsiStatus.good; tries++) {
      assert.ok(tries < 100, "the drive becomes ready");
      await sleep(100);
    }
  }

  async #find(): Promise<TargetView> {
    const targets = (await this.gateway.capstan("target", "list")) as readonly TargetView[];
    const target = targets.find(({ units }) => units.some(({ kind }) => kind === "drive"));
    assert.ok(target !== undefined, "a target with a drive");
    return target;
  }

  drop(): void {
    this.#drive?.destroy();
    this.#drive = undefined;
  }

  send(
    cdb: Uint8Array,
    data: { readonly dataOut?: Uint8Array; readonly dataInLength?: number } = {},
  ): Promise<ScsiAnswer> {
    assert.ok(this.#drive !== undefined, "a session");
    return this.#drive.execute({ lun: 0, cdb, ...data });
  }

  async good(cdb: Uint8Array): Promise<void> {
    const deadline = performance.now() + 60_000;
    for (;;) {
      const { status } = await this.send(cdb);
      if (status === scsiStatus.good) return;
      assert.equal(status, scsiStatus.busy);
      assert.ok(performance.now() < deadline, "there is room again, and the drive goes on");
    }
  }
}
