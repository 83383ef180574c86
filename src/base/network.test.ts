// SPDX-License-Identifier: Apache-2.0
// Endpoints as text, and back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { endpointText, isLoopback, parseEndpoint } from "./network.ts";

test("endpoints of every kind turn into text and back", () => {
  for (const text of ["127.0.0.1:3260", "tape.example.org:0", "[::1]:65535", "[fe80::1]:3260"]) {
    const endpoint = parseEndpoint(text);
    assert.ok(endpoint !== undefined, text);
    assert.equal(endpointText(endpoint), text);
  }
  assert.deepEqual(parseEndpoint("[::1]:3260"), { host: "::1", port: 3260 });
});

test("text that is no endpoint is refused", () => {
  for (const text of ["", "3260", ":3260", "host", "host:", "host:x", "host:65536", "::1:3260", "[::1]", "a b:1"]) {
    assert.equal(parseEndpoint(text), undefined, text);
  }
});

test("loopback is 127.0.0.0/8, ::1 and localhost, nothing else", () => {
  for (const host of ["127.0.0.1", "127.1.2.3", "::1", "localhost"]) assert.ok(isLoopback(host), host);
  for (const host of ["0.0.0.0", "10.0.0.1", "::", "localhost.example.org", "127.0.0.1.example.org"]) {
    assert.ok(!isLoopback(host), host);
  }
});
