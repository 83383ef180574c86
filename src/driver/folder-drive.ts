// SPDX-License-Identifier: Apache-2.0
// A folder as a drive with cartridges, in the format of Proxmox's virtual tape drive: a file per tape file, an index per
// cartridge, and which cartridge is loaded. The end of a file of the folder is the filemark. It cannot encrypt.
// docs/TAPE-FORMATS.md.

import { bytesFromText, isJsonObject, parseJson, prettyJson } from "#base/index.ts";
import type { Files, NewFile, OpenFile } from "#datastore/index.ts";
import type { BlockRead, BlockWritten, TapeDrive } from "#format/index.ts";
import { driverFault } from "./faults.ts";

/** How much fits on a cartridge when nothing is said: as with Proxmox. */
const defaultSize = 64 * 1024 * 1024;
/** Records between early warning and the end, and how many fit before it in any case. */
const reserve = 2;
const leastBlocks = 2;

const indexName = (label: string): string => `tape-${label}.json`;
const fileName = (label: string, number: number): string => `tapefile-${number}-${label}.json`;

/** What such a folder is. */
export interface TapeFolderOptions {
  /** For messages. */
  readonly name: string;
  readonly files: Files;
  /** Bytes that fit on a cartridge. */
  readonly sizeBytes?: number;
}

async function readText(files: Files, name: string): Promise<string | undefined> {
  if ((await files.facts(name)) === undefined) return undefined;
  const file = await files.open(name);
  try {
    const bytes = new Uint8Array(file.sizeBytes);
    return Buffer.from(bytes.subarray(0, await file.readAt(0, bytes))).toString("utf8");
  } finally {
    await file.close();
  }
}

async function writeText(files: Files, name: string, text: string): Promise<void> {
  const file = await files.create(name);
  await file.append(bytesFromText(text));
  await file.commit();
}

/** Labels of the cartridges in a folder, sorted. */
export async function folderLabels(files: Files): Promise<readonly string[]> {
  const entries = await files.list("");
  return entries.flatMap(({ name }) => {
    const label = /^tape-(.+)\.json$/.exec(name)?.[1];
    return label === undefined ? [] : [label];
  });
}

/** Puts an empty cartridge into a folder; one that is there stays as it is. */
export async function addFolderCartridge(files: Files, label: string): Promise<void> {
  if ((await files.facts(indexName(label))) !== undefined) return;
  await files.makeFolder("");
  await writeText(files, indexName(label), prettyJson({ files: 0 }));
}

/** The label of the cartridge that is loaded in a folder; undefined: none. */
export async function loadedLabel(files: Files): Promise<string | undefined> {
  const status = parseJson((await readText(files, "drive-status.json")) ?? "{}");
  const current = isJsonObject(status) ? status["current_tape"] : undefined;
  const name = isJsonObject(current) ? current["name"] : undefined;
  return typeof name === "string" ? name : undefined;
}

/** Notes which cartridge is loaded, at its beginning; undefined: none. */
export function setLoaded(files: Files, label: string | undefined): Promise<void> {
  const current = label === undefined ? null : { name: label, pos: 0 };
  return writeText(files, "drive-status.json", prettyJson({ current_tape: current }));
}

/** A tape file that is being written. */
interface Writing {
  readonly file: NewFile;
  readonly blocksBeforeWarning: number;
  blocks: number;
}

/** A cartridge of a folder, in the drive. */
export class FolderDrive implements TapeDrive {
  readonly #name: string;
  readonly #files: Files;
  readonly #label: string;
  readonly #sizeBytes: number;
  #fileCount: number;
  /** The tape file at the position, and how far into it. */
  #position = 0;
  #offset = 0;
  #reading: OpenFile | undefined;
  #writing: Writing | undefined;

  private constructor(options: TapeFolderOptions, label: string, fileCount: number) {
    this.#name = options.name;
    this.#files = options.files;
    this.#sizeBytes = options.sizeBytes ?? defaultSize;
    this.#label = label;
    this.#fileCount = fileCount;
  }

  /** Opens a cartridge of the folder. Fault `driver.cartridge-missing`. */
  static async open(options: TapeFolderOptions, label: string): Promise<FolderDrive> {
    const text = await readText(options.files, indexName(label));
    if (text === undefined) throw driverFault("cartridge-missing", { label, changer: options.name });
    const index = text === "" ? { files: 0 } : parseJson(text);
    const count = isJsonObject(index) ? index["files"] : undefined;
    if (typeof count !== "number" || !Number.isSafeInteger(count) || count < 0) {
      throw driverFault("bad-block", { device: options.name, reason: `the index of ${label} cannot be read` });
    }
    return new FolderDrive(options, label, count);
  }

