// SPDX-License-Identifier: Apache-2.0
// The second part of the demonstration: the manager. A folder becomes a snapshot in a datastore, goes over three small cartridges
// encrypted, and with them to the shelf; then everything is forgotten but the passphrase. Keys come back from tape, data from the
// shelf, and every file is compared.

import { randomFillSync } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defined, endpointText, limits, milliseconds, silentLog, sleep, type Uuid } from "#base/index.ts";
import { sizeText, spanText } from "#api/index.ts";
import type { Manager } from "#backup/index.ts";
import type { Terminal } from "#cli/index.ts";
import type { Gateway } from "#gateway/index.ts";
import type { TaskRecord } from "#work/index.ts";
import { SystemClock } from "#world/index.ts";
import { compareTree, sourcesOf, type Tree, walkTree } from "./demo-tree.ts";
import { mainFault } from "./faults.ts";
import type { Instance } from "./instance.ts";
import { openManager } from "./manager.ts";
import { readTar, writeTar } from "./tar.ts";

/** What it works with. */
export interface ManagerDemoOptions {
  readonly instance: Instance;
  readonly tree: Tree;
  readonly terminal: Terminal;
  /** A folder for all that it makes. */
  readonly work: string;
}

const library = "demo-tapes";
const pool = "demo";
const drive = "drive0";
const passphrase = "a passphrase for the demonstration";
const hint = "it is in the source";
const shownMax = 20;
const MiB = 1024 * 1024;
/** Cartridges come and go within seconds; this long is a failure. */
const patience = milliseconds(3_600_000);
/** Cartridges that are made; a set takes three of them. */
const cartridges = 6;

/** Runs it and resolves with the exit code: 1 when any file differs. Fault `main.demo-failed`. */
export async function runManagerDemo(options: ManagerDemoOptions): Promise<number> {
  const { terminal, work, tree } = options;
  const say = (text: string): void => terminal.out(`${text}\n`);
  const clock = new SystemClock();
  const start = clock.monotonic();
  say(`\nthe manager: ${tree.folder} becomes a snapshot in a datastore`);
  const first = await Act.open(options, join(work, "manager"));
  const ballast = await first.makeSnapshots();
  const { set, used } = await first.backUp();
  if (used.length < 3) throw mainFault("demo-failed", { reason: `only ${used.length} cartridges were written` });
  await first.onShelf(used);
  rmSync(join(work, "manager"), { recursive: true });
  rmSync(join(work, "source"), { recursive: true });
  say("inventory, catalogs, keys and the datastore are forgotten; the passphrase is not");
  const second = await Act.open(options, join(work, "manager-again"));
  await second.fromShelf(used);
  await second.restore(set, used);
  const trees = [tree, ballast];
  let [files, differences] = [0, 0];
  for (const [index, original] of trees.entries()) {
    const comparison = await second.compare(original, `tree${index}`);
    files += comparison.files;
    differences += comparison.differences.length;
    for (const text of comparison.differences.slice(0, shownMax)) say(`    ${text}`);
  }
  const span = spanText(clock.monotonic() - start);
  say(`  ${files} files compared, ${differences === 0 ? "all equal" : `differences: ${differences}`}; ${span}`);
  return differences === 0 ? 0 : 1;
}

/** What one manager does. */
class Act {
  readonly #options: ManagerDemoOptions;
  readonly #manager: Manager;
  readonly #gateway: Gateway;
  readonly #clock = new SystemClock();

  private constructor(options: ManagerDemoOptions, manager: Manager) {
    this.#options = options;
    this.#manager = manager;
    this.#gateway = options.instance.gateway;
  }

  /** A manager that knows nothing yet. */
  static async open(options: ManagerDemoOptions, home: string): Promise<Act> {
    const { gateway } = options.instance;
    mkdirSync(home, { recursive: true });
    const parts = { home, clock: new SystemClock(), log: silentLog, gateway };
    const { manager } = await openManager(parts);
    return new Act(options, manager);
  }

