// SPDX-License-Identifier: Apache-2.0
// SECURITY PROTOCOL IN and OUT of a drive: SPC-4 6.40, 6.41; SSC-4 8.5. Security protocol 00h lists what there is, 20h
// sets and reports encryption. A parameter list is overwritten when it was read: it holds a key.

import { concatBytes, limits, type Random } from "#base/index.ts";
import { putUint } from "#codec/index.ts";
import {
  aes256Gcm,
  CertificateHeader,
  decryptionModes,
  EncryptionAlgorithm,
  EncryptionCapabilities,
  encryptionInPages,
  EncryptionManagement,
  encryptionModes,
  encryptionOutPages,
  EncryptionPageHeader,
  encryptionScopes,
  EncryptionStatus,
  informationPages,
  KeyDescriptorHeader,
  keyDescriptorTypes,
  nextBlockEncryption,
  NextBlockStatus,
  ProtocolListHeader,
  randomNumberLength,
  rawControls,
  securityProtocols,
  SetEncryption,
  type sscCommands,
} from "#scsi/index.ts";
import { after, describeEncrypted, isKeyOf, blockCipherLimits } from "#tape/index.ts";
import type { Eventually, Medium, EncryptedBlock } from "#tape/index.ts";
import type { Command } from "./command.ts";
import type { DriveEncryption, EncryptionRequest } from "./drive-encryption.ts";
import { check, good, goodData, invalidParameter, isCheck, type Check, type Outcome } from "./outcome.ts";

type InCommand = Command<(typeof sscCommands)["securityProtocolIn"]>;
type OutCommand = Command<(typeof sscCommands)["securityProtocolOut"]>;

/** What the security protocols need of their drive. */
export interface SecurityHost {
  readonly encryption: DriveEncryption;
  readonly random: Random;
  /** The loaded medium. */
  readonly medium: Medium | undefined;
  /** A cartridge that can be encrypted is loaded. */
  readonly isVolumeCapable: boolean;
}

/** The one algorithm has this index, as hosts expect. */
const algorithmIndex = 1;
const plainKeyFormat = 0;

/** SECURITY PROTOCOL IN. */
export function securityIn(host: SecurityHost, command: InCommand): Eventually<Outcome> {
  const { protocol, specific, inBlocks } = command.cdb;
  if (inBlocks) return command.invalidField("inBlocks");
  if (protocol === securityProtocols.information) {
    if (specific === informationPages.protocols) {
      const list = Uint8Array.from(Object.values(securityProtocols));
      return goodData(concatBytes([ProtocolListHeader.encode({ length: list.byteLength }), list]));
    }
    return specific === informationPages.certificate
      ? goodData(CertificateHeader.encode({ length: 0 }))
      : command.invalidField("specific");
  }
  if (protocol !== securityProtocols.tapeEncryption) return command.invalidField("protocol");
  switch (specific) {
    case encryptionInPages.inSupport:
      return goodData(pageList(specific, Object.values(encryptionInPages)));
    case encryptionInPages.outSupport:
      return goodData(pageList(specific, Object.values(encryptionOutPages)));
    case encryptionInPages.capabilities:
      return goodData(capabilities(host));
    case encryptionInPages.keyFormats:
      return goodData(encryptionPage(specific, Uint8Array.of(plainKeyFormat)));
    case encryptionInPages.managementCapabilities:
      return goodData(
        EncryptionManagement.encode({ lock: true, clearOnDemount: true, allNexuses: true, local: true, public: true }),
      );
    case encryptionInPages.status:
      return goodData(status(host, command));
    case encryptionInPages.nextBlockStatus:
      return host.medium === undefined ? check("medium-not-present") : nextBlock(host, host.medium, command);
    case encryptionInPages.randomNumber:
      return goodData(encryptionPage(specific, host.random.bytes(randomNumberLength)));
    default:
      return command.invalidField("specific");
  }
}

function encryptionPage(page: number, body: Uint8Array): Uint8Array {
  return concatBytes([EncryptionPageHeader.encode({ page, length: body.byteLength }), body]);
}

function pageList(page: number, pages: readonly number[]): Uint8Array {
  const body = new Uint8Array(pages.length * 2);
  for (const [index, each] of pages.entries()) putUint(body, index * 2, 2, each);
  return encryptionPage(page, body);
}

function capabilities({ isVolumeCapable }: SecurityHost): Uint8Array {
  const algorithm = EncryptionAlgorithm.encode({
    index: algorithmIndex,
    validForVolume: isVolumeCapable,
    messageAuthentication: true,
    distinguishes: true,
    decrypts: 2,
    encrypts: 2,
    validHere: isVolumeCapable ? 2 : 0,
    nonce: 1,
    descriptorFormats: true,
    openLengthMax: blockCipherLimits.open,
    authenticLengthMax: blockCipherLimits.authentic,
    keySize: blockCipherLimits.key,
    keyDescriptors: 3,
    externalCheck: 1,
    rawControl: 4,
    remembersMode: true,
    code: aes256Gcm,
  });
  const length = EncryptionCapabilities.size + algorithm.byteLength - EncryptionPageHeader.size;
  const header = EncryptionCapabilities.encode({ length, externalControl: 1, configurable: 1 });
  return concatBytes([header, algorithm]);
}

