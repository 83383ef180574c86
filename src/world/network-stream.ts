// SPDX-License-Identifier: Apache-2.0
// One TCP connection as a ByteStream. See network.ts for the two ways of reading.

import { Socket } from "node:net";
import { asError, type ByteStream, type Endpoint, type StreamReceiver } from "#base/index.ts";

/** Into the receiver's memory, or into memory of Node's with a copy behind it. */
export type ReadingMode = "in-place" | "copy";

/** What of a TCP handle is used here; libuv's, behind every Socket. */
interface TcpHandle {
  useUserBuffer(memory: Uint8Array): void;
}

/** The constructor also takes a handle, which its types do not tell. */
const SocketOfHandle: new (options: object) => Socket = Socket;

/**
 * Parts up to this size are copied into Node's pool of small buffers: giving the runtime's own small arrays to a socket
 * costs an allocation outside of its heap each, and that more than the copy.
 */
const smallPart = 512;

/** After a close of ours the other side has this long to close too. */
const lingerMs = 5_000;

function isTcpHandle(value: unknown): value is TcpHandle {
  return (
    typeof value === "object" && value !== null && "useUserBuffer" in value && typeof value.useUserBuffer === "function"
  );
}

/** The handle of a socket, where Node keeps it; undefined when it is gone or not where we know it. */
export function handleOf(socket: Socket): TcpHandle | undefined {
  const handle: unknown = "_handle" in socket ? socket._handle : undefined;
  return isTcpHandle(handle) ? handle : undefined;
}

/** Takes the handle away from a socket, which is over then. */
export function takeHandle(socket: Socket): TcpHandle | undefined {
  const handle = handleOf(socket);
  if (handle === undefined) return undefined;
  Object.assign(socket, { _handle: null });
  socket.destroy();
  return handle;
}

/** One connection. */
export class TcpStream implements ByteStream {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #gone: () => void;
  #socket: Socket;
  #handle: TcpHandle | undefined;
  #receiver: StreamReceiver | undefined;
  #state: "open" | "closing" | "closed" = "open";
  #isPaused = false;
  #isReading = false;
  #reason: Error | undefined;
  /** Copy mode: bytes that came while the receiver was paused. */
  #leftover: Uint8Array[] = [];

  private constructor(socket: Socket, ends: { readonly local: Endpoint; readonly remote: Endpoint }, gone: () => void) {
    this.#socket = socket;
    this.local = ends.local;
    this.remote = ends.remote;
    this.#gone = gone;
  }

  /** Makes a stream of a connected socket that has not read yet. Undefined when the connection is gone already. */
  static take(socket: Socket, mode: ReadingMode, gone: () => void): TcpStream | undefined {
    const { localAddress, localPort, remoteAddress, remotePort } = socket;
    if (
      localAddress === undefined ||
      localPort === undefined ||
      remoteAddress === undefined ||
      remotePort === undefined
    ) {
      socket.destroy();
      return undefined;
    }
    const ends = {
      local: { host: localAddress, port: localPort },
      remote: { host: remoteAddress, port: remotePort },
    };
    const stream = new TcpStream(socket, ends, gone);
    if (mode === "in-place") stream.#handle = takeHandle(socket);
    return stream;
  }

  /** Who gets the bytes. Reading starts here. Called once. */
  attach(receiver: StreamReceiver): void {
    this.#receiver = receiver;
    if (this.#handle !== undefined) this.#socket = this.#inPlaceSocket(this.#handle);
    const socket = this.#socket;
    socket.on("error", (error) => (this.#reason ??= error));
    socket.on("close", () => this.#closed());
    // What the other side does not want to hear any more need not be sent.
    socket.on("end", () => this.#endReached());
    if (this.#handle === undefined) socket.on("data", (chunk: Uint8Array) => this.#copy(chunk));
    if (this.#state === "closed") socket.destroy();
    else if (this.#state === "closing") socket.end();
    if (!this.#isPaused) socket.resume();
    else socket.pause();
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  send(parts: readonly Uint8Array[], sent?: () => void): void {
    if (this.#state !== "open" || this.#socket.destroyed) {
      if (sent !== undefined) setImmediate(sent);
      return;
    }
    const socket = this.#socket;
    const last = parts.findLastIndex((part) => part.byteLength > 0);
    if (last === -1) {
      if (sent !== undefined) setImmediate(sent);
      return;
    }
    if (last > 0) socket.cork();
    for (let index = 0; index <= last; index++) {
      const part = parts[index];
      if (part === undefined || part.byteLength === 0) continue;
      const piece = part.byteLength <= smallPart ? Buffer.from(part) : part;
      if (index === last && sent !== undefined) socket.write(piece, () => sent());
      else socket.write(piece);
    }
    if (last > 0) socket.uncork();
  }

  renewRoom(): void {
    // Inside of a read the memory of the next one is asked for anyway; a copy asks when the bytes are there.
    if (this.#handle === undefined || this.#isReading || this.#receiver === undefined || this.#state === "closed")
      return;
    this.#handle.useUserBuffer(this.#room());
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#leftover.length > 0) setImmediate(() => this.#copyLeftover());
    else if (this.#receiver !== undefined) this.#socket.resume();
  }

  close(): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    const socket = this.#socket;
    socket.end(() => setTimeout(() => socket.destroy(), lingerMs).unref());
  }

  destroy(reason?: Error): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#reason ??= reason;
    this.#socket.destroy();
  }

  #inPlaceSocket(handle: TcpHandle): Socket {
    const options = {
      handle,
      onread: {
        buffer: () => this.#room(),
        callback: (count: number) => {
          this.#isReading = true;
          this.#guard(() => this.#receiver?.received(count));
          this.#isReading = false;
          return true;
        },
      },
    };
    return new SocketOfHandle(options);
  }

  /** Receivers do not throw; one that does loses its connection and nobody else's. */
  #guard(call: () => void): void {
    try {
      call();
    } catch (thrown) {
      this.destroy(asError(thrown));
    }
  }

  #room(): Uint8Array {
    let room: Uint8Array | undefined;
    this.#guard(() => (room = this.#receiver?.want()));
    return room ?? new Uint8Array(1);
  }

  #copy(chunk: Uint8Array): void {
    let rest = chunk;
    while (rest.byteLength > 0 && !this.#isPaused && this.#state !== "closed") {
      const room = this.#room();
      const piece = rest.subarray(0, room.byteLength);
      room.set(piece);
      rest = rest.subarray(piece.byteLength);
      this.#guard(() => this.#receiver?.received(piece.byteLength));
    }
    if (rest.byteLength > 0) this.#leftover.push(rest);
  }

  #copyLeftover(): void {
    for (const chunk of this.#leftover.splice(0)) this.#copy(chunk);
    if (!this.#isPaused && this.#state !== "closed") this.#socket.resume();
  }

  #endReached(): void {
    if (this.#leftover.length === 0) this.#socket.destroy();
  }

  #closed(): void {
    this.#state = "closed";
    this.#leftover = [];
    this.#gone();
    this.#receiver?.closed(this.#reason);
  }
}
