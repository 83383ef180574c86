// SPDX-License-Identifier: Apache-2.0
// From a place and keys to an object store that is ready.

import type { Clock, Log, Random } from "#base/index.ts";
import { openS3Api } from "./client.ts";
import { portFault, s3Error } from "./errors.ts";
import { s3Fault } from "./faults.ts";
import { type S3Access, type S3Location, s3Url } from "./location.ts";
import { S3ObjectStore } from "./object-store.ts";
import { probeS3, type ProbeReport } from "./probe.ts";
import type { S3Profile } from "./profile.ts";

/** Where, and by what rights. */
export interface S3Place {
  readonly location: S3Location;
  readonly access: S3Access;
}

/** The world, as connecting sees it. */
export interface S3Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/**
 * Tries out a server. Faults `store.object-store-unreachable`, `-denied`, `-refused` when the bucket cannot even be
 * listed.
 */
export async function probePlace({ location, access }: S3Place, { clock, random }: S3Ports): Promise<ProbeReport> {
  const api = await openS3Api(location, access);
  const { bucket, prefix } = location;
  try {
    await api.client.send(new api.sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 }));
    return await probeS3({ api, location, clock, random });
  } catch (error) {
    const { name } = s3Error(error);
    throw name === "Fault" ? error : portFault(error, "list", s3Url(location));
  } finally {
    api.client.destroy();
  }
}

/**
 * An object store that is ready. Without a `profile` the server is probed; `probed` then hears what was found. Fault
 * `s3.store-unfit` when it lacks what no store may lack.
 */
export async function connectS3(
  place: S3Place,
  ports: S3Ports,
  { profile, probed }: { readonly profile?: S3Profile; readonly probed?: (profile: S3Profile) => void } = {},
): Promise<S3ObjectStore> {
  let known = profile;
  if (known === undefined) {
    const report = await probePlace(place, ports);
    if (report.missing.length > 0) {
      throw s3Fault("store-unfit", { url: s3Url(place.location), missing: report.missing.join(", ") });
    }
    known = report.profile;
    probed?.(known);
  }
  const { location, access } = place;
  const { clock, log } = ports;
  const api = await openS3Api(location, access);
  const store = new S3ObjectStore({ api, location, access, profile: known, clock, log });
  await store.open();
  return store;
}
