// SPDX-License-Identifier: Apache-2.0
// Element status data, volume tags, and the parameters of SEND VOLUME TAG: SMC-3.

import { ascii, bit, bits, layout, uint, type Table } from "#codec/index.ts";

/** Element type codes: SMC-3. */
export const elementTypes = {
  all: 0,
  picker: 1,
  "storage-slot": 2,
  "mail-slot": 3,
  "drive-bay": 4,
} as const satisfies Table<number>;

/** Element status data header: SMC-3. */
export const ElementStatusHeader = layout("element status data header", 8, {
  firstElement: uint(0, 2),
  elementCount: uint(2, 2),
  /** Bytes of all pages that follow, also when the allocation length cuts them. */
  byteCount: uint(5, 3),
});

/** Element status page header: SMC-3. */
export const ElementPageHeader = layout("element status page header", 8, {
  elementType: uint(0, 1),
  primaryVolumeTag: bit(1, 7),
  alternateVolumeTag: bit(1, 6),
  descriptorLength: uint(2, 2),
  byteCount: uint(5, 3),
});

/** The part that every element descriptor begins with: SMC-3. */
export const ElementDescriptor = layout("element descriptor", 12, {
  elementAddress: uint(0, 2),
  /** INENAB: a mail slot through which cartridges come in. */
  importEnabled: bit(2, 5),
  /** EXENAB: a mail slot through which cartridges go out. */
  exportEnabled: bit(2, 4),
  accessible: bit(2, 3),
  exception: bit(2, 2),
  /** IMPEXP: an operator put the cartridge there. */
  placedByOperator: bit(2, 1),
  full: bit(2, 0),
  asc: uint(4, 1),
  ascq: uint(5, 1),
  sourceValid: bit(9, 7),
  inverted: bit(9, 6),
  disabled: bit(9, 3),
  mediumType: bits(9, 2, 0),
  source: uint(10, 2),
});
/** MEDIUM TYPE of an element descriptor: SMC-3. */
export const elementMediumTypes = {
  unknown: 0,
  data: 1,
  cleaning: 2,
  "write-once": 4,
} as const satisfies Table<number>;

/** Volume tag: SMC-3. */
export const VolumeTag = layout("volume tag", 36, {
  identifier: ascii(0, 32),
  sequence: uint(34, 2),
});

/** Identification part of an element descriptor, without the identifier: SMC-3. */
export const ElementIdentifierHeader = layout("element identifier header", 4, {
  codeSet: bits(0, 3, 0),
  identifierType: bits(1, 3, 0),
  identifierLength: uint(3, 1),
});

/** REQUEST VOLUME ELEMENT ADDRESS data header: SMC-3. */
export const VolumeElementAddressHeader = layout("volume element address header", 8, {
  firstElement: uint(0, 2),
  elementCount: uint(2, 2),
  actionCode: bits(4, 4, 0),
  byteCount: uint(5, 3),
});

/** SEND VOLUME TAG parameter list: SMC-3. */
export const VolumeTagTemplate = layout("SEND VOLUME TAG parameter list", 40, {
  /** Characters to find; `*` stands for any number of any characters, `?` for one. */
  template: ascii(0, 32),
  minimumSequence: uint(34, 2),
  maximumSequence: uint(38, 2),
});

/** SEND ACTION CODE: SMC-3. */
export const volumeTagActions = {
  "translate-all": 0x00,
  "translate-primary": 0x01,
  "translate-alternate": 0x02,
  "translate-all-ignore-sequence": 0x04,
  "translate-primary-ignore-sequence": 0x05,
  "translate-alternate-ignore-sequence": 0x06,
  "assert-primary": 0x08,
  "assert-alternate": 0x09,
  "replace-primary": 0x0a,
  "replace-alternate": 0x0b,
  "undefine-primary": 0x0c,
  "undefine-alternate": 0x0d,
} as const satisfies Table<number>;

/** ACTION CODE of OPEN/CLOSE IMPORT/EXPORT ELEMENT: SMC-3. */
export const importExportActions = { open: 0, close: 1 } as const satisfies Table<number>;
