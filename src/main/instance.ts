// SPDX-License-Identifier: Apache-2.0
// One running instance: the gateway and its API over the real world. This file wires; it decides nothing. The gateway
// comes first, so that initiators need not wait until the libraries of the API are loaded.

import { rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { limits, milliseconds, Scope, seconds, sleep, type Clock, type Endpoint, type Log } from "#base/index.ts";
import { defaultSettings, Gateway, type GatewaySettings } from "#gateway/index.ts";
import { storeFault } from "#store/index.ts";
import { NodeDisk, openDataFolder, SystemClock, SystemRandom, TcpNetwork, type DataFolder } from "#world/index.ts";
import type { RunningApi } from "./api-server.ts";
import { isUrl } from "./object-place.ts";
import { openMirrors, openObjectStore } from "./object-store.ts";
import { openKeys, sealingOptions } from "./sealing.ts";
import { apiUrl, localApiUrl, type InstanceSettings } from "./settings.ts";

/** An instance that is ready. */
export interface Instance {
  readonly gateway: Gateway;
  readonly home: string;
  /** True when this start made the data folder. */
  readonly isNew: boolean;
  readonly portals: readonly Endpoint[];
  /** Where the API really listens. */
  readonly apiAddress: string;
  /** True when this start made the certificate of the API. */
  readonly madeCertificate: boolean;
  /** True when this start made the key file, of which a copy must be kept. */
  readonly madeKeyFile: boolean;
  /** File with the token of the administrator. */
  readonly tokenFile: string;
  /** Stops in order and lets the next instance in. Idempotent. */
  stop(): Promise<void>;
}

/** Starts an instance. Rejects with a Fault and leaves nothing open when that fails. */
export async function startInstance(settings: InstanceSettings, log: Log): Promise<Instance> {
  const scope = new Scope();
  try {
    const folder = openDataFolder(settings.home);
    scope.add(() => folder.close());
    const clock = new SystemClock();
    const { gateway, madeKeyFile } = await startGateway({ settings, folder, log, clock, scope });
    // Hosts that were waiting come first: loading the API keeps the process busy for a while.
    await sleep(clock, limits.apiStartDelay);
    const { startApi } = await import("./api-server.ts");
    const api = await startApi({ settings, folder, log, clock, gateway });
    scope.add(() => api.close());
    noteDrives(gateway, folder);
    return instanceOf({ gateway, folder, api, scope, madeKeyFile });
  } catch (error) {
    await scope.close(error);
    throw error;
  }
}

interface GatewayParts {
  readonly settings: InstanceSettings;
  readonly folder: DataFolder;
  readonly log: Log;
  readonly clock: Clock;
  readonly scope: Scope;
}

interface StartedGateway {
  readonly gateway: Gateway;
  readonly madeKeyFile: boolean;
}

async function startGateway({ settings, folder, log, clock, scope }: GatewayParts): Promise<StartedGateway> {
  const random = new SystemRandom();
  const profiles = folder.file("object-stores");
  const store = await openObjectStore(settings, { clock, random, log, profiles });
  scope.add(() => store.close());
  const others = await openMirrors(settings, { clock, random, log, profiles });
  scope.add(() => others.close());
  const { encryption, compression } = settings;
  const keys = await openKeys(encryption, { home: folder.path, random, environment: process.env });
  const { sealing, close } = sealingOptions(keys.providers, compression);
  scope.add(close);
  const gateway = new Gateway({
    clock,
    random,
    log,
    network: new TcpNetwork(),
    disk: await NodeDisk.open(join(folder.path, "data"), storeFault),
    objects: store.objects,
    mirrors: others.mirrors,
    sealing,
    settings: gatewaySettings(settings),
  });
  await gateway.start();
  scope.add(() => gateway.stop());
  return { gateway, madeKeyFile: keys.madeKeyFile };
}

function gatewaySettings(settings: InstanceSettings): GatewaySettings {
  const { portals, access, namingAuthority, instance, thawKeep, cacheBytes } = settings;
  const { uploadBufferBytes, uploadDelay, diskReserveBytes, deleteDelay, bandwidth, prices, scrub } = settings;
  // A bucket's own cold classes take hours, whatever is set for those that are only played.
  const isPlayed = !isUrl(settings.store) || settings.labelClasses.length > 0;
  const fastest = isPlayed ? Math.min(...Object.values(settings.thawDelay)) : Number.POSITIVE_INFINITY;
  return {
    portals,
    access,
    namingAuthority,
    instance,
    home: settings.home,
    host: hostname(),
    thawKeep,
    deleteDelay,
    prices,
    cacheBytes,
    uploadBufferBytes,
    uploadDelay,
    diskReserveBytes,
    bandwidth,
    scrub,
    firstLibrary: settings.firstLibrary ? defaultSettings.firstLibrary : undefined,
    // Often enough that looking adds little to the wait, and never in a hurry.
    thawPoll: milliseconds(Math.min(Math.max(fastest / 4, seconds(0.25)), defaultSettings.thawPoll)),
  };
}

/** The next start sizes the thread pool by it, before it knows anything else. */
function noteDrives(gateway: Gateway, folder: DataFolder): void {
  const drives = `${gateway.status().drives}\n`;
  const file = folder.file("drives");
  if (file.read() !== drives) file.note(drives);
}

interface InstanceParts {
  readonly gateway: Gateway;
  readonly folder: DataFolder;
  readonly api: RunningApi;
  readonly scope: Scope;
  readonly madeKeyFile: boolean;
}

function instanceOf({ gateway, folder, api, scope, madeKeyFile }: InstanceParts): Instance {
  const addressFile = folder.file("api-address");
  const address = apiUrl(api.endpoint);
  addressFile.note(`${localApiUrl(api.endpoint)}\n`);
  let stopping: Promise<void> | undefined;
  return {
    gateway,
    home: folder.path,
    isNew: folder.isNew,
    portals: gateway.portals(),
    apiAddress: address,
    madeCertificate: api.madeCertificate,
    madeKeyFile,
    tokenFile: folder.file("admin-token").path,
    stop: () => {
      stopping ??= (async () => {
        rmSync(addressFile.path, { force: true });
        noteDrives(gateway, folder);
        await scope.close();
      })();
      return stopping;
    },
  };
}
