// SPDX-License-Identifier: Apache-2.0
// The codec against a structure that is not ours: the IPv4 header of RFC 791, section 3.1, with flags in the middle of
// bytes, and a packet that was captured elsewhere.

import { bit, bits, bytes, layout, uint } from "#codec/index.ts";
import { bytesFromHex } from "#base/index.ts";
import { goldenVectors } from "../vector.ts";

const Ipv4Header = layout("IPv4 header", 20, {
  version: bits(0, 7, 4, { always: 4 }),
  headerWords: bits(0, 3, 0),
  typeOfService: uint(1, 1),
  totalLength: uint(2, 2),
  identification: uint(4, 2),
  dontFragment: bit(6, 6),
  moreFragments: bit(6, 5),
  fragmentOffsetHigh: bits(6, 4, 0),
  fragmentOffsetLow: uint(7, 1),
  timeToLive: uint(8, 1),
  protocol: uint(9, 1),
  checksum: uint(10, 2),
  source: bytes(12, 4),
  destination: bytes(16, 4),
});

goldenVectors(Ipv4Header, [
  {
    source: "Wikipedia, IPv4 header checksum, the worked example of a captured packet",
    hex: "4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7",
    value: {
      headerWords: 5,
      typeOfService: 0,
      totalLength: 0x73,
      identification: 0,
      dontFragment: true,
      moreFragments: false,
      fragmentOffsetHigh: 0,
      fragmentOffsetLow: 0,
      timeToLive: 64,
      protocol: 17,
      checksum: 0xb861,
      source: bytesFromHex("c0a80001"),
      destination: bytesFromHex("c0a800c7"),
    },
  },
]);
