// SPDX-License-Identifier: Apache-2.0
// A listener for whole requests of HTTP, on loopback, for the simulated S3: it hands them over and sends what comes back,
// or resets the connection where the answer says so. It is no server for strangers.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { HttpAnswer, HttpRequest } from "#s3sim/index.ts";

/** A listener that runs. */
export interface HttpListener {
  readonly port: number;
  /** Ends it with all of its connections. */
  close(): Promise<void>;
}

/** Where and how to listen. */
export interface HttpListenerOptions {
  /** Any free port unless given. */
  readonly port?: number;
  /** With a certificate, as PEM, requests come by TLS. */
  readonly certificate?: { readonly certificate: string; readonly key: string };
}

/** Answers the requests that arrive at a port of the loopback address. */
export async function listenHttp(
  handle: (request: HttpRequest) => HttpAnswer,
  { port = 0, certificate }: HttpListenerOptions = {},
): Promise<HttpListener> {
  const listener = (message: IncomingMessage, response: ServerResponse): void => {
    serve(message, response, handle).catch(() => message.socket.destroy());
  };
  // Loaded when they are needed: a gateway without a simulated store starts without them.
  const server =
    certificate === undefined
      ? (await import("node:http")).createServer(listener)
      : (await import("node:https")).createServer({ cert: certificate.certificate, key: certificate.key }, listener);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(
  message: IncomingMessage,
  response: ServerResponse,
  handle: (request: HttpRequest) => HttpAnswer,
): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  const [path = "", query = ""] = (message.url ?? "").split("?", 2);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers)) headers[name] = String(value);
  const answer = handle({ method: message.method ?? "", path, query, headers, body: Buffer.concat(parts) });
  if (answer.delivery === "none") {
    message.socket.resetAndDestroy();
    return;
  }
  response.writeHead(answer.status, { "content-length": answer.body.byteLength, ...answer.headers });
  if (answer.delivery === "whole") {
    response.end(answer.body);
    return;
  }
  const half = answer.body.subarray(0, answer.body.byteLength >> 1);
  response.write(half, () => message.socket.destroy());
}
