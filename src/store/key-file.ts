// SPDX-License-Identifier: Apache-2.0
// The local key file: keys as lines of text that can be printed and typed in again. The last line is the current key;
// the others stay for what they wrapped. docs/FORMATS.md describes it. It does no I/O: whoever has the file gives the
// text and takes the new one.

import { createHash } from "node:crypto";
import { hexFromBytes, type Random } from "#base/index.ts";
import { storeFault } from "./faults.ts";
import type { KeyProvider, WrappedSecret } from "./key-provider.ts";
import { boxSecret, unboxSecret } from "./secret-box.ts";

/** Where the text of the keys is kept. */
export interface KeyFile {
  /** For messages. */
  readonly path: string;
  /** Undefined when there is no file yet. */
  read(): string | undefined;
  /** Replaces the file, durably, readable by its owner alone. */
  write(text: string): void;
}

const keySize = 32;
/** Letters that are not taken for others: no I, L, O, U. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const preface = `# Capstan key file. With it and the bucket, anybody can read every cartridge; without it, nobody can.
# Keep a copy elsewhere: on paper, or in a password store. Upper and lower case, 0 and O, 1 and I are the same.
`;

/** The name of a key: the beginning of its hash, so that a key typed in wrong is found out. */
export function keyNameOf(key: Uint8Array): string {
  return hexFromBytes(createHash("sha256").update("capstan key 1").update(key).digest().subarray(0, 8));
}

/** The line of a key: `capstan-key-1 NAME GROUPS`. */
export function keyLine(key: Uint8Array): string {
  let bits = "";
  for (const byte of key) bits += byte.toString(2).padStart(8, "0");
  const letters = Array.from({ length: Math.ceil(bits.length / 5) }, (_, index) => {
    return alphabet[Number.parseInt(bits.slice(index * 5, index * 5 + 5).padEnd(5, "0"), 2)];
  });
  return `capstan-key-1 ${keyNameOf(key)} ${letters.join("").replaceAll(/.{4}(?=.)/g, "$&-")}`;
}

/** The key of a line, or why there is none. */
export function keyOfLine(line: string): Uint8Array | string {
  const [kind, name, ...groups] = line.trim().split(/\s+/);
  if (kind !== "capstan-key-1" || name === undefined) return "a line is not capstan-key-1, a name and a key";
  const letters = groups.join("").toUpperCase().replaceAll("-", "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  let bits = "";
  for (const letter of letters) {
    const value = alphabet.indexOf(letter);
    if (value < 0) return `key ${name} has a ${JSON.stringify(letter)}, which is no letter of a key`;
    bits += value.toString(2).padStart(5, "0");
  }
  const key = Uint8Array.from({ length: keySize }, (_, index) =>
    Number.parseInt(bits.slice(index * 8, index * 8 + 8), 2),
  );
  const isWhole = letters.length === Math.ceil((keySize * 8) / 5);
  if (!isWhole || keyNameOf(key) !== name.toLowerCase()) return `key ${name} is mistyped: it does not have that name`;
  return key;
}

/** The keys of a text, in order, by name. Fault `store.key-file-bad`. */
export function keysOfText(path: string, text: string): ReadonlyMap<string, Uint8Array> {
  const keys = new Map<string, Uint8Array>();
  for (const line of text.split("\n")) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const key = keyOfLine(line);
    if (typeof key === "string") throw storeFault("key-file-bad", { path, reason: key });
    keys.set(keyNameOf(key), key);
  }
  if (keys.size === 0) throw storeFault("key-file-bad", { path, reason: "it holds no key" });
  return keys;
}

/** Keys in a local file. */
export class FileKeyProvider implements KeyProvider {
  readonly name = "file";
  /** True when this object made the file. */
  readonly isNew: boolean;
  readonly #file: KeyFile;
  readonly #random: Random;
  #keys: ReadonlyMap<string, Uint8Array>;

  /** Reads the file; makes it when it is absent and `create` says so. Faults `store.key-file-bad`, those of the file. */
  constructor(options: { readonly file: KeyFile; readonly random: Random; readonly create: boolean }) {
    const { file, random, create } = options;
    this.#file = file;
    this.#random = random;
    const text = file.read();
    this.isNew = text === undefined;
    if (text !== undefined) this.#keys = keysOfText(file.path, text);
    else if (create) this.#keys = this.#add(new Map());
    else throw storeFault("key-file-bad", { path: file.path, reason: "there is no such file" });
  }

  async currentKeyId(): Promise<string> {
    return this.#current[0];
  }

  async wrap(secret: Uint8Array, context: string): Promise<WrappedSecret> {
    const [keyId, key] = this.#current;
    return { keyId, bytes: boxSecret(this.#random, key, secret, context) };
  }

  async unwrap({ keyId, bytes }: WrappedSecret, context: string): Promise<Uint8Array> {
    const details = { provider: this.name, key: keyId, reason: `it is not in ${this.#file.path}` };
    const key = this.#keys.get(keyId);
    if (key === undefined) throw storeFault("key-unknown", details);
    const secret = unboxSecret(key, bytes, context);
    if (secret === undefined) throw storeFault("key-refused", { provider: this.name, key: keyId, context });
    return secret;
  }

  async renew(): Promise<void> {
    this.#keys = this.#add(this.#keys);
  }

  get #current(): readonly [string, Uint8Array] {
    const last = [...this.#keys].at(-1);
    if (last === undefined) throw storeFault("key-file-bad", { path: this.#file.path, reason: "it holds no key" });
    return last;
  }

  #add(keys: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array> {
    const key = this.#random.bytes(keySize);
    const all = new Map([...keys, [keyNameOf(key), key]]);
    this.#file.write(`${preface}${[...all.values()].map((each) => `${keyLine(each)}\n`).join("")}`);
    return all;
  }
}
