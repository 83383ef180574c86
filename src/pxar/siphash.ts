// SPDX-License-Identifier: Apache-2.0
// SipHash-2-4 (Aumasson, Bernstein) with the two keys of pxar: the hash of a name in a goodbye table. Numbers of 64 bits
// are pairs of 32 bits, low half first: names are hashed by the million, and bigint is an order of magnitude slower.

/** The keys: the first 16 bytes of SHA-1 over "PROXMOX ARCHIVE FORMAT", read as two big-endian numbers. */
const key = { k0Low: 0xfbb450db, k0High: 0x83ac3f1c, k1Low: 0x79369fbd, k1High: 0xaa4f1b68 } as const;

/** v0 … v3 before the first word: the keys, and "somepseudorandomlygeneratedbytes". */
const initialState: readonly number[] = [
  key.k0Low ^ 0x70736575,
  key.k0High ^ 0x736f6d65,
  key.k1Low ^ 0x6e646f6d,
  key.k1High ^ 0x646f7261,
  key.k0Low ^ 0x6e657261,
  key.k0High ^ 0x6c796765,
  key.k1Low ^ 0x79746573,
  key.k1High ^ 0x74656462,
];

const at = (state: Uint32Array, index: number): number => state[index] ?? 0;

/** Number `target` plus number `other`; both by their index in the state. */
function add(state: Uint32Array, target: number, other: number): void {
  const low = at(state, 2 * target) + at(state, 2 * other);
  state[2 * target] = low;
  state[2 * target + 1] = at(state, 2 * target + 1) + at(state, 2 * other + 1) + (low > 0xffffffff ? 1 : 0);
}

/** Number `target` rotated to the left by less than 32 bits, then exclusive-or with number `other`. */
function rotateAndMix(state: Uint32Array, target: number, bits: number, other: number): void {
  const low = at(state, 2 * target);
  const high = at(state, 2 * target + 1);
  state[2 * target] = ((low << bits) | (high >>> (32 - bits))) ^ at(state, 2 * other);
  state[2 * target + 1] = ((high << bits) | (low >>> (32 - bits))) ^ at(state, 2 * other + 1);
}

/** Number `target` rotated by 32 bits. */
function swapHalves(state: Uint32Array, target: number): void {
  const low = at(state, 2 * target);
  state[2 * target] = at(state, 2 * target + 1);
  state[2 * target + 1] = low;
}

function round(state: Uint32Array): void {
  add(state, 0, 1);
  rotateAndMix(state, 1, 13, 0);
  swapHalves(state, 0);
  add(state, 2, 3);
  rotateAndMix(state, 3, 16, 2);
  add(state, 0, 3);
  rotateAndMix(state, 3, 21, 0);
  add(state, 2, 1);
  rotateAndMix(state, 1, 17, 2);
  swapHalves(state, 2);
}

function absorb(state: Uint32Array, low: number, high: number): void {
  state[6] = at(state, 6) ^ low;
  state[7] = at(state, 7) ^ high;
  round(state);
  round(state);
  state[0] = at(state, 0) ^ low;
  state[1] = at(state, 1) ^ high;
}

/** The hash of a name. */
export function nameHash(name: Uint8Array): bigint {
  const state = Uint32Array.from(initialState);
  const padded = new Uint8Array(8 * (Math.floor(name.byteLength / 8) + 1));
  padded.set(name);
  padded[padded.byteLength - 1] = name.byteLength % 256;
  const view = new DataView(padded.buffer);
  for (let offset = 0; offset < padded.byteLength; offset += 8) {
    absorb(state, view.getUint32(offset, true), view.getUint32(offset + 4, true));
  }
  state[4] = at(state, 4) ^ 0xff;
  for (let count = 0; count < 4; count++) round(state);
  const low = (at(state, 0) ^ at(state, 2) ^ at(state, 4) ^ at(state, 6)) >>> 0;
  const high = (at(state, 1) ^ at(state, 3) ^ at(state, 5) ^ at(state, 7)) >>> 0;
  return (BigInt(high) << 32n) | BigInt(low);
}
