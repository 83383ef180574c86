// SPDX-License-Identifier: Apache-2.0
// A key as it is kept: protected by a passphrase (scrypt or PBKDF2, then AES-256-GCM), or in clear. The JSON is that of
// Proxmox, for client keys, tape keys and the copy in the set label alike.

import { createCipheriv, createDecipheriv, pbkdf2Sync, scryptSync } from "node:crypto";
import {
  assert,
  bytesFromText,
  concatBytes,
  isJsonObject,
  type Json,
  type JsonObject,
  limits,
  type Random,
} from "#base/index.ts";
import { keyFault } from "./faults.ts";
import { fingerprintOf, keySize, parseFingerprint } from "./raw-key.ts";

/** How a passphrase becomes a key. */
export type KeyDerivation =
  | { readonly kind: "scrypt"; readonly n: number; readonly r: number; readonly p: number; readonly salt: Uint8Array }
  | { readonly kind: "pbkdf2"; readonly rounds: number; readonly salt: Uint8Array };

/** A key as it is kept. */
export interface KeyConfig {
  /** Undefined: the key is kept in clear. */
  readonly derivation: KeyDerivation | undefined;
  /** RFC 3339 with an offset, whole seconds. */
  readonly created: string;
  readonly modified: string;
  /** Initialisation vector, tag and encrypted key; or the key itself. */
  readonly data: Uint8Array;
  readonly fingerprint: string | undefined;
  readonly hint: string | undefined;
}

const ivSize = 16;
const tagSize = 16;
const saltSize = 32;
const passphraseMin = 5;
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)$/;

function derive(derivation: KeyDerivation, passphrase: string): Uint8Array {
  const { salt } = derivation;
  if (derivation.kind === "pbkdf2") {
    return new Uint8Array(pbkdf2Sync(passphrase, salt, derivation.rounds, keySize, "sha256"));
  }
  const { n, r, p } = derivation;
  return new Uint8Array(scryptSync(passphrase, salt, keySize, { N: n, r, p, maxmem: limits.keyScryptMemory }));
}

/** What protecting a key takes. */
export interface ProtectOptions {
  readonly passphrase: string;
  readonly kind: KeyDerivation["kind"];
  readonly random: Random;
  readonly created: string;
  readonly modified: string;
  readonly hint: string | undefined;
}

/** Protects a key. Fault `keys.bad-passphrase` for one that is too short. */
export function protectKey(key: Uint8Array, options: ProtectOptions): KeyConfig {
  assert(key.byteLength === keySize, "a key has 32 bytes");
  const { passphrase, kind, random, created, modified, hint } = options;
  if (bytesFromText(passphrase).byteLength < passphraseMin) throw keyFault("bad-passphrase", { min: passphraseMin });
  const salt = random.bytes(saltSize);
  const derivation: KeyDerivation =
    kind === "scrypt" ? { kind, n: 65_536, r: 8, p: 1, salt } : { kind, rounds: 65_535, salt };
  const iv = random.bytes(ivSize);
  const cipher = createCipheriv("aes-256-gcm", derive(derivation, passphrase), iv);
  const encrypted = concatBytes([cipher.update(key), cipher.final()]);
  const data = concatBytes([iv, cipher.getAuthTag(), encrypted]);
  return { derivation, created, modified, data, fingerprint: fingerprintOf(key), hint };
}

/** Opens a key. Faults `keys.wrong-passphrase`, `keys.bad-key`, `keys.wrong-key`. */
export function openKey(config: KeyConfig, passphrase: string): Uint8Array {
  const key = config.derivation === undefined ? config.data : decrypt(config, config.derivation, passphrase);
  if (key.byteLength !== keySize) throw keyFault("bad-key", { reason: "it does not have 32 bytes" });
  const fingerprint = fingerprintOf(key);
  if (config.fingerprint !== undefined && config.fingerprint !== fingerprint) {
    throw keyFault("wrong-key", { actual: fingerprint, expected: config.fingerprint });
  }
  return key;
}

