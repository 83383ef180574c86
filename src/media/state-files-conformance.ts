// SPDX-License-Identifier: Apache-2.0
// What every adapter of the StateFiles port must do.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { bytesFromText, sourceOf } from "#base/index.ts";
import type { StateFiles } from "./state-files.ts";

const textOf = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString();

/** Registers the suite for one adapter; `make` gives empty state for each test. */
export function stateFilesConformance(name: string, make: () => Promise<StateFiles>): void {
  test(`${name}: what is written is read, whole and by pieces, and replaced whole`, async () => {
    const files = await make();
    await files.write("a", bytesFromText("one and more"));
    await files.write("a", bytesFromText("two"));
    assert.equal(textOf(await files.read("a")), "two");
    await files.append("a", bytesFromText(" three"));
    const source = await files.open("a");
    const into = new Uint8Array(20);
    assert.equal(await source?.read(into), 9);
    assert.equal(await source?.read(into), 0);
    await source?.close();
    assert.equal(Buffer.from(into.subarray(0, 9)).toString(), "two three");
    await files.writeFrom("a", sourceOf(bytesFromText("four")));
    assert.equal(textOf(await files.read("a")), "four");
  });

  test(`${name}: what is not there is undefined, is begun by adding to it, and removed without complaint`, async () => {
    const files = await make();
    assert.equal(await files.read("a"), undefined);
    assert.equal(await files.open("a"), undefined);
    await files.append("a", bytesFromText("1"));
    assert.equal(textOf(await files.read("a")), "1");
    await files.remove("a");
    await files.remove("a");
    assert.equal(await files.read("a"), undefined);
  });

  test(`${name}: a replacement whose source fails leaves the old file`, async () => {
    const files = await make();
    await files.write("a", bytesFromText("old"));
    const failing = { read: () => Promise.reject(new Error("no more")) };
    await assert.rejects(files.writeFrom("a", failing), /no more/);
    assert.equal(textOf(await files.read("a")), "old");
  });
}
