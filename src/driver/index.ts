// SPDX-License-Identifier: Apache-2.0
// The public face of driver.

export * from "./cartridge-memory.ts";
export * from "./changer.ts";
export * from "./drive-control.ts";
export * from "./drive-inspection.ts";
export * from "./faults.ts";
export * from "./folder-drive.ts";
export * from "./iscsi-port.ts";
export * from "./scsi-changer.ts";
export * from "./scsi-tape-drive.ts";
export * from "./scsi-unit.ts";
export * from "./tape-alerts.ts";
export * from "./unit-identity.ts";
