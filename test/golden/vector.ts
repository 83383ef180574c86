// SPDX-License-Identifier: Apache-2.0
// Golden vectors: bytes that a standard, an RFC or a capture of a real device prints, and the value they mean. One
// call makes the tests for one layout. The bytes never come from our own encoder.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesFromHex, hexFromBytes } from "#base/index.ts";
import type { FieldsValue, Layout } from "#codec/index.ts";

/** One vector of a layout. */
export interface Vector<Value> {
  /** Where the bytes come from: standard with section, RFC with section, or what was captured from which device. */
  readonly source: string;
  /** Exactly as long as the layout; blanks are ignored. */
  readonly hex: string;
  /** What `decode` must give and `encode` must turn back into the same bytes. */
  readonly value: Value;
}

/** Makes a test for each vector: decodes to the value, encodes to the bytes, sets no reserved bit. */
// oxlint-disable-next-line typescript/no-explicit-any -- the fields of any layout
export function goldenVectors<F extends Readonly<Record<string, any>>>(
  layout: Layout<F>,
  vectors: readonly Vector<FieldsValue<F>>[],
): void {
  for (const { source, hex, value } of vectors) {
    test(`${layout.name} is read and written as in: ${source}`, () => {
      const bytes = bytesFromHex(hex);
      assert.equal(bytes.byteLength, layout.size, "a vector is as long as its layout");
      assert.deepEqual(layout.decode(bytes), value);
      assert.equal(hexFromBytes(layout.encode(value)), hexFromBytes(bytes));
      assert.equal(layout.check(bytes), undefined);
    });
  }
}
