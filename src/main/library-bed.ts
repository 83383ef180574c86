// SPDX-License-Identifier: Apache-2.0
// For tests: an instance of the gateway with a library, and the manager's hands on it: real sessions of our own initiator
// on loopback, in one process.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defined, silentLog } from "#base/index.ts";
import { IscsiPort, ScsiChanger, ScsiTapeDrive, ScsiUnit, type TapeChanger } from "#driver/index.ts";
import type { Gateway } from "#gateway/index.ts";
import { IscsiInitiator } from "#iscsi/index.ts";
import { SystemClock, SystemRandom, TcpNetwork } from "#world/index.ts";
import { startInstance } from "./instance.ts";
import { readSettings } from "./settings.ts";

/** A library with cartridges, and hands. */
export interface LibraryBed {
  readonly gateway: Gateway;
  readonly clock: SystemClock;
  readonly random: SystemRandom;
  readonly changer: TapeChanger;
  /** The unit of the first drive. */
  readonly driveUnit: ScsiUnit;
  /** Opens the drive with whatever cartridge is in it. */
  openDrive(): Promise<ScsiTapeDrive>;
  close(): Promise<void>;
}

/** Cartridges of a bed: their barcodes and size. */
export interface BedCartridges {
  readonly barcodes: readonly string[];
  readonly sizeBytes: number;
}

const library = "lib";

/** Starts an instance in a temporary folder and logs in. */
export async function libraryBed(cartridges: BedCartridges): Promise<LibraryBed> {
  const work = mkdtempSync(join(tmpdir(), "capstan-library-"));
  const home = join(work, "home");
  const settings = await readSettings(
    ["--home", home, "--iscsi", "127.0.0.1:0", "--api", "127.0.0.1:0", "--empty"],
    {},
  );
  const instance = await startInstance(defined(settings, "there are settings"), silentLog);
  const { gateway } = instance;
  await gateway.createLibrary({ name: library, driveModel: "ibm-lto8", drives: 1, storageSlots: 8, mailSlots: 4 });
  for (const barcode of cartridges.barcodes) {
    await gateway.createCartridges({ library, barcode, sizeBytes: cartridges.sizeBytes });
  }
  const [clock, random] = [new SystemClock(), new SystemRandom()];
  const name = "iqn.2026-11.io.capstan:manager";
  const initiator = new IscsiInitiator({ network: new TcpNetwork(), clock, random, log: silentLog, name });
  const portal = defined(instance.portals[0], "there is a portal");
  const logIn = async (device: string): Promise<ScsiUnit> => {
    const targets = gateway.listTargets(library);
    const target = defined(
      targets.find(({ units }) => units.some((unit) => unit.device === device)),
      `there is a target for ${device}`,
    );
    return new ScsiUnit(device, new IscsiPort(await initiator.login(portal, target.name), 0), clock);
  };
  const changer = await ScsiChanger.open(library, await logIn("changer"));
  const driveUnit = await logIn("drive-01");
  return {
    gateway,
    clock,
    random,
    changer,
    driveUnit,
    openDrive: () => ScsiTapeDrive.open(driveUnit),
    close: async () => {
      await driveUnit.close();
      await changer.close();
      await instance.stop();
      rmSync(work, { recursive: true, force: true });
    },
  };
}
