// SPDX-License-Identifier: Apache-2.0
// The functions of the store that run in threads, and where a thread finds them.

import { openFrame, sealFrame } from "./sealed-cipher.ts";

/** The functions, by name. */
export const sealJobs = { sealFrame, openFrame };
export type SealJobs = typeof sealJobs;

/** What a thread looks for in this module. */
export const jobs = sealJobs;

/** This module, for threads to load. */
export const sealJobsUrl = new URL(import.meta.url);
