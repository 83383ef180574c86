// SPDX-License-Identifier: Apache-2.0
// The mode pages of a drive and what stands in front of them: SSC-4 8.3. Block length, buffered mode and the compression
// switch can be changed; the rest describes what the drive is.

import { limits } from "#base/index.ts";
import {
  DataCompressionPage,
  DataProtectionPage,
  DeviceConfigurationExtensionPage,
  writeModes,
  densityOf,
  DeviceConfigurationPage,
  DisconnectPage,
  ErrorRecoveryPage,
  InformationalExceptionsPage,
  MediumConfigurationPage,
  MediumPartitionPage,
  PowerConditionPage,
  TapeDeviceSpecific,
} from "#scsi/index.ts";
import { protectionLength } from "#tape/index.ts";
import type { DriveCore } from "./drive-core.ts";
import { additionalMax, partitioningOf, partitionPage, partitionSizes } from "./drive-partitions.ts";
import { modePage } from "./mode-page.ts";
import type { ModeHeader, ModePage, SelectedHeader } from "./mode-pages.ts";
import { check } from "./outcome.ts";
import type { Check } from "./outcome.ts";

/** Density codes of MODE SELECT that mean the density as it is: default, and no change. SSC-4 table 112. */
const unchangedDensities = [0x00, 0x7f];
/** What IBM drives report as their compression algorithm: LZ-based, with the default dictionary. */
const compressionAlgorithm = 1;
/** MRIE: no reporting of exceptions by sense; hosts read log pages 12h and 2Eh. SPC-4 table 458. */
const noReporting = 0;

/** The pages of a drive beside those that every unit has. */
export function driveModePages(core: DriveCore): readonly ModePage[] {
  return [
    modePage(ErrorRecoveryPage, { defaults: {} }),
    modePage(DisconnectPage, { defaults: {} }),
    compressionPage(core),
    configurationPage(core),
    extensionPage(core),
    protectionPage(core),
    mediumPartitionPage(core),
    modePage(PowerConditionPage, { defaults: {} }),
    modePage(InformationalExceptionsPage, {
      defaults: { disableExceptions: true, reportingMethod: noReporting },
    }),
    modePage(MediumConfigurationPage, {
      defaults: {},
      fill: (bytes) => {
        const writeOnceMode = core.loaded?.cartridge.kind === "write-once";
        MediumConfigurationPage.encodeInto(bytes, 0, { ...MediumConfigurationPage.decode(bytes), writeOnceMode });
      },
    }),
  ];
}

/** Data compression: the switch is kept and reported; what is stored does not depend on it. */
function compressionPage(core: DriveCore): ModePage {
  return modePage(DataCompressionPage, {
    defaults: {
      compressionEnabled: true,
      compressionCapable: true,
      decompressionEnabled: true,
      compressionAlgorithm,
      decompressionAlgorithm: compressionAlgorithm,
    },
    changeable: { compressionEnabled: true, decompressionEnabled: true },
    fill: (bytes) => {
      const value = DataCompressionPage.decode(bytes);
      DataCompressionPage.encodeInto(bytes, 0, { ...value, compressionEnabled: core.isCompressing });
    },
    accept: (bytes) => {
      core.isCompressing = DataCompressionPage.decode(bytes).compressionEnabled;
      return undefined;
    },
  });
}

/** Device configuration: its compression algorithm is the same switch, 0 or 1. */
function configurationPage(core: DriveCore): ModePage {
  return modePage(DeviceConfigurationPage, {
    defaults: {
      objectIdentifiersSupported: true,
      enableEndOfDataGeneration: true,
      synchronizeAtEarlyWarning: true,
      compressionAlgorithm,
    },
    changeable: { compressionAlgorithm: 0xff, writeDelayTime: 0xffff, synchronizeAtEarlyWarning: true },
    fill: (bytes) => {
      const algorithm = core.isCompressing ? compressionAlgorithm : 0;
      const value = DeviceConfigurationPage.decode(bytes);
      const changes = { compressionAlgorithm: algorithm, activePartition: core.partition };
      DeviceConfigurationPage.encodeInto(bytes, 0, { ...value, ...changes });
    },
    accept: (bytes) => {
      const selected = DeviceConfigurationPage.decode(bytes).compressionAlgorithm;
      if (selected > compressionAlgorithm) return check("invalid-field-in-parameters");
      core.isCompressing = selected === compressionAlgorithm;
      return undefined;
    },
  });
}

/** One partition; its size in units of 10^9 bytes. */
/** Programmable early warning, and whether recorded data may be overwritten. */
function extensionPage(core: DriveCore): ModePage {
  return modePage(DeviceConfigurationExtensionPage, {
    defaults: {},
    changeable: { writeMode: 0xf, programmableEarlyWarning: 0xffff },
    accept: (bytes) => {
      const { writeMode, programmableEarlyWarning } = DeviceConfigurationExtensionPage.decode(bytes);
      if (writeMode > writeModes.appendOnly) return check("invalid-field-in-parameters");
      core.isAppendOnly = writeMode === writeModes.appendOnly;
      core.programmableMegabytes = programmableEarlyWarning;
      core.overwrite = undefined;
      return undefined;
    },
  });
}