/** Descriptors of key-associated data, in the order of their types; those without data are left out. */
function descriptors(
  { open, authentic }: { readonly open: Uint8Array; readonly authentic: Uint8Array },
  authenticated: number,
): Uint8Array {
  const each = (type: number, data: Uint8Array, mark: number): readonly Uint8Array[] =>
    data.byteLength === 0
      ? []
      : [KeyDescriptorHeader.encode({ type, authenticated: mark, length: data.byteLength }), data];
  return concatBytes([
    ...each(keyDescriptorTypes.open, open, 1),
    ...each(keyDescriptorTypes.authentic, authentic, authenticated),
  ]);
}

function status({ encryption }: SecurityHost, { nexus }: InCommand): Uint8Array {
  const parameters = encryption.parametersOf(nexus);
  const isSet = parameters.key !== undefined;
  const list = descriptors(parameters, 0);
  const header = EncryptionStatus.encode({
    length: EncryptionStatus.size + list.byteLength - EncryptionPageHeader.size,
    nexusScope: encryption.scopeOf(nexus),
    keyScope: encryption.keyScopeOf(nexus),
    encryptionMode: parameters.encryptionMode,
    decryptionMode: parameters.decryptionMode,
    algorithm: isSet ? algorithmIndex : 0,
    keyInstance: parameters.keyInstance,
    externalCheck: parameters.externalCheck,
    rawDisabled: isSet && !parameters.rawReadable,
    descriptorFormat: parameters.descriptorFormat,
  });
  return concatBytes([header, list]);
}

/** Looks at the next object and goes back. */
function nextBlock(host: SecurityHost, medium: Medium, command: InCommand): Eventually<Outcome> {
  const objectNumber = BigInt(medium.objectNumber);
  return after(medium.peek(), (object) => {
    const found =
      object.kind === "block" && object.form === "encrypted" ? describeEncrypted(object.data.bytes) : undefined;
    const isBlock = object.kind === "block";
    const isPlain = isBlock && object.form === "plain";
    if (isBlock) object.data.release();
    const encryption = isPlain ? nextBlockEncryption.notEncrypted : nextBlockEncryption.notABlock;
    if (!isBlock || isPlain) return nextBlockPage({ objectNumber, encryption }, undefined);
    if (found === undefined) {
      return nextBlockPage({ objectNumber, encryption: nextBlockEncryption.unknownAlgorithm }, undefined);
    }
    const { key } = host.encryption.parametersOf(command.nexus);
    const fits = key !== undefined && isKeyOf(found, key);
    return nextBlockPage(
      { objectNumber, encryption: fits ? nextBlockEncryption.decryptable : nextBlockEncryption.undecryptable },
      found,
    );
  });
}

function nextBlockPage(
  value: { readonly objectNumber: bigint; readonly encryption: number },
  encrypted: EncryptedBlock | undefined,
): Outcome {
  // 1: validated; it was, if the block can be decrypted, by its tag when it is read.
  const list = encrypted === undefined ? new Uint8Array(0) : descriptors(encrypted, 1);
  const header = NextBlockStatus.encode({
    ...value,
    length: NextBlockStatus.size + list.byteLength - EncryptionPageHeader.size,
    algorithm: encrypted === undefined ? 0 : algorithmIndex,
    modeKnown: encrypted !== undefined,
    rawDisabled: encrypted !== undefined && !encrypted.rawReadable,
    descriptorFormat: encrypted?.descriptorFormat ?? 0,
  });
  return goodData(concatBytes([header, list]));
}

/** SECURITY PROTOCOL OUT. `changed` is called when the parameters of other nexuses were changed. */
export function securityOut(host: SecurityHost, command: OutCommand, changed: () => void): Outcome {
  const { protocol, specific, inBlocks, parameterListLength } = command.cdb;
  if (inBlocks) return command.invalidField("inBlocks");
  if (protocol !== securityProtocols.tapeEncryption) return command.invalidField("protocol");
  if (specific !== encryptionOutPages.setEncryption) return command.invalidField("specific");
  if (parameterListLength === 0) return good();
  if (parameterListLength > limits.parameterData) return check("parameter-list-length");
  const list = command.dataOut.subarray(0, parameterListLength);
  try {
    return setEncryption(host, command, list, changed);
  } finally {
    list.fill(0);
  }
}

