// SPDX-License-Identifier: Apache-2.0
// The real network: TCP streams that are read straight into the receiver's memory. Accepted and connected sockets are
// wrapped anew around their handle, because only a socket that is made with `onread` reads in place; taking the handle
// is not a public interface of Node, so it is tried out before the first use, and where it does not work bytes are
// copied out of 'data' events. Both ways pass the same conformance suite.

import { createServer, Socket, type Server } from "node:net";
import {
  asError,
  endpointText,
  networkFault,
  type ByteStream,
  type Endpoint,
  type Fault,
  type Listener,
  type Network,
  type StreamReceiver,
} from "#base/index.ts";
import { canReadInPlace } from "./network-probe.ts";
import { TcpStream, type ReadingMode } from "./network-stream.ts";

/** How long an attempt to connect may take. */
const connectTimeoutMs = 15_000;

/** TCP. */
export class TcpNetwork implements Network {
  readonly #streams = new Set<TcpStream>();
  #reading: Promise<ReadingMode> | undefined;

  /** `reading` forces one way of reading; by default the better one that works here. */
  constructor(reading?: ReadingMode) {
    if (reading !== undefined) this.#reading = Promise.resolve(reading);
  }

  /** How bytes are received here. */
  reading(): Promise<ReadingMode> {
    this.#reading ??= canReadInPlace().then((can) => (can ? "in-place" : "copy"));
    return this.#reading;
  }

  /** Streams that are open now. */
  get streamCount(): number {
    return this.#streams.size;
  }

  async listen(endpoint: Endpoint, accept: (stream: ByteStream) => StreamReceiver): Promise<Listener> {
    const mode = await this.reading();
    const server = createServer({ pauseOnConnect: true, noDelay: true });
    server.on("connection", (socket) => {
      const stream = this.#wrap(socket, mode);
      if (stream !== undefined) stream.attach(accept(stream));
    });
    await listening(server, endpoint);
    const bound = server.address();
    const port = bound !== null && typeof bound === "object" ? bound.port : endpoint.port;
    return { endpoint: { host: endpoint.host, port }, close: () => closing(server) };
  }

  async connect(endpoint: Endpoint, receiver: (stream: ByteStream) => StreamReceiver): Promise<ByteStream> {
    const mode = await this.reading();
    const socket = await connected(endpoint);
    const stream = this.#wrap(socket, mode);
    if (stream === undefined) throw unreachable(endpoint, "the connection was reset");
    stream.attach(receiver(stream));
    return stream;
  }

  /** Undefined when the connection is gone already. */
  #wrap(socket: Socket, mode: ReadingMode): TcpStream | undefined {
    const stream = TcpStream.take(socket, mode, () => this.#streams.delete(stream as TcpStream));
    if (stream !== undefined) this.#streams.add(stream);
    return stream;
  }
}

function listening(server: Server, endpoint: Endpoint): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(listenFault(endpoint, error)));
    server.listen({ host: endpoint.host, port: endpoint.port, backlog: 511 }, () => {
      server.removeAllListeners("error");
      // Out of file descriptors, for one: the connection is lost, the server goes on.
      server.on("error", () => {});
      resolve();
    });
  });
}

/** The port is free at once; streams that were accepted go on. */
function closing(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (server.listening) server.close();
    setImmediate(resolve);
  });
}

function connected(endpoint: Endpoint): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = new Socket();
    const failed = (reason: string, cause?: unknown): void => {
      socket.destroy();
      reject(unreachable(endpoint, reason, cause));
    };
    const onError = (error: Error): void => failed(error.message, error);
    const onTimeout = (): void => failed("no answer");
    socket.setNoDelay(true);
    socket.pause();
    socket.setTimeout(connectTimeoutMs, onTimeout);
    socket.once("error", onError);
    socket.connect(endpoint.port, endpoint.host, () => {
      socket.setTimeout(0);
      socket.off("timeout", onTimeout);
      socket.off("error", onError);
      resolve(socket);
    });
  });
}

function unreachable(endpoint: Endpoint, reason: string, cause?: unknown): Fault {
  return networkFault("unreachable", { address: endpointText(endpoint), reason }, cause);
}

function listenFault(endpoint: Endpoint, thrown: unknown): Fault {
  const error = asError(thrown);
  const address = endpointText(endpoint);
  const code = "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") return networkFault("address-in-use", { address }, error);
  if (code === "EACCES" || code === "EPERM") return networkFault("denied", { address }, error);
  return networkFault("address-unavailable", { address }, error);
}
