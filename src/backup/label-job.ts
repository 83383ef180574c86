// SPDX-License-Identifier: Apache-2.0
// Labels and catalogs: labelling cartridges, by hand and by barcode, reading labels, erasing, and restoring catalogs from tape,
// the fast way from catalogs on tape, or by reading everything.

import { asError, type Clock, epochSeconds, isFault, newUuid, type Random, sourceOf } from "#base/index.ts";
import { ByteCollector, type ByteSource } from "#base/index.ts";
import {
  type CartridgeLabel,
  type CartridgeLabels,
  catalogNameOf,
  isReservation,
  openTapeFile,
  readLabels,
  type SetLabel,
  type TapeDrive,
  writeCartridgeLabel,
} from "#format/index.ts";
import { type KeyRing, setKeyOf } from "#keys/index.ts";
import { type CartridgeRecord, isCleaningLabel, type Librarian, readCatalog } from "#media/index.ts";
import type { Notify } from "#notify/index.ts";
import type { TaskContext } from "#work/index.ts";
import { backupFault } from "./faults.ts";
import { noteCartridge } from "./cartridge-note.ts";
import type { TapeStation } from "./station.ts";
import { walkCartridge } from "./tape-walk.ts";

/** What working on labels needs. */
export interface LabelOptions {
  readonly librarian: Librarian;
  readonly keys: KeyRing;
  readonly station: TapeStation;
  readonly clock: Clock;
  readonly random: Random;
  readonly context: TaskContext;
  readonly notify?: Notify;
  /** Lets others use the drive while `wait` goes on; the drive must not hold a cartridge that is written. */
  readonly lend?: (wait: () => Promise<void>) => Promise<void>;
}

/** The labels of the cartridge that is in the drive; undefined: it is empty. */
export async function readLoadedLabels(drive: TapeDrive): Promise<CartridgeLabels | undefined> {
  await drive.setEncryptionKey(undefined);
  await drive.rewind();
  return readLabels(drive);
}

/**
 * Labels the empty cartridge that is in the drive (B-LBL-1). Faults `backup.not-empty`, `backup.label-in-use`,
 * `backup.wrong-cartridge` when it does not read back.
 */
export async function labelCartridge(
  options: LabelOptions,
  drive: TapeDrive,
  wanted: { readonly labelText: string; readonly pool: string | undefined },
): Promise<CartridgeLabel> {
  const { librarian, clock, random, station, context } = options;
  const { labelText, pool } = wanted;
  if (librarian.inventory.findLabel(labelText) !== undefined) throw backupFault("label-in-use", { label: labelText });
  await expectEmpty(options, drive);
  const ctime = epochSeconds(clock.now());
  const label: CartridgeLabel = { uuid: newUuid(random), labelText, ctime, pool };
  await drive.erase({ isFast: true });
  await writeCartridgeLabel(drive, { uuid: newUuid(random), ctime }, label);
  await drive.flush();
  const back = await readLoadedLabels(drive);
  if (back?.label.uuid !== label.uuid || back.label.pool !== pool) {
    const details = { drive: station.name, actual: back?.label.labelText ?? "empty", expected: labelText };
    throw backupFault("wrong-cartridge", details);
  }
  await noteCartridge(drive, context, { label: labelText, barcode: labelText, pool: pool ?? "" });
  await librarian.startCatalog(label.uuid);
  await librarian.update((inventory) => inventory.withLabels({ label, set: undefined }));
  await drive.rewind();
  context.log(`labelled ${labelText}`);
  return label;
}

async function expectEmpty({ station }: LabelOptions, drive: TapeDrive): Promise<void> {
  let content: string;
  try {
    const labels = await readLoadedLabels(drive);
    if (labels === undefined) return;
    content = `it has the label ${labels.label.labelText}`;
  } catch (error) {
    if (!isFault(error)) throw error;
    content = error.message;
  }
  throw backupFault("not-empty", { drive: station.name, content });
}

/** Labels every cartridge of the library that has none, with its barcode (B-LBL-2). Resolves with the new labels. */
export async function labelByBarcode(options: LabelOptions, pool: string | undefined): Promise<readonly string[]> {
  const { librarian, station, context } = options;
  const labels = (await station.labels()) ?? [];
  const labelled: string[] = [];
  for (const labelText of labels.toSorted()) {
    context.checkpoint();
    if (isCleaningLabel(labelText)) continue;
    if (librarian.inventory.records.some(({ label }) => label.labelText === labelText)) {
      context.log(`${labelText} is in the inventory already`);
      continue;
    }
    try {
      const drive = await station.load(labelText);
      await labelCartridge(options, drive, { labelText, pool });
      labelled.push(labelText);
    } catch (error) {
      const isHarmless = isFault(error, "backup.not-empty") || (isFault(error) && error.code.startsWith("driver."));
      if (!isHarmless) throw error;
      context.warn(`${labelText} is not labelled: ${asError(error).message}`);
    }
  }
  return labelled;
}

