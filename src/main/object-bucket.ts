// SPDX-License-Identifier: Apache-2.0
// Opens an object store in a bucket. What its server can do is tried out at the first start and kept in the data folder,
// beside the URL it belongs to.

import { readFileSync } from "node:fs";
import * as z from "zod";
import { asError, isFault } from "#base/index.ts";
import { connectS3, parseS3Url, type S3Access, type S3Profile } from "#s3/index.ts";
import { worldFault } from "#world/index.ts";
import { mainFault } from "./faults.ts";
import type { S3Settings } from "./object-place.ts";
import type { ObjectStorePorts, OpenObjectStore } from "./object-store.ts";
import { stayAlive } from "./stay-alive.ts";

/** The store at a URL. Faults `s3.url-bad`, `s3.store-unfit`, `main.s3-keys`, and those of the port. */
export async function openBucket(url: string, settings: S3Settings, ports: ObjectStorePorts): Promise<OpenObjectStore> {
  const place = { location: parseS3Url(url), access: s3Access(settings) };
  const known = profilesFrom(ports.profiles.read());
  const profile = known[url];
  const objects = await stayAlive(
    connectS3(place, ports, {
      ...(profile === undefined ? {} : { profile }),
      probed: (found) => {
        ports.log.info("the object store was tried out", { url, abilities: JSON.stringify(found.abilities) });
        ports.profiles.replace(`${JSON.stringify({ ...known, [url]: found }, undefined, 2)}\n`);
      },
    }),
  );
  return { objects, close: () => objects.close() };
}

/** Keys and ways, as the adapter wants them. Faults `main.s3-keys`, `world.file-unreadable`. */
export function s3Access(settings: S3Settings): S3Access {
  const { accessKey, secretKey, sessionToken, profile, trust, proxy, partSize, timeout } = settings;
  if ((accessKey === undefined) !== (secretKey === undefined)) throw mainFault("s3-keys");
  return {
    ...(accessKey === undefined || secretKey === undefined
      ? {}
      : { keys: { id: accessKey, secret: secretKey, ...(sessionToken !== undefined && { session: sessionToken }) } }),
    ...(profile !== undefined && { profile }),
    ...(trust !== undefined && { trust: readPem(trust) }),
    ...(proxy !== undefined && { proxy }),
    ...(partSize !== undefined && { partSize }),
    ...(timeout !== undefined && { timeout }),
  };
}

function readPem(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw worldFault("file-unreadable", { file, reason: asError(error).message }, error);
  }
}

const storageClass = z.enum(["STANDARD", "STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"]);
const tiers = z.array(z.enum(["Expedited", "Standard", "Bulk"]));
const Profiles = z.record(
  z.string(),
  z.strictObject({
    abilities: z.strictObject({
      createOnly: z.boolean(),
      replaceOnly: z.boolean(),
      classes: z.array(storageClass),
      thaw: z.partialRecord(storageClass, tiers),
      retention: z.array(z.enum(["GOVERNANCE", "COMPLIANCE"])),
      legalHold: z.boolean(),
    }),
    isVersioned: z.boolean(),
    hasPartedConditions: z.boolean(),
    hasChecksums: z.boolean(),
    hasQuotedTags: z.boolean(),
  }),
);

/** What was found out before; what cannot be read, as of another release, is found out again. */
function profilesFrom(text: string | undefined): Readonly<Record<string, S3Profile>> {
  if (text === undefined) return {};
  try {
    const parsed = Profiles.safeParse(JSON.parse(text));
    return parsed.success ? (parsed.data as Readonly<Record<string, S3Profile>>) : {};
  } catch (error) {
    if (isFault(error)) throw error;
    return {};
  }
}

/** Opens a store only to read from it: nothing is tried out, because that would write. Faults as for `openBucket`. */
export async function openBucketToRead(
  url: string,
  settings: S3Settings,
  ports: Omit<ObjectStorePorts, "profiles">,
): Promise<OpenObjectStore> {
  const place = { location: parseS3Url(url), access: s3Access(settings) };
  const abilities = { createOnly: true, replaceOnly: true, classes: storageClass.options, thaw: {}, retention: [] };
  const rest = { isVersioned: false, hasPartedConditions: false, hasChecksums: false, hasQuotedTags: true };
  const profile: S3Profile = { abilities: { ...abilities, legalHold: false }, ...rest };
  const objects = await stayAlive(connectS3(place, ports, { profile }));
  return { objects, close: () => objects.close() };
}
