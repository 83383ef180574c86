// SPDX-License-Identifier: Apache-2.0
// How a fault travels: as JSON over HTTP, and back into what the command line prints and ends with.

import * as z from "zod";
import type { Fault } from "#base/index.ts";

/** The body of every answer that is not a success. */
export const ErrorBody = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    details: z.record(z.string(), z.union([z.string(), z.number()])),
    retry: z.enum(["never", "backoff", "operator"]),
    exitCode: z.int().min(1).max(255),
  }),
});
export type ErrorBody = z.output<typeof ErrorBody>;

/** The body for a fault. */
export function errorBody(fault: Fault): ErrorBody {
  const { code, message, details, row } = fault;
  return { error: { code, message, details: { ...details }, retry: row.retry, exitCode: row.exit } };
}
