// SPDX-License-Identifier: Apache-2.0
// What an instance is told at start: by defaults, by `capstan.toml` in the data folder, by the command line, in this
// order. The file is only read, and its parser only loaded, when it is there.

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import {
  asError,
  days,
  endpointText,
  isLoopback,
  parseEndpoint,
  seconds,
  type Duration,
  type Endpoint,
} from "#base/index.ts";
import {
  defaultSettings,
  type DefaultAccess,
  type PortalSettings,
  type PriceTable,
  type ScrubSettings,
  usualScrub,
} from "#gateway/index.ts";
import type { BandwidthSettings, CompressionSettings, ThawTier } from "#store/index.ts";
import type { LogLevel } from "#world/index.ts";
import { defaultEncryption, type EncryptionSettings } from "./encryption-settings.ts";
import { mainFault } from "./faults.ts";
import { absolutePlace, type LabelSetting, type MirrorSetting, type S3Settings } from "./object-place.ts";
import { localTimeZone } from "./time-zone.ts";

/** Settings of an instance. Paths are absolute. */
export interface InstanceSettings {
  readonly home: string;
  readonly portals: readonly PortalSettings[];
  readonly api: Endpoint;
  /** The operator's own certificate for the API. */
  readonly certificate: { readonly certificate: string; readonly key: string } | undefined;
  readonly access: DefaultAccess;
  readonly namingAuthority: string;
  readonly instance: string | undefined;
  /** Where the object store is: a folder, or the URL of a bucket. */
  readonly store: string;
  readonly s3: S3Settings;
  /** Classes that places of their own play. */
  readonly labelClasses: readonly LabelSetting[];
  /** Stores that pools may mirror to. */
  readonly mirrors: readonly MirrorSetting[];
  readonly thawDelay: Readonly<Record<ThawTier, Duration>>;
  readonly thawKeep: Duration;
  /** What the object store charges. */
  readonly prices: PriceTable;
  /** How long a deletion can be taken back. */
  readonly deleteDelay: Duration;
  readonly cacheBytes: number;
  readonly uploadBufferBytes: number;
  readonly uploadDelay: Duration;
  readonly diskReserveBytes: number;
  readonly bandwidth: BandwidthSettings;
  readonly scrub: ScrubSettings;
  readonly encryption: EncryptionSettings;
  readonly compression: CompressionSettings;
  readonly logLevel: LogLevel;
  readonly logFormat: "auto" | "json" | "text";
  /** False: the first start makes no library and no cartridges. */
  readonly firstLibrary: boolean;
}

/** What `capstan.toml` may set: any part of the settings. */
export type FileSettings = Partial<Omit<InstanceSettings, "home">>;

const options = {
  home: { type: "string" },
  iscsi: { type: "string", multiple: true },
  api: { type: "string" },
  store: { type: "string" },
  thaw: { type: "string" },
  "allow-anyone": { type: "boolean" },
  empty: { type: "boolean" },
  "log-level": { type: "string" },
  "log-format": { type: "string" },
  help: { type: "boolean" },
} as const satisfies ParseArgsOptionsConfig;

/** What the command line can say. */
export const serveHelp = `Usage: npm start -- [options]      or: capstan serve [options]

Runs Capstan, a virtual tape library, until it is stopped by Ctrl-C or SIGTERM.

Options:
  --home DIR          data folder, made at the first start (default: CAPSTAN_HOME or ./capstan-data)
  --iscsi HOST:PORT   where initiators connect, may be repeated (default: 127.0.0.1:3260)
  --api HOST:PORT     where the API listens (default: 127.0.0.1:8470); HTTPS unless HOST is a loopback address
  --store PLACE       the object store: a folder, or s3://BUCKET/PREFIX?endpoint=URL (default: objects in the data folder)
  --thaw SECONDS      how long archived cartridges take to thaw (default: 5, Expedited 1, Bulk 20)
  --allow-anyone      let anyone in who reaches a portal that is not on a loopback address, without CHAP or allow-list
  --empty             make no library and no cartridges at the first start
  --log-level LEVEL   debug, info, warn or error (default: info)
  --log-format FORM   json, text or auto: text on a terminal, else json (default: auto)
  --help              show this

The same and more can be written into capstan.toml in the data folder; see docs/CONFIGURATION.md.
`;

