// SPDX-License-Identifier: Apache-2.0
// Who a logical unit is: INQUIRY and its serial number.

import { Inquiry, StandardInquiry, VpdHeader, vpdPages } from "#scsi/index.ts";
import type { ScsiUnit } from "./scsi-unit.ts";

const vpdLength = 252;

/** What a device says of itself. */
export interface DeviceIdentity {
  readonly deviceType: number;
  readonly vendor: string;
  readonly product: string;
  readonly revision: string;
}

/** Asks a unit who it is. */
export async function identify(unit: ScsiUnit): Promise<DeviceIdentity> {
  const cdb = Inquiry.encode({ allocationLength: StandardInquiry.size });
  const data = new Uint8Array(StandardInquiry.size);
  data.set((await unit.must("INQUIRY", { cdb, dataInLength: data.byteLength })).subarray(0, data.byteLength));
  const { deviceType, vendor, product, revision } = StandardInquiry.decode(data);
  return { deviceType, vendor, product, revision };
}

/** The serial number of a unit (VPD page 80h); undefined when it tells none. */
export async function serialOf(unit: ScsiUnit): Promise<string | undefined> {
  const cdb = Inquiry.encode({
    vitalProductData: true,
    pageCode: vpdPages["unit-serial"],
    allocationLength: vpdLength,
  });
  const answer = await unit.ask({ cdb, dataInLength: vpdLength });
  if (answer.word !== "good" || answer.dataIn.byteLength < VpdHeader.size) return undefined;
  const text = Buffer.from(answer.dataIn.subarray(VpdHeader.size)).toString("latin1").replaceAll("\0", " ").trim();
  return text === "" ? undefined : text;
}
