// SPDX-License-Identifier: Apache-2.0
// The simulated state files do what the port asks for.

import { stateFilesConformance } from "#media/state-files-conformance.ts";
import { SimStateFiles } from "./state-files.ts";

stateFilesConformance("simulated state files", () => Promise.resolve(new SimStateFiles()));
