// SPDX-License-Identifier: Apache-2.0
// Finds out what an S3 server can do, by doing it to small objects that are deleted again. What servers say of themselves
// is not asked: some accept what they ignore.

import { type Clock, type Random, randomId, sleep } from "#base/index.ts";
import { allAbilities, coldTiers, type StorageClass, type ThawTier } from "#store/index.ts";
import type { S3Api } from "./client.ts";
import { s3Error } from "./errors.ts";
import type { S3Location } from "./location.ts";
import { lockProbes } from "./probe-locks.ts";
import { ProbePlace } from "./probe-place.ts";
import { type S3Profile, unquoted } from "./profile.ts";

/** One thing that was tried. */
export interface ProbeRow {
  readonly id: string;
  readonly title: string;
  /** Without it the store cannot be used at all. */
  readonly isNeeded: boolean;
  readonly can: boolean;
  /** What the server said, or what follows. */
  readonly detail: string;
}

/** What was found. */
export interface ProbeReport {
  readonly rows: readonly ProbeRow[];
  readonly profile: S3Profile;
  /** Needed, and not there. */
  readonly missing: readonly string[];
}

/** What a probe is. It answers with a detail when the server can do it, and throws or returns `no` when not. */
export interface Probe {
  readonly id: string;
  readonly title: string;
  readonly isNeeded?: boolean;
  readonly run: (place: ProbePlace) => Promise<string | { readonly no: string }>;
}

/** What probing needs. */
export interface ProbeOptions {
  readonly api: S3Api;
  readonly location: S3Location;
  readonly clock: Clock;
  readonly random: Random;
}

const no = (reason: string): { readonly no: string } => ({ no: reason });

/** Tries everything, and cleans up. Rejects only when the server cannot be asked at all. */
export async function probeS3(options: ProbeOptions): Promise<ProbeReport> {
  const place = new ProbePlace(options, `.capstan-probe-${randomId(options.random)}/`);
  const rows: ProbeRow[] = [];
  try {
    for (const probe of [...basics, ...conditions, ...classProbes(), ...lockProbes]) {
      rows.push(await tried(probe, place));
      // Nothing else can be found out where nothing can be written.
      if (rows.length === 1 && rows[0]?.can === false) break;
    }
  } finally {
    await place.cleanUp((pause) => sleep(options.clock, pause));
  }
  const missing = rows.filter((row) => row.isNeeded && !row.can).map(({ title }) => title);
  return { rows, profile: profileOf(rows), missing };
}

async function tried({ id, title, isNeeded = false, run }: Probe, place: ProbePlace): Promise<ProbeRow> {
  try {
    const answer = await run(place);
    if (typeof answer === "string") return { id, title, isNeeded, can: true, detail: answer };
    return { id, title, isNeeded, can: false, detail: answer.no };
  } catch (error) {
    const { name, message, status } = s3Error(error);
    const text = message === "" || message === "UnknownError" ? name : `${name}: ${message}`;
    return { id, title, isNeeded, can: false, detail: status === undefined ? text : `${text} (${status})` };
  }
}

const basics: readonly Probe[] = [
  {
    id: "put",
    title: "store and read",
    isNeeded: true,
    run: async (place) => {
      await place.put("basic", "0123456789", { Metadata: { probe: "x1" } });
      const read = await place.get("basic");
      return read === "0123456789" ? "" : no(`read back ${JSON.stringify(read)}`);
    },
  },
  {
    id: "range",
    title: "read a range",
    isNeeded: true,
    run: async (place) => {
      const read = await place.get("basic", { Range: "bytes=3-5" });
      return read === "345" ? "" : no(`bytes 3 to 5 are ${JSON.stringify(read)}`);
    },
  },
  {
    id: "head",
    title: "size and metadata",
    isNeeded: true,
    run: async (place) => {
      const { ContentLength, Metadata } = await place.head("basic");
      return ContentLength === 10 && Metadata?.["probe"] === "x1" ? "" : no("they are not what was stored");
    },
  },
  {
    id: "list",
    title: "list in order, by prefix, behind a key",
    isNeeded: true,
    run: async (place) => {
      for (const name of ["l/b", "l/a/2", "l/a/1", "l/a-"]) await place.put(name, name);
      const all = await place.list("l/");
      const behind = await place.list("l/", "l/a/1");
      const found = `${all.join(" ")}; ${behind.join(" ")}`;
      return found === "l/a- l/a/1 l/a/2 l/b; l/a/2 l/b" ? "" : no(`listed ${found}`);
    },
  },
  {
    id: "delete",
    title: "delete",
    isNeeded: true,
    run: async (place) => {
      await place.put("gone", "x");
      await place.send("DeleteObjectCommand", "gone");
      return (await place.exists("gone")) ? no("it is still there") : "";
    },
  },
  {
    id: "multipart",
    title: "upload in parts",
    isNeeded: true,
    run: async (place) => {
      const size = await place.multipart("parts", {});
      const { ContentLength } = await place.head("parts");
      return ContentLength === size ? "" : no(`${ContentLength} of ${size} bytes are there`);
    },
  },
  {
    id: "resume",
    title: "find unfinished uploads",
    run: (place) => place.findsUpload(),
  },
  {
    id: "checksum",
    title: "refuse what fails its CRC32",
    run: async (place) => {
      const status = await place.statusOf(place.put("sum", "x", { ChecksumCRC32: "AAAAAA==" }));
      return status === 400 ? "" : no("a wrong checksum is accepted; ours are compared by HEAD and when read");
    },
  },
  {
    id: "secret",
    title: "refuse a wrong secret",
    run: async (place) => {
      const status = await place.statusWithWrongSecret();
      return status === 403 || status === 401 ? "" : no("anyone can read and write here");
    },
  },
];

