// SPDX-License-Identifier: Apache-2.0
// Logical block protection information: four bytes behind a block on the wire. SSC-4: the Reed-Solomon CRC of ECMA-319,
// and CRC32C. Both go byte by byte through a table that is made from the polynomial when it is first needed.

/** How blocks are protected on the wire. */
export type ProtectionMethod = "reed-solomon" | "crc32c";

/** Bytes of protection information. */
export const protectionLength = 4;

/** ECMA-319: G(x) = x^4 + 38h x^3 + CFh x^2 + 38h x + 1 over GF(256) with x^8 + x^4 + x^3 + x^2 + 1. */
const generator = [0x38, 0xcf, 0x38, 0x01] as const;
const fieldPolynomial = 0x11d;
/** CRC32C, Castagnoli, reflected. */
const castagnoli = 0x82f63b78;

const tables = new Map<ProtectionMethod, Uint32Array>();

function multiply(left: number, right: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product <<= 1;
    if (product > 0xff) product ^= fieldPolynomial;
    if ((right >> bit) & 1) product ^= left;
  }
  return product;
}

function makeTable(method: ProtectionMethod): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    if (method === "reed-solomon") {
      return generator.reduce((word, coefficient) => ((word << 8) | multiply(coefficient, byte)) >>> 0, 0);
    }
    let word = byte;
    for (let bit = 0; bit < 8; bit++) word = word & 1 ? (word >>> 1) ^ castagnoli : word >>> 1;
    return word;
  });
}

function tableOf(method: ProtectionMethod): Uint32Array {
  const known = tables.get(method);
  if (known !== undefined) return known;
  const table = makeTable(method);
  tables.set(method, table);
  return table;
}

/** The protection information of a block as it goes over the wire: Reed-Solomon high byte first, CRC32C low byte first. */
export function protectionOf(method: ProtectionMethod, block: Uint8Array): Uint8Array {
  const table = tableOf(method);
  const information = new Uint8Array(protectionLength);
  const view = new DataView(information.buffer);
  if (method === "reed-solomon") {
    let word = 0;
    for (const byte of block) word = (word << 8) ^ (table[byte ^ (word >>> 24)] ?? 0);
    view.setUint32(0, word >>> 0);
    return information;
  }
  let word = 0xffffffff;
  for (const byte of block) word = (word >>> 8) ^ (table[(word ^ byte) & 0xff] ?? 0);
  view.setUint32(0, ~word >>> 0, true);
  return information;
}

/** Whether the last bytes of a protected block are right for the others. */
export function isProtected(method: ProtectionMethod, whole: Uint8Array): boolean {
  const end = whole.byteLength - protectionLength;
  return end > 0 && Buffer.compare(protectionOf(method, whole.subarray(0, end)), whole.subarray(end)) === 0;
}
