// SPDX-License-Identifier: Apache-2.0
// Continuing with values that are mostly there already. See `Eventually` in image.ts.

import type { Eventually } from "./image.ts";

/** Continues with a value that may come later, without a promise when it is there. */
export function after<T, U>(value: Eventually<T>, next: (value: T) => Eventually<U>): Eventually<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
