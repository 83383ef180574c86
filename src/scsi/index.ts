// SPDX-License-Identifier: Apache-2.0
// The public face of scsi.

export * from "./attributes.ts";
export * from "./buffer-commands.ts";
export * from "./changer-mode-pages.ts";
export * from "./command-row.ts";
export * from "./densities.ts";
export * from "./element-status.ts";
export * from "./faults.ts";
export * from "./inquiry.ts";
export * from "./log-pages.ts";
export * from "./mode-pages.ts";
export * from "./models.ts";
export * from "./position.ts";
export * from "./reports.ts";
export * from "./reservations.ts";
export * from "./security-protocol.ts";
export * from "./sense-data.ts";
export * from "./sense-table.ts";
export * from "./smc-commands.ts";
export * from "./spc-commands.ts";
export * from "./ssc-commands.ts";
export * from "./status.ts";
export * from "./tape-alert-flags.ts";
export * from "./tape-alert-names.ts";
export * from "./tape-mode-pages.ts";
