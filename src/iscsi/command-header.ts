// SPDX-License-Identifier: Apache-2.0
// Reads what a SCSI Command PDU says beside its fixed fields: the LUN (SAM-5 section 4.7) and the additional header
// segments (RFC 7143 section 11.2.2).

import { concatBytes } from "#base/index.ts";
import { additionalHeaderTypes } from "./codes.ts";

/** What the additional headers hold. */
export interface AdditionalHeaders {
  /** CDB bytes behind the first 16. */
  readonly extendedCdb: Uint8Array | undefined;
  /** Read length of a command with data in both directions. */
  readonly readLength: number | undefined;
}

/** The LUN of a LUN field, or -1 for a form that no unit here can have. Peripheral (bus 0) and flat addressing. */
export function lunOf(field: { readonly lunFirstLevel: number; readonly lunRest: number }): number {
  if (field.lunRest !== 0) return -1;
  const method = field.lunFirstLevel >>> 14;
  if (method === 0) return field.lunFirstLevel <= 0xff ? field.lunFirstLevel : -1;
  return method === 1 ? field.lunFirstLevel & 0x3fff : -1;
}

/** The LUN field for a LUN: peripheral addressing up to 255, flat above. */
export const lunFieldOf = (lun: number): { lunFirstLevel: number; lunRest: number } => ({
  lunFirstLevel: lun <= 0xff ? lun : 0x4000 | lun,
  lunRest: 0,
});

/** Cuts the additional headers; undefined when they do not add up. Unknown ones are skipped. */
export function parseAdditionalHeaders(bytes: Uint8Array): AdditionalHeaders | undefined {
  let extendedCdb: Uint8Array | undefined;
  let readLength: number | undefined;
  let offset = 0;
  while (offset + 4 <= bytes.byteLength) {
    // The length counts what follows the type byte: one reserved byte and the content.
    const length = ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
    const end = offset + 3 + length;
    if (length === 0 || end > bytes.byteLength) return undefined;
    const content = bytes.subarray(offset + 4, end);
    const type = (bytes[offset + 2] ?? 0) & 0x3f;
    if (type === additionalHeaderTypes.extendedCdb) extendedCdb = content;
    if (type === additionalHeaderTypes.bidirectionalReadLength) {
      if (content.byteLength !== 4) return undefined;
      readLength = Buffer.from(content).readUInt32BE(0);
    }
    offset = end + (-end & 3);
  }
  return offset === bytes.byteLength ? { extendedCdb, readLength } : undefined;
}

/** The whole CDB, as a copy. */
export const wholeCdb = (first: Uint8Array, extended: Uint8Array | undefined): Uint8Array =>
  extended === undefined ? first.slice() : concatBytes([first, extended]);
