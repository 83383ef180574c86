// SPDX-License-Identifier: Apache-2.0
// A whole gateway against an initiator that is broken in every way: mutated PDUs, mutated CDBs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzzedUnits, fuzzGateway, plainCdbs } from "./wire-fuzz.ts";

test("there is a CDB of every command to begin with", () => assert.ok(plainCdbs().length > 40));

for (const unit of fuzzedUnits) {
  test(`10,000 mutated PDUs with mutated CDBs do a ${unit} no harm`, async () => {
    const result = await fuzzGateway({ seed: 1, unit, pduCount: 10_000 });
    assert.ok(result.loggedIn > result.sessions / 2, "most sessions get past the login");
    assert.ok(result.answers > 1000, `${result.answers} answers`);
  });
}
