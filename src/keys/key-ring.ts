// SPDX-License-Identifier: Apache-2.0
// The keys of tapes: raw keys, which only the machine that writes tapes needs, and protected ones, which go onto the
// tapes. Two files of JSON in the formats of Proxmox; what is read is checked, what is written is complete.

import {
  bytesFromHex,
  hexFromBytes,
  isJsonArray,
  isJsonObject,
  type Json,
  parseJson,
  prettyJson,
} from "#base/index.ts";
import { keyFault } from "./faults.ts";
import { type KeyConfig, keyConfigJson, keyConfigOf } from "./key-config.ts";
import { fingerprintOf, keySize } from "./raw-key.ts";

/** All keys, by fingerprint. A value: changes give a new one. */
export class KeyRing {
  readonly #keys: ReadonlyMap<string, Uint8Array>;
  readonly #configs: ReadonlyMap<string, KeyConfig>;

  constructor(keys: ReadonlyMap<string, Uint8Array> = new Map(), configs: ReadonlyMap<string, KeyConfig> = new Map()) {
    this.#keys = keys;
    this.#configs = configs;
  }

  /** Reads the two files; undefined for one that is not there. Fault `keys.bad-key`. */
  static parse(files: { readonly keys: string | undefined; readonly configs: string | undefined }): KeyRing {
    const keys = new Map<string, Uint8Array>();
    for (const row of rows(files.keys, "tape-encryption-keys.json")) {
      const key = rawKeyOf(row);
      const fingerprint = fingerprintOf(key);
      if (isJsonObject(row) && row["fingerprint"] !== fingerprint) throw bad("a fingerprint is not that of its key");
      if (keys.has(fingerprint)) throw bad(`the key ${fingerprint} is there twice`);
      keys.set(fingerprint, key);
    }
    const configs = new Map<string, KeyConfig>();
    for (const row of rows(files.configs, "tape-encryption-key-config.json")) {
      const config = keyConfigOf(row);
      if (config.fingerprint === undefined) throw bad("a protected key has no fingerprint");
      if (configs.has(config.fingerprint)) throw bad(`the key ${config.fingerprint} is there twice`);
      configs.set(config.fingerprint, config);
    }
    return new KeyRing(keys, configs);
  }

  /** The text of `tape-encryption-keys.json`: readable only for who writes tapes. */
  keysText(): string {
    const list = Array.from(this.#keys, ([fingerprint, key]) => ({ fingerprint, key: hexFromBytes(key) }));
    return prettyJson(list);
  }

  /** The text of `tape-encryption-key-config.json`. */
  configsText(): string {
    return prettyJson(Array.from(this.#configs.values(), keyConfigJson));
  }

  /** Protected keys, for lists. */
  get configs(): readonly KeyConfig[] {
    return Array.from(this.#configs.values());
  }

  /** A key. Fault `keys.unknown`. */
  key(fingerprint: string): Uint8Array {
    const key = this.#keys.get(fingerprint);
    if (key === undefined) throw keyFault("unknown", { fingerprint });
    return key;
  }

  /** A protected key. Fault `keys.unknown`. */
  config(fingerprint: string): KeyConfig {
    const config = this.#configs.get(fingerprint);
    if (config === undefined) throw keyFault("unknown", { fingerprint });
    return config;
  }

  has(fingerprint: string): boolean {
    return this.#keys.has(fingerprint);
  }

  /** With another key. Fault `keys.exists` when it is there and must not be replaced. */
  with(key: Uint8Array, config: KeyConfig, options: { readonly mayReplace: boolean }): KeyRing {
    const fingerprint = fingerprintOf(key);
    if (!options.mayReplace && this.#configs.has(fingerprint)) throw keyFault("exists", { fingerprint });
    return new KeyRing(
      new Map([...this.#keys, [fingerprint, key]]),
      new Map([...this.#configs, [fingerprint, { ...config, fingerprint }]]),
    );
  }

  /** Without a key. Fault `keys.unknown`. */
  without(fingerprint: string): KeyRing {
    if (!this.#keys.has(fingerprint) && !this.#configs.has(fingerprint)) throw keyFault("unknown", { fingerprint });
    const others = ([name]: readonly [string, unknown]): boolean => name !== fingerprint;
    return new KeyRing(new Map([...this.#keys].filter(others)), new Map([...this.#configs].filter(others)));
  }
}

const bad = (reason: string): Error => keyFault("bad-key", { reason });

function rows(text: string | undefined, name: string): readonly Json[] {
  if (text === undefined) return [];
  const list = parseJson(text);
  if (!isJsonArray(list)) throw bad(`${name} is not a list`);
  return list;
}

function rawKeyOf(row: Json): Uint8Array {
  const digits = isJsonObject(row) ? row["key"] : undefined;
  if (typeof digits !== "string" || !/^[0-9a-f]+$/i.test(digits) || digits.length !== 2 * keySize) {
    throw bad("a raw key does not have 64 hexadecimal digits");
  }
  return bytesFromHex(digits);
}
