// SPDX-License-Identifier: Apache-2.0
// The SDK's client, set up for us: our own attempts and checksums, time-outs, proxy, certificates. The SDK is loaded when
// a client is opened, and not before: it takes a tenth of a second.

import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { rootCertificates } from "node:tls";
import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import { limits } from "#base/index.ts";
import type { S3Access, S3Location } from "./location.ts";

/** The SDK as a module. */
export type Sdk = typeof import("@aws-sdk/client-s3");

/** An open client with the module that its commands come from. */
export interface S3Api {
  readonly sdk: Sdk;
  readonly client: S3Client;
  readonly access: S3Access;
  /** True when the way to the server is encrypted, so that bodies need no signature of their own. */
  readonly isEncrypted: boolean;
}

/** Loads the SDK and makes a client. No request is made. */
export async function openS3Api(location: S3Location, access: S3Access): Promise<S3Api> {
  const sdk = await import("@aws-sdk/client-s3");
  const client = new sdk.S3Client(configOf(location, access));
  const isEncrypted = !(location.endpoint ?? "https:").startsWith("http:");
  if (isEncrypted) leaveBodiesUnsigned(client);
  return { sdk, client, access, isEncrypted };
}

function configOf({ endpoint, region, isPathStyle }: S3Location, access: S3Access): S3ClientConfig {
  const { keys, profile, timeout = limits.s3Timeout } = access;
  return {
    forcePathStyle: isPathStyle,
    // Servers that are not Amazon's have no regions and take any.
    ...(region !== undefined ? { region } : endpoint === undefined ? {} : { region: "us-east-1" }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
    ...(keys === undefined
      ? {}
      : {
          credentials: {
            accessKeyId: keys.id,
            secretAccessKey: keys.secret,
            ...(keys.session === undefined ? {} : { sessionToken: keys.session }),
          },
        }),
    // A repeated conditional put would meet its own effect, so who asked decides about every further attempt.
    maxAttempts: 1,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: {
      connectionTimeout: limits.s3ConnectTimeout,
      requestTimeout: timeout,
      throwOnRequestTimeout: true,
      socketTimeout: timeout,
      ...agents(access),
    },
  };
}

function agents({ trust, proxy }: S3Access): { httpAgent: HttpAgent; httpsAgent: HttpsAgent } {
  const options = {
    keepAlive: true,
    maxSockets: limits.s3Connections,
    ...(proxy === undefined ? {} : { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } }),
  };
  const ca = trust === undefined ? {} : { ca: [...rootCertificates, trust] };
  return { httpAgent: new HttpAgent(options), httpsAgent: new HttpsAgent({ ...options, ...ca }) };
}

/** TLS guards what is on its way; hashing it as well would cost a third of an upload's processor time. */
function leaveBodiesUnsigned(client: S3Client): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const { request } = args;
      if (typeof request === "object" && request !== null && "headers" in request) {
        const headers = request.headers as Record<string, string>;
        headers["x-amz-content-sha256"] ??= "UNSIGNED-PAYLOAD";
      }
      return next(args);
    },
    { step: "build", name: "leaveBodiesUnsigned" },
  );
}
