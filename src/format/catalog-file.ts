// SPDX-License-Identifier: Apache-2.0
// Tape files of catalogs: the catalog of one cartridge, byte for byte as it is kept on disk. What the bytes mean is the
// business of `media`.

import { assert, type ByteSource, isFault, limits, type Uuid } from "#base/index.ts";
import { encodeHead, type OpenTapeFile, type TapeFileIdentity } from "./content-header.ts";
import { countField, uuidField } from "./json-fields.ts";
import { StreamWriter } from "./stream-writer.ts";
import type { TapeWriter } from "./tape-drive.ts";

/** Which cartridge a catalog describes. */
export interface CatalogName {
  readonly cartridge: Uuid;
  readonly set: Uuid;
  /** Place of the cartridge in the set. */
  readonly setIndex: number;
}

/** A catalog to write. */
export interface CatalogFileSource extends CatalogName {
  /** False only for jobs that are restricted to the root namespace. */
  readonly hasNamespaces: boolean;
  readonly body: ByteSource;
}

/** What became of a catalog's tape file. */
export interface CatalogWritten {
  /** False: it has to be written again on the next cartridge. */
  readonly isComplete: boolean;
  readonly isNearEnd: boolean;
}

/**
 * Writes the tape file of a catalog at the position. Early warning in the body is no reason to stop: the reserve behind
 * it is meant for this. Faults: those of the body.
 */
export async function writeCatalogFile(
  tape: TapeWriter,
  identity: TapeFileIdentity,
  source: CatalogFileSource,
): Promise<CatalogWritten> {
  const stream = new StreamWriter(tape, `the catalog file of ${source.cartridge}`);
  const magic = source.hasNamespaces ? "catalog-file-with-namespaces" : "catalog-file";
  const json = { uuid: source.cartridge, media_set_uuid: source.set, seq_nr: source.setIndex };
  const piece = new Uint8Array(limits.transferSize / 4);
  try {
    await stream.write(encodeHead(magic, identity, json));
    if (stream.isNearEnd) {
      await stream.finish({ isIncomplete: true });
      return { isComplete: false, isNearEnd: true };
    }
    for (let count = await source.body.read(piece); count > 0; count = await source.body.read(piece)) {
      await stream.write(piece.subarray(0, count));
    }
    await stream.finish();
  } catch (thrown) {
    // Nothing can be written any more, not even an end. Readers know such files and leave them out.
    if (!isFault(thrown, "format.cartridge-full")) throw thrown;
    return { isComplete: false, isNearEnd: true };
  }
  return { isComplete: true, isNearEnd: stream.isNearEnd };
}

/** What the head of a catalog's tape file says. Fault `format.damaged`. */
export function catalogNameOf(file: OpenTapeFile, what: string): CatalogName {
  assert(file.kind === "catalog-file", "a catalog file is opened as one");
  return {
    cartridge: uuidField(file.json, "uuid", what),
    set: uuidField(file.json, "media_set_uuid", what),
    setIndex: countField(file.json, "seq_nr", what),
  };
}
