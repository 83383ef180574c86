// SPDX-License-Identifier: Apache-2.0
// The public face of iscsi.

export * from "./chap-policy.ts";
export * from "./codes.ts";
export { crc32c, digestAt, digestSize, nativeCrc32c, putDigest } from "./crc32c.ts";
export * from "./faults.ts";
export * from "./initiator.ts";
export type { InitiatorChap } from "./initiator-chap.ts";
export type { InitiatorSettings } from "./initiator-login.ts";
export { InitiatorSession, type ScsiRequest } from "./initiator-session.ts";
export type { ScsiAnswer } from "./initiator-task.ts";
export * from "./pdu-layouts.ts";
export type * from "./scsi-task.ts";
export * from "./serial-number.ts";
export type * from "./session-description.ts";
export { SessionRegistry } from "./session-registry.ts";
export * from "./settings.ts";
export { TargetConnection, type TargetConnectionOptions } from "./target-connection.ts";
export type * from "./target-directory.ts";
export * from "./target-portal.ts";
export { encodeText, parseText, type TextPair } from "./text.ts";
