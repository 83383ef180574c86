// SPDX-License-Identifier: Apache-2.0
// Keys from a passphrase, by scrypt (RFC 7914). The parameters and the salt are the key's name, so that the passphrase
// and the bucket are enough to find the key again.

import { scryptSync } from "node:crypto";
import { bytesFromHex, hexFromBytes, limits, type Random } from "#base/index.ts";
import { storeFault } from "./faults.ts";
import type { KeyProvider, WrappedSecret } from "./key-provider.ts";
import { boxSecret, unboxSecret } from "./secret-box.ts";

/** The cost of scrypt: memory is 128 · cost · blockSize bytes. */
export interface ScryptCost {
  readonly cost: number;
  readonly blockSize: number;
  readonly parallel: number;
}

/** 64 MiB and about 0.15 s on a machine of 2026. */
export const scryptCost: ScryptCost = { cost: 65_536, blockSize: 8, parallel: 1 };

/** Fewer characters than this are guessed. */
export const passphraseLengthMin = 12;

/** A key from a passphrase. */
export class PassphraseKeyProvider implements KeyProvider {
  readonly name = "passphrase";
  readonly #passphrase: string;
  readonly #random: Random;
  readonly #cost: ScryptCost;
  readonly #keys = new Map<string, Uint8Array>();
  #current: string | undefined;

  /**
   * `current`: the name of the key to go on with, from an earlier wrap; a new salt is drawn without. Fault
   * `store.passphrase-short`.
   */
  constructor(options: {
    readonly passphrase: string;
    readonly random: Random;
    readonly current?: string | undefined;
    readonly cost?: ScryptCost;
  }) {
    const { passphrase, random, current, cost = scryptCost } = options;
    if (passphrase.length < passphraseLengthMin) throw storeFault("passphrase-short", { length: passphraseLengthMin });
    this.#passphrase = passphrase.normalize("NFC");
    this.#random = random;
    this.#cost = cost;
    this.#current = current;
  }

  async currentKeyId(): Promise<string> {
    this.#current ??= this.#newName();
    return this.#current;
  }

  async wrap(secret: Uint8Array, context: string): Promise<WrappedSecret> {
    const keyId = await this.currentKeyId();
    return { keyId, bytes: boxSecret(this.#random, this.#key(keyId), secret, context) };
  }

  async unwrap({ keyId, bytes }: WrappedSecret, context: string): Promise<Uint8Array> {
    const secret = unboxSecret(this.#key(keyId), bytes, context);
    if (secret === undefined) throw storeFault("key-refused", { provider: this.name, key: keyId, context });
    return secret;
  }

  async renew(): Promise<void> {
    this.#current = this.#newName();
  }

  #newName(): string {
    const { cost, blockSize, parallel } = this.#cost;
    return `scrypt-${cost}-${blockSize}-${parallel}-${hexFromBytes(this.#random.bytes(16))}`;
  }

  #key(name: string): Uint8Array {
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const key = derived(this.#passphrase, name);
    if (key === undefined) {
      const reason = "its name is not what scrypt was told";
      throw storeFault("key-unknown", { provider: this.name, key: name, reason });
    }
    // Each start that had lost the name of its key made one; more are kept nowhere.
    if (this.#keys.size >= limits.passphraseKeys) this.#keys.clear();
    this.#keys.set(name, key);
    return key;
  }
}

/** The key of that name, or undefined when the name is none, or asks for more than a machine should give. */
function derived(passphrase: string, name: string): Uint8Array | undefined {
  const match = /^scrypt-(\d{1,8})-(\d{1,3})-(\d{1,3})-([0-9a-f]{32})$/.exec(name);
  const [cost, blockSize, parallel] = (match?.slice(1, 4) ?? []).map(Number);
  const salt = match?.[4];
  if (cost === undefined || blockSize === undefined || parallel === undefined || salt === undefined) return undefined;
  const memory = 128 * cost * blockSize * parallel;
  const isPowerOfTwo = Number.isInteger(Math.log2(cost)) && cost > 1;
  if (!isPowerOfTwo || blockSize < 1 || parallel < 1 || memory > limits.scryptMemory) return undefined;
  const options = { N: cost, r: blockSize, p: parallel, maxmem: 2 * limits.scryptMemory };
  return new Uint8Array(scryptSync(passphrase, bytesFromHex(salt), 32, options));
}
