// SPDX-License-Identifier: Apache-2.0
// The door of recovery: makes the data folder of a lost gateway anew from its bucket, on a machine that has nothing of
// it, and says what came back and what was never uploaded.

import { existsSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { isoText, silentLog } from "#base/index.ts";
import { sizeText } from "#api/index.ts";
import {
  recoverGateway,
  type RecoveredCartridge,
  type RecoveryPorts,
  type RecoveryReport,
  type RecoveryRequest,
} from "#gateway/index.ts";
import { storeFault } from "#store/index.ts";
import { type DataFolder, NodeDisk, openDataFolder, PrivateFile, SystemClock, SystemRandom } from "#world/index.ts";
import type { EncryptionSettings } from "./encryption-settings.ts";
import { exitCodeOf, wordsOf } from "./bare-command.ts";
import { mainFault } from "./faults.ts";
import { absolutePlace, isUrl } from "./object-place.ts";
import { openObjectStore } from "./object-store.ts";
import { openKeys, sealingOptions } from "./sealing.ts";
import { stayAlive } from "./stay-alive.ts";
import { readSettings, type InstanceSettings } from "./settings.ts";

const help = `Usage: capstan recover --bucket PLACE [options]

Makes a gateway whose machine is lost anew from its bucket: libraries, cartridges, shelf, pools and access rules. The
machine that had it can change nothing in the bucket from then on. Afterwards start it with: capstan serve --home DIR

Options:
  --bucket PLACE   the object store of the lost gateway: a folder, or s3://BUCKET/PREFIX?endpoint=URL
  --key FILE       the lost gateway's key file; it is copied into the new data folder. Other key providers are read from
                   capstan.toml in the new data folder, and CAPSTAN_PASSPHRASE
  --home DIR       data folder to make (default: CAPSTAN_HOME or ./capstan-data); it must not hold a gateway
  --gateway NAME   which gateway, when the bucket holds several
  --take-over      even if that gateway was alive a moment ago
  --dry-run        only say what would come back; changes nothing
  --output FORM    table or json (default: table)
  --help           show this
`;

/** Recovers and resolves with the exit code. */
export async function recover(args: readonly string[]): Promise<number> {
  return exitCodeOf(async () => {
    const values = parse(args);
    if (values.help === true) {
      process.stdout.write(help);
      return 0;
    }
    const report = await stayAlive(recoverInto(values));
    const isJson = values.output === "json";
    process.stdout.write(isJson ? `${JSON.stringify(report, undefined, 2)}\n` : reportText(report, values));
    return 0;
  });
}

type Values = ReturnType<typeof parse>;

function parse(args: readonly string[]) {
  const options = {
    bucket: { type: "string" },
    home: { type: "string" },
    key: { type: "string" },
    gateway: { type: "string" },
    "take-over": { type: "boolean" },
    "dry-run": { type: "boolean" },
    output: { type: "string" },
    help: { type: "boolean" },
  } as const;
  return wordsOf(() => {
    const { values } = parseArgs({ args: [...args], options, allowPositionals: false, strict: true });
    if (values.output !== undefined && values.output !== "json" && values.output !== "table") {
      throw new TypeError(`--output must be table or json, not ${values.output}`);
    }
    return values;
  });
}

async function recoverInto(values: Values): Promise<RecoveryReport> {
  const home = resolve(values.home ?? process.env["CAPSTAN_HOME"] ?? "capstan-data");
  const named = values.bucket === undefined ? [] : ["--store", values.bucket];
  const settings = await readSettings(["--home", home, ...named], {});
  if (settings === undefined) throw mainFault("usage", { reason: "there is nothing to recover" });
  if (values["dry-run"] !== true) checkHome(home, settings, values);
  const clock = new SystemClock();
  const random = new SystemRandom();
  const profiles = new PrivateFile(join(tmpdir(), `capstan-recover-${process.pid}`));
  const store = await openObjectStore(settings, { clock, random, log: silentLog, profiles });
  const encryption = encryptionOf(settings.encryption, values);
  const { providers } = await openKeys(encryption, { home, random, environment: process.env, readOnly: true });
  const { sealing, close: endThreads } = sealingOptions(providers, settings.compression);
  const ports = { clock, random, log: silentLog, objects: store.objects, sealing };
  const request = {
    host: hostname(),
    takeOver: values["take-over"] === true,
    ...(values.gateway === undefined ? {} : { gateway: values.gateway }),
  };
  try {
    if (values["dry-run"] === true) return await recoverGateway(ports, { ...request, disk: undefined });
    return await recoverHome(ports, request, { home, bucket: values.bucket, key: values.key, encryption });
  } finally {
    await endThreads();
    store.close();
    profiles.remove();
  }
}

/** What the new data folder is made from. */
interface NewHome {
  readonly home: string;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly encryption: EncryptionSettings;
}

/** Who opens: the key file that is named, else what the settings say; a bucket without keys is read plain. */
function encryptionOf(settings: EncryptionSettings, { key }: Values): EncryptionSettings {
  if (key !== undefined) {
    if (existsSync(key)) return { ...settings, provider: "file", keyFile: resolve(key) };
    throw storeFault("key-file-bad", { path: key, reason: "there is no such file" });
  }
  const isMissing = settings.provider === "file" && !existsSync(settings.keyFile);
  return isMissing ? { ...settings, provider: "none", allowPlain: true } : settings;
}

/** Copies the key file to where the gateway looks for it. */
function keepKey(folder: DataFolder, key: string): void {
  const file = folder.file("capstan.keys");
  if (file.read() !== undefined) return;
  file.replace(new PrivateFile(key).read() ?? "");
  folder.file("key-file-made").replace(`${file.path}\n`);
}

async function recoverHome(
  ports: RecoveryPorts,
  request: Omit<RecoveryRequest, "disk">,
  { home, bucket, key, encryption }: NewHome,
): Promise<RecoveryReport> {
  const folder = openDataFolder(home);
  try {
    // The key comes first: nothing is taken over for a data folder that could not read it.
    if (key !== undefined) keepKey(folder, key);
    const disk = await NodeDisk.open(join(folder.path, "data"), storeFault);
    const report = await recoverGateway(ports, { ...request, disk });
    if (bucket !== undefined && !existsSync(join(home, "capstan.toml"))) {
      const place = JSON.stringify(absolutePlace(bucket, "."));
      const isPlain = encryption.provider === "none" ? `\n[store.encryption]\nprovider = "none"\n` : "";
      folder.file("capstan.toml").note(`[store]\n${isUrl(bucket) ? "url" : "folder"} = ${place}\n${isPlain}`);
    }
    return report;
  } finally {
    folder.close();
  }
}

/** Refuses a data folder that holds a gateway already, and a store that would be new. */
function checkHome(home: string, { store }: InstanceSettings, { bucket }: Values): void {
  for (const name of ["gateway.ledger", "cartridges/store.ledger"]) {
    if (existsSync(join(home, "data", name))) throw mainFault("home-in-use", { home });
  }
  if (bucket !== undefined || !existsSync(join(home, "capstan.toml"))) {
    if (bucket === undefined) throw mainFault("usage", { reason: "name the object store with --bucket" });
    if (!isUrl(store) && !existsSync(store)) {
      throw mainFault("bad-folder", { folder: store, reason: "there is no such folder" });
    }
  }
}

/** What came back, for people. */
export function reportText(report: RecoveryReport, { "dry-run": isDry }: Pick<Values, "dry-run">): string {
  const { gateway, epoch, lastHost, lastAt, wasStopped, libraries, pools, accessRules, cartridges } = report;
  const lost = cartridges.filter(({ lostObjects }) => lostObjects > 0);
  const ending = wasStopped ? "it had stopped in order" : "it had not stopped in order";
  const lines = [
    `gateway ${gateway}, last on ${lastHost}, last heard of at ${isoText(lastAt)}; ${ending}`,
    `${isDry === true ? "would come back" : "came back"}: ${libraries} libraries, ${cartridges.length} cartridges, ` +
      `${pools} pools, ${accessRules} access rules; epoch ${epoch}`,
    ...cartridges.slice(0, shownCartridges).map(cartridgeText),
    ...(cartridges.length > shownCartridges
      ? [`  … and ${cartridges.length - shownCartridges} more; --output json has all`]
      : []),
    ...report.damaged.map(({ reason }) => `of the log could not be read: ${reason}`),
    ...(report.damaged.length === 0
      ? []
      : ["what only that told is not known any more: where cartridges are may be older; what is on them is not"]),
    lost.length === 0
      ? "nothing is known to be lost"
      : `${lost.length} cartridges lost what was not uploaded yet, and are write-protected until that is accepted: ` +
        "capstan cartridge accept-loss BARCODE",
  ];
  return `${lines.join("\n")}\n`;
}

const shownCartridges = 100;

function cartridgeText(cartridge: RecoveredCartridge): string {
  const { barcode, state, library, pool, objects, files, usedBytes, pointAt } = cartridge;
  const place = library === undefined ? `pool ${pool}` : `library ${library}`;
  const held = `${objects} objects, ${files} filemarks, ${sizeText(usedBytes)}`;
  const point = pointAt === undefined ? "blank" : `${held} as of ${isoText(pointAt)}`;
  const lost =
    cartridge.lostObjects === 0
      ? ""
      : `; LOST: objects ${objects} to ${objects + cartridge.lostObjects - 1}, ` +
        `${cartridge.lostFiles} filemarks, ${sizeText(cartridge.lostBytes)}`;
  return `  ${barcode}  ${state}  ${place}  ${point}${lost}`;
}
