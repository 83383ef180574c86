// SPDX-License-Identifier: Apache-2.0
// What is on the cartridge of the frozen image: computed here, apart from the code that wrote it.

/** Objects on the frozen cartridge. */
export const objectCount = 60;

/** The object at a number: the bytes of a block, or a filemark. */
export function frozenObject(number: number): Uint8Array | "filemark" {
  if (number % 10 === 9 || number === 31 || number === 32) return "filemark";
  const size = [1, 511, 512, 4096, 10_000, 63, 64][number % 7] ?? 0;
  const bytes = new Uint8Array(size);
  for (let index = 0; index < size; index++) bytes[index] = (number * 13 + index * 3) % 251;
  return bytes;
}
