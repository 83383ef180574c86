// SPDX-License-Identifier: Apache-2.0
// The whole journey in one process: a directory becomes a snapshot in a datastore, the datastore goes to tapes of our own
// gateway through iSCSI, everything that the manager knows is lost, keys come back from a tape, the set is restored, and every
// file is compared.

import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  lstatSync,
  writeFileSync,
} from "node:fs";
import { randomFillSync } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { defined, epochSeconds, limits } from "#base/index.ts";
import {
  inventorize,
  labelByBarcode,
  type LabelOptions,
  LibraryStation,
  parseStoreMap,
  readLoadedLabels,
  restoreSet,
  runBackup,
} from "#backup/index.ts";
import {
  archiveTree,
  Datastore,
  datastoreFault,
  extractMember,
  openArchive,
  rootArchive,
  type SnapshotPlace,
  SnapshotWriter,
  verifySnapshot,
  withArchive,
} from "#datastore/index.ts";
import type { TapeDrive } from "#format/index.ts";
import { fingerprintOf, keyConfigOf, KeyRing, openKey, protectKey } from "#keys/index.ts";
import { Librarian, mediaFault, type MediaPool, parseAllocation, parseRetention, utcZone } from "#media/index.ts";
import { Gate, noTask } from "#work/index.ts";
import { FolderFiles, FolderTree, StateFolder } from "#world/index.ts";
import { libraryBed, type LibraryBed } from "./library-bed.ts";

const MiB = 1024 * 1024;
const barcodes = ["JRN001L8", "JRN002L8", "JRN003L8", "JRN004L8"];
const passphrase = "correct horse battery staple";
const owner = "root@pam";
const quiet = { file: () => {}, member: () => {}, check: () => {} };
const strict = {
  ...quiet,
  warn: (text: string): void => {
    throw new Error(text);
  },
};

function makeTree(folder: string): void {
  mkdirSync(join(folder, "deep/er"), { recursive: true });
  for (let index = 0; index < 12; index++) {
    const content = new Uint8Array(3 * MiB + index * 1000);
    randomFillSync(content);
    writeFileSync(join(folder, index % 2 === 0 ? "deep" : "deep/er", `random ${index}`), content);
  }
  writeFileSync(join(folder, "empty"), "");
  writeFileSync(join(folder, "text"), "the same line\n".repeat(10_000), { mode: 0o640 });
  symlinkSync("deep/random 0", join(folder, "link"));
}

/** Path to what is there, for comparing. */
function describe(folder: string, path = ""): string[] {
  return readdirSync(join(folder, path)).flatMap((name) => {
    const inner = join(path, name);
    const stats = lstatSync(join(folder, inner));
    const head = `${inner} ${stats.mode.toString(8)} ${Math.floor(stats.mtimeMs)}`;
    if (stats.isSymbolicLink()) return [`${inner} -> ${readlinkSync(join(folder, inner))}`];
    if (stats.isDirectory()) return [head, ...describe(folder, inner)];
    return [`${head} ${readFileSync(join(folder, inner)).toString("base64")}`];
  });
}

interface Manager {
  readonly librarian: Librarian;
  readonly keys: KeyRing;
}

async function emptyManager(bed: LibraryBed, folder: string): Promise<Manager> {
  const files = new StateFolder(folder, mediaFault);
  const librarian = await Librarian.open({ files, clock: bed.clock, random: bed.random, zone: utcZone });
  return { librarian, keys: new KeyRing() };
}

/** Where a run keeps its folders, and what all of its steps share. */
class Journey {
  readonly work = mkdtempSync(join(tmpdir(), "capstan-journey-"));
  readonly bed: LibraryBed;
  readonly station: LibraryStation;
  readonly place: SnapshotPlace;
  readonly context = noTask();

  constructor(bed: LibraryBed) {
    this.bed = bed;
    const openDrive = (): Promise<TapeDrive> => bed.openDrive();
    this.station = new LibraryStation({
      name: "drive-01",
      changer: bed.changer,
      driveNumber: 0,
      openDrive,
      robot: new Gate(),
      clock: bed.clock,
    });
    const time = epochSeconds(bed.clock.now());
    this.place = { namespace: ["offsite"], snapshot: { type: "host", id: "journey", time } };
  }

