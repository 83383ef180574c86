// SPDX-License-Identifier: Apache-2.0
// The public face of backup.

export * from "./backup-job.ts";
export * from "./faults.ts";
export * from "./group-filter.ts";
export * from "./label-job.ts";
export * from "./request.ts";
export * from "./restore-job.ts";
export * from "./set-writer.ts";
export * from "./station.ts";
export * from "./store-map.ts";
export * from "./tape-walk.ts";
