// SPDX-License-Identifier: Apache-2.0
// Tape files of snapshots: the files of one snapshot, without the chunks that they refer to, as a pxar archive of
// version 1 with regular files below its root.

import { assert, type ByteSource, limits } from "#base/index.ts";
import { PxarDecoder, PxarEncoder, plainMetadata, type PxarMetadata } from "#pxar/index.ts";
import { encodeHead, type OpenTapeFile, type TapeFileIdentity } from "./content-header.ts";
import { formatFault } from "./faults.ts";
import { textField } from "./json-fields.ts";
import { StreamWriter } from "./stream-writer.ts";
import type { TapeWriter } from "./tape-drive.ts";

/** A snapshot by datastore and path: `type/id/time`, with `ns/…` before it for each level of a namespace. */
export interface SnapshotName {
  readonly store: string;
  readonly snapshot: string;
}

/** One file of a snapshot, in the order in which it is written. */
export interface SnapshotFileSource {
  /** ASCII. */
  readonly name: string;
  readonly metadata: PxarMetadata;
  readonly sizeBytes: number;
  /** Opens its content, which is closed when it was read, or when reading ends early. */
  open(): Promise<ByteSource & { close?(): Promise<void> }>;
}

/** What became of a snapshot's tape file. */
export interface SnapshotWritten {
  /** False: it is marked as incomplete and has to be written again on the next cartridge. */
  readonly isComplete: boolean;
  /** The cartridge has to be changed before anything else is written. */
  readonly isNearEnd: boolean;
}

/** Mode of the root, as Proxmox writes it. */
const rootMode = 0o40664;

/** Ends the writing of an archive from inside of its sink. */
class NearEnd extends Error {}

/**
 * Writes the tape file of a snapshot at the position. When the end of the medium comes near before all is written, the
 * file is closed and marked as incomplete. Fault `format.cartridge-full`, and those of the sources.
 */
export async function writeSnapshotFile(
  tape: TapeWriter,
  identity: TapeFileIdentity,
  name: SnapshotName,
  files: readonly SnapshotFileSource[],
): Promise<SnapshotWritten> {
  assert(files.length <= limits.snapshotFiles, "a snapshot has few files");
  const stream = new StreamWriter(tape, `the snapshot file of ${name.store}:${name.snapshot}`);
  const write = async (bytes: Uint8Array): Promise<void> => {
    await stream.write(bytes);
    if (stream.isNearEnd) throw new NearEnd();
  };
  const magic = name.snapshot.startsWith("ns/") ? "snapshot-file-with-namespace" : "snapshot-file";
  try {
    await write(encodeHead(magic, identity, { snapshot: name.snapshot, store: name.store }));
    await writeArchive(write, files);
  } catch (thrown) {
    if (!(thrown instanceof NearEnd)) throw thrown;
    await stream.finish({ isIncomplete: true });
    return { isComplete: false, isNearEnd: true };
  }
  await stream.finish();
  return { isComplete: true, isNearEnd: stream.isNearEnd };
}

async function writeArchive(
  sink: (bytes: Uint8Array) => Promise<void>,
  files: readonly SnapshotFileSource[],
): Promise<void> {
  const encoder = new PxarEncoder({ sink });
  await encoder.begin(plainMetadata(rootMode));
  for (const file of files) {
    const content = await file.open();
    try {
      await encoder.file(Buffer.from(file.name, "ascii"), file.metadata, file.sizeBytes, content);
    } finally {
      await content.close?.();
    }
  }
  await encoder.endDirectory();
}

/** A file of a snapshot that is being read. */
export interface SnapshotFileEntry {
  readonly name: string;
  readonly metadata: PxarMetadata;
  readonly sizeBytes: number;
  /** Valid until the next file is asked for. */
  readonly content: ByteSource;
}

/** Reads the tape file of a snapshot. */
export class SnapshotFileReader {
  readonly #file: OpenTapeFile;
  readonly #what: string;
  readonly #decoder: PxarDecoder;
  readonly name: SnapshotName;
  #isBegun = false;

  /** `what` names the file in messages. Fault `format.damaged`. */
  constructor(file: OpenTapeFile, what: string) {
    assert(file.kind === "snapshot-file", "a snapshot file is opened as one");
    this.#file = file;
    this.#what = what;
    this.#decoder = new PxarDecoder(file.body, what);
    this.name = {
      store: textField(file.json, "store", what),
      snapshot: textField(file.json, "snapshot", what),
    };
  }

  /**
   * The next file; undefined when there are no more and the tape file is complete. Faults `format.damaged` (also for
   * members that are no regular files), `format.no-end-marker`, `pxar.damaged`.
   */
  async next(): Promise<SnapshotFileEntry | undefined> {
    if (!this.#isBegun) {
      this.#isBegun = true;
      await this.#decoder.next();
    }
    const event = await this.#decoder.next();
    if (event?.kind === "member") {
      const { member } = event;
      if (member.type !== "file" || member.content.where !== "inline") throw this.#damaged(`it has a ${member.type}`);
      const name = Buffer.from(member.name).toString("latin1");
      if (!/^[A-Za-z0-9_.][A-Za-z0-9_.-]*$/.test(name)) throw this.#damaged("a file in it has a name that cannot be");
      const { metadata, content } = member;
      return { name, metadata, sizeBytes: content.sizeBytes, content: this.#decoder.content };
    }
    if ((await this.#decoder.next()) !== undefined) throw this.#damaged("something follows behind its files");
    if ((await this.#file.body.skipRest()) !== "complete") throw formatFault("no-end-marker", { what: this.#what });
    return undefined;
  }

  /** Reads the rest of the tape file and tells how it ends. */
  skipRest(): ReturnType<OpenTapeFile["body"]["skipRest"]> {
    return this.#file.body.skipRest();
  }

  #damaged(reason: string): Error {
    return formatFault("damaged", { what: this.#what, reason });
  }
}
