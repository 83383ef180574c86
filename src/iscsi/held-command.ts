// SPDX-License-Identifier: Apache-2.0
// A command that came before its turn, kept whole until the hole before it closes; with it the unsolicited Data-Out that
// belong to it. Rare: over one TCP connection only an initiator that skips numbers makes holes.

import type { PduHeader } from "./pdu-reader.ts";

/** A PDU that is kept: copies of its header and its data. */
export interface KeptPdu {
  readonly header: PduHeader;
  readonly data: Uint8Array;
}

/** A command that waits, and what belongs to it. */
export interface HeldCommand extends KeptPdu {
  readonly followers: KeptPdu[];
}

/** A header that stays as it is when the next one arrives. */
export const keepHeader = (header: PduHeader): PduHeader => ({
  ...header,
  bytes: header.bytes.slice(),
  additional: header.additional.slice(),
});

/** Memory that a kept PDU takes. */
export const keptSize = (pdu: KeptPdu): number =>
  pdu.header.bytes.byteLength + pdu.header.additional.byteLength + pdu.data.byteLength;
