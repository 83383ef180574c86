// SPDX-License-Identifier: Apache-2.0
// The API's server: plain HTTP on a loopback address, HTTPS on any other. Makes the administrator's token at the first
// start.

import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { join } from "node:path";
import process from "node:process";
import { getRequestListener } from "@hono/node-server";
import {
  asError,
  endpointText,
  isFault,
  isLoopback,
  networkFault,
  type Clock,
  type Endpoint,
  type Log,
} from "#base/index.ts";
import { EventHub, metricFamilies, TokenStore } from "#api/index.ts";
import type { Gateway } from "#gateway/index.ts";
import { httpApp } from "#http/index.ts";
import {
  makeCertificate,
  metricsRenderer,
  readCertificate,
  SystemRandom,
  type Certificate,
  type DataFolder,
} from "#world/index.ts";
import type { InstanceSettings } from "./settings.ts";
import { type ManagerParts, type OpenManager, openManager } from "./manager.ts";
import { productVersion } from "./version.ts";

/** What the server is made of. */
export interface ApiServerOptions {
  readonly settings: InstanceSettings;
  readonly folder: DataFolder;
  readonly log: Log;
  readonly clock: Clock;
  readonly gateway: Gateway;
}

/** The API while it listens. */
export interface RunningApi {
  readonly endpoint: Endpoint;
  readonly madeCertificate: boolean;
  /** Ends event streams and connections. */
  close(): Promise<void>;
}

/** Starts to listen. Faults `network.…`, `world.openssl-…`, `world.file-…`, `api.tokens-damaged`. */
export async function startApi(options: ApiServerOptions): Promise<RunningApi> {
  const { settings, folder, log, clock, gateway } = options;
  const random = new SystemRandom();
  const tokens = openTokens(folder, clock);
  const tls = isLoopback(settings.api.host) ? undefined : await certificateOf(settings, folder);
  const events = new EventHub({ gateway, clock, random });
  const renderMetrics = metricsRenderer();
  const system = {
    version: productVersion(),
    runtime: `Node ${process.versions.node}`,
    startedAt: gateway.status().startedAt,
    home: folder.path,
  };
  const opened = await managerFor({ home: folder.path, clock, log, gateway });
  opened?.manager.jobs.begin();
  const app = httpApp({
    context: { gateway, tokens, clock, system, ...opened },
    events,
    random,
    log,
    metrics: () => renderMetrics(metricFamilies(gateway, clock)),
  });
  const handle = getRequestListener((request) => app.fetch(request));
  const listener: RequestListener = (incoming, outgoing) => void handle(incoming, outgoing);
  const server =
    tls === undefined
      ? createServer(listener)
      : createTlsServer({ cert: tls.certificate.certificate, key: tls.certificate.key }, listener);
  const endpoint = await listen(server, settings.api);
  server.on("error", (error) => log.error("the API server met an error", {}, error));
  return {
    endpoint,
    madeCertificate: tls?.isNew === true,
    close: () => {
      opened?.manager.jobs.stop();
      events.close();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** The manager; one whose state is damaged is told of, and the gateway goes on without it. */
async function managerFor(parts: ManagerParts): Promise<OpenManager | undefined> {
  try {
    return await openManager(parts);
  } catch (error) {
    if (!isFault(error)) throw error;
    parts.log.error("the manager of tapes does not start; the gateway goes on without it", {}, error);
    return undefined;
  }
}

/** The tokens; the first start makes one for the administrator and writes it to a file that only its owner can read. */
function openTokens(folder: DataFolder, clock: Clock): TokenStore {
  const tokens = new TokenStore({ clock, random: new SystemRandom(), file: folder.file("tokens.json") });
  if (tokens.isEmpty) folder.file("admin-token").replace(`${tokens.create("admin", "admin").text}\n`);
  return tokens;
}

async function certificateOf(
  settings: InstanceSettings,
  folder: DataFolder,
): Promise<{ readonly certificate: Certificate; readonly isNew: boolean }> {
  if (settings.certificate !== undefined) return { certificate: readCertificate(settings.certificate), isNew: false };
  const files = {
    certificate: join(folder.path, "certificate.pem"),
    key: join(folder.path, "certificate-key.pem"),
  };
  const isNew = await makeCertificate(files, settings.api.host);
  return { certificate: readCertificate(files), isNew };
}

function listen(server: Server, endpoint: Endpoint): Promise<Endpoint> {
  return new Promise((resolve, reject) => {
    const address = endpointText(endpoint);
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") reject(networkFault("address-in-use", { address }, error));
      else if (error.code === "EACCES") reject(networkFault("denied", { address }, error));
      else if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND") {
        reject(networkFault("address-unavailable", { address }, error));
      } else reject(asError(error));
    });
    server.listen(endpoint.port, endpoint.host, () => {
      server.removeAllListeners("error");
      const bound = server.address();
      const port = typeof bound === "object" && bound !== null ? bound.port : endpoint.port;
      resolve({ host: endpoint.host, port });
    });
  });
}
