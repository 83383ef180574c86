// SPDX-License-Identifier: Apache-2.0
// Cuts a byte stream into PDUs without copying: it says where the next bytes go (header, then the data segment in its
// final place, then padding and digest) and is told how many arrived. Knows framing and digests, RFC 7143 section 11.2,
// and nothing of what a PDU means.

import { assert } from "#base/index.ts";
import { headerSize } from "./codes.ts";
import { crc32c, digestAt, digestSize } from "./crc32c.ts";

/** The header of the PDU that is being received. Valid until its sink is done. */
export interface PduHeader {
  /** The 48 bytes of the basic header. */
  readonly bytes: Uint8Array;
  /** Additional header segments, padded; mostly empty. */
  readonly additional: Uint8Array;
  readonly opcode: number;
  readonly isImmediate: boolean;
  readonly initiatorTaskTag: number;
  readonly dataLength: number;
}

/** Takes the data segment of one PDU. */
export interface PduSink {
  /** Where the bytes from `offset` of the data segment go, at most `length` of them; never empty. Asked anew each time. */
  room(offset: number, length: number): Uint8Array;
  /** The PDU is complete; false: its data digest was wrong. Called once, also for a PDU without data. */
  done(isDataGood: boolean): void;
}

/** What a reader reports to. */
export interface PduHandler {
  /** A whole header. To end the connection the handler calls `stop` of the reader. */
  headerReceived(header: PduHeader): PduSink;
  /** The header digest does not fit: nothing behind it can be trusted. The reader has stopped. */
  headerDigestFailed(): void;
}

type Phase = "header" | "data" | "trailer" | "stopped";

const nothing = new Uint8Array(0);
const additionalSizeMax = 255 * 4;
const scratchSize = 64 * 1024;

/** Cuts one stream. */
export class PduReader {
  readonly #handler: PduHandler;
  readonly #header = new Uint8Array(headerSize + additionalSizeMax + digestSize);
  /** What most headers are read into, and seen through. */
  readonly #basic = this.#header.subarray(0, headerSize);
  readonly #trailer = new Uint8Array(3 + digestSize);
  #scratch: Uint8Array | undefined;
  #phase: Phase = "header";
  /** Bytes that the phase needs, and has. */
  #size = headerSize;
  #have = 0;
  #room: Uint8Array = this.#header;
  #sink: PduSink | undefined;
  #hasHeaderDigest = false;
  #hasDataDigest = false;
  #dataLength = 0;
  #crc = 0;
  #bytesReceived = 0;

  constructor(handler: PduHandler) {
    this.#handler = handler;
  }

