// SPDX-License-Identifier: Apache-2.0
// The command window against a model: a list of the numbers that are still to come.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CommandWindow } from "./command-window.ts";
import { serialAfter, serialNumber } from "./serial-number.ts";

type Step = { readonly kind: "open" | "arrive" | "skip"; readonly count: number };
const steps = fc.array(
  fc.record({ kind: fc.constantFrom<Step["kind"]>("open", "arrive", "arrive", "arrive", "skip"), count: fc.nat(12) }),
  { maxLength: 60 },
);
const starts = fc.constantFrom(0, 1, 0xffff_fffc);

test("commands have their turn in order, each once, and never outside of the window", () => {
  fc.assert(
    fc.property(starts, steps, (start, list) => {
      const window = new CommandWindow<number>(serialNumber(start));
      /** By distance from the start: what is expected, how far the window is open, what waits. */
      const model = { expected: 0, end: 0, waiting: new Map<number, "command" | "skip">() };
      const done: number[] = [];
      const pass = (): void => {
        for (
          let next = model.waiting.get(model.expected);
          next !== undefined;
          next = model.waiting.get(model.expected)
        ) {
          model.waiting.delete(model.expected);
          if (next === "command") done.push(model.expected);
          model.expected++;
        }
      };
      const seen: number[] = [];
      const take = (): void => {
        for (let ready = window.takeReady(); ready !== undefined; ready = window.takeReady()) seen.push(ready);
      };
      for (const { kind, count } of list) {
        const at = model.expected + count - 2;
        const number = serialAfter(serialNumber(start), at);
        const isOpen = at >= model.expected && at < model.end;
        if (kind === "open") {
          window.openFor(count);
          model.end = Math.max(model.end, model.expected + count);
        } else if (kind === "skip") {
          assert.equal(window.skip(number), isOpen);
          if (isOpen) model.waiting.set(at, "skip");
        } else {
          const turn = window.arrive(number);
          const isNew = isOpen && !model.waiting.has(at);
          assert.equal(turn, !isNew ? "never" : at === model.expected ? "now" : "later");
          if (turn === "later") window.hold(number, at);
          if (turn === "now") seen.push(at);
          if (isNew) model.waiting.set(at, "command");
        }
        take();
        pass();
        assert.equal(window.expected, serialAfter(serialNumber(start), model.expected));
        assert.equal(window.open, model.end - model.expected);
      }
      assert.deepEqual(seen, done);
    }),
  );
});
