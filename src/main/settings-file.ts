// SPDX-License-Identifier: Apache-2.0
// capstan.toml: what it may say, and its words as settings. Unknown keys are refused by name.

import { resolve } from "node:path";
import { parse, TomlError } from "smol-toml";
import * as z from "zod";
import { asError, limits, milliseconds, parseEndpoint, type Duration } from "#base/index.ts";
import { parseDays, parseRate, parseSize, parseTime, problemsOf } from "#api/index.ts";
import { PrivateFile } from "#world/index.ts";
import { type ScrubSettings, usualScrub } from "#gateway/index.ts";
import { checkBandwidth, type StorageClass } from "#store/index.ts";
import { encryptionSettings, EncryptionTable } from "./encryption-file.ts";
import { mainFault } from "./faults.ts";
import { absolutePlace } from "./object-place.ts";
import { Prices, pricesFrom } from "./prices-file.ts";
import type { FileSettings } from "./settings.ts";
import { localTimeZone } from "./time-zone.ts";

const endpoint = z.string().transform((text, context) => {
  const found = parseEndpoint(text);
  if (found !== undefined) return found;
  context.addIssue(`${JSON.stringify(text)} is not HOST:PORT, for example "127.0.0.1:3260"`);
  return z.NEVER;
});

const size = z.string().transform((text, context) => {
  const bytes = parseSize(text);
  if (bytes !== undefined) return bytes;
  context.addIssue(`${JSON.stringify(text)} is no size; write for example "200GiB"`);
  return z.NEVER;
});

const time = z.string().transform((text, context): Duration => {
  const found = parseTime(text);
  if (found !== undefined) return milliseconds(found);
  context.addIssue(`${JSON.stringify(text)} is no span of time; write for example "30s", "4h" or "7d"`);
  return z.NEVER;
});

const secret = z.string().min(12).max(64);
const Chap = z.strictObject({
  initiator: z.string().min(1),
  user: z.string().min(1).optional(),
  secret,
  "mutual-user": z.string().min(1).optional(),
  "mutual-secret": secret.optional(),
});

const Portal = z.strictObject({
  listen: endpoint,
  advertise: endpoint.optional(),
  "allow-anyone": z.boolean().optional(),
});

const S3 = z.strictObject({
  "access-key": z.string().min(1).optional(),
  "secret-key": z.string().min(1).optional(),
  "session-token": z.string().min(1).optional(),
  profile: z.string().min(1).optional(),
  ca: z.string().min(1).optional(),
  proxy: z.httpUrl().optional(),
  "part-size": size.refine((bytes) => bytes >= limits.s3PartSizeMin, "a part is at least 5MiB").optional(),
  timeout: time.optional(),
});
/** Classes that a place of its own can play. */
const labelClass = z.enum(["STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"]);
const rate = z.string().transform((text, context) => {
  const bits = parseRate(text);
  if (bits !== undefined) return bits;
  context.addIssue(`${JSON.stringify(text)} is no rate; write for example "50Mbit"`);
  return z.NEVER;
});

const days = z.string().transform((text, context) => {
  const found = parseDays(text);
  if (found !== undefined) return found;
  context.addIssue(`${JSON.stringify(text)} are no days; write for example "mon-fri", "sat,sun" or "daily"`);
  return z.NEVER;
});

const Bandwidth = z
  .strictObject({
    up: rate.optional(),
    down: rate.optional(),
    "time-zone": z.string().min(1).optional(),
    schedule: z
      .array(z.strictObject({ days, from: z.string(), to: z.string(), up: rate.optional(), down: rate.optional() }))
      .optional(),
  })
  .transform(({ up, down, schedule = [], "time-zone": timeZone = localTimeZone() }, context) => {
    try {
      return checkBandwidth({ up, down, schedule, timeZone });
    } catch (error) {
      context.addIssue(asError(error).message);
      return z.NEVER;
    }
  });