  /** All bytes of this stream so far. */
  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  /** From the next PDU on. */
  setDigests(digests: { readonly header: boolean; readonly data: boolean }): void {
    this.#hasHeaderDigest = digests.header;
    this.#hasDataDigest = digests.data;
    if (this.#phase === "header" && this.#have === 0) this.#startHeader();
  }

  /** Whatever still arrives is dropped. */
  stop(): void {
    this.#phase = "stopped";
    this.#sink = undefined;
  }

  /** Memory that is written and never read. */
  get scratch(): Uint8Array {
    return (this.#scratch ??= new Uint8Array(scratchSize));
  }

  /** See StreamReceiver. */
  want(): Uint8Array {
    switch (this.#phase) {
      case "header":
        if (this.#have === 0 && this.#size === headerSize) return (this.#room = this.#basic);
        return (this.#room = this.#header.subarray(this.#have, this.#size));
      case "data":
        return (this.#room = this.#dataRoom());
      case "trailer":
        return (this.#room = this.#trailer.subarray(this.#have, this.#size));
      case "stopped":
        return (this.#room = this.scratch);
    }
  }

  /** True when the data that comes next goes to other memory than `want` said. */
  get isRoomStale(): boolean {
    if (this.#phase !== "data") return false;
    const room = this.#dataRoom();
    return room.buffer !== this.#room.buffer || room.byteOffset !== this.#room.byteOffset;
  }

  /** See StreamReceiver. */
  received(count: number): void {
    assert(count >= 1 && count <= this.#room.byteLength, "no more bytes than there was room for");
    this.#bytesReceived += count;
    if (this.#phase === "stopped") return;
    this.#have += count;
    if (this.#phase === "data" && this.#hasDataDigest) this.#crc = crc32c(this.#room.subarray(0, count), this.#crc);
    if (this.#have < this.#size) return;
    if (this.#phase === "header") this.#headerFilled();
    else if (this.#phase === "data") this.#startTrailer();
    else this.#finish();
  }

  #dataRoom(): Uint8Array {
    const left = this.#size - this.#have;
    const room = this.#sink?.room(this.#have, left) ?? this.scratch;
    assert(room.byteLength > 0, "room for at least one byte");
    return room.byteLength <= left ? room : room.subarray(0, left);
  }

  #headerFilled(): void {
    const header = this.#header;
    const additionalSize = (header[4] ?? 0) * 4;
    const size = headerSize + additionalSize + (this.#hasHeaderDigest ? digestSize : 0);
    if (this.#have < size) {
      this.#size = size;
      return;
    }
    const headerEnd = headerSize + additionalSize;
    if (this.#hasHeaderDigest && crc32c(header.subarray(0, headerEnd)) !== digestAt(header, headerEnd)) {
      this.stop();
      this.#handler.headerDigestFailed();
      return;
    }
    const byte = (index: number): number => header[index] ?? 0;
    this.#dataLength = (byte(5) << 16) | (byte(6) << 8) | byte(7);
    const sink = this.#handler.headerReceived({
      bytes: this.#basic,
      additional: headerEnd === headerSize ? nothing : header.subarray(headerSize, headerEnd),
      opcode: byte(0) & 0x3f,
      isImmediate: (byte(0) & 0x40) !== 0,
      initiatorTaskTag: ((byte(16) << 24) | (byte(17) << 16) | (byte(18) << 8) | byte(19)) >>> 0,
      dataLength: this.#dataLength,
    });
    // The handler may have stopped the reader while it looked at the header.
    if (this.#isStopped()) return;
    this.#sink = sink;
    if (this.#dataLength === 0) return this.#finishPdu(true);
    this.#phase = "data";
    this.#size = this.#dataLength;
    this.#have = 0;
    this.#crc = 0;
  }

  #isStopped(): boolean {
    return this.#phase === "stopped";
  }

  #startHeader(): void {
    this.#phase = "header";
    this.#size = headerSize + (this.#hasHeaderDigest ? digestSize : 0);
    this.#have = 0;
  }

  #startTrailer(): void {
    const padding = -this.#dataLength & 3;
    const size = padding + (this.#hasDataDigest ? digestSize : 0);
    if (size === 0) return this.#finishPdu(true);
    this.#phase = "trailer";
    this.#size = size;
    this.#have = 0;
  }

  #finish(): void {
    const padding = -this.#dataLength & 3;
    if (!this.#hasDataDigest) return this.#finishPdu(true);
    const crc = crc32c(this.#trailer.subarray(0, padding), this.#crc);
    this.#finishPdu(crc === digestAt(this.#trailer, padding));
  }

  #finishPdu(isDataGood: boolean): void {
    const sink = this.#sink;
    this.#sink = undefined;
    this.#startHeader();
    sink?.done(isDataGood);
  }
}

/** A sink that drops what arrives. */
export function dropSink(reader: PduReader, done: () => void = () => {}): PduSink {
  return { room: () => reader.scratch, done };
}

/** A sink that gathers a data segment into memory of its own. */
export function gatherSink(length: number, done: (data: Uint8Array, isDataGood: boolean) => void): PduSink {
  const data = new Uint8Array(length);
  return { room: (offset) => data.subarray(offset), done: (isDataGood) => done(data, isDataGood) };
}
