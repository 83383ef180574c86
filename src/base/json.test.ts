// SPDX-License-Identifier: Apache-2.0
// JSON with its keys in order.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isJsonArray, isJsonObject, parseJson, prettyJson, sortedJson } from "./json.ts";

test("keys are sorted at every level, the order of an array is kept", () => {
  const value = { b: [{ z: 1, a: 2 }, 1], a: {}, __proto__x: null };
  assert.equal(
    prettyJson(sortedJson(value)),
    '{\n  "__proto__x": null,\n  "a": {},\n  "b": [\n    {\n      "a": 2,\n      "z": 1\n    },\n    1\n  ]\n}',
  );
});

test("a key with a special name is a key like any other", () => {
  const value = parseJson('{"b":1,"__proto__":{"y":1,"x":2}}') ?? null;
  assert.equal(JSON.stringify(sortedJson(value)), '{"__proto__":{"x":2,"y":1},"b":1}');
});

test("what is not JSON is undefined, and kinds are told apart", () => {
  assert.equal(parseJson("{"), undefined);
  assert.deepEqual([isJsonObject({}), isJsonObject([]), isJsonObject(null)], [true, false, false]);
  assert.deepEqual([isJsonArray([]), isJsonArray({})], [true, false]);
});
