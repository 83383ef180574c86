// SPDX-License-Identifier: Apache-2.0
// Writes openapi.json at the root anew: `npm run openapi`. A test compares the file with the table of operations.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openApiDocument } from "#api/index.ts";
import { productVersion } from "./version.ts";

const document = openApiDocument(productVersion());
writeFileSync(join(import.meta.dirname, "../../openapi.json"), `${JSON.stringify(document, undefined, 2)}\n`);