  folder(name: string): string {
    const path = join(this.work, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  store(name: string): Datastore {
    return new Datastore(name, new FolderFiles(this.folder(name), datastoreFault));
  }

  async makeSnapshot(): Promise<void> {
    makeTree(this.folder("source"));
    const { clock, random } = this.bed;
    const writer = await SnapshotWriter.begin({ store: this.store("store1"), place: this.place, owner, clock, random });
    await archiveTree(writer, new FolderTree(this.folder("source"), datastoreFault), strict);
    await writer.finish();
  }

  common({ librarian, keys }: Manager): LabelOptions {
    const { clock, random } = this.bed;
    return { librarian, keys, station: this.station, clock, random, context: this.context };
  }

  /** Labels the cartridges and runs an encrypted job. Resolves with the cartridges that were written. */
  async backUp(): Promise<readonly string[]> {
    const { random } = this.bed;
    const key = random.bytes(32);
    const created = "2026-01-01T00:00:00+00:00";
    const config = protectKey(key, { passphrase, kind: "scrypt", random, created, modified: created, hint: "a horse" });
    const empty = await emptyManager(this.bed, this.folder("state"));
    const manager = { ...empty, keys: empty.keys.with(key, config, { mayReplace: false }) };
    const pool: MediaPool = {
      name: "offsite",
      allocation: parseAllocation("continue"),
      retention: parseRetention("keep"),
      encryption: fingerprintOf(key),
      template: "%c",
    };
    assert.deepEqual(await labelByBarcode(this.common(manager), "offsite"), barcodes);
    const { cartridges } = await runBackup({
      ...this.common(manager),
      pool,
      store: this.store("store1"),
      isForced: false,
      commitAfterBytes: limits.commitAfter,
      namespace: [],
      depth: 7,
      isLatestOnly: false,
      filters: [],
      atEnd: "unload",
      changers: ["lib"],
    });
    return cartridges;
  }

  /** Inventory, catalogs, keys and the datastore are gone. */
  loseEverything(): void {
    for (const name of ["state", "store1"]) rmSync(this.folder(name), { recursive: true });
  }

  /** Labels and keys from the tapes, with the passphrase. */
  async recover(): Promise<Manager> {
    const { librarian, keys: none } = await emptyManager(this.bed, this.folder("state"));
    let keys = none;
    for (const barcode of barcodes) {
      const labels = defined(await readLoadedLabels(await this.station.load(barcode)), "the cartridge has labels");
      await inventorize(this.common({ librarian, keys }), labels);
      const onTape = labels.set?.key?.config;
      if (onTape === undefined) continue;
      const config = keyConfigOf(onTape);
      keys = keys.with(openKey(config, passphrase), config, { mayReplace: true });
    }
    return { librarian, keys };
  }

  async restore(manager: Manager): Promise<readonly string[]> {
    const set = defined(manager.librarian.inventory.currentSet("offsite"), "the set is known again").uuid;
    const stores = parseStoreMap("again");
    const openStore = (name: string): Datastore => this.store(name);
    return (await restoreSet({ ...this.common(manager), set, stores, openStore, owner })).restored;
  }

  async extract(): Promise<void> {
    const target = new FolderTree(this.folder("extracted"), datastoreFault);
    await withArchive(await openArchive(this.store("again"), this.place, rootArchive), async (archive) =>
      extractMember(archive, await archive.root(), target, strict),
    );
  }

  async end(): Promise<void> {
    await this.bed.close();
    rmSync(this.work, { recursive: true, force: true });
  }
}

test("a directory goes to tape and comes back, with nothing left but the tapes and a passphrase", async () => {
  const journey = new Journey(await libraryBed({ barcodes, sizeBytes: 24 * MiB }));
  try {
    await journey.makeSnapshot();
    const cartridges = await journey.backUp();
    assert.ok(cartridges.length >= 2, `on ${cartridges.length} cartridges`);
    journey.loseEverything();
    const restored = await journey.restore(await journey.recover());
    assert.equal(restored.length, 1);
    const problems = await verifySnapshot(journey.store("again"), journey.place, { good: new Set(), check: () => {} });
    assert.deepEqual(problems, []);
    await journey.extract();
    assert.deepEqual(describe(journey.folder("extracted")), describe(journey.folder("source")));
    assert.ok(statSync(join(journey.folder("extracted"), "text")).size === 140_000);
  } finally {
    await journey.end();
  }
});
