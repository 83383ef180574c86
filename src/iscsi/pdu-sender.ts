// SPDX-License-Identifier: Apache-2.0
// Puts PDUs on a byte stream: fills in the data length, adds padding and digests, and sends header and data as views in
// one call. Stops reading from a peer that does not read what it is sent.

import { limits, type ByteStream } from "#base/index.ts";
import { crc32c, digestSize, putDigest } from "./crc32c.ts";

/** A PDU on its way out: a header as its layout encoded it, and the data segment. */
export interface OutgoingPdu {
  readonly header: Uint8Array;
  readonly data?: Uint8Array | undefined;
}

const padding = new Uint8Array(3);

/** The sending side of one connection. */
export class PduSender {
  readonly #stream: ByteStream;
  readonly #queueMax: number;
  #hasHeaderDigest = false;
  #hasDataDigest = false;
  #isHoldingReader = false;
  #bytesSent = 0;

  /** `queueMax`: above this many queued bytes the stream is paused until the peer has taken them. */
  constructor(stream: ByteStream, queueMax: number = limits.sendQueue) {
    this.#stream = stream;
    this.#queueMax = queueMax;
  }

  /** All bytes given to the stream so far. */
  get bytesSent(): number {
    return this.#bytesSent;
  }

  /** From the next PDU on. */
  setDigests(digests: { readonly header: boolean; readonly data: boolean }): void {
    this.#hasHeaderDigest = digests.header;
    this.#hasDataDigest = digests.data;
  }

  /** Sends one PDU. `sent` is called when the memory of `data` may be reused. */
  send(header: Uint8Array, data?: Uint8Array, sent?: () => void): void {
    const parts: Uint8Array[] = [];
    this.#add(parts, header, data);
    this.#give(parts, sent);
  }

  /** Sends several PDUs in order. `sent` is called when the memory of all of them may be reused. */
  sendAll(pdus: readonly OutgoingPdu[], sent?: () => void): void {
    let parts: Uint8Array[] = [];
    for (const { header, data } of pdus) {
      if (parts.length >= limits.sendParts) {
        this.#give(parts, undefined);
        parts = [];
      }
      this.#add(parts, header, data);
    }
    this.#give(parts, sent);
  }

  #add(parts: Uint8Array[], header: Uint8Array, data: Uint8Array | undefined): void {
    const length = data === undefined ? 0 : data.byteLength;
    header[5] = length >>> 16;
    header[6] = length >>> 8;
    header[7] = length;
    parts.push(header);
    if (this.#hasHeaderDigest) parts.push(digest(crc32c(header)));
    if (data === undefined || length === 0) return;
    parts.push(data);
    const pad = padding.subarray(0, -length & 3);
    if (pad.byteLength > 0) parts.push(pad);
    if (this.#hasDataDigest) parts.push(digest(crc32c(pad, crc32c(data))));
  }

  #give(parts: readonly Uint8Array[], sent: (() => void) | undefined): void {
    let size = 0;
    for (const part of parts) size += part.byteLength;
    this.#bytesSent += size;
    if (this.#isHoldingReader || this.#stream.queuedBytes + size <= this.#queueMax) {
      this.#stream.send(parts, sent);
      return;
    }
    this.#isHoldingReader = true;
    this.#stream.pause();
    this.#stream.send(parts, () => {
      this.#isHoldingReader = false;
      this.#stream.resume();
      sent?.();
    });
  }
}

function digest(crc: number): Uint8Array {
  const bytes = new Uint8Array(digestSize);
  putDigest(bytes, 0, crc);
  return bytes;
}
