// SPDX-License-Identifier: Apache-2.0
// TapeAlert flags as a set, by number and as a bitmap.

import assert from "node:assert/strict";
import { test } from "node:test";
import { TapeAlerts } from "./drive-tape-alerts.ts";

test("flags are numbered from 1, the first in the highest bit", () => {
  const alerts = new TapeAlerts();
  assert.deepEqual(alerts.bitmap(), new Uint8Array(8));
  alerts.raise("hard-error");
  alerts.raise("write-protect");
  alerts.raise("write-once-overwrite-attempted");
  assert.deepEqual(alerts.bitmap(), Uint8Array.of(0x20, 0x80, 0, 0, 0, 0, 0, 0x10));
  assert.deepEqual(
    [3, 4, 9, 60].map((flag) => alerts.isRaised(flag)),
    [true, false, true, true],
  );
  alerts.clear();
  assert.equal(alerts.isRaised(3), false);
});
