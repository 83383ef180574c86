// SPDX-License-Identifier: Apache-2.0
// The whole journey of a lost machine, for real: cartridges are written through iSCSI, the machine's data is wiped, the
// gateway is recovered from the bucket with its key, and everything is read back through iSCSI and compared.
// CAPSTAN_RECOVER_BYTES makes it as large as wanted (bytes per cartridge; default 12 MiB on each of three).

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { defined, milliseconds, silentLog, sleep } from "#base/index.ts";
import { IscsiInitiator } from "#iscsi/index.ts";
import { SystemClock, SystemRandom, TcpNetwork } from "#world/index.ts";
import { demoBlockSize, DemoUnit } from "./demo-tape.ts";
import { startInstance, type Instance } from "./instance.ts";
import { recover } from "./recover.ts";
import { readSettings } from "./settings.ts";

const bytesEach = Number(process.env["CAPSTAN_RECOVER_BYTES"] ?? 12 * 1024 * 1024);
const cartridges = 3;
const blocksEach = Math.ceil(bytesEach / demoBlockSize);
const clock = new SystemClock();

/** Bytes that follow from cartridge and block, and do not compress. */
function fill(block: Buffer, cartridge: number, number: number): Buffer {
  let state = (cartridge * 1_000_003 + number * 7919 + 1) >>> 0;
  for (let offset = 0; offset < block.byteLength; offset += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    block.writeUInt32LE(state, offset);
  }
  return block;
}

async function* contentOf(cartridge: number): AsyncGenerator<Uint8Array> {
  const block = Buffer.alloc(demoBlockSize);
  for (let number = 0; number < blocksEach; number++) yield fill(block, cartridge, number);
}

async function start(home: string): Promise<Instance> {
  const args = ["--home", home, "--iscsi", "127.0.0.1:0", "--api", "127.0.0.1:0", "--empty"];
  return startInstance(defined(await readSettings(args, {}), "settings"), silentLog);
}

/** Does something with each cartridge in the drive, one after the other. */
async function each(instance: Instance, work: (drive: DemoUnit, cartridge: number) => Promise<void>): Promise<void> {
  const { gateway } = instance;
  const network = new TcpNetwork();
  const name = "iqn.2026-11.io.capstan:recover-test";
  const initiator = new IscsiInitiator({ network, clock, random: new SystemRandom(), log: silentLog, name });
  const portal = defined(instance.portals[0], "a portal");
  const { changerTarget, firstAddresses } = gateway.getLibrary("lib");
  const sessions = [
    await initiator.login(portal, changerTarget),
    await initiator.login(portal, defined(gateway.listDrives("lib")[0], "a drive").target),
  ] as const;
  const changer = new DemoUnit(sessions[0], 0, clock);
  const drive = new DemoUnit(sessions[1], 0, clock);
  for (let cartridge = 0; cartridge < cartridges; cartridge++) {
    await changer.move(firstAddresses.storageSlot + cartridge, firstAddresses.drive);
    await drive.ready();
    await work(drive, cartridge);
    await drive.unload();
    await changer.move(firstAddresses.drive, firstAddresses.storageSlot + cartridge);
  }
  for (const session of sessions) await session.logout();
}

/** Waits until everything would come back from the bucket. */
async function untilSafe({ gateway }: Instance): Promise<void> {
  const isSafe = (): boolean =>
    gateway.listCartridges().every(({ dirtyBytes, recoveryPoint }) => dirtyBytes === 0 && recoveryPoint !== undefined);
  for (let tries = 0; tries < 6000 && !isSafe(); tries++) await sleep(clock, milliseconds(100));
  assert.ok(isSafe(), "everything is uploaded");
}

test("what was written comes back after the machine's data is wiped", { timeout: 1_800_000 }, async () => {
  const work = mkdtempSync(join(tmpdir(), "capstan-recover-"));
  try {
    const lost = join(work, "lost");
    const first = await start(lost);
    await first.gateway.createLibrary({
      name: "lib",
      driveModel: "ibm-lto8",
      drives: 1,
      storageSlots: 4,
      mailSlots: 2,
    });
    await first.gateway.createCartridges({ library: "lib", count: cartridges, sizeBytes: 4 * bytesEach + 2 ** 27 });
    await each(first, async (drive, cartridge) => {
      await drive.write(contentOf(cartridge), () => {});
      await drive.filemarks(2);
    });
    await untilSafe(first);
    await first.stop();
    // All that is left of the machine: its bucket, and the copy of its key that the operator kept.
    renameSync(join(lost, "objects"), join(work, "bucket"));
    renameSync(join(lost, "capstan.keys"), join(work, "key"));
    rmSync(lost, { recursive: true });

    const found = join(work, "found");
    const bucket = ["--bucket", join(work, "bucket"), "--key", join(work, "key")];
    assert.equal(await recover([...bucket, "--home", found, "--output", "json"]), 0);
    assert.equal(readFileSync(join(found, "capstan.keys"), "utf8"), readFileSync(join(work, "key"), "utf8"));
    assert.ok(!existsSync(join(found, "data/cartridges/spare-segments")));
    const second = await start(found);
    assert.ok(
      second.gateway.listCartridges().every(({ condition, loss }) => condition === "GOOD" && loss === undefined),
    );
    const expected = Buffer.alloc(demoBlockSize);
    await each(second, async (drive, cartridge) => {
      let number = 0;
      for await (const block of drive.read()) {
        assert.ok(fill(expected, cartridge, number).equals(block), `block ${number} of cartridge ${cartridge}`);
        number += 1;
      }
      assert.equal(number, blocksEach);
    });
    await second.stop();
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});
