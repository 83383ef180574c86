// SPDX-License-Identifier: Apache-2.0
// HTTP requests as the command line makes them: small, over node:http, trusting one more certificate when told so.

import type { IncomingMessage } from "node:http";
import { asError, networkFault } from "#base/index.ts";

/** A request. */
export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** An answer whose body is still coming. */
export interface HttpAnswer {
  readonly status: number;
  /** UTF-8 text, piece by piece. */
  readonly body: AsyncIterable<string>;
}

/** Sends a request; Fault `network.unreachable` when no answer begins. `trust`: PEM of one certificate to accept. */
export function httpTransport(trust?: string): (request: HttpRequest) => Promise<HttpAnswer> {
  return async ({ method, url, headers, body, signal }) => {
    const isTls = url.startsWith("https:");
    // Loaded at the first request: a server that starts has no use for them.
    const send = isTls ? (await import("node:https")).request : (await import("node:http")).request;
    return new Promise((resolve, reject) => {
      const options = { method, headers: { ...headers }, ...(signal === undefined ? {} : { signal }) };
      const answered = (message: IncomingMessage): void => {
        message.setEncoding("utf8");
        resolve({ status: message.statusCode ?? 0, body: message });
      };
      const request = send(url, trust === undefined || !isTls ? options : { ...options, ca: trust }, answered);
      request.on("error", (error) => {
        if (signal?.aborted) return reject(signal.reason);
        reject(networkFault("unreachable", { address: new URL(url).host, reason: asError(error).message }, error));
      });
      request.end(body);
    });
  };
}
