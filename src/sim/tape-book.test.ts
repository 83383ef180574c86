// SPDX-License-Identifier: Apache-2.0
// The book allows what a host may find, and nothing else.

import assert from "node:assert/strict";
import { test } from "node:test";
import { blockContent, identifyBlock } from "./block-content.ts";
import { CheckFailure } from "./check-failure.ts";
import { TapeBook, type TapeObject } from "./tape-book.ts";

function write(book: TapeBook, ...objects: TapeObject[]): void {
  for (const object of objects) book.append(book.endOfData, object).done();
}

/** What `observe` accepts, of the candidates. */
function accepted(make: () => TapeBook, candidates: readonly (readonly TapeObject[])[]): string[] {
  return candidates
    .filter((found) => {
      try {
        make().observe(found);
        return true;
      } catch (error) {
        assert.ok(error instanceof CheckFailure);
        return false;
      }
    })
    .map((found) => found.join(","));
}

test("without any loss exactly what was answered is found", () => {
  const make = (): TapeBook => {
    const book = new TapeBook();
    write(book, 1, 2, "filemark");
    return book;
  };
  assert.deepEqual(accepted(make, [[], [1], [1, 2], [1, 2, "filemark"], [1, 2, "filemark", 3], [2, 1, "filemark"]]), [
    "1,2,filemark",
  ]);
});

test("an unanswered write may have happened or not", () => {
  const make = (): TapeBook => {
    const book = new TapeBook();
    write(book, 1);
    book.append(1, 2);
    book.append(2, 3);
    return book;
  };
  assert.deepEqual(accepted(make, [[], [1], [1, 2], [1, 3], [1, 2, 3]]), ["1", "1,2", "1,2,3"]);
});

test("after a crash what was not synced may be lost from its end, what was synced may not", () => {
  const make = (): TapeBook => {
    const book = new TapeBook();
    write(book, 1, "filemark");
    book.synced();
    write(book, 2, 3);
    book.crashed();
    return book;
  };
  const candidates = [[1], [1, "filemark"], [1, "filemark", 2], [1, "filemark", 3], [1, "filemark", 2, 3]] as const;
  assert.deepEqual(accepted(make, candidates), ["1,filemark", "1,filemark,2", "1,filemark,2,3"]);
});

test("an overwrite that was not synced may be found undone, cut, or done, after a crash", () => {
  const make = (): TapeBook => {
    const book = new TapeBook();
    write(book, 1, 2, 3);
    book.synced();
    book.append(1, 4).done();
    book.crashed();
    return book;
  };
  assert.deepEqual(accepted(make, [[1, 2, 3], [1], [1, 4], [1, 4, 3], []]), ["1,2,3", "1", "1,4"]);
});

test("what was once found gone does not come back", () => {
  const book = new TapeBook();
  write(book, 1);
  book.synced();
  write(book, 2);
  book.crashed();
  book.observe([1]);
  book.crashed();
  assert.throws(() => book.observe([1, 2]), CheckFailure);
});

test("what was found after a crash is not durable yet: a second crash may take it", () => {
  const book = new TapeBook();
  write(book, 1);
  book.synced();
  write(book, 2);
  book.crashed();
  book.observe([1, 2]);
  book.crashed();
  book.observe([1]);
});

test("a write that failed for sure leaves no trace", () => {
  const book = new TapeBook();
  write(book, 1);
  book.append(1, 2).undone();
  assert.equal(book.isUncertain, false);
  assert.deepEqual(book.objects, [1]);
  book.observe([1]);
});

test("a failed write between others leaves them as they are", () => {
  const book = new TapeBook();
  const [first, second, third] = [book.append(0, 1), book.append(1, 2), book.append(2, 3)];
  first.done();
  third.done();
  second.undone();
  assert.equal(book.isUncertain, false);
  book.observe([1, 3]);
});

test("an answer that is looked at after a crash promises nothing", () => {
  const book = new TapeBook();
  const change = book.append(0, 1);
  book.crashed();
  change.done();
  book.observe([]);
});

test("erasing keeps what lies before", () => {
  const book = new TapeBook();
  write(book, 1, 2, 3);
  book.cut(1).done();
  book.synced();
  book.observe([1]);
});

test("a block says which one it is, unless any byte of it is wrong", () => {
  for (const length of [16, 17, 511, 512, 513, 4096, 65_536]) {
    const content = blockContent(7, length);
    assert.equal(content.byteLength, length);
    assert.equal(identifyBlock(content), 7);
    for (const at of [0, 15, length >> 1, length - 1]) {
      const damaged = content.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      assert.equal(identifyBlock(damaged), undefined, `${length} bytes, damaged at ${at}`);
    }
  }
  assert.notDeepEqual(blockContent(1, 512), blockContent(2, 512));
  assert.equal(identifyBlock(new Uint8Array(8)), undefined);
});