/** Takes the labels of a cartridge into the inventory. Fault `backup.set-in-use` when a job holds its set. */
export async function inventorize(options: LabelOptions, labels: CartridgeLabels): Promise<CartridgeRecord> {
  const { librarian } = options;
  const { uuid } = labels.label;
  if (!(await librarian.takeLabels(labels))) {
    throw backupFault("set-in-use", { set: labels.set?.uuid ?? librarian.inventory.get(uuid).set?.uuid ?? uuid });
  }
  return librarian.inventory.get(uuid);
}

/** Erases the cartridge in the drive and forgets it (B-FMT-1). */
export async function eraseCartridge(
  options: LabelOptions,
  drive: TapeDrive,
  how: { readonly isFast: boolean },
): Promise<void> {
  const { librarian, context } = options;
  let labels: CartridgeLabels | undefined;
  try {
    labels = await readLoadedLabels(drive);
  } catch (error) {
    if (!isFault(error)) throw error;
    context.warn(`the labels cannot be read: ${error.message}`);
  }
  if (labels !== undefined) {
    const { uuid, labelText } = labels.label;
    if (librarian.inventory.find(uuid) !== undefined) await librarian.forget(uuid);
    context.log(`erases ${labelText}`);
  }
  await drive.erase(how);
  await noteCartridge(drive, context, undefined);
}

/**
 * Restores the catalog of the cartridge in the drive. Catalogs on tape are taken where there are any, also those of other
 * cartridges of the set that have none here; otherwise, or with `isScan`, the whole tape is read.
 */
export async function restoreCatalog(
  options: LabelOptions,
  drive: TapeDrive,
  how: { readonly isScan: boolean },
): Promise<"from-tape" | "by-scan" | "no-set"> {
  const { librarian, station } = options;
  const labels = await readLoadedLabels(drive);
  if (labels === undefined) {
    throw backupFault("wrong-cartridge", { drive: station.name, actual: "empty", expected: "labelled" });
  }
  const record = await inventorize(options, labels);
  const { set } = labels;
  if (set === undefined || isReservation(set)) return "no-set";
  if (!librarian.lockSet(set.uuid)) throw backupFault("set-in-use", { set: set.uuid });
  try {
    return await catalogOf(options, drive, { record, set, isScan: how.isScan });
  } finally {
    librarian.unlockSet(set.uuid);
  }
}

/** The catalog of a cartridge of a set that is held. */
async function catalogOf(
  options: LabelOptions,
  drive: TapeDrive,
  how: { readonly record: CartridgeRecord; readonly set: SetLabel; readonly isScan: boolean },
): Promise<"from-tape" | "by-scan"> {
  const { librarian, keys, context } = options;
  const { record, set } = how;
  if (set.key !== undefined) await drive.setEncryptionKey(setKeyOf(keys.key(set.key.fingerprint), set.uuid));
  try {
    if (!how.isScan && (await takeCatalogs(options, drive, record))) return "from-tape";
    context.log(`reads all of ${record.label.labelText}`);
    const nothing = { chunk: () => Promise.resolve(), snapshot: () => Promise.resolve(false) };
    await walkCartridge({ drive, record, librarian, context }, nothing);
    return "by-scan";
  } finally {
    await drive.setEncryptionKey(undefined);
  }
}

/** True when a catalog of this cartridge was on its tape. */
async function takeCatalogs(options: LabelOptions, drive: TapeDrive, record: CartridgeRecord): Promise<boolean> {
  await drive.locateFile(2);
  // First come catalogs of cartridges that were full by then.
  while ((await takeCatalog(options, drive, record)) === "other");
  // Behind the files of a job comes the catalog that it ended with. Only as the last file of the tape it is complete.
  const end = await drive.locateEnd();
  if (end <= 2) return false;
  await drive.locateFile(end - 1);
  return (await takeCatalog(options, drive, record)) === "own";
}

/** Takes the catalog at the position: of the loaded cartridge, of another one, or there is none. */
async function takeCatalog(
  options: LabelOptions,
  drive: TapeDrive,
  record: CartridgeRecord,
): Promise<"own" | "other" | "none"> {
  const { librarian, context } = options;
  const what = `a catalog on ${record.label.labelText}`;
  const file = await openTapeFile(drive, what);
  if (typeof file === "string" || file.kind !== "catalog-file") return "none";
  const name = catalogNameOf(file, what);
  const isOwn = name.cartridge === record.label.uuid;
  const content = await collected(file.body);
  const isKnown = librarian.inventory.find(name.cartridge) !== undefined;
  const isWanted = isOwn || (isKnown && (await librarian.catalog(name.cartridge)) === undefined);
  if (name.set !== record.set?.uuid || !isWanted || file.body.ended !== "complete") return "other";
  const catalog = await readCatalog(sourceOf(content), what);
  if (catalog.cartridge !== name.cartridge || catalog.set?.uuid !== name.set) return "other";
  await librarian.replaceCatalog(name.cartridge, sourceOf(content));
  context.log(`took the catalog of cartridge ${name.setIndex} of the set`);
  return isOwn ? "own" : "other";
}

async function collected(source: ByteSource): Promise<Uint8Array> {
  const collector = new ByteCollector();
  const piece = new Uint8Array(256 * 1024);
  for (let count = await source.read(piece); count > 0; count = await source.read(piece)) {
    await collector.sink(piece.subarray(0, count));
  }
  return collector.bytes();
}
