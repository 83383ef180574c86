// SPDX-License-Identifier: Apache-2.0
// The book of writers tells a successor's work from that of whoever was taken over.

import assert from "node:assert/strict";
import { test } from "node:test";
import { BucketBook } from "./bucket-book.ts";

test("a successor may change everything, its predecessor only what the successor has not put", () => {
  const book = new BucketBook();
  book.note(1, "put", "a");
  book.note(2, "put", "a");
  book.note(1, "put", "b");
  book.note(2, "delete", "b");
  book.note(1, "put", "b");
  book.note(1, "delete", "b");
  book.note(2, "put", "gateways/g/status");
  book.note(1, "put", "gateways/g/status");
  book.check();
});

for (const what of ["put", "delete"] as const) {
  test(`a ${what} of what the successor has put is found`, () => {
    const book = new BucketBook();
    book.note(2, "put", "gateways/g/log/000000000002");
    book.note(1, what, "gateways/g/log/000000000002");
    assert.throws(() => book.check(), /two masters.*000000000002/);
  });
}
