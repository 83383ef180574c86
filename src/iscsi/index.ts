// SPDX-License-Identifier: Apache-2.0
// The public face of iscsi.

export * from "./chap-policy.ts";
export * from "./codes.ts";
export * from "./faults.ts";
export * from "./initiator.ts";
export * from "./initiator-session.ts";
export * from "./pdu-layouts.ts";
export type * from "./scsi-task.ts";
export * from "./serial-number.ts";
export type * from "./session-description.ts";
export * from "./session-registry.ts";
export * from "./settings.ts";
export type * from "./target-directory.ts";
export * from "./target-portal.ts";