/** Command line of a server as settings; undefined when help was asked for. Faults `main.usage`, `main.config-bad`. */
export async function readSettings(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<InstanceSettings | undefined> {
  const values = parseServeArgs(args);
  if (values.help === true) return undefined;
  const home = resolve(values.home ?? environment["CAPSTAN_HOME"] ?? "capstan-data");
  const file = join(home, "capstan.toml");
  const fromFile = existsSync(file) ? (await import("./settings-file.ts")).readSettingsFile(file, home) : {};
  const settings = { ...defaultsFor(home), ...fromFile, ...fromArgs(values) };
  return values["allow-anyone"] === true
    ? { ...settings, portals: settings.portals.map((portal) => ({ ...portal, allowAnyone: true })) }
    : settings;
}

function defaultsFor(home: string): InstanceSettings {
  return {
    home,
    portals: defaultSettings.portals,
    api: { host: "127.0.0.1", port: 8470 },
    certificate: undefined,
    access: defaultSettings.access,
    namingAuthority: defaultSettings.namingAuthority,
    instance: defaultSettings.instance,
    store: join(home, "objects"),
    s3: {},
    labelClasses: [],
    mirrors: [],
    thawDelay: { Expedited: seconds(1), Standard: seconds(5), Bulk: seconds(20) },
    thawKeep: days(7),
    deleteDelay: defaultSettings.deleteDelay,
    prices: defaultSettings.prices,
    cacheBytes: defaultSettings.cacheBytes,
    uploadBufferBytes: defaultSettings.uploadBufferBytes,
    uploadDelay: defaultSettings.uploadDelay,
    diskReserveBytes: defaultSettings.diskReserveBytes,
    bandwidth: { schedule: [], timeZone: localTimeZone() },
    scrub: usualScrub,
    encryption: defaultEncryption(home),
    compression: { mode: "adaptive", level: 1 },
    logLevel: "info",
    logFormat: "auto",
    firstLibrary: true,
  };
}

type ServeValues = ReturnType<typeof parseServeArgs>;

function parseServeArgs(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false, strict: true }).values;
  } catch (error) {
    throw mainFault("usage", { reason: asError(error).message.split(". ")[0] ?? "" }, error);
  }
}

function fromArgs(values: ServeValues): FileSettings {
  const { iscsi, api, store, thaw } = values;
  return {
    ...(iscsi === undefined ? {} : { portals: iscsi.map((text) => ({ listen: endpointOf("--iscsi", text) })) }),
    ...(api === undefined ? {} : { api: endpointOf("--api", api) }),
    ...(store === undefined ? {} : { store: absolutePlace(store, ".") }),
    ...(thaw === undefined ? {} : { thawDelay: evenThaw(thaw) }),
    ...(values.empty === true ? { firstLibrary: false } : {}),
    ...(values["log-level"] === undefined ? {} : { logLevel: choice("--log-level", values["log-level"], logLevels) }),
    ...(values["log-format"] === undefined
      ? {}
      : { logFormat: choice("--log-format", values["log-format"], logFormats) }),
  };
}

const logLevels = ["debug", "info", "warn", "error"] as const;
const logFormats = ["auto", "json", "text"] as const;

function choice<const Name extends string>(option: string, text: string, choices: readonly Name[]): Name {
  const found = choices.find((name) => name === text);
  if (found !== undefined) return found;
  throw mainFault("usage", { reason: `${option} must be one of ${choices.join(", ")}, not ${text}` });
}

function endpointOf(option: string, text: string): Endpoint {
  const endpoint = parseEndpoint(text);
  if (endpoint !== undefined) return endpoint;
  throw mainFault("usage", { reason: `${option} must be HOST:PORT, for example 127.0.0.1:3260, not ${text}` });
}

/** The same delay for every tier, in seconds. */
export function evenThaw(text: string): Readonly<Record<ThawTier, Duration>> {
  const value = Number(text);
  if (!/^\d{1,7}(\.\d+)?$/.test(text)) {
    throw mainFault("usage", { reason: `--thaw must be a number of seconds, not ${text}` });
  }
  return { Expedited: seconds(value), Standard: seconds(value), Bulk: seconds(value) };
}

/** The address of the API as a URL. */
export function apiUrl(endpoint: Endpoint): string {
  return `${isLoopback(endpoint.host) ? "http" : "https"}://${endpointText(endpoint)}`;
}

/** The same as a client on this machine dials it: a wildcard address is no destination. */
export function localApiUrl(endpoint: Endpoint): string {
  const loopback = new Map([
    ["0.0.0.0", "127.0.0.1"],
    ["::", "::1"],
  ]).get(endpoint.host);
  if (loopback === undefined) return apiUrl(endpoint);
  return `https://${endpointText({ host: loopback, port: endpoint.port })}`;
}
