// SPDX-License-Identifier: Apache-2.0
// Standard INQUIRY data and the VPD pages that every unit has, built from its identity: SPC-4.

import { bytesFromAscii, bytesFromText, concatBytes, roundUp } from "#base/index.ts";
import {
  associations,
  codeSets,
  DesignatorHeader,
  designatorTypes,
  deviceTypes,
  ExtendedInquiry,
  iscsiProtocol,
  allModePages,
  ModePolicy,
  NaaLocal,
  RelativePort,
  ScsiPort,
  spcVersion,
  StandardInquiry,
  vpdPages,
  VpdHeader,
} from "#scsi/index.ts";
import type { UnitIdentity } from "./identity.ts";
import type { UnitNexus } from "./unit-task.ts";

/** BarC: bit 0 of byte 55, where libraries say that they read barcodes; here counted from byte 36. */
const barcodeReader = { byte: 55 - 36, size: 20, value: 1 } as const;

function vendorSpecific(identity: UnitIdentity): Uint8Array {
  const bytes = new Uint8Array(barcodeReader.size);
  if (identity.vendorSpecific !== undefined) bytes.set(identity.vendorSpecific);
  else if (identity.deviceType === "medium-changer") bytes[barcodeReader.byte] = barcodeReader.value;
  return bytes;
}

/** Standard INQUIRY data. */
export function standardInquiry(identity: UnitIdentity): Uint8Array {
  const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0] = identity.versionDescriptors;
  return StandardInquiry.encode({
    deviceType: deviceTypes[identity.deviceType],
    removable: true,
    version: spcVersion.spc4,
    hierarchical: true,
    responseFormat: 2,
    additionalLength: StandardInquiry.size - 5,
    // PROTECT of a drive: logical block protection. SSC-4.
    protect: identity.deviceType === "sequential-access",
    commandQueuing: true,
    vendor: identity.vendor,
    product: identity.product,
    revision: identity.revision,
    vendorSpecific: vendorSpecific(identity),
    versionDescriptor1: first,
    versionDescriptor2: second,
    versionDescriptor3: third,
    versionDescriptor4: fourth,
    versionDescriptor5: fifth,
  });
}

/** A page's bytes behind the header, by page code. */
export type VpdBodies = ReadonlyMap<number, Uint8Array>;

/** The VPD page that was asked for, with its header; undefined when the unit does not have it. */
export function vpdPage(
  identity: UnitIdentity,
  request: { readonly pageCode: number; readonly nexus: UnitNexus; readonly own: VpdBodies },
): Uint8Array | undefined {
  const bodies = new Map([...commonBodies(identity, request.nexus), ...request.own]);
  if (request.pageCode === vpdPages.supported) {
    const codes = [vpdPages.supported, ...bodies.keys()].toSorted((left, right) => left - right);
    return withHeader(identity, request.pageCode, Uint8Array.from(codes));
  }
  const body = bodies.get(request.pageCode);
  return body === undefined ? undefined : withHeader(identity, request.pageCode, body);
}

function withHeader(identity: UnitIdentity, pageCode: number, body: Uint8Array): Uint8Array {
  const deviceType = deviceTypes[identity.deviceType];
  return concatBytes([VpdHeader.encode({ deviceType, pageCode, pageLength: body.byteLength }), body]);
}

function commonBodies(identity: UnitIdentity, nexus: UnitNexus): VpdBodies {
  return new Map([
    [vpdPages["unit-serial"], bytesFromAscii(identity.serial)],
    [vpdPages["device-identification"], designators(identity, nexus)],
    [
      vpdPages["extended-inquiry"],
      ExtendedInquiry.encode({ headOfQueue: true, ordered: true, simple: true, unitClear: true }),
    ],
    // One set of mode pages for all initiator ports: policy 0, shared.
    [
      vpdPages["mode-page-policy"],
      ModePolicy.encode({ pageCode: allModePages.page, subpageCode: allModePages.subpages, policy: 0 }),
    ],
    [vpdPages["scsi-ports"], portDescriptor(nexus)],
  ]);
}

/** Every iSCSI target port of ours is port 1 of its target: targets share nothing. */
const relativePort = 1;

function designator(
  header: { readonly codeSet: number; readonly association: number; readonly type: number },
  value: Uint8Array,
): Uint8Array {
  const protocol = header.association === associations.unit ? {} : { protocol: iscsiProtocol, protocolValid: true };
  return concatBytes([DesignatorHeader.encode({ ...header, ...protocol, length: value.byteLength }), value]);
}

/** Designators of the unit, of the port it is reached through, and of its target: SPC-4. */
function designators(identity: UnitIdentity, nexus: UnitNexus): Uint8Array {
  const vendorAndSerial = `${identity.vendor.padEnd(8)}${identity.product.padEnd(16)}${identity.serial}`;
  return concatBytes([
    designator(
      { codeSet: codeSets.ascii, association: associations.unit, type: designatorTypes.vendor },
      bytesFromAscii(vendorAndSerial),
    ),
    designator(
      { codeSet: codeSets.binary, association: associations.unit, type: designatorTypes.naa },
      NaaLocal.encode({ value: localName(vendorAndSerial) }),
    ),
    designator(
      { codeSet: codeSets.binary, association: associations.port, type: designatorTypes["relative-port"] },
      RelativePort.encode({ port: relativePort }),
    ),
    portName(nexus),
    designator(
      { codeSet: codeSets.utf8, association: associations.device, type: designatorTypes["scsi-name"] },
      scsiName(nexus.targetName),
    ),
  ]);
}

function portName(nexus: UnitNexus): Uint8Array {
  const tag = nexus.portalGroupTag.toString(16).padStart(4, "0");
  return designator(
    { codeSet: codeSets.utf8, association: associations.port, type: designatorTypes["scsi-name"] },
    scsiName(`${nexus.targetName},t,0x${tag}`),
  );
}

function portDescriptor(nexus: UnitNexus): Uint8Array {
  const name = portName(nexus);
  return concatBytes([ScsiPort.encode({ relativePort, designatorsLength: name.byteLength }), name]);
}

/** SCSI name string: zero-terminated and padded to four bytes. SPC-4. */
function scsiName(text: string): Uint8Array {
  const bytes = bytesFromText(text);
  const padded = new Uint8Array(roundUp(bytes.byteLength + 1, 4));
  padded.set(bytes);
  return padded;
}

/** NAA 3 (locally assigned) over the unit's unique text: 60 bits of FNV-1a, the same for the same unit for ever. */
function localName(text: string): bigint {
  const offset = 0xcbf29ce484222325n;
  const prime = 0x100000001b3n;
  let hash = offset;
  for (const byte of bytesFromText(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * prime);
  return (3n << 60n) | BigInt.asUintN(60, hash);
}
