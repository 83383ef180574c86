// SPDX-License-Identifier: Apache-2.0
// The public face of backup.

export * from "./backup-job.ts";
export type { CopyRequest, TapeChoice } from "./care-desk.ts";
export * from "./faults.ts";
export * from "./folder-station.ts";
export * from "./group-filter.ts";
export type { ImportOutcome } from "./import-desk.ts";
export { parseConfig } from "./manager-config.ts";
export * from "./label-job.ts";
export * from "./manager.ts";
export type { CartridgeRecord } from "#media/index.ts";
export { type ChangerListing, type ElementListing, elementsOf } from "./device-desk.ts";
export type {
  DriveConfig,
  LibraryDriveConfig,
  StandaloneDriveConfig,
  ManagerConfig,
  PoolConfig,
  StoreConfig,
} from "./manager-config.ts";
export type { JobListing } from "./job-desk.ts";
export type { JobRun, TapeJob } from "./tape-job.ts";
export * from "./request.ts";
export * from "./restore-job.ts";
export * from "./restore-plan.ts";
export * from "./set-writer.ts";
export * from "./station.ts";
export type { InnerPath, MemberView, SnapshotView } from "./store-desk.ts";
export * from "./store-jobs.ts";
export * from "./store-map.ts";
export type { BackupRequest, CartridgeListing, ContentListing, RestoreRequest } from "./tape-desk.ts";
export * from "./tape-copy.ts";
export * from "./tape-verify.ts";
export * from "./tape-walk.ts";
