// SPDX-License-Identifier: Apache-2.0
// Log pages, in bytes. The bytes are laid out by hand from the tables
// of the standards that each vector names.

import { LogPageHeader, LogParameterHeader, PartitionRecord, VeryHighFrequencyData } from "#scsi/index.ts";
import { goldenVectors } from "../vector.ts";

goldenVectors(LogPageHeader, [
  {
    source: "SPC-4: TapeAlert page, 320 bytes",
    hex: "2e000140",
    value: { disableSave: false, subpageFormat: false, pageCode: 0x2e, subpageCode: 0, pageLength: 0x140 },
  },
  {
    source: "SPC-4: list of pages and subpages",
    hex: "40ff0008",
    value: { disableSave: false, subpageFormat: true, pageCode: 0, subpageCode: 0xff, pageLength: 8 },
  },
]);

goldenVectors(LogParameterHeader, [
  {
    source: "SPC-4: TapeAlert flag 3",
    hex: "00030301",
    value: {
      parameterCode: 3,
      disableUpdate: false,
      targetSaveDisable: false,
      enableThreshold: false,
      thresholdCriteria: 0,
      format: 3,
      parameterLength: 1,
    },
  },
  {
    source: "SPC-4: counter with threshold",
    hex: "00059c08",
    value: {
      parameterCode: 5,
      disableUpdate: true,
      targetSaveDisable: false,
      enableThreshold: true,
      thresholdCriteria: 3,
      format: 0,
      parameterLength: 8,
    },
  },
]);

goldenVectors(PartitionRecord, [
  {
    source: "SSC-4: partition 0 with 12000000 MB",
    hex: "07000000 00b71b00",
    value: { partition: 0, megabytes: 0xb71b00 },
  },
]);

goldenVectors(VeryHighFrequencyData, [
  {
    source: "ADC-3: loaded, accessible, writing",
    hex: "11350600",
    value: {
      preventRemoval: false,
      hostInitiatedUnload: false,
      mediumAuxiliaryMemoryAccessible: false,
      compressionEnabled: true,
      writeProtected: false,
      cleanRequested: false,
      cleanRequired: false,
      initialized: true,
      inTransition: false,
      robotAccessAllowed: true,
      mediumPresent: true,
      mediumSeated: true,
      mediumThreaded: false,
      dataAccessible: true,
      activity: 6,
      encryptionParametersPresent: false,
      encryptionServiceRequest: false,
      recoveryRequested: false,
      interfaceChanged: false,
      tapeAlertChanged: false,
    },
  },
]);
