// SPDX-License-Identifier: Apache-2.0
// Lines of a start: held, then written in order, or dropped.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Log, type LogFields } from "#base/index.ts";
import { LateLog } from "./late-log.ts";

function recorder(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const write =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const log = { lines, debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
  return { ...log, child: () => assert.fail("the late log keeps the fields of children itself") };
}

function filled(): LateLog {
  const late = new LateLog();
  late.info("one", { a: 1 });
  late.child({ drive: 2 }).child({ lun: 0 }).warn("two");
  return late;
}

test("held lines come first and in order, with the fields of children", () => {
  const target = recorder();
  const late = filled();
  late.release(target, { dropHeld: false });
  late.child({ b: 1 }).error("three");
  assert.deepEqual(target.lines, ['info one {"a":1}', 'warn two {"drive":2,"lun":0}', 'error three {"b":1}']);
});

test("held lines can be dropped, later ones are written", () => {
  const target = recorder();
  const late = filled();
  late.release(target, { dropHeld: true });
  late.debug("three");
  assert.deepEqual(target.lines, ["debug three {}"]);
});