const conditions: readonly Probe[] = [
  {
    id: "create-only",
    title: "create only (If-None-Match)",
    run: async (place) => {
      await place.put("once", "a", { IfNoneMatch: "*" });
      const status = await place.statusOf(place.put("once", "b", { IfNoneMatch: "*" }));
      if (status !== 412) return no(status === 200 ? "ignored: the second put replaced the first" : `answer ${status}`);
      return (await place.get("once")) === "a" ? "" : no("refused, and replaced nevertheless");
    },
  },
  {
    id: "create-only-parts",
    title: "create only, for uploads in parts",
    run: async (place) => {
      const status = await place.statusOf(place.multipart("parts", { IfNoneMatch: "*" }));
      return status === 412 ? "" : no(status === 200 ? "ignored" : `answer ${status}`);
    },
  },
  {
    id: "replace-only",
    title: "replace one version only (If-Match)",
    run: (place) => replacesOnly(place, (tag) => tag),
  },
  {
    id: "replace-only-unquoted",
    title: "the same, with tags without quotes",
    run: (place) => replacesOnly(place, unquoted),
  },
];

async function replacesOnly(
  place: ProbePlace,
  form: (tag: string) => string,
): Promise<string | { readonly no: string }> {
  const first = form(await place.put("swap", "a"));
  await place.put("swap", "b", { IfMatch: first });
  const status = await place.statusOf(place.put("swap", "c", { IfMatch: first }));
  if (status !== 412) return no(status === 200 ? "ignored: another version was replaced" : `answer ${status}`);
  const absent = await place.statusOf(place.put("swap-absent", "c", { IfMatch: first }));
  if (absent !== 412 && absent !== 404) return no("an absent object was replaced");
  return (await place.get("swap")) === "b" ? "" : no("refused, and replaced nevertheless");
}

const otherClasses = allAbilities.classes.filter((name) => name !== "STANDARD");

function classProbes(): readonly Probe[] {
  return otherClasses.flatMap((storageClass): Probe[] => [
    {
      id: `class-${storageClass}`,
      title: `storage class ${storageClass}`,
      run: (place) => hasClass(place, storageClass),
    },
    {
      id: `thaw-${storageClass}`,
      title: `${storageClass} is cold, and thaws`,
      run: (place) => thaws(place, storageClass),
    },
  ]);
}

async function hasClass(place: ProbePlace, storageClass: StorageClass): Promise<string | { readonly no: string }> {
  await place.put(`class/${storageClass}`, "x", { StorageClass: storageClass });
  const direct = await place.head(`class/${storageClass}`);
  if (direct.StorageClass !== storageClass) return no(`accepted, and stored as ${direct.StorageClass ?? "STANDARD"}`);
  await place.put(`moved/${storageClass}`, "x");
  await place.copy(`moved/${storageClass}`, storageClass);
  const moved = await place.head(`moved/${storageClass}`);
  return moved.StorageClass === storageClass ? "" : no("an object cannot be moved to it by copying");
}

/** A class whose objects are refused to readers must thaw, or nothing ever comes back from it. */
async function thaws(place: ProbePlace, storageClass: StorageClass): Promise<string | { readonly no: string }> {
  const name = `class/${storageClass}`;
  const read = await place.codeOf(place.get(name));
  if (read === "") return no("readable at once");
  if (read !== "InvalidObjectState") return no(read);
  const tiers: ThawTier[] = [];
  for (const tier of coldTiers[storageClass] ?? []) {
    const code = await place.codeOf(place.thaw(name, tier));
    if (code !== "" && code !== "RestoreAlreadyInProgress") return no(`${tier}: ${code}`);
    tiers.push(tier);
  }
  return tiers.join(", ");
}

function profileOf(rows: readonly ProbeRow[]): S3Profile {
  const can = (id: string): boolean => rows.some((row) => row.id === id && row.can);
  const isReadable = (name: StorageClass): boolean =>
    rows.some((row) => row.id === `thaw-${name}` && row.detail === "readable at once");
  // A class that is cold and does not thaw is a trap.
  const classes = otherClasses.filter((name) => can(`class-${name}`) && (can(`thaw-${name}`) || isReadable(name)));
  const thaw = Object.fromEntries(
    classes.filter((name) => can(`thaw-${name}`)).map((name) => [name, coldTiers[name] ?? []]),
  );
  const hasLocks = can("versions");
  const hasParts = can("create-only-parts");
  return {
    abilities: {
      createOnly: can("create-only"),
      replaceOnly: can("replace-only") || can("replace-only-unquoted"),
      classes: ["STANDARD", ...classes],
      thaw,
      retention: (["GOVERNANCE", "COMPLIANCE"] as const).filter((mode) => hasLocks && can(`retention-${mode}`)),
      legalHold: hasLocks && can("legal-hold"),
    },
    isVersioned: can("versions"),
    hasPartedConditions: hasParts,
    hasChecksums: can("checksum"),
    hasQuotedTags: can("replace-only"),
  };
}
