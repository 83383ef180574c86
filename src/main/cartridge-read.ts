// SPDX-License-Identifier: Apache-2.0
// `capstan cartridge read`: reads cartridges from a bucket or a folder with the keys alone; needs neither a data folder nor
// a running instance.

import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { isFault, type Log, seconds, silentLog } from "#base/index.ts";
import { BucketReader, FolderObjectStore, type ObjectStore, storeFault } from "#store/index.ts";
import { NodeDisk, SystemClock, SystemRandom } from "#world/index.ts";
import { defaultEncryption, type EncryptionSettings } from "./encryption-settings.ts";
import { exitCodeOf, wordsOf } from "./bare-command.ts";
import { mainFault } from "./faults.ts";
import { isUrl, type S3Settings } from "./object-place.ts";
import { openKeys } from "./sealing.ts";
import { stayAlive } from "./stay-alive.ts";
import { openTapeOutput, type TapeOutputOptions, TapeSorter } from "./tape-output.ts";

const help = `Usage: capstan cartridge read --bucket URL|DIR [--key FILE] [BARCODE|ID] [options]

Reads a cartridge from an object store and its keys alone, and verifies everything. Without a barcode, lists the cartridges.

Options:
  --bucket URL|DIR        s3://BUCKET/PREFIX?… or the folder of the object store
  --key FILE              key file
  --passphrase-file FILE  file with the passphrase; or CAPSTAN_PASSPHRASE
  --home DIR              data folder whose capstan.toml has the keys of the bucket, of KMS or Vault
  --list                  list the tape files with their sizes
  --file N                only tape file N, from 0
  --output FILE|-         where to (default: -, standard output)
  --format FORM           raw: the blocks one behind the other (default); tap: with lengths and filemarks, for one that
                          knows .tap; files: each tape file as a file of its own in the folder --output
  --salvage               go on behind damage, and say which objects are lost
  --allow-plain           read cartridges that were written without encryption although there is a key
  --help                  show this

Ends with 8 when something is damaged, also after salvaging.
`;

const options = {
  bucket: { type: "string" },
  key: { type: "string" },
  "passphrase-file": { type: "string" },
  home: { type: "string" },
  list: { type: "boolean" },
  file: { type: "string" },
  output: { type: "string" },
  format: { type: "string" },
  salvage: { type: "boolean" },
  "allow-plain": { type: "boolean" },
  help: { type: "boolean" },
} as const;

type Values = ReturnType<typeof parsed>["values"];

/** Exit code when something could not be had. */
const damagedCode = 8;

/** Runs the command and resolves with the exit code. */
export async function cartridgeRead(args: readonly string[]): Promise<number> {
  return exitCodeOf(async () => {
    const { values, positionals } = parsed(args);
    const [name, ...more] = positionals;
    if (values.help === true) {
      process.stdout.write(help);
      return 0;
    }
    if (values.bucket === undefined || more.length > 0) {
      throw mainFault("usage", { reason: "--bucket and one barcode are needed" });
    }
    return await stayAlive(readFrom(values.bucket, name, values));
  });
}

function parsed(args: readonly string[]) {
  return wordsOf(() => parseArgs({ args: [...args], options, allowPositionals: true, strict: true }));
}

async function readFrom(bucket: string, name: string | undefined, values: Values): Promise<number> {
  const home = resolve(values.home ?? ".");
  const file = join(home, "capstan.toml");
  const useFile = values.home !== undefined && existsSync(file);
  const fromFile = useFile ? (await import("./settings-file.ts")).readSettingsFile(file, home) : {};
  const [clock, random] = [new SystemClock(), new SystemRandom()];
  const { objects, close } = await openBucket(bucket, fromFile.s3 ?? {});
  try {
    const encryption = encryptionOf(fromFile.encryption ?? defaultEncryption(home), values);
    const { providers } = await openKeys(encryption, { home, random, environment: process.env, readOnly: true });
    const reader = new BucketReader({ objects, clock, random, log: warnings, providers });
    if (name === undefined) return await listCartridges(reader);
    return await readCartridge(reader, name, values);
  } finally {
    close();
  }
}