const labels = z.partialRecord(labelClass, z.string().min(1));
const mirrorName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "a name is 1 to 32 of a-z, 0-9 and -");
/** A store that pools may mirror to. */
const Mirror = z
  .strictObject({
    folder: z.string().min(1).optional(),
    url: z.string().min(1).optional(),
    s3: S3.optional(),
    label: labels.optional(),
  })
  .refine(({ folder, url }) => (folder === undefined) !== (url === undefined), {
    error: "either folder or url says where it is",
  });

const SettingsFile = z.strictObject({
  iscsi: z
    .strictObject({
      portal: z.array(Portal).min(1).optional(),
      "naming-authority": z.string().optional(),
      instance: z.string().optional(),
      allow: z.array(z.string().min(1)).optional(),
      chap: z.array(Chap).optional(),
    })
    .optional(),
  api: z
    .strictObject({ listen: endpoint.optional(), certificate: z.string().optional(), key: z.string().optional() })
    .refine(({ certificate, key }) => (certificate === undefined) === (key === undefined), {
      error: "certificate and key are needed together",
    })
    .optional(),
  store: z
    .strictObject({
      folder: z.string().min(1).optional(),
      url: z.string().min(1).optional(),
      s3: S3.optional(),
      label: labels.optional(),
      mirrors: z.record(mirrorName, Mirror).optional(),
      cache: size.optional(),
      "upload-buffer": size.optional(),
      "upload-delay": time.optional(),
      "disk-reserve": size.optional(),
      bandwidth: Bandwidth.optional(),
      scrub: z
        .strictObject({
          every: z.union([time, z.literal("never")]).optional(),
          rate: rate.optional(),
          objects: z.boolean().optional(),
          "money-limit": z.number().min(0).optional(),
        })
        .optional(),
      "thaw-keep": time.optional(),
      "delete-delay": time.optional(),
      prices: Prices.optional(),
      thaw: z.strictObject({ Expedited: time, Standard: time, Bulk: time }).optional(),
      encryption: EncryptionTable.optional(),
      compression: z
        .strictObject({
          mode: z.enum(["adaptive", "always", "off"]).optional(),
          level: z.int().min(1).max(19).optional(),
        })
        .optional(),
    })
    .refine(({ folder, url }) => folder === undefined || url === undefined, {
      error: "folder and url exclude each other",
    })
    .optional(),
  log: z
    .strictObject({
      level: z.enum(["debug", "info", "warn", "error"]).optional(),
      format: z.enum(["auto", "json", "text"]).optional(),
    })
    .optional(),
});
type SettingsFile = z.output<typeof SettingsFile>;

/** Reads the file; paths in it are relative to `home`. Faults `main.config-bad`, `world.file-unreadable`. */
export function readSettingsFile(file: string, home: string): FileSettings {
  return settingsFromText(file, new PrivateFile(file).read() ?? "", home);
}

/** The settings that a text says; `file` is for messages. Fault `main.config-bad`. */
export function settingsFromText(file: string, text: string, home: string): FileSettings {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    const place = error instanceof TomlError ? `line ${error.line}, column ${error.column}: ` : "";
    const reason = asError(error).message.split("\n")[0] ?? "";
    throw mainFault("config-bad", { file, problems: `${place}${reason}` }, error);
  }
  const parsed = SettingsFile.safeParse(value);
  if (!parsed.success) throw mainFault("config-bad", { file, problems: problemsOf(parsed.error).problems });
  return withoutUndefined({
    ...iscsiSettings(parsed.data.iscsi),
    ...otherSettings(parsed.data, home),
  });
}

function iscsiSettings(iscsi: SettingsFile["iscsi"]): Loose<FileSettings> {
  if (iscsi === undefined) return {};
  const chap = (iscsi.chap ?? []).map((entry) => {
    const mutualSecret = entry["mutual-secret"];
    const mutual = mutualSecret === undefined ? undefined : { secret: mutualSecret, user: entry["mutual-user"] };
    return withoutUndefined({
      initiator: entry.initiator,
      secret: entry.secret,
      user: entry.user,
      mutual: mutual && withoutUndefined(mutual),
    });
  });
  return {
    portals: iscsi.portal?.map((portal) =>
      withoutUndefined({ listen: portal.listen, advertise: portal.advertise, allowAnyone: portal["allow-anyone"] }),
    ),
    access: { allow: iscsi.allow ?? [], chap },
    namingAuthority: iscsi["naming-authority"],
    instance: iscsi.instance,
  };
}