  async readBlock(into: Uint8Array): Promise<BlockRead> {
    await this.#endWriting();
    if (this.#position >= this.#fileCount) return "end-of-data";
    this.#reading ??= await this.#files.open(fileName(this.#label, this.#position));
    const count = await this.#reading.readAt(this.#offset, into);
    if (count === 0) {
      await this.#move(this.#position + 1);
      return "filemark";
    }
    this.#offset += count;
    if (count === into.byteLength) return "block";
    throw driverFault("bad-block", { device: this.#name, reason: `it has ${count} bytes` });
  }

  async writeBlock(block: Uint8Array): Promise<BlockWritten> {
    const writing = (this.#writing ??= await this.#beginWriting(block.byteLength));
    if (writing.blocks >= writing.blocksBeforeWarning + reserve) return "no-space";
    await writing.file.append(block);
    writing.blocks += 1;
    return writing.blocks > writing.blocksBeforeWarning ? "near-end" : "written";
  }

  async writeFilemark(): Promise<void> {
    this.#writing ??= await this.#beginWriting(1);
    await this.#endWriting();
  }

  async rewind(): Promise<void> {
    await this.#endWriting();
    await this.#move(0);
  }

  async locateFile(fileNumber: number): Promise<void> {
    await this.#endWriting();
    if (fileNumber > this.#fileCount) throw driverFault("no-such-file", { device: this.#name, fileNumber });
    await this.#move(fileNumber);
  }

  async locateEnd(): Promise<number> {
    await this.locateFile(this.#fileCount);
    return this.#fileCount;
  }

  fileNumber(): Promise<number> {
    return Promise.resolve(this.#position);
  }

  /** Every tape file is durable when its filemark was written. */
  flush(): Promise<void> {
    return Promise.resolve();
  }

  setEncryptionKey(key: Uint8Array | undefined): Promise<void> {
    if (key === undefined) return Promise.resolve();
    return Promise.reject(driverFault("no-encryption", { device: this.#name, reason: "it is a folder" }));
  }

  async erase(): Promise<void> {
    await this.#endWriting();
    await this.#cut(0);
    await this.#move(0);
  }

  criticalAlerts(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  usedBytes(): Promise<number | undefined> {
    return this.#bytesBefore(this.#fileCount);
  }

  async eject(): Promise<void> {
    await this.#endWriting();
    await this.#move(0);
    await setLoaded(this.#files, undefined);
  }

  async #beginWriting(blockSize: number): Promise<Writing> {
    await this.#move(this.#position);
    const free = Math.max(0, this.#sizeBytes - (await this.#bytesBefore(this.#position)));
    const blocksBeforeWarning = Math.max(leastBlocks, Math.floor(free / blockSize));
    await this.#cut(this.#position);
    return { file: await this.#files.create(fileName(this.#label, this.#position)), blocksBeforeWarning, blocks: 0 };
  }

  /** What is being written becomes a tape file: its end is the filemark. */
  async #endWriting(): Promise<void> {
    const writing = this.#writing;
    if (writing === undefined) return;
    this.#writing = undefined;
    await writing.file.commit();
    await this.#note(this.#position + 1);
    await this.#move(this.#position + 1);
  }

  /** Removes tape files from a number on. */
  async #cut(fileCount: number): Promise<void> {
    for (let number = fileCount; number < this.#fileCount; number++) {
      await this.#files.remove(fileName(this.#label, number));
    }
    if (fileCount !== this.#fileCount) await this.#note(fileCount);
  }

  async #note(fileCount: number): Promise<void> {
    await writeText(this.#files, indexName(this.#label), prettyJson({ files: fileCount }));
    this.#fileCount = fileCount;
  }

  async #move(fileNumber: number): Promise<void> {
    await this.#reading?.close();
    this.#reading = undefined;
    this.#position = fileNumber;
    this.#offset = 0;
  }

  async #bytesBefore(fileNumber: number): Promise<number> {
    let sum = 0;
    for (let number = 0; number < fileNumber; number++) {
      sum += (await this.#files.facts(fileName(this.#label, number)))?.sizeBytes ?? 0;
    }
    return sum;
  }
}