/** The providers that can open; a key file is only read, never made. */
function encryptionOf(settings: EncryptionSettings, values: Values): EncryptionSettings {
  const { key, "passphrase-file": passphraseFile, "allow-plain": allowPlain } = values;
  if (key !== undefined && !existsSync(key)) {
    throw storeFault("key-file-bad", { path: key, reason: "there is no such file" });
  }
  const hasPassphrase = passphraseFile !== undefined || process.env["CAPSTAN_PASSPHRASE"] !== undefined;
  const hasFile = key !== undefined || existsSync(settings.keyFile);
  const isSet = settings.provider === "file" ? hasFile : settings.provider !== "passphrase" || hasPassphrase;
  const fallback = hasPassphrase ? ("passphrase" as const) : ("none" as const);
  return {
    ...settings,
    provider: key !== undefined ? "file" : isSet ? settings.provider : fallback,
    ...(key !== undefined && { keyFile: resolve(key) }),
    ...(passphraseFile !== undefined && { passphraseFile: resolve(passphraseFile) }),
    allowPlain: allowPlain === true || settings.allowPlain,
  };
}

interface OpenBucket {
  readonly objects: ObjectStore;
  readonly close: () => void;
}

async function openBucket(place: string, s3: S3Settings): Promise<OpenBucket> {
  const [clock, random] = [new SystemClock(), new SystemRandom()];
  if (isUrl(place)) {
    const { openBucketToRead } = await import("./object-bucket.ts");
    return openBucketToRead(place, s3, { clock, random, log: silentLog });
  }
  // What a running gateway is putting there is left alone: the store is not opened for writing.
  const folders = basename(resolve(place)) === "store" ? [place, resolve(place, "..")] : [place];
  const parent = folders.find((folder) => existsSync(join(folder, "store", "objects")));
  if (parent === undefined)
    throw mainFault("bad-folder", { folder: place, reason: "it is no object store of Capstan" });
  const disk = await NodeDisk.open(parent, storeFault);
  const thawDelay = { Expedited: seconds(0), Standard: seconds(0), Bulk: seconds(0) };
  return {
    objects: new FolderObjectStore({ disk, clock, random, folder: "store", thawDelay }),
    close: () => undefined,
  };
}

async function listCartridges(reader: BucketReader): Promise<number> {
  let damaged = 0;
  for await (const id of reader.ids()) {
    try {
      const found = await reader.cartridge(id);
      if (found === undefined) continue;
      const { description, objects, files, bytes } = found.manifest;
      const barcode = String(description["barcode"] ?? id);
      process.stdout.write(`${barcode.padEnd(10)} ${id}  ${objects} objects, ${files} filemarks, ${bytes} bytes\n`);
    } catch (error) {
      if (!isFault(error)) throw error;
      damaged += 1;
      process.stderr.write(`capstan: ${id}: ${error.message}\n`);
    }
  }
  return damaged === 0 ? 0 : damagedCode;
}

async function readCartridge(reader: BucketReader, name: string, values: Values): Promise<number> {
  const wanted = values.file === undefined ? undefined : Number(values.file);
  if (wanted !== undefined && !(Number.isSafeInteger(wanted) && wanted >= 0)) {
    throw mainFault("usage", { reason: `--file is a number from 0, not ${values.file}` });
  }
  const cartridge = await reader.find(name);
  const output = await openTapeOutput(outputOf(values));
  const sorter = new TapeSorter(output, wanted);
  try {
    for await (const piece of reader.read(cartridge, { fromFile: wanted ?? 0, salvage: values.salvage === true })) {
      if (!(await sorter.take(piece))) break;
    }
    await sorter.end();
  } finally {
    await output.close();
  }
  if (values.list === true) process.stdout.write(sorter.list());
  for (const { object, end, reason } of sorter.lost) {
    process.stderr.write(`capstan: lost: objects ${object} to ${end - 1} of ${name}: ${reason}\n`);
  }
  if (wanted !== undefined && !sorter.has(wanted)) throw mainFault("tape-file-missing", { name, file: wanted });
  return sorter.lost.length === 0 ? 0 : damagedCode;
}

function outputOf(values: Values): TapeOutputOptions {
  const { format = "raw", output = "-" } = values;
  if (format !== "raw" && format !== "tap" && format !== "files") {
    throw mainFault("usage", { reason: `--format is raw, tap or files, not ${format}` });
  }
  if (format === "files" && output === "-")
    throw mainFault("usage", { reason: "--format files needs --output FOLDER" });
  return { format: values.list === true ? "none" : format, output };
}

/** What is worth a line for whoever reads. */
const warnings: Log = {
  ...silentLog,
  warn: (message) => void process.stderr.write(`capstan: ${message}\n`),
};