/** Logical block protection; there is no RECOVER BUFFERED DATA to protect. */
function protectionPage(core: DriveCore): ModePage {
  return modePage(DataProtectionPage, {
    defaults: {},
    changeable: { method: 0xff, informationLength: 0x3f, onWrite: true, onRead: true, onRecoverBuffered: true },
    accept: (bytes) => {
      const page = DataProtectionPage.decode(bytes);
      const isLengthRight = page.method === 0 || page.informationLength === protectionLength;
      return isLengthRight && core.protection.set(page) ? undefined : check("invalid-field-in-parameters");
    },
  });
}

/**
 * Medium partitions: what is on the medium, or what was selected for the next FORMAT MEDIUM. Hosts may send the page with
 * any number of sizes.
 */
function mediumPartitionPage(core: DriveCore): ModePage {
  const slots = 1 + additionalMax(core.model.generation);
  const defaults = partitionPage([], slots);
  const flags = { fixedPartitions: true, selectPartitions: true, initiatorPartitions: true, sizeUnit: 3 };
  const changeable = new Uint8Array(defaults.byteLength).fill(0xff);
  MediumPartitionPage.encodeInto(changeable, 0, { additionalDefined: 0xff, ...flags, sizeExponent: 0xf });
  return {
    code: 0x11,
    subcode: 0,
    name: MediumPartitionPage.name,
    defaults,
    changeable,
    takesLength: (length) => length > MediumPartitionPage.size && length % 2 === 0 && length <= defaults.byteLength,
    fill: (bytes) => {
      if (core.partitioning.by !== undefined || core.loaded === undefined) return;
      bytes.set(
        partitionPage(
          core.loaded.media.map(({ capacity }) => capacity.sizeBytes),
          slots,
        ),
      );
    },
    accept: (bytes) => {
      const wanted = partitioningOf(bytes);
      if (wanted === undefined) return check("invalid-field-in-parameters");
      const most = additionalMax(core.inserted?.generation ?? core.model.generation);
      if (wanted.additional > most) return check("invalid-field-in-parameters");
      const capacity = core.inserted?.capacityBytes;
      if (capacity !== undefined && partitionSizes(wanted, capacity) === undefined) {
        return check("invalid-field-in-parameters");
      }
      core.partitioning = wanted;
      return undefined;
    },
  };
}

/** Header and block descriptor of a drive. */
export function driveModeHeader(core: DriveCore): ModeHeader {
  const densityCode = (): number => densityOf(core.inserted?.generation ?? core.model.generation).code;
  return {
    header: () => ({ mediumType: mediumType(core), deviceSpecific: deviceSpecific(core) }),
    blockDescriptor: () => ({ densityCode: densityCode(), blockCount: 0, blockLength: core.blockLength }),
    defaultBlockDescriptor: () => ({ densityCode: densityCode(), blockCount: 0, blockLength: 0 }),
    probe: (values) => probeHeader(densityCode(), values),
    select: (values) => {
      core.isBuffered = bufferedModeOf(values.deviceSpecific) !== 0;
      core.blockLength = values.blockDescriptor?.blockLength ?? core.blockLength;
      return undefined;
    },
  };
}

const bufferedModeOf = (deviceSpecificByte: number): number =>
  TapeDeviceSpecific.decode(Uint8Array.of(deviceSpecificByte)).bufferedMode;

function probeHeader(density: number, { deviceSpecific: byte, blockDescriptor }: SelectedHeader): Check | undefined {
  if (bufferedModeOf(byte) > 1) return check("invalid-field-in-parameters");
  if (blockDescriptor === undefined) return undefined;
  const { densityCode, blockLength } = blockDescriptor;
  const isKnown = densityCode === density || unchangedDensities.includes(densityCode);
  return isKnown && blockLength <= limits.blockSizeMax ? undefined : check("invalid-field-in-parameters");
}

/** 0 when no cartridge is loaded. */
function mediumType(core: DriveCore): number {
  const { loaded } = core;
  if (loaded === undefined) return 0;
  const { mediumType: types } = densityOf(loaded.cartridge.generation);
  return loaded.cartridge.kind === "write-once" ? types.writeOnce : types.data;
}

function deviceSpecific(core: DriveCore): number {
  const { loaded } = core;
  const writeProtected = loaded !== undefined && (loaded.medium.writeProtected || loaded.isReadOnlyHere);
  const [byte = 0] = TapeDeviceSpecific.encode({ writeProtected, bufferedMode: core.isBuffered ? 1 : 0, speed: 0 });
  return byte;
}
