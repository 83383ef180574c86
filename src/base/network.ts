// SPDX-License-Identifier: Apache-2.0
// Port: byte streams over a network. The receiver says where the next bytes go, so that an adapter can read into their
// final place without a copy.

/** A TCP endpoint; port 0 means any free one when listening. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What a stream calls. Every call comes from the event loop, never from inside a call into the stream. */
export interface StreamReceiver {
  /** Where the next received bytes go; asked before each read, at the earliest right after the one before. Never empty. */
  want(): Uint8Array;
  /** `count` bytes were written to the start of the memory that `want` named last. */
  received(count: number): void;
  /** The stream is over, for whatever reason: end, reset, `close` or `destroy`. Called exactly once, last. */
  closed(reason: Error | undefined): void;
}

/** One connection. */
export interface ByteStream {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Bytes given to `send` that the operating system has not taken yet. */
  readonly queuedBytes: number;
  /**
   * Sends the parts in order, as one write where possible. The memory must stay unchanged until `sent` is called,
   * which happens exactly once, also when the stream closes before. After `close` or `destroy` nothing is sent.
   */
  send(parts: readonly Uint8Array[], sent?: () => void): void;
  /**
   * The memory that `want` named last is not the receiver's any more: the next bytes do not go there. An adapter that
   * keeps the memory of the next read asks for another; one that asks only when bytes are there has nothing to do.
   */
  renewRoom(): void;
  /** Stops asking the receiver for room, until `resume`. */
  pause(): void;
  resume(): void;
  /** Sends what is queued, then closes. */
  close(): void;
  /** Drops the connection at once. */
  destroy(reason?: Error): void;
}

/** An open listening endpoint. */
export interface Listener {
  /** The endpoint that is really bound. */
  readonly endpoint: Endpoint;
  /** Stops accepting; existing streams go on. */
  close(): Promise<void>;
}

/** Port: opens streams. */
export interface Network {
  /** Listens. Rejects with Fault `network.address-in-use`, `network.address-unavailable` or `network.denied`. */
  listen(endpoint: Endpoint, accept: (stream: ByteStream) => StreamReceiver): Promise<Listener>;
  /** Connects. Rejects with Fault `network.unreachable`. */
  connect(endpoint: Endpoint, receiver: (stream: ByteStream) => StreamReceiver): Promise<ByteStream>;
}

/** `host:port`, with brackets around an IPv6 address. */
export function endpointText(endpoint: Endpoint): string {
  return endpoint.host.includes(":") ? `[${endpoint.host}]:${endpoint.port}` : `${endpoint.host}:${endpoint.port}`;
}

/** Parses `host:port`, `[v6]:port`; undefined when it is neither. Port 0 … 65535. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s[\]]+)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const host = match[1] ?? match[2];
  const port = Number(match[3]);
  return host === undefined || port > 65535 ? undefined : { host, port };
}

/** True for 127.0.0.0/8, ::1 and localhost. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