function decrypt(config: KeyConfig, derivation: KeyDerivation, passphrase: string): Uint8Array {
  const { data, fingerprint = "" } = config;
  if (data.byteLength !== ivSize + tagSize + keySize) {
    throw keyFault("bad-key", { reason: `its data has ${data.byteLength} bytes` });
  }
  const decipher = createDecipheriv("aes-256-gcm", derive(derivation, passphrase), data.subarray(0, ivSize));
  decipher.setAuthTag(data.subarray(ivSize, ivSize + tagSize));
  try {
    return concatBytes([decipher.update(data.subarray(ivSize + tagSize)), decipher.final()]);
  } catch (error) {
    throw keyFault("wrong-passphrase", { fingerprint }, error);
  }
}

/** The JSON of a key, in the order of Proxmox. */
export function keyConfigJson(config: KeyConfig): JsonObject {
  const { derivation, created, modified, data, fingerprint, hint } = config;
  return {
    kdf: derivation === undefined ? null : derivationJson(derivation),
    created,
    modified,
    data: Buffer.from(data).toString("base64"),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(hint === undefined ? {} : { hint }),
  };
}

function derivationJson(derivation: KeyDerivation): Json {
  const salt = Buffer.from(derivation.salt).toString("base64");
  if (derivation.kind === "pbkdf2") return { PBKDF2: { iter: derivation.rounds, salt } };
  const { n, r, p } = derivation;
  return { Scrypt: { n, r, p, salt } };
}

const bad = (reason: string): Error => keyFault("bad-key", { reason });

/** Reads the JSON of a key. Fault `keys.bad-key`. */
export function keyConfigOf(json: Json | undefined): KeyConfig {
  if (!isJsonObject(json)) throw bad("it is not a JSON object");
  const { created, modified, data, fingerprint, hint } = json;
  if (typeof data !== "string") throw bad("it has no data");
  const known = typeof fingerprint === "string" ? parseFingerprint(fingerprint) : undefined;
  if (typeof fingerprint === "string" && known === undefined) throw bad("its fingerprint is none");
  return {
    derivation: derivationOf(json["kdf"]),
    created: timeText(created),
    modified: timeText(modified),
    data: base64(data),
    fingerprint: known,
    hint: typeof hint === "string" ? hint : undefined,
  };
}

function timeText(value: Json | undefined): string {
  if (typeof value !== "string" || !timePattern.test(value)) throw bad("it has a time that is none");
  return value;
}

function derivationOf(json: Json | undefined): KeyDerivation | undefined {
  if (json === null || json === "None") return undefined;
  if (!isJsonObject(json)) throw bad("it does not say how it is protected");
  const { Scrypt: scrypt, PBKDF2: pbkdf2 } = json;
  if (isJsonObject(pbkdf2)) {
    const rounds = whole(pbkdf2["iter"], limits.pbkdf2Rounds);
    return { kind: "pbkdf2", rounds, salt: base64(pbkdf2["salt"]) };
  }
  if (!isJsonObject(scrypt)) throw bad("it is protected in an unknown way");
  const [n, r, p] = [scrypt["n"], scrypt["r"], scrypt["p"]].map((value) => whole(value, 2 ** 24));
  if (n === undefined || r === undefined || p === undefined) throw bad("it is protected in an unknown way");
  if (128 * n * r * p > limits.keyScryptMemory) throw bad("opening it would take too much memory");
  return { kind: "scrypt", n, r, p, salt: base64(scrypt["salt"]) };
}

function whole(value: Json | undefined, max: number): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1 || value > max) {
    throw bad("it is protected with a number that cannot be");
  }
  return value;
}

function base64(value: Json | undefined): Uint8Array {
  if (typeof value !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) throw bad("it has text that is no base64");
  return new Uint8Array(Buffer.from(value, "base64"));
}
