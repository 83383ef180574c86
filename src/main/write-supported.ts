// SPDX-License-Identifier: Apache-2.0
// Writes docs/SUPPORTED.md anew: `npm run supported`. A test compares the file with the tables.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { supportedPage } from "./supported.ts";

writeFileSync(join(import.meta.dirname, "../../docs/SUPPORTED.md"), supportedPage());
