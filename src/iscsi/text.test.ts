// SPDX-License-Identifier: Apache-2.0
// Text of keys and values, RFC 7143 section 6.1.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesFromText } from "#base/index.ts";
import { encodeText, parseList, parseNumber, parseText, type TextPair } from "./text.ts";
import { parseTargetAddress } from "./initiator.ts";

const keys = fc.stringMatching(/^[A-Za-z][A-Za-z0-9.\-+@_]{0,20}$/);
const values = fc.string().filter((value) => !value.includes("\0"));

test("pairs that are written are the pairs that are read", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(keys, values)), (pairs: TextPair[]) => {
      assert.deepEqual(parseText(encodeText(pairs)), { pairs });
    }),
  );
});

test("whatever bytes come, parsing ends without an error thrown", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.ok(parseText(bytes))));
});

test("a value may hold equals signs and be empty; a key may not be missing", () => {
  assert.deepEqual(parseText(bytesFromText("A=b=c\0B=\0")), {
    pairs: [
      ["A", "b=c"],
      ["B", ""],
    ],
  });
  assert.ok("problem" in parseText(bytesFromText("=x\0")));
  assert.ok("problem" in parseText(bytesFromText("A\0")));
  assert.ok("problem" in parseText(bytesFromText(`${"K".repeat(64)}=x\0`)));
});

test("numbers are decimal or hexadecimal, nothing else", () => {
  assert.deepEqual(["0", "16776192", "0x40", "0X4f"].map(parseNumber), [0, 16_776_192, 0x40, 0x4f]);
  for (const wrong of ["", "-1", "1.5", "1e3", " 1", "0x", "ten", "9".repeat(16)]) {
    assert.equal(parseNumber(wrong), undefined, wrong);
  }
  assert.deepEqual(parseList("CRC32C,None,"), ["CRC32C", "None"]);
});

test("target addresses have names, IPv4 and IPv6 addresses, and a port or none", () => {
  assert.deepEqual(parseTargetAddress("10.0.0.1:3261,2"), {
    endpoint: { host: "10.0.0.1", port: 3261 },
    portalGroupTag: 2,
  });
  assert.deepEqual(parseTargetAddress("[fe80::1]:3260,1")?.endpoint, { host: "fe80::1", port: 3260 });
  assert.deepEqual(parseTargetAddress("[fe80::1],1")?.endpoint, { host: "fe80::1", port: 3260 });
  assert.deepEqual(parseTargetAddress("tape.example,1")?.endpoint, { host: "tape.example", port: 3260 });
  for (const wrong of ["10.0.0.1:3260", "a:b:c,1", ",1", ""]) assert.equal(parseTargetAddress(wrong), undefined);
});
