// SPDX-License-Identifier: Apache-2.0
// `capstan store probe URL`: tries out what an object store can do and prints it as a table. Needs no running instance.

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { silentLog } from "#base/index.ts";
import { parseS3Url, probePlace, type ProbeReport } from "#s3/index.ts";
import { SystemClock, SystemRandom } from "#world/index.ts";
import { exitCodeOf, wordsOf } from "./bare-command.ts";
import { mainFault } from "./faults.ts";
import { s3Access } from "./object-bucket.ts";
import { isUrl, type S3Settings } from "./object-place.ts";
import { stayAlive } from "./stay-alive.ts";

const help = `Usage: capstan store probe [options] s3://BUCKET/PREFIX?endpoint=URL&region=REGION&path-style=true

Tries out what an object store can do: small objects are stored, locked, moved and deleted again below the prefix. Ends
with 1 when it cannot be used for cartridges at all.

Options:
  --output FORM       table for people, json for programs
  --home DIR          data folder whose capstan.toml has the keys under [store.s3] (default: CAPSTAN_HOME or ./capstan-data)
  --ca FILE           certificates to trust, as PEM
  --proxy URL         http://HOST:PORT of a proxy
  --help              show this

Keys come from [store.s3], or from where Amazon's tools look: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE,
the shared files, the container, the machine.
`;

const options = {
  output: { type: "string" },
  home: { type: "string" },
  ca: { type: "string" },
  proxy: { type: "string" },
  help: { type: "boolean" },
} as const;

/** Runs the command and resolves with the exit code. */
export async function storeProbe(args: readonly string[]): Promise<number> {
  return exitCodeOf(async () => {
    const { values, positionals } = parsed(args);
    const [url] = positionals;
    if (values.help === true || url === undefined) {
      process.stdout.write(help);
      return values.help === true ? 0 : 2;
    }
    const form = values.output ?? "table";
    if (form !== "table" && form !== "json") throw mainFault("usage", { reason: "--output is table or json" });
    if (!isUrl(url)) throw mainFault("usage", { reason: `${url} is a folder, which can do everything; name a URL` });
    const report = await stayAlive(probe(url, await settingsOf(values)));
    process.stdout.write(form === "json" ? `${JSON.stringify({ url, ...report }, undefined, 2)}\n` : tableOf(report));
    return report.missing.length === 0 ? 0 : 1;
  });
}

function parsed(args: readonly string[]) {
  return wordsOf(() => parseArgs({ args: [...args], options, allowPositionals: true, strict: true }));
}

async function settingsOf(values: ReturnType<typeof parsed>["values"]): Promise<S3Settings> {
  const home = resolve(values.home ?? process.env["CAPSTAN_HOME"] ?? "capstan-data");
  const file = join(home, "capstan.toml");
  const fromFile = existsSync(file) ? (await import("./settings-file.ts")).readSettingsFile(file, home).s3 : undefined;
  return {
    ...fromFile,
    ...(values.ca !== undefined && { trust: resolve(values.ca) }),
    ...(values.proxy !== undefined && { proxy: values.proxy }),
  };
}

async function probe(url: string, settings: S3Settings): Promise<ProbeReport> {
  const place = { location: parseS3Url(url), access: s3Access(settings) };
  return probePlace(place, { clock: new SystemClock(), random: new SystemRandom(), log: silentLog });
}

function tableOf({ rows, profile, missing }: ProbeReport): string {
  const width = Math.max(...rows.map(({ title }) => title.length));
  const lines = rows.map(({ title, can, isNeeded, detail }) => {
    const verdict = can ? "yes" : isNeeded ? "NO " : "no ";
    return `${verdict}  ${title.padEnd(width)}  ${detail}`.trimEnd();
  });
  const { abilities } = profile;
  const cold = Object.keys(abilities.thaw);
  const summary = [
    "",
    `Classes: ${abilities.classes.join(", ")}; cold of them: ${cold.length === 0 ? "none" : cold.join(", ")}`,
    `Locks: ${[...abilities.retention, ...(abilities.legalHold ? ["legal hold"] : [])].join(", ") || "none"}`,
    `Two gateways can be kept apart by the store: ${abilities.createOnly ? "yes" : "no, a put cannot be made to create only"}`,
    missing.length === 0
      ? "It can be used as an object store."
      : `It cannot be used as an object store: ${missing.join(", ")}.`,
  ];
  return `${[...lines, ...summary].join("\n")}\n`;
}
