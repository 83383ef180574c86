// SPDX-License-Identifier: Apache-2.0
// The target's end of a connection on a stream that exists only in memory. Bytes are fed in by hand, in pieces of any
// size; what the target sends is cut into PDUs. For tests of single PDUs and for the fuzzer; no network in between.

import { assert, concatBytes, defined, type ByteStream, type Endpoint, type StreamReceiver } from "#base/index.ts";
import {
  crc32c,
  digestAt,
  digestSize,
  encodeText,
  LoginRequest,
  LoginResponse,
  parseText,
  pduNameOf,
  putDigest,
  type PduName,
  type TextPair,
} from "#iscsi/index.ts";
import type { SimClock } from "./clock.ts";

/** Where connections end: a target, and the clock that it lives by. */
export interface WireWorld {
  readonly clock: SimClock;
  /** InitiatorName and TargetName of a login that is right. */
  readonly names: readonly TextPair[];
  /** The target's end of a new connection. */
  accept(stream: ByteStream, firstStatSn?: number): StreamReceiver;
}

/** A stream that keeps what is sent. The kernel of this stream takes bytes when `take` says so, or at once. */
export class FakeStream implements ByteStream {
  readonly local: Endpoint = { host: "10.0.0.1", port: 3260 };
  readonly remote: Endpoint = { host: "10.0.0.2", port: 50_000 };
  readonly out: Uint8Array[] = [];
  isPaused = false;
  isClosed = false;
  isDestroyed = false;
  renewed = 0;
  /** False: sent bytes stay queued, as with a peer that does not read. */
  takesAtOnce = true;
  #queued: { readonly bytes: Uint8Array; readonly sent: (() => void) | undefined }[] = [];

  get queuedBytes(): number {
    return this.#queued.reduce((sum, item) => sum + item.bytes.byteLength, 0);
  }

  send(parts: readonly Uint8Array[], sent?: () => void): void {
    if (this.isClosed || this.isDestroyed) return queueMicrotask(() => sent?.());
    this.#queued.push({ bytes: concatBytes(parts), sent });
    if (this.takesAtOnce) queueMicrotask(() => this.take());
  }

  /** The peer reads everything. */
  take(): void {
    for (const { bytes, sent } of this.#queued.splice(0)) {
      this.out.push(bytes);
      sent?.();
    }
  }

  renewRoom(): void {
    this.renewed++;
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  close(): void {
    this.isClosed = true;
  }
  destroy(): void {
    this.isDestroyed = true;
  }
}

/** A PDU that the target sent. */
export interface SentPdu {
  readonly name: PduName;
  readonly header: Uint8Array;
  readonly data: Uint8Array;
}

/** A connection, fed by hand. */
export class Wire<World extends WireWorld = WireWorld> {
  readonly stream = new FakeStream();
  readonly connection: StreamReceiver;
  readonly world: World;
  headerDigest = false;
  dataDigest = false;
  #backlog: Uint8Array[] = [];
  #unread = new Uint8Array(0);

  constructor(world: World, firstStatSn = 1) {
    this.world = world;
    this.connection = world.accept(this.stream, firstStatSn);
  }

