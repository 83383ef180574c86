// SPDX-License-Identifier: Apache-2.0
// The hash of names, and the constants that are made with it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesFromAscii } from "#base/index.ts";
import { nameHash } from "./siphash.ts";

test("names hash to the values that Proxmox's archives hold", () => {
  assert.equal(nameHash(bytesFromAscii("")), 0x76614015f8d1bb6cn);
  assert.equal(nameHash(bytesFromAscii("a.txt")), 0xdc392d66b611aa72n);
  assert.equal(nameHash(bytesFromAscii("index.json.blob")), 0x6f5c8a818879259dn);
});
