// SPDX-License-Identifier: Apache-2.0
// Which element addresses a changer has. The address space is 16 bits wide; a library chooses where each kind begins.

import { limits } from "#base/index.ts";
import { elementKinds } from "./element.ts";
import type { ChangerShape, ElementKind } from "./element.ts";
import { libraryFault } from "./faults.ts";

const addressEnd = 0x1_0000;

/** The kind of the element at an address; undefined when there is none. */
export function kindOfAddress(shape: ChangerShape, address: number): ElementKind | undefined {
  return elementKinds.find((kind) => {
    const { first, count } = shape[kind];
    return address >= first && address < first + count;
  });
}

/** Throws Fault `library.bad-shape` for a shape that cannot be. */
export function checkShape(shape: ChangerShape): void {
  let total = 0;
  for (const kind of elementKinds) {
    const { first, count } = shape[kind];
    if (!Number.isInteger(first) || !Number.isInteger(count) || first < 0 || count < 0) {
      throw libraryFault("bad-shape", { reason: `${kind}: first address and count must be whole numbers from 0` });
    }
    if (first + count > addressEnd) {
      throw libraryFault("bad-shape", { reason: `${kind}: addresses end at 65535` });
    }
    total += count;
  }
  if (shape.picker.count < 1) throw libraryFault("bad-shape", { reason: "there must be a picker" });
  if (shape["drive-bay"].count > limits.drivesMax) {
    throw libraryFault("bad-shape", { reason: `at most ${limits.drivesMax} drives` });
  }
  if (total > limits.elementsMax) {
    throw libraryFault("bad-shape", { reason: `at most ${limits.elementsMax} elements` });
  }
  checkOverlap(shape);
}

function checkOverlap(shape: ChangerShape): void {
  const ranges = elementKinds
    .map((kind) => ({ kind, ...shape[kind] }))
    .filter(({ count }) => count > 0)
    .toSorted((left, right) => left.first - right.first);
  for (const [index, range] of ranges.entries()) {
    const next = ranges[index + 1];
    if (next !== undefined && range.first + range.count > next.first) {
      throw libraryFault("bad-shape", { reason: `${range.kind} and ${next.kind} share addresses` });
    }
  }
}
