// SPDX-License-Identifier: Apache-2.0
// What every adapter of the KeyProvider port must do. An adapter's test calls `keyProviderConformance` once.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { equalBytes, isFault } from "#base/index.ts";
import type { KeyProvider } from "./key-provider.ts";

/** One adapter under test. */
export interface KeyProviderSubject {
  readonly provider: KeyProvider;
  /** A second one over the same keys, as after a restart. */
  readonly again: () => KeyProvider;
  /** True when `renew` gives another key. */
  readonly canRenew: boolean;
  readonly close?: () => Promise<void>;
}

const secret = Uint8Array.from({ length: 32 }, (_, index) => 255 - index);
const context = "capstan cartridges/c1/ 0011223344556677";

/** Registers the suite for one adapter. */
export function keyProviderConformance(name: string, make: () => Promise<KeyProviderSubject>): void {
  const check = (title: string, body: (subject: KeyProviderSubject) => Promise<void>): void => {
    void test(`${name}: ${title}`, async () => {
      const subject = await make();
      try {
        await body(subject);
      } finally {
        await subject.close?.();
      }
    });
  };
  check("a wrapped secret comes back, also after a restart", async ({ provider, again }) => {
    const wrapped = await provider.wrap(secret, context);
    assert.deepEqual(await provider.unwrap(wrapped, context), secret);
    assert.deepEqual(await again().unwrap(wrapped, context), secret);
    assert.match(wrapped.keyId, /^[\x21-\x7e]{1,512}$/);
    assert.equal(wrapped.keyId, await provider.currentKeyId());
  });
  check("what is wrapped does not show the secret, and is never the same twice", async ({ provider }) => {
    const [first, second] = [await provider.wrap(secret, context), await provider.wrap(secret, context)];
    assert.ok(!equalBytes(first.bytes, second.bytes));
    for (const { bytes } of [first, second]) {
      assert.ok(!Buffer.from(bytes).includes(Buffer.from(secret.subarray(0, 8))));
    }
  });
  check("a secret is given back only for what it was wrapped for", async ({ provider }) => {
    const wrapped = await provider.wrap(secret, context);
    await assert.rejects(provider.unwrap(wrapped, `${context}8`), (error) => isFault(error, "store.key-refused"));
  });
  check("a wrap that was changed or cut is refused", async ({ provider }) => {
    const { keyId, bytes } = await provider.wrap(secret, context);
    for (const index of [0, 12, bytes.byteLength >> 1, bytes.byteLength - 1]) {
      const changed = bytes.with(index, (bytes[index] ?? 0) ^ 1);
      await assert.rejects(provider.unwrap({ keyId, bytes: changed }, context), isFault, `byte ${index}`);
    }
    await assert.rejects(provider.unwrap({ keyId, bytes: bytes.subarray(0, 5) }, context), isFault);
  });
  check("a key that nobody has is named", async ({ provider }) => {
    const { bytes } = await provider.wrap(secret, context);
    const keyId = "0000000000000000";
    await assert.rejects(
      provider.unwrap({ keyId, bytes }, context),
      (error) => isFault(error) && /key-(?:unknown|refused)/.test(error.code) && error.message.includes(keyId),
    );
  });
  check("a new key wraps from now on, and the old one still unwraps", async ({ provider, again, canRenew }) => {
    const before = await provider.wrap(secret, context);
    await provider.renew();
    const after = await provider.wrap(secret, context);
    assert.equal(after.keyId !== before.keyId, canRenew);
    for (const each of [provider, again()]) {
      assert.deepEqual(await each.unwrap(before, context), secret);
      assert.deepEqual(await each.unwrap(after, context), secret);
    }
  });
}
