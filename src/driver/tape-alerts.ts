// SPDX-License-Identifier: Apache-2.0
// The alerts of a drive: TapeAlert, log page 2Eh.

import { logPages, tapeAlertRows } from "#scsi/index.ts";
import { readLogPage } from "./log-page.ts";
import type { ScsiUnit } from "./scsi-unit.ts";

/** One alert that is raised. */
export interface RaisedAlert {
  readonly number: number;
  readonly name: string;
  readonly isCritical: boolean;
}

/** The alerts that a drive raises. */
export async function tapeAlerts(unit: ScsiUnit): Promise<readonly RaisedAlert[]> {
  const parameters = await readLogPage(unit, logPages.tapeAlert.code);
  return Array.from(parameters).flatMap(([number, value]) => {
    if (((value.at(-1) ?? 0) & 1) === 0) return [];
    const row = tapeAlertRows[number];
    return [{ number, name: row?.name ?? `flag ${number}`, isCritical: row?.isCritical === true }];
  });
}
