// SPDX-License-Identifier: Apache-2.0
// Magic numbers are the hashes of their texts.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { bytesFromHex } from "#base/index.ts";
import { contentMagicBytes, contentMagicOf, contentMagics, structureMagics, tapeFileKindOf } from "./magics.ts";

test("every number is the begin of the SHA-256 of its text", () => {
  for (const { hex, text } of [...Object.values(structureMagics), ...Object.values(contentMagics)]) {
    assert.equal(createHash("sha256").update(text).digest("hex").slice(0, 16), hex, text);
  }
});

test("a number leads to its name, and those of formats that were never released to no kind", () => {
  assert.equal(contentMagicOf(contentMagicBytes("chunk-file")), "chunk-file");
  assert.equal(contentMagicOf(bytesFromHex("0011223344556677")), undefined);
  assert.equal(tapeFileKindOf("chunk-file-1.0"), undefined);
  assert.equal(tapeFileKindOf("snapshot-file-1.0"), undefined);
  assert.equal(tapeFileKindOf("snapshot-file-with-namespace"), "snapshot-file");
});
