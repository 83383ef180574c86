// SPDX-License-Identifier: Apache-2.0
// The public face of scsi.

export * from "./command-row.ts";
export * from "./densities.ts";
export * from "./faults.ts";
export * from "./models.ts";
export * from "./sense-data.ts";
export * from "./sense-table.ts";
export * from "./smc-commands.ts";
export * from "./spc-commands.ts";
export * from "./ssc-commands.ts";
export * from "./status.ts";
