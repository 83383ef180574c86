// SPDX-License-Identifier: Apache-2.0
// The goodbye table at the end of each directory: where its members are, by the hash of their names, as an implicit
// binary search tree (the rows of smaller hashes below row i begin at 2i+1, those of larger ones at 2i+2).

import { assert } from "#base/index.ts";
import { encodeItem, GoodbyeRow, goodbyeTailMarker, itemHeaderSize } from "./items.ts";

/** The place of row `position` of the sorted order, for `count` rows: a left-complete tree. */
export function searchTreeOrder(count: number): number[] {
  const order = Array.from({ length: count }, () => 0);
  let power = 1;
  while (power * 2 <= count) power *= 2;
  // Depth is the logarithm of count, so plain recursion is fine.
  const place = (index: number, first: number, size: number, top: number): void => {
    if (size === 0) return;
    const half = Math.floor(top / 2);
    const turn = top + half - 1;
    const root = size > turn ? top - 1 : top - 1 - (turn - size);
    order[index] = first + root;
    place(2 * index + 1, first, root, half);
    place(2 * index + 2, first + root + 1, size - root - 1, half);
  };
  place(0, 0, count, power);
  return order;
}

/** A member as the table knows it; offsets are positions in the archive. */
export interface TableMember {
  readonly hash: bigint;
  /** Where its FILENAME begins, and where its last byte is followed by the next member. */
  readonly start: number;
  readonly end: number;
}

/** The GOODBYE item of a directory whose ENTRY is at `directoryStart`; the item itself is at `tableStart`. */
export function encodeGoodbye(members: readonly TableMember[], directoryStart: number, tableStart: number): Uint8Array {
  const sorted = members.toSorted((left, right) => (left.hash < right.hash ? -1 : left.hash > right.hash ? 1 : 0));
  const content = new Uint8Array((members.length + 1) * GoodbyeRow.size);
  searchTreeOrder(members.length).forEach((source, index) => {
    const member = sorted[source];
    assert(member !== undefined, "the order of a search tree is a permutation");
    GoodbyeRow.encodeInto(content, index * GoodbyeRow.size, {
      hash: member.hash,
      offset: BigInt(tableStart - member.start),
      size: BigInt(member.end - member.start),
    });
  });
  GoodbyeRow.encodeInto(content, members.length * GoodbyeRow.size, {
    hash: goodbyeTailMarker,
    offset: BigInt(tableStart - directoryStart),
    size: BigInt(itemHeaderSize + content.byteLength),
  });
  return encodeItem("goodbye", content);
}

/** The rows of a table in the order of the archive; the tail is not among them. */
export function decodeGoodbyeRows(content: Uint8Array): GoodbyeRow[] {
  const count = Math.floor(content.byteLength / GoodbyeRow.size) - 1;
  return Array.from({ length: Math.max(count, 0) }, (_, index) => GoodbyeRow.decode(content, index * GoodbyeRow.size));
}
