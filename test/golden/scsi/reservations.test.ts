// SPDX-License-Identifier: Apache-2.0
// Persistent reservations, in bytes. The bytes are laid out by hand from the tables
// of the standards that each vector names.

import {
  ReservationHeader,
  ReservationKey,
  ReservationDescriptor,
  ReservationCapabilities,
  FullStatusDescriptor,
  ReservationParameters,
  MoveParameters,
  TransportIdHeader,
} from "#scsi/index.ts";
import { goldenVectors } from "../vector.ts";

goldenVectors(ReservationHeader, [
  {
    source: "SPC-4: generation 3, two keys",
    hex: "00000003 00000010",
    value: { generation: 3, additionalLength: 0x10 },
  },
]);

goldenVectors(ReservationKey, [{ source: "SPC-4: key 123abc", hex: "00000000 00123abc", value: { key: 0x123abcn } }]);

goldenVectors(ReservationDescriptor, [
  {
    source: "SPC-4: key 123abc, exclusive access",
    hex: "00000000 00123abc 00000000 00030000",
    value: { key: 0x123abcn, scope: 0, type: 3 },
  },
]);

goldenVectors(ReservationCapabilities, [
  {
    source: "SPC-4: CRH, all six types",
    hex: "00081080 ea010000",
    value: {
      replaceLostReservation: false,
      compatibleReservations: true,
      specifyInitiatorPorts: false,
      allTargetPorts: false,
      persistsThroughPowerLoss: false,
      typeMaskValid: true,
      allowCommands: 0,
      persistActivated: false,
      writeExclusiveAll: true,
      exclusiveAccessRegistrants: true,
      writeExclusiveRegistrants: true,
      exclusiveAccess: true,
      writeExclusive: true,
      exclusiveAccessAll: true,
    },
  },
]);

goldenVectors(FullStatusDescriptor, [
  {
    source: "SPC-4: holder of exclusive access through port 1",
    hex: "00000000 00123abc 00000000 01030000 00000001 00000030",
    value: {
      key: 0x123abcn,
      allTargetPorts: false,
      isHolder: true,
      scope: 0,
      type: 3,
      relativePort: 1,
      additionalLength: 0x30,
    },
  },
]);

goldenVectors(ReservationParameters, [
  {
    source: "SPC-4: register key 123abc with APTPL",
    hex: "00000000 00000000 00000000 00123abc 00000000 01000000",
    value: {
      key: 0x0n,
      serviceActionKey: 0x123abcn,
      obsoleteAddress: 0,
      specifyInitiatorPorts: false,
      allTargetPorts: false,
      persistThroughPowerLoss: true,
      obsoleteLength: 0,
    },
  },
]);

goldenVectors(MoveParameters, [
  {
    source: "SPC-4: unregister, port 1, 48 bytes of TransportID",
    hex: "00000000 00000001 00000000 00000002 00020001 00000030",
    value: {
      key: 0x1n,
      serviceActionKey: 0x2n,
      unregister: true,
      persistThroughPowerLoss: false,
      relativePort: 1,
      transportIdLength: 0x30,
    },
  },
]);

goldenVectors(TransportIdHeader, [
  {
    source: "SPC-4: iSCSI initiator port, 44 bytes",
    hex: "4500002c",
    value: { format: 1, protocol: 5, additionalLength: 0x2c },
  },
]);
