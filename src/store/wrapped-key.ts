// SPDX-License-Identifier: Apache-2.0
// The object that keeps a wrapped data key beside the data. docs/FORMATS.md describes its JSON. An owner whose objects
// are plain has one that says so, so that nobody can make them plain later.

import { bytesFromHex, bytesFromText, hexFromBytes, textFromBytes } from "#base/index.ts";
import { storeFault } from "./faults.ts";
import type { WrappedSecret } from "./key-provider.ts";
import { objectKey } from "./object-key.ts";
import type { ObjectKey } from "./object-store.ts";

/** Version that this release writes, and the newest that it reads. */
export const wrappedKeyVersion = 1;

/** Whose objects a data key is for: the beginning of their keys, such as `cartridges/<id>/`. */
export type SealedOwner = `${string}/`;

/** A data key as it lies in the object store. */
export type WrappedKey =
  | { readonly kind: "plain" }
  | {
      readonly kind: "wrapped";
      /** Name of the data key: 16 hexadecimal digits. */
      readonly dataKey: string;
      readonly provider: string;
      readonly secret: WrappedSecret;
    };

/** Where the wrapped keys of an owner are; the one with the highest number counts. */
export function wrappedKeyPrefix(owner: SealedOwner): string {
  return `${owner}keys/`;
}

/** The wrapped key of that number. */
export function wrappedKeyKey(owner: SealedOwner, number: number): ObjectKey {
  return objectKey(`${wrappedKeyPrefix(owner)}${String(number).padStart(8, "0")}`);
}

/** Number of the object, undefined when its key is not that of a wrapped key. */
export function wrappedKeyNumber(owner: SealedOwner, key: string): number | undefined {
  const rest = key.startsWith(wrappedKeyPrefix(owner)) ? key.slice(wrappedKeyPrefix(owner).length) : "";
  return /^\d{8}$/.test(rest) ? Number(rest) : undefined;
}

/** What binds a wrapped key to its owner and its name. */
export function wrappingContext(owner: SealedOwner, dataKey: string): string {
  return `capstan ${owner} ${dataKey}`;
}

/** The object's bytes. */
export function encodeWrappedKey(owner: SealedOwner, wrapped: WrappedKey): Uint8Array {
  const format = wrappedKeyVersion;
  if (wrapped.kind === "plain") return bytesFromText(`${JSON.stringify({ format, owner, provider: "none" })}\n`);
  const { dataKey, provider, secret } = wrapped;
  const fields = { format, owner, provider, key: secret.keyId, dataKey, wrapped: hexFromBytes(secret.bytes) };
  return bytesFromText(`${JSON.stringify(fields)}\n`);
}

/** What the object says. Faults `store.object-damaged`, `store.format-newer`. */
export function decodeWrappedKey(owner: SealedOwner, key: ObjectKey, bytes: Uint8Array): WrappedKey {
  const damaged = (reason: string): Error => storeFault("object-damaged", { key, reason });
  const fields = parsed(bytes);
  if (fields === undefined) throw damaged("it is no wrapped data key");
  const { format, provider, dataKey, wrapped } = fields;
  if (typeof format === "number" && format > wrappedKeyVersion) {
    throw storeFault("format-newer", { path: key, version: format, supported: wrappedKeyVersion });
  }
  if (format !== wrappedKeyVersion) throw damaged("it has no version");
  if (fields["owner"] !== owner) throw damaged(`it is that of ${String(fields["owner"])}`);
  if (provider === "none") return { kind: "plain" };
  const keyId = fields["key"];
  const isWhole =
    typeof provider === "string" &&
    typeof keyId === "string" &&
    typeof dataKey === "string" &&
    /^[0-9a-f]{16}$/.test(dataKey) &&
    typeof wrapped === "string" &&
    /^(?:[0-9a-f]{2})+$/.test(wrapped);
  if (!isWhole) throw damaged("a field of it is missing or none");
  return { kind: "wrapped", dataKey, provider, secret: { keyId, bytes: bytesFromHex(wrapped) } };
}

function parsed(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(textFromBytes(bytes));
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    // Not UTF-8, or not JSON: the caller says what that means.
    return undefined;
  }
}
