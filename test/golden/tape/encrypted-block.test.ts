// SPDX-License-Identifier: Apache-2.0
// The header of encrypted blocks, laid out by hand from docs/FORMATS.md.

import { EncryptedBlockHeader } from "#tape/index.ts";
import { goldenVectors } from "../vector.ts";

goldenVectors(EncryptedBlockHeader, [
  {
    source: "docs/FORMATS.md",
    hex:
      "43415045 01010100 00200004 00040000 a0a1a2a3 a4a5a6a7 a8a9aaab " +
      "b0b1b2b3 b4b5b6b7 b8b9babb bcbdbebf c0c1c2c3 c4c5c6c7 00000000 00000000 00000000",
    value: {
      rawReadable: true,
      descriptorFormat: 0,
      openLength: 32,
      authenticLength: 4,
      length: 0x40000,
      nonce: Uint8Array.from({ length: 12 }, (_, index) => 0xa0 + index),
      tag: Uint8Array.from({ length: 16 }, (_, index) => 0xb0 + index),
      keyCheck: Uint8Array.from({ length: 8 }, (_, index) => 0xc0 + index),
    },
  },
]);
