// SPDX-License-Identifier: Apache-2.0
// Sense data as bytes, in both directions: fixed format (SPC-4) and descriptor format (SPC-4).

import { concatBytes } from "#base/index.ts";
import { bit, bits, layout, uint, uint64, type BitPosition } from "#codec/index.ts";
import { scsiFault } from "./faults.ts";
import { senseName, type SenseName } from "./sense-table.ts";
import { senseKeyName, senseKeys, type SenseKey } from "./status.ts";

/** Which bit of the command or of its parameters was wrong: SPC-4. */
export interface FieldPointer extends BitPosition {
  readonly in: "cdb" | "parameters";
}

/** Sense data as a value. */
export interface Sense {
  readonly key: SenseKey;
  /** Additional sense code and qualifier. */
  readonly asc: number;
  readonly ascq: number;
  /** The error belongs to an earlier command. */
  readonly deferred?: boolean;
  /** INFORMATION, signed; present means VALID. */
  readonly information?: number;
  readonly filemark?: boolean;
  readonly endOfMedium?: boolean;
  readonly incorrectLength?: boolean;
  readonly fieldPointer?: FieldPointer;
  /** How far the running operation is: 0 … 65535 of 65536. */
  readonly progress?: number;
}

/** How sense data is laid out. */
export type SenseFormat = "fixed" | "descriptor";

/** Fixed format sense data: SPC-4. */
export const FixedSense = layout("fixed format sense data", 18, {
  valid: bit(0, 7),
  responseCode: bits(0, 6, 0),
  filemark: bit(2, 7),
  endOfMedium: bit(2, 6),
  incorrectLength: bit(2, 5),
  senseKey: bits(2, 3, 0),
  information: uint(3, 4),
  additionalLength: uint(7, 1),
  commandSpecific: uint(8, 4),
  asc: uint(12, 1),
  ascq: uint(13, 1),
  fieldReplaceableUnit: uint(14, 1),
  senseKeySpecificValid: bit(15, 7),
  /** C/D: the field pointer points into the CDB. */
  pointsToCdb: bit(15, 6),
  bitPointerValid: bit(15, 3),
  bitPointer: bits(15, 2, 0),
  /** Field pointer or progress indication. */
  keySpecific: uint(16, 2),
});

/** Header of descriptor format sense data: SPC-4. */
export const DescriptorSense = layout("descriptor format sense data", 8, {
  responseCode: bits(0, 6, 0),
  senseKey: bits(1, 3, 0),
  asc: uint(2, 1),
  ascq: uint(3, 1),
  additionalLength: uint(7, 1),
});

/** Information sense data descriptor: SPC-4. */
export const InformationDescriptor = layout("information sense data descriptor", 12, {
  type: uint(0, 1, { always: 0x00 }),
  additionalLength: uint(1, 1, { always: 0x0a }),
  valid: bit(2, 7),
  information: uint64(4),
});

/** Sense key specific sense data descriptor: SPC-4. */
export const KeySpecificDescriptor = layout("sense key specific sense data descriptor", 8, {
  type: uint(0, 1, { always: 0x02 }),
  additionalLength: uint(1, 1, { always: 0x06 }),
  valid: bit(4, 7),
  pointsToCdb: bit(4, 6),
  bitPointerValid: bit(4, 3),
  bitPointer: bits(4, 2, 0),
  keySpecific: uint(5, 2),
});

/** Stream commands sense data descriptor: SSC-4. */
export const StreamDescriptor = layout("stream commands sense data descriptor", 4, {
  type: uint(0, 1, { always: 0x04 }),
  additionalLength: uint(1, 1, { always: 0x02 }),
  filemark: bit(3, 7),
  endOfMedium: bit(3, 6),
  incorrectLength: bit(3, 5),
});

const responseCodes = { fixed: 0x70, fixedDeferred: 0x71, descriptor: 0x72, descriptorDeferred: 0x73 } as const;

/** The fields that field pointer and progress share: SPC-4. */
function keySpecificOf(sense: Sense) {
  const { fieldPointer, progress } = sense;
  if (fieldPointer !== undefined) {
    return {
      isValid: true,
      pointsToCdb: fieldPointer.in === "cdb",
      bitPointerValid: true,
      bitPointer: fieldPointer.bit,
      keySpecific: fieldPointer.byte,
    };
  }
  if (progress === undefined) return { isValid: false };
  return { isValid: true, keySpecific: Math.min(Math.max(Math.trunc(progress), 0), 0xffff) };
}

function encodeFixed(sense: Sense): Uint8Array {
  const { information } = sense;
  const fits = information !== undefined && information >= -(2 ** 31) && information < 2 ** 32;
  const { isValid, ...keySpecific } = keySpecificOf(sense);
  return FixedSense.encode({
    valid: fits,
    responseCode: sense.deferred === true ? responseCodes.fixedDeferred : responseCodes.fixed,
    filemark: sense.filemark ?? false,
    endOfMedium: sense.endOfMedium ?? false,
    incorrectLength: sense.incorrectLength ?? false,
    senseKey: senseKeys[sense.key],
    information: fits ? information >>> 0 : 0,
    additionalLength: FixedSense.size - 8,
    asc: sense.asc,
    ascq: sense.ascq,
    senseKeySpecificValid: isValid,
    ...keySpecific,
  });
}

