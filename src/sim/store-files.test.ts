// SPDX-License-Identifier: Apache-2.0
// The simulated files of a datastore do what the port asks for.

import { filesConformance } from "#datastore/files-conformance.ts";
import { SimClock } from "./clock.ts";
import { SimFiles } from "./store-files.ts";

filesConformance("simulated files", () => Promise.resolve(new SimFiles(new SimClock())));
