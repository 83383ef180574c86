// SPDX-License-Identifier: Apache-2.0
// The initiator's end of a connection: framing, digests, and the end of it. What PDUs mean is decided by the login first
// and by the session afterwards.

import { asError, type ByteStream, type StreamReceiver } from "#base/index.ts";
import { dropSink, PduReader, type PduHandler, type PduHeader, type PduSink } from "./pdu-reader.ts";
import { PduSender } from "./pdu-sender.ts";

/** Who gets the PDUs of a link. */
export interface LinkUser {
  headerReceived(header: PduHeader): PduSink;
  /** The connection is over. Called once. */
  lost(reason: Error): void;
}

/** One connection of the initiator. */
export class InitiatorLink implements StreamReceiver, PduHandler {
  readonly reader: PduReader;
  readonly sender: PduSender;
  readonly stream: ByteStream;
  #user: LinkUser | undefined;
  #end: Error | undefined;

  constructor(stream: ByteStream) {
    this.stream = stream;
    this.reader = new PduReader(this);
    this.sender = new PduSender(stream);
  }

  /** From now on PDUs go to `user`; when the connection is over already, it is told later. */
  give(user: LinkUser): void {
    this.#user = user;
    const end = this.#end;
    if (end !== undefined) queueMicrotask(() => user.lost(end));
  }

  setDigests(digests: { readonly header: boolean; readonly data: boolean }): void {
    this.reader.setDigests(digests);
    this.sender.setDigests(digests);
  }

  /** Drops the connection because of what the target did, or we. */
  fail(reason: string): void {
    this.reader.stop();
    this.stream.destroy(new Error(reason));
    this.#over(new Error(reason));
  }

  want(): Uint8Array {
    return this.reader.want();
  }

  received(count: number): void {
    try {
      this.reader.received(count);
    } catch (thrown) {
      this.fail(asError(thrown).message);
    }
  }

  closed(reason: Error | undefined): void {
    this.#over(reason ?? new Error("the target closed the connection"));
  }

  headerReceived(header: PduHeader): PduSink {
    return this.#user?.headerReceived(header) ?? dropSink(this.reader);
  }

  headerDigestFailed(): void {
    this.fail("the digest of a header is wrong");
  }

  #over(reason: Error): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    this.#user?.lost(reason);
  }
}
