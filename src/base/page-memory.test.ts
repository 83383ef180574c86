// SPDX-License-Identifier: Apache-2.0
// Page-aligned memory is as long as asked for, rounded up, and zero.

import assert from "node:assert/strict";
import { test } from "node:test";
import { allocatePages } from "./page-memory.ts";

test("pages are a multiple of 64 KiB, start their own memory and are zero", () => {
  const pages = allocatePages(70_000);
  assert.equal(pages.byteLength, 131_072);
  assert.equal(pages.byteOffset, 0);
  assert.ok(pages.every((byte) => byte === 0));
});