function otherSettings({ api, store, log }: SettingsFile, home: string): Loose<FileSettings> {
  const { certificate, key } = api ?? {};
  return {
    api: api?.listen,
    certificate:
      certificate === undefined || key === undefined
        ? undefined
        : { certificate: resolve(home, certificate), key: resolve(home, key) },
    ...storeSettings(store, home),
    cacheBytes: store?.cache,
    uploadBufferBytes: store?.["upload-buffer"],
    uploadDelay: store?.["upload-delay"],
    prices: store?.prices === undefined ? undefined : pricesFrom(store.prices),
    deleteDelay: store?.["delete-delay"],
    diskReserveBytes: store?.["disk-reserve"],
    bandwidth: store?.bandwidth,
    scrub: store?.scrub && scrubFrom(store.scrub),
    thawKeep: store?.["thaw-keep"],
    thawDelay: store?.thaw,
    encryption: store?.encryption && encryptionSettings(store.encryption, home),
    compression: store?.compression && { mode: "adaptive", level: 1, ...withoutUndefined(store.compression) },
    logLevel: log?.level,
    logFormat: log?.format,
  };
}

function scrubFrom(scrub: NonNullable<NonNullable<SettingsFile["store"]>["scrub"]>): ScrubSettings {
  const { every = usualScrub.every, rate: bits, objects = usualScrub.objects } = scrub;
  return {
    every: every === "never" ? undefined : every,
    bytesPerSecond: bits === undefined ? usualScrub.bytesPerSecond : bits / 8,
    objects,
    moneyLimit: scrub["money-limit"],
  };
}

function storeSettings(store: SettingsFile["store"], home: string): Loose<FileSettings> {
  const { mirrors } = store ?? {};
  return {
    ...placeSettings(store, home),
    mirrors:
      mirrors &&
      Object.entries(mirrors).map(([name, mirror]) => {
        const { store: place = "", labelClasses = [], s3 = {} } = placeSettings(mirror, home);
        return { name, store: place, labelClasses, s3 };
      }),
  };
}

/** Where a store is and how it is reached. */
function placeSettings(
  store: z.output<typeof Mirror> | SettingsFile["store"],
  home: string,
): Pick<Loose<FileSettings>, "store" | "labelClasses" | "s3"> {
  const place = store?.url ?? store?.folder;
  const { s3, label } = store ?? {};
  const labels = Object.entries(label ?? {}).filter((entry): entry is [StorageClass, string] => entry[1] !== undefined);
  return {
    store: place === undefined ? undefined : absolutePlace(place, home),
    labelClasses: label && labels.map(([name, at]) => ({ storageClass: name, place: absolutePlace(at, home) })),
    s3:
      s3 &&
      withoutUndefined({
        accessKey: s3["access-key"],
        secretKey: s3["secret-key"],
        sessionToken: s3["session-token"],
        profile: s3.profile,
        trust: s3.ca === undefined ? undefined : resolve(home, s3.ca),
        proxy: s3.proxy,
        partSize: s3["part-size"],
        timeout: s3.timeout,
      }),
  };
}

type Loose<T> = { readonly [Key in keyof T]?: T[Key] | undefined };
/** An object whose undefined properties are absent. */
type Tight<T> = { [Key in keyof T as undefined extends T[Key] ? never : Key]: T[Key] } & {
  [Key in keyof T as undefined extends T[Key] ? Key : never]?: Exclude<T[Key], undefined>;
};

function withoutUndefined<T extends object>(value: T): Tight<T> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Tight<T>;
}
