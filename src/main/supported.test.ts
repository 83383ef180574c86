// SPDX-License-Identifier: Apache-2.0
// docs/SUPPORTED.md says what the tables say.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { supportedPage } from "./supported.ts";

test("docs/SUPPORTED.md is as `npm run supported` writes it", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/SUPPORTED.md"), "utf8");
  assert.equal(page, supportedPage());
});
