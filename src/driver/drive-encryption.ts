// SPDX-License-Identifier: Apache-2.0
// Encryption in the drive: SECURITY PROTOCOL IN and OUT with the tape data encryption protocol (SSC-4), as Proxmox uses it.
// What was set is read back and compared.

import { concatBytes } from "#base/index.ts";
import { Cursor } from "#codec/index.ts";
import {
  aes256Gcm,
  decryptionModes,
  EncryptionAlgorithm,
  EncryptionCapabilities,
  encryptionInPages,
  encryptionModes,
  encryptionOutPages,
  encryptionScopes,
  EncryptionStatus,
  SecurityProtocolIn,
  SecurityProtocolOut,
  securityProtocols,
  SetEncryption,
} from "#scsi/index.ts";
import { driverFault } from "./faults.ts";
import type { Answer, ScsiUnit } from "./scsi-unit.ts";

const allocation = 8196;
const keySize = 32;
/** "The device does it in hardware." */
const inHardware = 2;
const pageHeaderSize = 4;

const askPage = (unit: ScsiUnit, page: number): Promise<Answer> =>
  unit.ask({
    cdb: SecurityProtocolIn.encode({
      protocol: securityProtocols.tapeEncryption,
      specific: page,
      allocationLength: allocation,
    }),
    dataInLength: allocation,
  });

/** The index of AES-256-GCM in the drive's list; undefined: it has no encryption that can be used. */
async function algorithmIndex(unit: ScsiUnit): Promise<number | undefined> {
  const answer = await askPage(unit, encryptionInPages.capabilities);
  if (answer.word !== "good" || answer.dataIn.byteLength < EncryptionCapabilities.size) return undefined;
  const cursor = new Cursor("encryption capabilities", answer.dataIn, EncryptionCapabilities.size);
  while (cursor.remaining >= EncryptionAlgorithm.size) {
    const algorithm = cursor.structure(EncryptionAlgorithm);
    const isUsable = algorithm.encrypts === inHardware && algorithm.decrypts === inHardware;
    if (isUsable && algorithm.keySize === keySize && algorithm.code === aes256Gcm) return algorithm.index;
  }
  return undefined;
}

/** Sets a key, or takes it away. Fault `driver.no-encryption`; a drive that cannot encrypt has no key to take away. */
export async function setDriveKey(unit: ScsiUnit, key: Uint8Array | undefined): Promise<void> {
  const algorithm = await algorithmIndex(unit);
  const refuse = (reason: string): Error => driverFault("no-encryption", { device: unit.name, reason });
  if (algorithm === undefined) {
    if (key === undefined) return;
    throw refuse("it does not offer AES-256-GCM");
  }
  const head = SetEncryption.encode({
    page: encryptionOutPages.setEncryption,
    length: SetEncryption.size - pageHeaderSize + (key?.byteLength ?? 0),
    scope: encryptionScopes.allNexuses,
    encryptionMode: key === undefined ? encryptionModes.disable : encryptionModes.encrypt,
    decryptionMode: key === undefined ? decryptionModes.disable : decryptionModes.mixed,
    algorithm,
    keyLength: key?.byteLength ?? 0,
  });
  const page = key === undefined ? head : concatBytes([head, key]);
  const cdb = SecurityProtocolOut.encode({
    protocol: securityProtocols.tapeEncryption,
    specific: encryptionOutPages.setEncryption,
    parameterListLength: page.byteLength,
  });
  const set = await unit.ask({ cdb, dataOut: page });
  if (set.word !== "good") throw refuse(`it answers the key with ${set.text}`);
  const status = await askPage(unit, encryptionInPages.status);
  if (status.word !== "good") throw refuse(`it does not tell its state: ${status.text}`);
  const { encryptionMode, decryptionMode } = EncryptionStatus.decode(status.dataIn);
  const isAsSet =
    key === undefined
      ? encryptionMode === encryptionModes.disable && decryptionMode === decryptionModes.disable
      : encryptionMode === encryptionModes.encrypt && decryptionMode === decryptionModes.mixed;
  if (!isAsSet) throw refuse(`it is in modes ${encryptionMode} and ${decryptionMode}, not in those that were set`);
}
