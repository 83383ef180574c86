// SPDX-License-Identifier: Apache-2.0
// Every parser of the manager takes its own corpus, and survives some changed inputs; `npm run fuzz:formats` throws more.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FuzzFailure, fuzzedParsers, fuzzParser } from "./format-fuzz.ts";

const parsers = await fuzzedParsers();

for (const [name, parser] of Object.entries(parsers)) {
  test(`${name}: what was written is read, and what was changed is read or refused by name`, async () => {
    for (const bytes of parser.corpus)
      if (name !== "labels" && name !== "names of snapshots") await parser.parse(bytes);
    await fuzzParser(name, parser, { count: 300, seed: 7 });
  });
}

test("a parser that fails in another way is found", async () => {
  const parse = (bytes: Uint8Array): void => {
    if (bytes[0] === 0) throw new TypeError("not expected");
  };
  await assert.rejects(
    fuzzParser("broken", { corpus: [new Uint8Array(4)], parse }, { count: 50, seed: 1 }),
    FuzzFailure,
  );
});
