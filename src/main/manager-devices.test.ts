// SPDX-License-Identifier: Apache-2.0
// Drives, changers and cartridges by hand, against our own gateway: iSCSI on loopback, in one process.

import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { isFault } from "#base/index.ts";
import { elementsOf, eraseCartridge, labelCartridge, LibraryStation, StandaloneStation } from "#backup/index.ts";
import { DriveControl, driveStatus, memoryList, readMemory, tapeAlerts, volumeStatistics } from "#driver/index.ts";
import { KeyRing } from "#keys/index.ts";
import { Librarian, utcZone } from "#media/index.ts";
import { SimStateFiles } from "#sim/index.ts";
import { Gate, noTask } from "#work/index.ts";
import { libraryBed } from "./library-bed.ts";
import { defaultDrive } from "./cli.ts";

const MiB = 1024 * 1024;
const labels = ["DEV001L8", "DEV002L8"];

/** What the tests have in their hands. */
async function hands() {
  const bed = await libraryBed({ barcodes: labels, sizeBytes: 64 * MiB });
  const { clock, random, changer, driveUnit: unit } = bed;
  const openDrive = () => bed.openDrive();
  const station = new LibraryStation({
    name: "drive-01",
    changer,
    driveNumber: 0,
    openDrive,
    clock,
    robot: new Gate(),
  });
  const librarian = await Librarian.open({ files: new SimStateFiles(), clock, random, zone: utcZone });
  const options = { librarian, keys: new KeyRing(), station, clock, random, context: noTask() };
  return { bed, clock, changer, unit, openDrive, station, librarian, options };
}
type Hands = Awaited<ReturnType<typeof hands>>;

void suite("drives and changers by hand on our own library", async () => {
  const all = await hands();
  after(() => all.bed.close());
  statusTests(all);
  controlTests(all);
  changerTests(all);
});

function statusTests({ station, unit, librarian, options }: Hands): void {
  test("an empty drive tells its status, without what only a cartridge has", async () => {
    await station.unload();
    const status = await driveStatus(unit);
    assert.deepEqual([status.vendor, status.product, status.hasMedium], ["IBM", "ULT3580-TD8", false]);
    assert.deepEqual([status.fileNumber, status.mediumPasses, status.alertFlags], [undefined, undefined, []]);
  });

  test("labelling writes the memory of the cartridge, and erasing takes it away", async () => {
    const drive = await station.load("DEV001L8");
    await labelCartridge(options, drive, { labelText: "DEV001L8", pool: "offsite" });
    const value = async (name: string): Promise<string | undefined> =>
      memoryList(await readMemory(unit)).find((row) => row.name === name)?.value;
    assert.equal(await value("application vendor"), "Capstan");
    assert.equal(await value("user medium text label"), "DEV001L8");
    assert.equal(await value("barcode"), "DEV001L8");
    assert.equal(await value("media pool"), "offsite");
    assert.match((await value("medium serial number")) ?? "", /./);
    await eraseCartridge(options, drive, { isFast: true });
    for (const name of ["application vendor", "user medium text label", "barcode", "media pool"]) {
      assert.equal((await value(name)) ?? "", "", name);
    }
    assert.equal(librarian.inventory.findLabel("DEV001L8"), undefined);
  });

  test("the status tells where the tape is, how it is set and what the cartridge is", async () => {
    const drive = await station.load("DEV001L8");
    await drive.rewind();
    for (let file = 0; file < 3; file++) {
      await drive.writeBlock(new Uint8Array(262_144).fill(file));
      await drive.writeFilemark();
    }
    await drive.flush();
    const status = await driveStatus(unit);
    assert.deepEqual([status.hasMedium, status.density, status.blocksize, status.bufferMode], [true, "LTO-8", 0, 1]);
    assert.deepEqual([status.fileNumber, status.blockNumber, status.writeProtect], [3, 6, false]);
    assert.ok((status.volumeMounts ?? 0) > 0);
    assert.ok(status.mediumWearout !== undefined && status.mediumWearout < 1);
    assert.deepEqual(await tapeAlerts(unit), []);
    const statistics = await volumeStatistics(unit);
    assert.equal(typeof statistics["volume-mounts"], "number");
    assert.equal(statistics["write-protect"], false);
    assert.ok(Number(statistics["total-native-capacity"]) > 0);
  });
}

