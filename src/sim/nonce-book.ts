// SPDX-License-Identifier: Apache-2.0
// Which salt was used for what, kept independently of the code under test, from the bytes that went to the object store:
// a data key and a salt give one key, under which nothing but one object may ever be encrypted.

import { crc32 } from "#store/index.ts";
import { expect } from "./check-failure.ts";

/** Where docs/FORMATS.md says that things are in a sealed header. */
const magic = "CAPSEALD";
const cipherAt = 11;
const [nameAt, nameEnd] = [32, 40];
const [saltAt, saltEnd] = [40, 56];

/** The salts of one object store. */
export class NonceBook {
  readonly #used = new Map<string, { readonly key: string; readonly sum: number; readonly size: number }>();
  #violation: string | undefined;
  #count = 0;

  /** Encrypted objects so far. */
  get count(): number {
    return this.#count;
  }

  /** These bytes were sent, whether they were kept or not. */
  note(key: string, bytes: Uint8Array): void {
    const header = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, saltEnd));
    if (header.toString("latin1", 0, magic.length) !== magic || header[cipherAt] === 0) return;
    this.#count += 1;
    const name = `${header.toString("hex", nameAt, nameEnd)} ${header.toString("hex", saltAt, saltEnd)}`;
    const [sum, size] = [crc32(bytes), bytes.byteLength];
    const before = this.#used.get(name);
    if (before === undefined) this.#used.set(name, { key, sum, size });
    else if (before.key !== key || before.sum !== sum || before.size !== size) {
      this.#violation ??= `${key} was sealed with the data key and salt of other bytes, for ${before.key}`;
    }
  }

  /** No key was used twice. */
  check(): void {
    expect(this.#violation === undefined, `a nonce was used twice: ${this.#violation}`);
  }
}
