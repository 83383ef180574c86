// SPDX-License-Identifier: Apache-2.0
// The book of salts: what it takes and what it does not.

import assert from "node:assert/strict";
import { test } from "node:test";
import { NonceBook } from "./nonce-book.ts";

function sealed(options: { readonly salt: number; readonly body?: number; readonly cipher?: number }): Uint8Array {
  const bytes = new Uint8Array(100).fill(options.body ?? 7);
  bytes.set(Buffer.from("CAPSEALD"));
  bytes[11] = options.cipher ?? 1;
  bytes.fill(1, 32, 40);
  bytes.fill(options.salt, 40, 56);
  return bytes;
}

test("the same bytes may be sent again, and other salts used; plain objects and other files count for nothing", () => {
  const book = new NonceBook();
  book.note("a", sealed({ salt: 1 }));
  book.note("a", sealed({ salt: 1 }));
  book.note("a", sealed({ salt: 2 }));
  book.note("b", sealed({ salt: 3, cipher: 0 }));
  book.note("c", sealed({ salt: 3, cipher: 0 }));
  book.note("keys", new Uint8Array(3));
  book.check();
  assert.equal(book.count, 3);
});

test("a salt that is used for other bytes, or under another key, is found", () => {
  const bytes = new NonceBook();
  bytes.note("a", sealed({ salt: 1 }));
  bytes.note("a", sealed({ salt: 1, body: 8 }));
  assert.throws(() => bytes.check(), /nonce was used twice/);
  const names = new NonceBook();
  names.note("a", sealed({ salt: 1 }));
  names.note("b", sealed({ salt: 1 }));
  assert.throws(() => names.check(), /b was sealed .* for a/);
});
