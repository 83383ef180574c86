// SPDX-License-Identifier: Apache-2.0
// Logical block protection of a drive: SSC-4 4.2.29. What a host writes carries four bytes behind each block, which are
// checked and not stored; what it reads carries them again, computed from the block that is stored.

import { protectionMethods } from "#scsi/index.ts";
import { isProtected, protectionLength, protectionOf, type ProtectionMethod } from "#tape/index.ts";
import type { DataIn } from "./outcome.ts";

/** What the control data protection mode page asks for. */
export interface ProtectionRequest {
  readonly method: number;
  readonly onWrite: boolean;
  readonly onRead: boolean;
}

const methods = new Map<number, ProtectionMethod>([
  [protectionMethods.reedSolomon, "reed-solomon"],
  [protectionMethods.crc32c, "crc32c"],
]);

/** The protection that is in force. */
export class DriveProtection {
  #method: ProtectionMethod | undefined;
  #onWrite = false;
  #onRead = false;

  /** False when there is no such method; nothing is changed then. */
  set({ method, onWrite, onRead }: ProtectionRequest): boolean {
    const next = methods.get(method);
    if (next === undefined && method !== protectionMethods.none) return false;
    this.#method = next;
    this.#onWrite = onWrite;
    this.#onRead = onRead;
    return true;
  }

  /** Bytes behind each block that is written. */
  get writeLength(): number {
    return this.#method !== undefined && this.#onWrite ? protectionLength : 0;
  }

  /** Bytes behind each block that is read. */
  get readLength(): number {
    return this.#method !== undefined && this.#onRead ? protectionLength : 0;
  }

  /** The block without its protection information; undefined when that is wrong. */
  checked(whole: Uint8Array): Uint8Array | undefined {
    if (this.#method === undefined || !this.#onWrite) return whole;
    return isProtected(this.#method, whole) ? whole.subarray(0, whole.byteLength - protectionLength) : undefined;
  }

  /** The block with its protection information, in memory of its own; the block is released. */
  added(data: DataIn): DataIn {
    if (this.#method === undefined || !this.#onRead) return data;
    const bytes = new Uint8Array(data.bytes.byteLength + protectionLength);
    bytes.set(data.bytes);
    bytes.set(protectionOf(this.#method, data.bytes), data.bytes.byteLength);
    data.release();
    return { bytes, release() {} };
  }
}
