// SPDX-License-Identifier: Apache-2.0
// `capstan doctor`: a check-up of a data folder on which no instance runs, and of its bucket. Says what is not as it should
// be and what to do, and mends what can be mended without losing anything when it is asked to.

import { chmodSync, existsSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { isFault, silentLog } from "#base/index.ts";
import { checkUp, type CheckUpCounts, type CheckUpPorts, mendFindings } from "#gateway/index.ts";
import {
  type Finding,
  Findings,
  type Mended,
  type ObjectStore,
  type SealingOptions,
  storeFault,
} from "#store/index.ts";
import { NodeDisk, openDataFolder, PrivateFile, SystemClock, SystemRandom } from "#world/index.ts";
import { doctorText } from "./doctor-text.ts";
import { lookAtFolder, lookAtMachine } from "./folder-look.ts";
import { exitCodeOf, wordsOf } from "./bare-command.ts";
import { mainFault } from "./faults.ts";
import { isUrl } from "./object-place.ts";
import { openObjectStore } from "./object-store.ts";
import { openKeys, sealingOptions } from "./sealing.ts";
import { stayAlive } from "./stay-alive.ts";
import { readSettings, type InstanceSettings } from "./settings.ts";

const help = `Usage: capstan doctor [options]

Checks a data folder on which no instance runs, and its object store: ledgers, journals, directories, segments, keys,
manifests, the log, and what nothing names. Without --repair it changes nothing. Ends with 0 when all is well, and with 8
when something is damaged or will be; advice alone does not count.

Options:
  --repair         mend what can be mended without losing anything, and say what an operator must decide; may be repeated
  --take-over      with --repair: make a lost ledger anew even if the gateway was alive a moment ago
  --deep           read every byte, here and in the object store, and compare; costs a request per piece
  --home DIR       data folder (default: CAPSTAN_HOME or ./capstan-data)
  --output FORM    table or json (default: table)
  --help           show this
`;

const options = {
  deep: { type: "boolean" },
  repair: { type: "boolean" },
  "take-over": { type: "boolean" },
  home: { type: "string" },
  output: { type: "string" },
  help: { type: "boolean" },
} as const;

/** What a check-up comes to. */
export interface DoctorReport {
  readonly home: string;
  readonly isDeep: boolean;
  readonly counts: CheckUpCounts;
  /** What was mended, or could not be. */
  readonly mended: readonly Mended[];
  /** What is left. */
  readonly findings: readonly Finding[];
  /** Findings that were too many to keep. */
  readonly dropped: number;
}

/** Checks and resolves with the exit code. */
export async function doctor(args: readonly string[]): Promise<number> {
  return exitCodeOf(async () => {
    const values = parsed(args);
    if (values.help === true) {
      process.stdout.write(help);
      return 0;
    }
    const report = await stayAlive(examine(values));
    const isJson = values.output === "json";
    process.stdout.write(isJson ? `${JSON.stringify(report, undefined, 2)}\n` : doctorText(report));
    const count = report.findings.filter(({ severity }) => severity !== "advice").length + report.dropped;
    if (count === 0) return 0;
    throw mainFault("doctor-found", { count, home: report.home });
  });
}

type Values = ReturnType<typeof parsed>;

function parsed(args: readonly string[]) {
  return wordsOf(() => {
    const { values } = parseArgs({ args: [...args], options, allowPositionals: false, strict: true });
    if (values.output !== undefined && values.output !== "json" && values.output !== "table") {
      throw new TypeError(`--output must be table or json, not ${values.output}`);
    }
    return values;
  });
}

async function examine(values: Values): Promise<DoctorReport> {
  const home = resolve(values.home ?? process.env["CAPSTAN_HOME"] ?? "capstan-data");
  // Opening makes one where there is none.
  if (!existsSync(join(home, "capstan-data.json"))) throw mainFault("no-home", { home });
  const settings = await readSettings(["--home", home], {});
  if (settings === undefined) throw mainFault("usage", { reason: "there is nothing to check" });
  const folder = openDataFolder(home);
  const isDeep = values.deep === true;
  const mended: Mended[] = [];
  try {
    for (let round = 1; ; round++) {
      const found = await examineOnce({ home, settings, isDeep });
      const isLast = values.repair !== true || round > repairRounds;
      const done = isLast ? [] : await repair({ home, settings, found, takeOver: values["take-over"] === true });
      mended.push(...done);
      // What could not be mended stays as it is; what was is looked at once more.
      if (!done.some((each) => each.isDone)) {
        const { counts, findings } = found;
        return { home, isDeep, counts, mended, findings: findings.all, dropped: findings.dropped };
      }
    }
  } finally {
    folder.close();
  }
}

/** Mending ledgers lets cartridges be seen, and mending these lets their objects be. */
const repairRounds = 4;

interface Examined {
  readonly counts: CheckUpCounts;
  readonly findings: Findings;
}

interface Place {
  readonly home: string;
  readonly settings: InstanceSettings;
}

async function examineOnce({ home, settings, isDeep }: Place & { readonly isDeep: boolean }): Promise<Examined> {
  const findings = new Findings();
  lookAtFolder(home, settings.encryption, findings);
  const disk = await NodeDisk.open(join(home, "data"), storeFault);
  await lookAtMachine({ disk, reserveBytes: settings.diskReserveBytes, findings });
  const request = { isDeep, signal: new AbortController().signal };
  const counts = await withBucket(settings, { home, findings }, (bucket) =>
    checkUp({ ...bucket, disk, findings }, request),
  );
  return { counts, findings };
}

/** Mends what was found and says what came of it. */
async function repair(
  place: Place & { readonly found: Examined; readonly takeOver: boolean },
): Promise<readonly Mended[]> {
  const { home, settings, found, takeOver } = place;
  const done: Mended[] = [];
  const all = found.findings.all;
  for (const { mend } of all) {
    if (mend?.kind !== "mode") continue;
    chmodSync(mend.path, 0o600);
    done.push({ subject: mend.path, text: "only its owner can read it now", isDone: true });
  }
  if (!all.some(({ mend }) => mend !== undefined && mend.kind !== "mode")) return done;
  const disk = await NodeDisk.open(join(home, "data"), storeFault);
  const host = hostname();
  const rest = await withBucket(settings, { home, findings: new Findings() }, (bucket) =>
    mendFindings({ ...bucket, disk }, all, { host, takeOver }),
  );
  return [...done, ...(rest ?? [])];
}

type Bucket = Omit<CheckUpPorts, "disk" | "findings">;

/** Opens the object store and the keys as the settings say; without them nothing can be said of the cartridges. */
async function withBucket<T>(
  settings: InstanceSettings,
  { home, findings }: { readonly home: string; readonly findings: Findings },
  work: (bucket: Bucket) => Promise<T>,
): Promise<T | undefined> {
  const clock = new SystemClock();
  const random = new SystemRandom();
  if (!isUrl(settings.store) && !existsSync(settings.store)) {
    const what = "there is no such folder";
    const advice = "mount it, or restore it from a copy: everything that was uploaded is in it";
    findings.note({ area: "bucket", subject: settings.store, severity: "damage", what, advice });
    return undefined;
  }
  const closing: (() => void | Promise<void>)[] = [];
  try {
    let objects: ObjectStore;
    let sealing: SealingOptions;
    try {
      const profiles = new PrivateFile(join(home, "object-stores"));
      const store = await openObjectStore(settings, { clock, random, log: silentLog, profiles });
      closing.push(() => store.close());
      objects = store.objects;
      const sources = { home, random, environment: process.env, readOnly: true };
      const { providers } = await openKeys(settings.encryption, sources);
      const made = sealingOptions(providers, settings.compression);
      closing.push(made.close);
      sealing = made.sealing;
    } catch (error) {
      if (!isFault(error)) throw error;
      const area = error.code.includes("key") || error.code.includes("passphrase") ? "keys" : "bucket";
      const advice = "nothing else can be checked before that: put it right, and check again";
      findings.note({ area, subject: error.code, severity: "damage", what: error.message, advice });
      return undefined;
    }
    return await work({ clock, random, log: silentLog, objects, sealing });
  } finally {
    for (const close of closing) await close();
  }
}