function setEncryption(host: SecurityHost, command: OutCommand, list: Uint8Array, changed: () => void): Outcome {
  if (list.byteLength < SetEncryption.size) return check("parameter-list-length");
  const reserved = SetEncryption.check(list);
  if (reserved !== undefined) return invalidParameter(reserved);
  const page = SetEncryption.decode(list);
  if (page.page !== encryptionOutPages.setEncryption) return invalidParameter(SetEncryption.positionOf("page"));
  if (EncryptionPageHeader.size + page.length !== list.byteLength) {
    return invalidParameter(SetEncryption.positionOf("length"));
  }
  const wrong = wrongField(host, page);
  if (wrong !== undefined) return invalidParameter(SetEncryption.positionOf(wrong));
  const request = requestOf(page, list);
  if (isCheck(request)) return request;
  if (host.encryption.set(command.nexus, page.scope, page.lock, request)) changed();
  return good();
}

type Page = ReturnType<typeof SetEncryption.decode>;

/** Both modes off: nothing else of the page is looked at but scope and lock. */
const isOff = ({ encryptionMode, decryptionMode }: Page): boolean =>
  encryptionMode === encryptionModes.disable && decryptionMode === decryptionModes.disable;
const needsKey = ({ encryptionMode, decryptionMode }: Page): boolean =>
  encryptionMode === encryptionModes.encrypt ||
  decryptionMode === decryptionModes.decrypt ||
  decryptionMode === decryptionModes.mixed;

/** The first field, in the order of the page, whose value is not offered. */
function wrongField(host: SecurityHost, page: Page): keyof Page | undefined {
  if (page.scope > encryptionScopes.allNexuses) return "scope";
  if (page.scope === encryptionScopes.public) return undefined;
  if (isOff(page)) return undefined;
  if (page.clearOnPreempt) return "clearOnPreempt";
  if (page.clearOnReservationLoss) return "clearOnReservationLoss";
  if (page.externalCheck > 1) return "externalCheck";
  if (page.rawControl === 1) return "rawControl";
  if (page.supplemental) return "supplemental";
  if (page.clearOnDemount && host.medium === undefined) return "clearOnDemount";
  if (page.encryptionMode > encryptionModes.encrypt) return "encryptionMode";
  if (page.decryptionMode > decryptionModes.mixed) return "decryptionMode";
  if (page.encryptionMode === encryptionModes.external && page.decryptionMode > decryptionModes.raw) {
    return "encryptionMode";
  }
  if (page.algorithm !== algorithmIndex) return "algorithm";
  if (page.keyFormat !== plainKeyFormat) return "keyFormat";
  if (needsKey(page) ? page.keyLength !== blockCipherLimits.key : page.keyLength !== 0) return "keyLength";
  return undefined;
}

function requestOf(page: Page, list: Uint8Array): EncryptionRequest | Check {
  const keyEnd = SetEncryption.size + page.keyLength;
  const isUsed = page.scope !== encryptionScopes.public && !isOff(page);
  if (isUsed && keyEnd > list.byteLength) return invalidParameter(SetEncryption.positionOf("keyLength"));
  const found = isUsed ? descriptorsOf(list, keyEnd) : { open: new Uint8Array(0), authentic: new Uint8Array(0) };
  if (isCheck(found)) return found;
  return {
    encryptionMode: page.encryptionMode,
    decryptionMode: page.decryptionMode,
    algorithm: page.algorithm,
    clearOnDemount: page.clearOnDemount,
    rawReadable: page.rawControl === rawControls.enabled,
    externalCheck: page.externalCheck,
    descriptorFormat: page.descriptorFormat,
    ...found,
    key: isUsed && needsKey(page) ? list.slice(SetEncryption.size, keyEnd) : undefined,
  };
}

interface KeyData {
  readonly open: Uint8Array;
  readonly authentic: Uint8Array;
}

/** Key-associated data: each type at most once, unauthenticated first, no longer than announced. */
function descriptorsOf(list: Uint8Array, start: number): KeyData | Check {
  const found = { open: new Uint8Array(0), authentic: new Uint8Array(0) };
  let last = -1;
  for (let offset = start; offset < list.byteLength;) {
    if (list.byteLength - offset < KeyDescriptorHeader.size) return check("parameter-list-length");
    const { type, length } = KeyDescriptorHeader.decode(list, offset);
    const isOpen = type === keyDescriptorTypes.open;
    if ((!isOpen && type !== keyDescriptorTypes.authentic) || type <= last) return invalidParameter({ byte: offset });
    const most = isOpen ? blockCipherLimits.open : blockCipherLimits.authentic;
    const dataStart = offset + KeyDescriptorHeader.size;
    if (length > most || dataStart + length > list.byteLength) return invalidParameter({ byte: offset + 2 });
    found[isOpen ? "open" : "authentic"] = list.slice(dataStart, dataStart + length);
    last = type;
    offset = dataStart + length;
  }
  return found;
}
