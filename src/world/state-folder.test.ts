// SPDX-License-Identifier: Apache-2.0
// The manager's state in a real folder.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { isFault } from "#base/index.ts";
import { mediaFault } from "#media/index.ts";
import { stateFilesConformance } from "#media/state-files-conformance.ts";
import { StateFolder } from "./state-folder.ts";

const base = mkdtempSync(join(tmpdir(), "capstan-state-"));
after(() => rmSync(base, { recursive: true, force: true }));

stateFilesConformance("a folder of state", () =>
  Promise.resolve(new StateFolder(mkdtempSync(join(base, "state-")), mediaFault)),
);

test("a folder that is not there is a fault", async () => {
  const files = new StateFolder(join(base, "none"), mediaFault);
  await assert.rejects(files.write("a", new Uint8Array(1)), (error) => isFault(error, "media.state-failed"));
});
