// SPDX-License-Identifier: Apache-2.0
// Walks over the tape files of a cartridge from the labels on, and makes its catalog anew on the way. What to do with chunks
// and snapshots is for the visitor. Files whose writing was interrupted are told of and left out.

import { concatBytes, isFault, sourceOf } from "#base/index.ts";
import {
  ChunkFileReader,
  formatFault,
  type OpenTapeFile,
  openTapeFile,
  SnapshotFileReader,
  type TapeDrive,
} from "#format/index.ts";
import { CartridgeCatalog, type CartridgeRecord, type Librarian } from "#media/index.ts";
import type { TaskContext } from "#work/index.ts";

/** What is done with what lies on a tape. */
export interface TapeVisitor {
  /** A whole chunk; `what` names the tape file. */
  chunk(store: string, digest: Uint8Array, blob: Uint8Array, what: string): Promise<void>;
  /** A snapshot; true when all of it was read, false when it is left out and only its end counts. */
  snapshot(reader: SnapshotFileReader, what: string): Promise<boolean>;
}

/** What reading a cartridge needs. */
export interface ReadOptions {
  readonly drive: TapeDrive;
  readonly record: CartridgeRecord;
  readonly context: TaskContext;
  /** Hears of tape files that are damaged, of which the rest is left out. When it is left out, they end the walk. */
  readonly damaged?: (what: string, error: Error) => void;
}

/** What a walk needs. */
export interface WalkOptions extends ReadOptions {
  readonly librarian: Librarian;
}

/** What was found on a cartridge: its catalog, and the bytes of it. */
export interface CartridgeContent {
  readonly catalog: CartridgeCatalog;
  readonly bytes: Uint8Array;
}

/** The first tape file behind the labels. */
const firstFile = 2;

/** Walks over a cartridge of a set, and replaces its catalog by what was found. */
export async function walkCartridge(options: WalkOptions, visitor: TapeVisitor): Promise<void> {
  const { bytes } = await readCartridge(options, visitor);
  await options.librarian.replaceCatalog(options.record.label.uuid, sourceOf(bytes));
}

/** Reads a cartridge of a set from the labels to its end. */
export async function readCartridge(options: ReadOptions, visitor: TapeVisitor): Promise<CartridgeContent> {
  const { drive, record, context, damaged } = options;
  const set = record.set && { uuid: record.set.uuid, setIndex: record.set.setIndex };
  const catalog = new CartridgeCatalog(record.label.uuid, set);
  const parts = [catalog.start];
  // Without a filemark behind the set label nothing was ever written.
  const hasFiles = await reachesNext(drive, firstFile);
  for (let fileNumber = firstFile; hasFiles; fileNumber++) {
    context.checkpoint();
    const what = `tape file ${fileNumber} of ${record.label.labelText}`;
    try {
      const file = await openTapeFile(drive, what);
      if (file === "end-of-data") break;
      if (file === "filemark") continue;
      parts.push(...(await visitFile({ file, fileNumber, what }, catalog, visitor)));
    } catch (error) {
      if (isFault(error, "format.no-end-marker")) context.warn(`${what} was not written to its end and is left out`);
      else if (damaged !== undefined && isDamage(error)) damaged(what, error);
      else throw error;
      if (!(await reachesNext(drive, fileNumber + 1))) break;
    }
  }
  return { catalog, bytes: concatBytes(parts) };
}

/** What is wrong with the tape itself, and not with the drive. */
function isDamage(error: unknown): error is Error {
  const codes = ["format.damaged", "format.unexpected-content", "pxar.damaged", "driver.bad-block", "media.damaged"];
  return codes.some((code) => isFault(error, code));
}

interface PlacedFile {
  readonly file: OpenTapeFile;
  readonly fileNumber: number;
  readonly what: string;
}

async function visitFile(
  { file, fileNumber, what }: PlacedFile,
  catalog: CartridgeCatalog,
  visitor: TapeVisitor,
): Promise<readonly Uint8Array[]> {
  const reference = { fileNumber, uuid: file.uuid };
  switch (file.kind) {
    case "catalog-file":
      await file.body.skipRest();
      return [];
    case "chunk-file": {
      const reader = new ChunkFileReader(file, what);
      const digests: Uint8Array[] = [];
      for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) {
        digests.push(chunk.digest.slice());
        await visitor.chunk(reader.store, chunk.digest, chunk.blob, what);
      }
      return [catalog.addArchive(reference, reader.store, digests)];
    }
    case "snapshot-file": {
      const reader = new SnapshotFileReader(file, what);
      const isComplete = (await visitor.snapshot(reader, what)) || (await reader.skipRest()) === "complete";
      const { store, snapshot } = reader.name;
      return isComplete ? [catalog.addSnapshot({ ...reference, store, path: snapshot })] : [];
    }
    case "cartridge-label":
    case "set-label":
      throw formatFault("unexpected-content", { actual: `a ${file.kind}`, expected: what });
    default:
      return file.kind satisfies never;
  }
}

/** To the next tape file; false when there is none. */
async function reachesNext(drive: TapeDrive, fileNumber: number): Promise<boolean> {
  try {
    await drive.locateFile(fileNumber);
    return true;
  } catch (error) {
    if (isFault(error, "driver.no-such-file") || isFault(error, "format.unexpected-content")) return false;
    throw error;
  }
}