  /** Feeds bytes, `pieceSize` at a time; they wait while the target does not want any. */
  feed(bytes: Uint8Array, pieceSize = Number.POSITIVE_INFINITY): void {
    if (bytes.byteLength > 0) this.#backlog.push(bytes);
    while (this.#backlog.length > 0 && !this.stream.isPaused && !this.stream.isDestroyed) {
      const first = defined(this.#backlog.shift(), "bytes to feed");
      const room = this.connection.want();
      assert(room.byteLength > 0, "room for at least one byte");
      const piece = first.subarray(0, Math.min(room.byteLength, pieceSize));
      room.set(piece);
      if (piece.byteLength < first.byteLength) this.#backlog.unshift(first.subarray(piece.byteLength));
      this.connection.received(piece.byteLength);
    }
  }

  /** Bytes that the target has not taken yet. */
  get backlogBytes(): number {
    return this.#backlog.reduce((sum, bytes) => sum + bytes.byteLength, 0);
  }

  /** Feeds one PDU: sets the data length, adds padding and digests. */
  send(header: Uint8Array, data: Uint8Array = new Uint8Array(0), additional: Uint8Array = new Uint8Array(0)): void {
    this.feed(this.frame(header, data, additional));
  }

  /** One PDU as it goes on the wire. */
  frame(header: Uint8Array, data: Uint8Array, additional: Uint8Array = new Uint8Array(0)): Uint8Array {
    const whole = concatBytes([header, additional]);
    whole[4] = additional.byteLength / 4;
    whole[5] = data.byteLength >>> 16;
    whole[6] = data.byteLength >>> 8;
    whole[7] = data.byteLength;
    const padded = concatBytes([data, new Uint8Array(-data.byteLength & 3)]);
    const parts = [whole];
    if (this.headerDigest) parts.push(digestOf(whole));
    parts.push(padded);
    if (this.dataDigest && data.byteLength > 0) parts.push(digestOf(padded));
    return concatBytes(parts);
  }

  /** Lets promises and timers that are due run, then cuts everything sent since the last call into PDUs. */
  async take(): Promise<SentPdu[]> {
    await this.world.clock.settle();
    let bytes = concatBytes([this.#unread, ...this.stream.out.splice(0)]);
    const pdus: SentPdu[] = [];
    while (bytes.byteLength > 0) {
      const length = ((bytes[5] ?? 0) << 16) | ((bytes[6] ?? 0) << 8) | (bytes[7] ?? 0);
      const header = bytes.slice(0, 48);
      let offset = 48;
      if (this.headerDigest) {
        assert(crc32c(header) === digestAt(bytes, offset), "a right header digest");
        offset += digestSize;
      }
      const padded = bytes.slice(offset, offset + length + (-length & 3));
      offset += padded.byteLength;
      if (this.dataDigest && length > 0) {
        assert(crc32c(padded) === digestAt(bytes, offset), "a right data digest");
        offset += digestSize;
      }
      assert(offset <= bytes.byteLength, "a whole PDU");
      const name = defined(pduNameOf((header[0] ?? 0) & 0x3f), "a known opcode");
      pdus.push({ name, header, data: padded.subarray(0, length) });
      bytes = bytes.slice(offset);
    }
    this.#unread = new Uint8Array(0);
    return pdus;
  }

  /** What came since the last call, which must be one PDU. */
  async takeOne(): Promise<SentPdu> {
    const pdus = await this.take();
    assert(pdus.length === 1, `one PDU, not ${pdus.map((pdu) => pdu.name).join(", ") || "none"}`);
    return defined(pdus[0], "one PDU");
  }

  /** Sends a login request and returns the response. */
  async login(
    fields: Partial<LoginRequest>,
    pairs: readonly TextPair[] | Uint8Array,
  ): Promise<{ readonly header: LoginResponse; readonly pairs: readonly TextPair[] }> {
    const data = pairs instanceof Uint8Array ? pairs : encodeText(pairs);
    this.send(LoginRequest.encode({ isid: 0x8001_0203_0405, initiatorTaskTag: 7, cmdSn: 1, ...fields }), data);
    const pdu = await this.takeOne();
    assert(pdu.name === "loginResponse", `a login response, not ${pdu.name}`);
    const parsed = parseText(pdu.data);
    assert("pairs" in parsed, "pairs in a login response");
    return { header: LoginResponse.decode(pdu.header), pairs: parsed.pairs };
  }

  /** Logs in with one request and the keys given; the session is in full-feature phase then. */
  async logInDirectly(pairs: readonly TextPair[] = [], fields: Partial<LoginRequest> = {}): Promise<LoginResponse> {
    const { header } = await this.login({ transit: true, currentStage: 1, nextStage: 3, ...fields }, [
      ...this.world.names,
      ...pairs,
    ]);
    assert(header.status === 0, `a successful login, not ${header.status.toString(16)}`);
    return header;
  }
}

function digestOf(bytes: Uint8Array): Uint8Array {
  const digest = new Uint8Array(digestSize);
  putDigest(digest, 0, crc32c(bytes));
  return digest;
}
