// SPDX-License-Identifier: Apache-2.0
// Pages and commands of data protection and append-only mode, laid out by hand from SSC-4; the method descriptor as
// sg_vpd of sg3_utils reads it.

import {
  AllowOverwrite,
  BlockProtectionHeader,
  BlockProtectionMethod,
  DataProtectionPage,
  DeviceConfigurationExtensionPage,
} from "#scsi/index.ts";
import { goldenVectors } from "../vector.ts";

const zeros = (count: number): string => "00".repeat(count);

goldenVectors(DataProtectionPage, [
  {
    source: "SSC-4: CRC32C on writing and reading",
    hex: `4af0001c 0204c000 ${zeros(24)}`,
    value: { method: 2, informationLength: 4, onWrite: true, onRead: true, onRecoverBuffered: false },
  },
]);
goldenVectors(DeviceConfigurationExtensionPage, [
  {
    source: "SSC-4: append-only, programmable early warning of 10,000 MB",
    hex: `5001001c 00102710 ${zeros(24)}`,
    value: {
      tapeAlertRespectParameterFields: false,
      tapeAlertSelectEvent: false,
      tapeAlertRespectPageControl: false,
      tapeAlertPrevention: false,
      writeMode: 1,
      shortEraseMode: 0,
      programmableEarlyWarning: 10_000,
      volumeContainsEncryptedBlocks: false,
    },
  },
]);
goldenVectors(AllowOverwrite, [
  {
    source: "SSC-4: at object 4660 of partition 1",
    hex: "82000101 00000000 00001234 00000000",
    value: { allow: 1, partition: 1, identifier: 0x1234n, control: 0 },
  },
]);
goldenVectors(BlockProtectionHeader, [{ source: "SSC-4: reserved", hex: "00000000", value: {} }]);
goldenVectors(BlockProtectionMethod, [
  {
    source: "sg3_utils: method 1 with four bytes, on writing and reading",
    hex: "030104c0",
    value: { method: 1, informationLength: 4, onWrite: true, onRead: true, onRecoverBuffered: false },
  },
]);
