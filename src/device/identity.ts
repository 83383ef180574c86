// SPDX-License-Identifier: Apache-2.0
// Who a logical unit says it is.

import type { DeviceType } from "#scsi/index.ts";

/** Identity of a unit: INQUIRY data and VPD pages 80h and 83h. */
export interface UnitIdentity {
  readonly deviceType: Exclude<DeviceType, "none">;
  /** At most 8, 16 and 4 characters. */
  readonly vendor: string;
  readonly product: string;
  readonly revision: string;
  /** Unit serial number: at most 32 characters of ASCII. Everything that matches devices matches this. */
  readonly serial: string;
  /** Standards the unit claims: SPC-4, version descriptors. */
  readonly versionDescriptors: readonly number[];
  /** Bytes 36 to 55 of the INQUIRY data. When left out, a changer says there that it reads barcodes. */
  readonly vendorSpecific?: Uint8Array;
}
