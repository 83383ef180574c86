// SPDX-License-Identifier: Apache-2.0
// A secret wrapped under a key that we hold ourselves: AES-256-GCM with a random nonce, bound to its context. The
// box is the nonce (12 bytes), the encrypted secret, and the tag (16 bytes).

import { bytesFromText, concatBytes, type Random } from "#base/index.ts";
import { protect, unprotect } from "./sealed-cipher.ts";
import { tagSize } from "./sealed-format.ts";

const nonceSize = 12;

/** The box of a secret. */
export function boxSecret(random: Random, key: Uint8Array, secret: Uint8Array, context: string): Uint8Array {
  const nonce = random.bytes(nonceSize);
  const guarded = new Uint8Array(secret.byteLength + tagSize);
  protect({ contentKey: key, nonce, binding: bytesFromText(context) }, secret, guarded, 0);
  return concatBytes([nonce, guarded]);
}

/** The secret of a box, or undefined when it was made with another key, for another context, or changed. */
export function unboxSecret(key: Uint8Array, box: Uint8Array, context: string): Uint8Array | undefined {
  if (box.byteLength < nonceSize + tagSize) return undefined;
  const [nonce, guarded] = [box.subarray(0, nonceSize), box.subarray(nonceSize)];
  return unprotect({ contentKey: key, nonce, binding: bytesFromText(context) }, guarded);
}
