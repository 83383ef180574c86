// SPDX-License-Identifier: Apache-2.0
// What can be wrong with a sheet of labels.

import { faultsOf } from "#base/index.ts";

/** Faults of label sheets. */
export const labelsFault = faultsOf("labels", {
  "bad-row": { text: 'the row "{text}" makes no labels: {reason}', retry: "never", http: 422, exit: 2 },
  "bad-sheet": { text: "the sheet cannot be made: {reason}", retry: "never", http: 422, exit: 2 },
});
