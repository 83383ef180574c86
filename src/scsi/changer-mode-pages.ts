// SPDX-License-Identifier: Apache-2.0
// Mode pages of a medium changer: SMC-3. Every layout spans the page with its header.

import { bit, bits, layout, uint } from "#codec/index.ts";

const header = (code: number, pageLength: number) =>
  ({ pageCode: bits(0, 5, 0, { always: code }), pageLength: uint(1, 1, { always: pageLength }) }) as const;

/** Element address assignment mode page 1Dh: SMC-3. */
export const ElementAddressPage = layout("element address assignment mode page", 20, {
  ...header(0x1d, 0x12),
  firstPicker: uint(2, 2),
  pickerCount: uint(4, 2),
  firstStorageSlot: uint(6, 2),
  storageSlotCount: uint(8, 2),
  firstMailSlot: uint(10, 2),
  mailSlotCount: uint(12, 2),
  firstDriveBay: uint(14, 2),
  driveBayCount: uint(16, 2),
});

/** Transport geometry parameters mode page 1Eh of a changer with one picker: SMC-3. */
export const TransportGeometryPage = layout("transport geometry parameters mode page", 4, {
  ...header(0x1e, 0x02),
  rotate: bit(2, 0),
  memberNumber: uint(3, 1),
});

/** Device capabilities mode page 1Fh: SMC-3. Bits 3 to 0: drive bay, mail slot, storage slot, picker. */
export const DeviceCapabilitiesPage = layout("device capabilities mode page", 20, {
  ...header(0x1f, 0x12),
  stores: bits(2, 3, 0),
  movesFromPicker: bits(4, 3, 0),
  movesFromStorageSlot: bits(5, 3, 0),
  movesFromMailSlot: bits(6, 3, 0),
  movesFromDriveBay: bits(7, 3, 0),
  exchangesPicker: bits(12, 3, 0),
  exchangesStorageSlot: bits(13, 3, 0),
  exchangesMailSlot: bits(14, 3, 0),
  exchangesDriveBay: bits(15, 3, 0),
});
/** The bits of the device capabilities page. */
export const capabilityBits = { driveBay: 8, mailSlot: 4, storageSlot: 2, picker: 1 } as const;
