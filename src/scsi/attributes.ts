// SPDX-License-Identifier: Apache-2.0
// Medium auxiliary memory: the chip in a cartridge. SPC-4, SSC-4; lengths as LTO drives report them.

import { bit, bits, layout, uint, type Table } from "#codec/index.ts";

/** How an attribute's value is to be read: SPC-4. */
export type AttributeFormat = "binary" | "ascii" | "text";

/** One attribute. */
export interface AttributeRow {
  readonly id: number;
  /** Length in bytes; the maximum for those that hosts write. */
  readonly length: number;
  readonly format: AttributeFormat;
  /** Who provides it: SPC-4. */
  readonly source: "device" | "medium" | "host";
  readonly name: string;
}

const binary = (id: number, length: number, source: AttributeRow["source"], name: string) =>
  ({ id, length, format: "binary", source, name }) as const;
const ascii = (id: number, length: number, source: AttributeRow["source"], name: string) =>
  ({ id, length, format: "ascii", source, name }) as const;
const text = (id: number, length: number, name: string) =>
  ({ id, length, format: "text", source: "host", name }) as const;

/** The attributes. */
export const attributes = {
  remainingCapacity: binary(0x0000, 8, "device", "remaining capacity in partition"),
  maximumCapacity: binary(0x0001, 8, "device", "maximum capacity in partition"),
  tapeAlertFlags: binary(0x0002, 8, "device", "TapeAlert flags"),
  loadCount: binary(0x0003, 8, "device", "load count"),
  memoryRemaining: binary(0x0004, 8, "device", "MAM space remaining"),
  assigningOrganization: ascii(0x0005, 8, "device", "assigning organization"),
  formattedDensity: binary(0x0006, 1, "device", "formatted density code"),
  initializationCount: binary(0x0007, 2, "device", "initialization count"),
  volumeIdentifier: ascii(0x0008, 32, "device", "volume identifier"),
  volumeChangeReference: binary(0x0009, 4, "device", "volume change reference"),
  lastDrive: ascii(0x020a, 40, "device", "device vendor and serial number at last load"),
  lastDrive1: ascii(0x020b, 40, "device", "device vendor and serial number at load 1 before"),
  lastDrive2: ascii(0x020c, 40, "device", "device vendor and serial number at load 2 before"),
  lastDrive3: ascii(0x020d, 40, "device", "device vendor and serial number at load 3 before"),
  totalWritten: binary(0x0220, 8, "device", "total MB written in medium life"),
  totalRead: binary(0x0221, 8, "device", "total MB read in medium life"),
  lastWritten: binary(0x0222, 8, "device", "total MB written in current or last load"),
  lastRead: binary(0x0223, 8, "device", "total MB read in current or last load"),
  mediumManufacturer: ascii(0x0400, 8, "medium", "medium manufacturer"),
  mediumSerial: ascii(0x0401, 32, "medium", "medium serial number"),
  mediumLength: binary(0x0402, 4, "medium", "medium length"),
  mediumWidth: binary(0x0403, 4, "medium", "medium width"),
  mediumOrganization: ascii(0x0404, 8, "medium", "assigning organization"),
  mediumDensity: binary(0x0405, 1, "medium", "medium density code"),
  manufactureDate: ascii(0x0406, 8, "medium", "medium manufacture date"),
  memoryCapacity: binary(0x0407, 8, "medium", "MAM capacity"),
  mediumType: binary(0x0408, 1, "medium", "medium type"),
  mediumTypeInformation: binary(0x0409, 2, "medium", "medium type information"),
  applicationVendor: ascii(0x0800, 8, "host", "application vendor"),
  applicationName: ascii(0x0801, 32, "host", "application name"),
  applicationVersion: ascii(0x0802, 8, "host", "application version"),
  userLabel: text(0x0803, 160, "user medium text label"),
  writtenAt: ascii(0x0804, 12, "host", "date and time last written"),
  localization: binary(0x0805, 1, "host", "text localization identifier"),
  barcode: ascii(0x0806, 32, "host", "barcode"),
  owningHost: text(0x0807, 80, "owning host textual name"),
  mediaPool: text(0x0808, 160, "media pool"),
  formatVersion: ascii(0x080b, 16, "host", "application format version"),
  volumeCoherency: binary(0x080c, 1023, "host", "volume coherency information"),
  mediumIdentifier: binary(0x0820, 36, "host", "medium globally unique identifier"),
  poolIdentifier: binary(0x0821, 36, "host", "media pool globally unique identifier"),
  lockState: binary(0x1623, 1, "host", "volume lock state"),
} as const satisfies Table<AttributeRow>;
/** Name of an attribute. */
export type AttributeName = keyof typeof attributes;

/** Identifiers that hosts may use as they like, and how long their values may be: SPC-4, vendor specific host type. */
export const hostAttributeRange = { vendorFirst: 0x1400, vendorLast: 0x17ff, lengthMax: 1024 } as const;

/** MEDIUM TYPE attribute 0408h: SSC-4. */
export const attributeMediumTypes = { data: 0x00, cleaning: 0x01, "write-once": 0x80 } as const satisfies Table<number>;
/** FORMAT of an attribute. */
export const attributeFormats = { binary: 0, ascii: 1, text: 2 } as const satisfies Readonly<
  Record<AttributeFormat, number>
>;

/** Header of READ ATTRIBUTE's values: SPC-4. */
export const AttributesHeader = layout("READ ATTRIBUTE values header", 4, { availableLength: uint(0, 4) });

/** MAM attribute without its value: SPC-4. */
export const AttributeHeader = layout("MAM attribute header", 5, {
  id: uint(0, 2),
  readOnly: bit(2, 7),
  format: bits(2, 1, 0),
  length: uint(3, 2),
});

/** READ ATTRIBUTE, logical volume list and partition list: SPC-4. */
export const AttributeRange = layout("READ ATTRIBUTE number list", 4, {
  availableLength: uint(0, 2),
  first: uint(2, 1),
  count: uint(3, 1),
});