  /** A snapshot of the tree; and one of random bytes, so that three cartridges are not too many. Gives the second tree. */
  async makeSnapshots(): Promise<Tree> {
    const { tree, work } = this.#options;
    await this.#manager.addStore({ name: "source", path: join(work, "source") });
    const stored = numberIn(await this.#snapshot(tree.folder, "tree0"), "storedBytes");
    const ballast = join(work, "ballast");
    mkdirSync(ballast);
    const missing = Math.max(34 * MiB - stored, MiB);
    for (let left = missing, number = 0; left > 0; left -= 8 * MiB, number++) {
      const content = new Uint8Array(Math.min(left, 8 * MiB));
      randomFillSync(content);
      writeFileSync(join(ballast, `random-${number}`), content);
    }
    await this.#snapshot(ballast, "tree1");
    this.#say(`  ${sizeText(stored)} after sharing and compressing; ${sizeText(missing)} of random bytes beside it`);
    await this.#makeLibrary(stored + missing);
    return walkTree(ballast);
  }

  /** Labels cartridges, and backs up; the set goes out through the mail slots. */
  async backUp(): Promise<{ readonly set: Uuid; readonly used: readonly string[] }> {
    const manager = this.#manager;
    const { fingerprint } = await manager.createKey({ hint, passphrase });
    await manager.addPool({
      name: pool,
      allocation: "continue",
      retention: "keep",
      encryption: fingerprint,
      template: "%c",
    });
    await this.#addDrive();
    await this.#done(manager.tapes.labelByBarcode({ pool, drive }, "demo"));
    this.#say(`  ${cartridges} cartridges are labelled by their barcodes, for a pool that encrypts`);
    const request = { store: "source", pool, drive, namespace: "", depth: undefined, filters: "" };
    const how = { isLatestOnly: false, isForced: false, atEnd: "export" } as const;
    await this.#done(manager.tapes.backup({ ...request, ...how }, "demo"));
    const set = defined(manager.librarian.inventory.currentSet(pool), "the pool has a set");
    const used = set.members.map((member) => defined(member, "the set is complete").label.labelText);
    this.#say(`  the set takes ${used.join(", ")}, and is exported`);
    return { set: set.uuid, used };
  }

  async onShelf(used: readonly string[]): Promise<void> {
    for (const barcode of used) await this.#until(barcode, "ARCHIVED");
    this.#say("  on the shelf: ARCHIVED");
  }

  async fromShelf(used: readonly string[]): Promise<void> {
    for (const barcode of used) {
      await this.#gateway.retrieveCartridge({ barcode, library, tier: "Standard" }, { who: "demo" });
    }
    for (const barcode of used) {
      await this.#until(barcode, "RETRIEVED");
      await this.#gateway.importCartridge(barcode);
    }
    this.#say("  back from the shelf: RETRIEVED, and in storage slots");
  }

  /** Reads labels, takes the key from tape, and restores the set without catalogs; snapshots are extracted. */
  async restore(set: Uuid, used: readonly string[]): Promise<void> {
    const manager = this.#manager;
    const { work } = this.#options;
    await this.#addDrive();
    await manager.addStore({ name: "restored", path: join(work, "restored") });
    await this.#done(manager.tapes.inventory({ drive, catalogs: false }, "demo"));
    const key = { labelText: defined(used[0], "a cartridge"), drive, passphrase };
    await this.#done(manager.tapes.restoreKey(key, "demo"));
    this.#say(`  the key comes back from ${used[0]}`);
    const request = { mediaSet: set, store: "restored", snapshots: "", drive, owner: undefined };
    await this.#done(manager.tapes.restore(request, "demo"));
    await this.#done(manager.stores.verify("restored", "demo"));
    const snapshots = await manager.stores.snapshots("restored");
    this.#say(`  ${snapshots.length} snapshots are restored and verified`);
    for (const { snapshot } of snapshots) {
      const target = join(work, "back", snapshot.split("/")[1] ?? snapshot);
      const at = { store: "restored", snapshot, archive: undefined, path: undefined };
      await this.#done(manager.stores.extract(at, target, "demo"));
    }
  }

  /** Compares a tree with what came back of it. */
  async compare(original: Tree, name: string): ReturnType<typeof compareTree> {
    const back = await walkTree(join(this.#options.work, "back", name));
    return compareTree(original, readTar(writeTar(sourcesOf(back))));
  }

  async #snapshot(source: string, id: string): Promise<unknown> {
    const wanted = { store: "source", source, id, namespace: undefined, owner: undefined, encryption: undefined };
    return (await this.#done(this.#manager.stores.createSnapshot(wanted, "demo"))).result;
  }

  /** Three of its cartridges hold so many bytes, and two do not. */
  async #makeLibrary(bytes: number): Promise<void> {
    const places = { drives: 1, storageSlots: cartridges + 2, mailSlots: cartridges };
    await this.#gateway.createLibrary({ name: library, driveModel: "ibm-lto8", ...places });
    const sizeBytes = Math.max(Math.ceil(bytes / 2.3 / MiB) * MiB, limits.cartridgeSizeMin);
    for (let number = 1; number <= cartridges; number++) {
      await this.#gateway.createCartridges({ library, barcode: `TAPE0${number}L8`, sizeBytes });
    }
    this.#say(`  a library with ${cartridges} cartridges of ${sizeText(sizeBytes)}`);
  }

  async #addDrive(): Promise<void> {
    const targets = this.#gateway.listTargets(library);
    const of = (device: string) =>
      defined(
        targets
          .flatMap(({ name, units }) => units.map((unit) => ({ ...unit, target: name })))
          .find((unit) => unit.device === device),
        `there is a unit ${device}`,
      );
    const [changer, tape] = [of("changer"), of("drive-01")];
    await this.#manager.addDrive({
      kind: "library",
      name: drive,
      portal: endpointText(defined(this.#options.instance.portals[0], "there is a portal")),
      changerTarget: changer.target,
      changerLun: changer.lun,
      driveTarget: tape.target,
      driveLun: tape.lun,
      exportSlots: [],
      ejectsBeforeUnload: false,
    });
  }

  /** Waits for a task, which has to end well. */
  async #done(started: TaskRecord): Promise<TaskRecord> {
    const ended = await this.#gateway.tasks.ended(started.id);
    if (ended.state === "done") return ended;
    throw mainFault("demo-failed", { reason: `${ended.operation}: ${ended.error?.text ?? ended.state}` });
  }

  async #until(barcode: string, wanted: string): Promise<void> {
    const start = this.#clock.monotonic();
    while (this.#gateway.getCartridge(barcode).state !== wanted) {
      const failed = this.#gateway.tasks.list({ subject: barcode }).find((task) => task.state === "failed");
      if (failed !== undefined) throw mainFault("demo-failed", { reason: failed.error?.text ?? failed.operation });
      if (this.#clock.monotonic() - start > patience) {
        throw mainFault("demo-failed", { reason: `${barcode} is not ${wanted} for too long` });
      }
      await sleep(this.#clock, milliseconds(100));
    }
    for (const task of this.#gateway.tasks.list({ subject: barcode })) await this.#gateway.tasks.ended(task.id);
  }

  #say(text: string): void {
    this.#options.terminal.out(`${text}\n`);
  }
}

function numberIn(result: unknown, key: string): number {
  const value: unknown = typeof result === "object" && result !== null ? Reflect.get(result, key) : undefined;
  return typeof value === "number" ? value : 0;
}