function encodeDescriptors(sense: Sense): Uint8Array {
  const parts: Uint8Array[] = [];
  if (sense.information !== undefined) {
    const information = BigInt.asUintN(64, BigInt(sense.information));
    parts.push(InformationDescriptor.encode({ valid: true, information }));
  }
  const { isValid, ...keySpecific } = keySpecificOf(sense);
  if (isValid) parts.push(KeySpecificDescriptor.encode({ valid: true, ...keySpecific }));
  const { filemark = false, endOfMedium = false, incorrectLength = false } = sense;
  if (filemark || endOfMedium || incorrectLength) {
    parts.push(StreamDescriptor.encode({ filemark, endOfMedium, incorrectLength }));
  }
  const descriptors = concatBytes(parts);
  const header = DescriptorSense.encode({
    responseCode: sense.deferred === true ? responseCodes.descriptorDeferred : responseCodes.descriptor,
    senseKey: senseKeys[sense.key],
    asc: sense.asc,
    ascq: sense.ascq,
    additionalLength: descriptors.byteLength,
  });
  return concatBytes([header, descriptors]);
}

/** Sense data in bytes. An INFORMATION value that does not fit the fixed format is left out (VALID=0). */
export function encodeSense(sense: Sense, format: SenseFormat = "fixed"): Uint8Array {
  return format === "fixed" ? encodeFixed(sense) : encodeDescriptors(sense);
}

interface KeySpecific {
  readonly pointsToCdb: boolean;
  readonly bitPointerValid: boolean;
  readonly bitPointer: number;
  readonly keySpecific: number;
}

/** The sense key decides what the bytes mean: SPC-4. */
function decodeKeySpecific(key: SenseKey, value: KeySpecific): Pick<Sense, "fieldPointer" | "progress"> {
  if (key === "illegal-request") {
    const bitNumber = value.bitPointerValid ? value.bitPointer : 7;
    return {
      fieldPointer: { in: value.pointsToCdb ? "cdb" : "parameters", byte: value.keySpecific, bit: bitNumber },
    };
  }
  return key === "no-sense" || key === "not-ready" ? { progress: value.keySpecific } : {};
}

const onlyTrue = <const Name extends string>(name: Name, isSet: boolean) =>
  (isSet ? { [name]: true } : {}) as { readonly [N in Name]?: true };

function decodeFixed(bytes: Uint8Array, deferred: boolean): Sense {
  // Devices may cut sense data; what is missing counts as zero.
  const whole = new Uint8Array(FixedSense.size);
  whole.set(bytes.subarray(0, Math.min(bytes.byteLength, 8 + (bytes[7] ?? 0), FixedSense.size)));
  const value = FixedSense.decode(whole);
  const key = senseKeyName(value.senseKey);
  return {
    key,
    asc: value.asc,
    ascq: value.ascq,
    ...onlyTrue("deferred", deferred),
    ...(value.valid ? { information: value.information | 0 } : {}),
    ...onlyTrue("filemark", value.filemark),
    ...onlyTrue("endOfMedium", value.endOfMedium),
    ...onlyTrue("incorrectLength", value.incorrectLength),
    ...(value.senseKeySpecificValid ? decodeKeySpecific(key, value) : {}),
  };
}

function decodeDescriptor(key: SenseKey, bytes: Uint8Array): Partial<Sense> {
  const type = bytes[0];
  if (type === 0x00 && bytes.byteLength >= InformationDescriptor.size) {
    const value = InformationDescriptor.decode(bytes);
    return value.valid ? { information: Number(BigInt.asIntN(64, value.information)) } : {};
  }
  if (type === 0x02 && bytes.byteLength >= KeySpecificDescriptor.size) {
    const value = KeySpecificDescriptor.decode(bytes);
    return value.valid ? decodeKeySpecific(key, value) : {};
  }
  if (type === 0x04 && bytes.byteLength >= StreamDescriptor.size) {
    const value = StreamDescriptor.decode(bytes);
    return {
      ...onlyTrue("filemark", value.filemark),
      ...onlyTrue("endOfMedium", value.endOfMedium),
      ...onlyTrue("incorrectLength", value.incorrectLength),
    };
  }
  return {};
}

function decodeDescriptors(bytes: Uint8Array, deferred: boolean): Sense {
  const header = DescriptorSense.decode(bytes);
  const key = senseKeyName(header.senseKey);
  let sense: Sense = { key, asc: header.asc, ascq: header.ascq, ...onlyTrue("deferred", deferred) };
  const end = Math.min(bytes.byteLength, DescriptorSense.size + header.additionalLength);
  for (let offset = DescriptorSense.size; offset + 2 <= end; offset += 2 + (bytes[offset + 1] ?? 0)) {
    sense = { ...sense, ...decodeDescriptor(key, bytes.subarray(offset, end)) };
  }
  return sense;
}

/**
 * Reads sense data of either format, for the initiator's side. Fault `scsi.not-sense-data` for another response code,
 * `codec.truncated` when a descriptor header is cut.
 */
export function decodeSense(bytes: Uint8Array): Sense {
  const code = (bytes[0] ?? 0) & 0x7f;
  switch (code) {
    case responseCodes.fixed:
    case responseCodes.fixedDeferred:
      return decodeFixed(bytes, code === responseCodes.fixedDeferred);
    case responseCodes.descriptor:
    case responseCodes.descriptorDeferred:
      return decodeDescriptors(bytes, code === responseCodes.descriptorDeferred);
    default:
      throw scsiFault("not-sense-data", { code: `${code.toString(16).padStart(2, "0")}h` });
  }
}

/** The name of a sense value; undefined when the table does not have its codes. */
export function nameOfSense(sense: Sense): SenseName | undefined {
  return senseName(sense.key, sense.asc, sense.ascq);
}
