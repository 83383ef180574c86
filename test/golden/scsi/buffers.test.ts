// SPDX-License-Identifier: Apache-2.0
// READ BUFFER, WRITE BUFFER, SET TIMESTAMP and READ MEDIA SERIAL NUMBER, laid out by hand from SPC-4.

import {
  BufferDescriptor,
  BufferHeader,
  EchoDescriptor,
  MediaSerialHeader,
  ReadBuffer,
  ReadMediaSerialNumber,
  SetTimestamp,
  TimestampParameters,
  WriteBuffer,
} from "#scsi/index.ts";
import { goldenVectors } from "../vector.ts";

goldenVectors(ReadBuffer, [
  {
    source: "SPC-4: descriptor of buffer 0, what sg_read_buffer asks first",
    hex: "3c030000 00000000 0400",
    value: { modeSpecific: 0, mode: 3, bufferId: 0, bufferOffset: 0, allocationLength: 4, control: 0 },
  },
  {
    source: "SPC-4: 256 bytes of buffer 7 from 010203h",
    hex: "3c020701 02030001 0000",
    value: { modeSpecific: 0, mode: 2, bufferId: 7, bufferOffset: 0x010203, allocationLength: 256, control: 0 },
  },
]);
goldenVectors(WriteBuffer, [
  {
    source: "SPC-4: 16 bytes into the echo buffer",
    hex: "3b0a0000 00000000 1000",
    value: { modeSpecific: 0, mode: 10, bufferId: 0, bufferOffset: 0, parameterListLength: 16, control: 0 },
  },
]);
goldenVectors(BufferHeader, [{ source: "SPC-4: 64 KiB", hex: "00010000", value: { capacity: 0x10000 } }]);
goldenVectors(BufferDescriptor, [
  { source: "SPC-4: offsets of 512, 64 KiB", hex: "09010000", value: { offsetBoundary: 9, capacity: 0x10000 } },
]);
goldenVectors(EchoDescriptor, [
  { source: "SPC-4: EBOS, 4096 bytes", hex: "01001000", value: { ownSpace: true, capacity: 4096 } },
]);
goldenVectors(SetTimestamp, [
  {
    source: "SPC-4: a list of 12 bytes",
    hex: "a40f0000 00000000 000c0000",
    value: { parameterListLength: 12, control: 0 },
  },
]);
goldenVectors(TimestampParameters, [
  { source: "SPC-4: 2023-11-14 22:13:20 UTC", hex: "00000000 018bcfe5 68000000", value: { timestamp: 0x18bcfe56800 } },
]);
goldenVectors(ReadMediaSerialNumber, [
  { source: "SPC-4: 36 bytes", hex: "ab010000 00000000 00240000", value: { allocationLength: 36, control: 0 } },
]);
goldenVectors(MediaSerialHeader, [{ source: "SPC-4: 32 bytes follow", hex: "00000020", value: { length: 32 } }]);