function controlTests({ station, unit }: Hands): void {
  test("a tape is moved by hand as mt does it: files and blocks forward and back, marks, end, options", async () => {
    const drive = await station.load("DEV001L8");
    const control = new DriveControl(unit);
    const at = async (): Promise<readonly [number | undefined, number | undefined]> => {
      const { fileNumber, blockNumber } = await driveStatus(unit);
      return [fileNumber, blockNumber];
    };
    await control.toFile(2);
    assert.deepEqual(await at(), [2, 4]);
    await control.spaceBlocks(1);
    assert.deepEqual(await at(), [2, 5]);
    await control.spaceFiles(-2);
    assert.deepEqual(await at(), [0, 1]);
    await control.spaceFiles(1);
    assert.deepEqual(await at(), [1, 2]);
    await control.toEnd();
    assert.deepEqual(await at(), [3, 6]);
    await control.writeFilemarks(2);
    assert.deepEqual(await at(), [5, 8]);
    await control.toFile(1);
    await control.erase({ isFast: true });
    await assert.rejects(control.toFile(4), (error) => isFault(error, "driver.command-failed"));
    await control.setOptions({ compression: false, blockSize: 512, isBuffered: false });
    const set = await driveStatus(unit);
    assert.deepEqual([set.compression, set.blocksize, set.bufferMode], [false, 512, 0]);
    await control.setOptions({ compression: true, blockSize: 0, isBuffered: true });
    const again = await driveStatus(unit);
    assert.deepEqual([again.compression, again.blocksize, again.bufferMode], [true, 0, 1]);
    await control.setLock(true);
    await control.setLock(false);
    await control.format({ isFast: true });
    assert.equal(await drive.locateEnd(), 0);
  });
}

function changerTests({ station, unit, changer, openDrive, clock, options }: Hands): void {
  test("elements are listed as Proxmox does, with the slot that a loaded cartridge came from", async () => {
    await station.load("DEV002L8");
    const elements = elementsOf(await changer.status(), new Map([[0, "lto0"]]));
    const [first] = elements;
    const loaded = { entryKind: "drive", entryId: 0, labelText: "DEV002L8", loadedSlot: 2, drive: "lto0" };
    assert.deepEqual(first, loaded);
    assert.deepEqual(
      ["slot", "import-export"].map((kind) => elements.filter(({ entryKind }) => entryKind === kind).length),
      [8, 4],
    );
    assert.ok(await station.export("DEV002L8"));
    const after = elementsOf(await changer.status(), new Map());
    // A mail slot of our gateway leads to the shelf.
    const isInside = after.some(
      ({ labelText, entryKind }) => labelText === "DEV002L8" && entryKind !== "import-export",
    );
    assert.ok(!isInside);
    await assert.rejects(station.clean(), (error) => isFault(error, "driver.no-cleaning"));
  });

  test("a library whose drive has to eject before the robot takes the cartridge gets that", async () => {
    const eager = new LibraryStation({
      name: "d",
      changer,
      driveNumber: 0,
      openDrive,
      clock,
      robot: new Gate(),
      ejectsBeforeUnload: true,
    });
    await eager.load("DEV001L8");
    await eager.unload();
    assert.equal((await changer.status()).drives[0]?.content.kind, "empty");
  });

  test("a drive alone takes what somebody put in, and lets it go", async () => {
    await station.load("DEV001L8");
    const alone = new StandaloneStation({ name: "alone", openDrive });
    const drive = await alone.load();
    await labelCartridge({ ...options, station: alone }, drive, { labelText: "DEV001L8", pool: undefined });
    assert.equal(await alone.labels(), undefined);
    assert.ok(await alone.export());
    assert.equal((await driveStatus(unit)).hasMedium, false);
  });
}

test("the drive by default comes from the environment, with Proxmox's name too", () => {
  assert.deepEqual(defaultDrive({ PROXMOX_TAPE_DRIVE: "lto0" }), { tapeDrive: "lto0" });
  assert.deepEqual(defaultDrive({ PROXMOX_TAPE_DRIVE: "lto0", CAPSTAN_TAPE_DRIVE: "lto1" }), { tapeDrive: "lto1" });
  assert.deepEqual(defaultDrive({ CAPSTAN_TAPE_DRIVE: "" }), {});
});
