// SPDX-License-Identifier: Apache-2.0
// CRC32C (Castagnoli), the digest of iSCSI: RFC 7143 section 13.1. Slicing by eight in plain TypeScript; the native one
// of @node-rs/crc32, which is an optional dependency, is used instead when it can be loaded.

/** Reflected polynomial 1EDC6F41h. */
const polynomial = 0x82f6_3b78;
const sliceCount = 8;

function makeTables(): Int32Array {
  const tables = new Int32Array(sliceCount * 256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) !== 0 ? (value >>> 1) ^ polynomial : value >>> 1;
    tables[byte] = value;
  }
  for (let index = 256; index < tables.length; index++) {
    const before = tables[index - 256] ?? 0;
    tables[index] = (before >>> 8) ^ (tables[before & 0xff] ?? 0);
  }
  return tables;
}

const tables = makeTables();

/** CRC32C of `bytes`, continuing from `before` (the CRC32C of what came earlier; 0 at the start). */
export function portableCrc32c(bytes: Uint8Array, before = 0): number {
  const table = tables;
  const at = (index: number): number => table[index] ?? 0;
  let crc = ~before;
  let offset = 0;
  const sliced = bytes.byteLength - (bytes.byteLength % sliceCount);
  const byteAt = (index: number): number => bytes[index] ?? 0;
  for (; offset < sliced; offset += sliceCount) {
    crc ^= byteAt(offset) | (byteAt(offset + 1) << 8) | (byteAt(offset + 2) << 16) | (byteAt(offset + 3) << 24);
    crc =
      at(1792 + (crc & 0xff)) ^
      at(1536 + ((crc >>> 8) & 0xff)) ^
      at(1280 + ((crc >>> 16) & 0xff)) ^
      at(1024 + (crc >>> 24)) ^
      at(768 + byteAt(offset + 4)) ^
      at(512 + byteAt(offset + 5)) ^
      at(256 + byteAt(offset + 6)) ^
      at(byteAt(offset + 7));
  }
  for (; offset < bytes.byteLength; offset++) crc = (crc >>> 8) ^ at((crc ^ byteAt(offset)) & 0xff);
  return ~crc >>> 0;
}

type Crc32c = (bytes: Uint8Array, before?: number) => number;

async function loadNative(): Promise<Crc32c | undefined> {
  try {
    const native = await import("@node-rs/crc32");
    const check = new Uint8Array(100).fill(0x5a);
    const sum: Crc32c = (bytes, before = 0) => native.crc32c(bytes, before);
    return sum(check) === portableCrc32c(check) ? sum : undefined;
  } catch {
    // The package has no binary for this machine; the portable one does the same at a lower speed.
    return undefined;
  }
}

/** The native CRC32C; undefined where it cannot be loaded. */
export const nativeCrc32c: Crc32c | undefined = await loadNative();

/** CRC32C of `bytes`, continuing from `before`. */
export const crc32c: Crc32c = nativeCrc32c ?? portableCrc32c;

/** The digest as it goes on the wire: the CRC's bytes, least significant first (RFC 3720 B.4 prints them so). */
export function putDigest(target: Uint8Array, offset: number, crc: number): void {
  target[offset] = crc & 0xff;
  target[offset + 1] = (crc >>> 8) & 0xff;
  target[offset + 2] = (crc >>> 16) & 0xff;
  target[offset + 3] = crc >>> 24;
}

/** The CRC that the four bytes at `offset` stand for. */
export function digestAt(source: Uint8Array, offset: number): number {
  const at = (index: number): number => source[offset + index] ?? 0;
  return (at(0) | (at(1) << 8) | (at(2) << 16) | (at(3) << 24)) >>> 0;
}

/** Size of a digest. */
export const digestSize = 4;
