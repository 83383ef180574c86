// SPDX-License-Identifier: Apache-2.0
// READ(6): SSC-4 6.6, worded by the outcome tables of this project's reference (incorrect length, filemark, end of data).
// Data is not copied in variable mode: a block is sent from where it is stored, unless it is decrypted or protected.

import { asError, limits } from "#base/index.ts";
import type { sscCommands } from "#scsi/index.ts";
import { after, decideVariableRead } from "#tape/index.ts";
import type { CountedRead, Eventually, Medium, StoredObject } from "#tape/index.ts";
import type { Command } from "./command.ts";
import type { DriveCore } from "./drive-core.ts";
import { damagedRead } from "./drive-outcomes.ts";
import { checkOfLater } from "./fault-sense.ts";
import { check, good, isCheck } from "./outcome.ts";
import type { Check, DataIn, Outcome } from "./outcome.ts";
import type { UnitNexus } from "./unit-task.ts";

type ReadCommand = Command<typeof sscCommands.read6>;
type StoredBlock = StoredObject & { readonly kind: "block" };

/** READ(6). */
export function read(core: DriveCore, medium: Medium, command: ReadCommand): Eventually<Outcome> {
  const { fixed, suppressIncorrectLength, transferLength } = command.cdb;
  if (fixed && (core.blockLength === 0 || suppressIncorrectLength)) {
    return command.invalidField(suppressIncorrectLength ? "suppressIncorrectLength" : "fixed");
  }
  if (transferLength === 0) return good();
  const refused = core.encryption.lockRefusal(command.nexus);
  if (refused !== undefined) return refused;
  core.activity = "reading";
  if (!fixed) return readVariable(core, medium, command);
  const unit = core.blockLength + core.protection.readLength;
  if (transferLength * unit > limits.fixedTransferMax) return command.invalidField("transferLength");
  return readFixed(core, medium, command);
}

function readVariable(core: DriveCore, medium: Medium, command: ReadCommand): Eventually<Outcome> {
  const answer = (object: StoredObject): Outcome => answerVariable(core, medium, command, object);
  const failed = (error: unknown): Outcome => damagedRead(core, error, command.cdb.transferLength);
  let object: Eventually<StoredObject>;
  try {
    object = medium.read();
  } catch (error) {
    return failed(error);
  }
  return object instanceof Promise ? object.then(answer, failed) : answer(object);
}

function answerVariable(core: DriveCore, medium: Medium, command: ReadCommand, object: StoredObject): Outcome {
  const { transferLength: requested, suppressIncorrectLength } = command.cdb;
  if (object.kind !== "block") return stopped(object.kind, requested);
  const data = protectedBlock(core, medium, command.nexus, object);
  if (isCheck(data)) return data;
  const actual = data.bytes.byteLength;
  core.countRead(1, actual - core.protection.readLength);
  if (actual === requested) return { kind: "good", dataIn: data };
  const decision = decideVariableRead({ requested, actual, suppressIncorrectLength, blockLength: core.blockLength });
  const { transferLength, incorrectLength, residue } = decision;
  const dataIn = transferLength === actual ? data : shortened(data, transferLength);
  if (!incorrectLength) return { kind: "good", dataIn };
  return check("no-sense", { incorrectLength, information: residue }, { dataIn });
}

/** The bytes that a nexus gets of a block. When it may not have them, the block is the next one again. */
export function openBlock(core: DriveCore, medium: Medium, nexus: UnitNexus, block: StoredBlock): DataIn | Check {
  if (block.form === "plain" && core.encryption.isIdle) return block.data;
  const opened = core.encryption.opened(nexus, block);
  if (isCheck(opened)) medium.unread();
  return opened;
}

/** The same with the protection information that goes with it. */
function protectedBlock(core: DriveCore, medium: Medium, nexus: UnitNexus, block: StoredBlock): DataIn | Check {
  const opened = openBlock(core, medium, nexus, block);
  return isCheck(opened) || core.protection.readLength === 0 ? opened : core.protection.added(opened);
}

/** The first bytes of a stored block. */
function shortened(data: DataIn, length: number): DataIn {
  return { bytes: data.bytes.subarray(0, length), release: () => data.release() };
}

/** Fixed mode: whole blocks of the mode block length, until something else comes. One block is not copied. */
function readFixed(core: DriveCore, medium: Medium, command: ReadCommand): Eventually<Outcome> {
  const { blockLength, encryption, protection } = core;
  const count = command.cdb.transferLength;
  if (count === 1) return readOneFixed(core, medium, command);
  const target = new Uint8Array(count * (blockLength + protection.readLength));
  if (!encryption.isIdle || protection.readLength > 0) return readOpened(core, medium, command, { target, done: 0 });
  return after(medium.readBlocks(target, blockLength), (result) =>
    result.end === "encrypted"
      ? readOpened(core, medium, command, { target, done: result.done })
      : answerFixed(core, result, target, count),
  );
}

/** Fixed mode, block by block, where blocks may be encrypted or are protected. */
async function readOpened(
  core: DriveCore,
  medium: Medium,
  command: ReadCommand,
  { target, done: before }: { readonly target: Uint8Array; readonly done: number },
): Promise<Outcome> {
  const unit = core.blockLength + core.protection.readLength;
  const count = command.cdb.transferLength;
  let done = before;
  const end = (result: Omit<CountedRead, "done">): Outcome => answerFixed(core, { ...result, done }, target, count);
  for (; done < count; done++) {
    let object: StoredObject;
    try {
      object = await medium.read();
    } catch (error) {
      return end({ end: "damaged", fault: asError(error) });
    }
    if (object.kind !== "block") return end({ end: object.kind });
    const data = protectedBlock(core, medium, command.nexus, object);
    if (isCheck(data)) {
      core.countRead(done, done * core.blockLength);
      const dataIn: DataIn = { bytes: target.subarray(0, done * unit), release() {} };
      return { kind: "check", sense: { ...data.sense, information: count - done }, dataIn };
    }
    const fits = data.bytes.byteLength === unit;
    if (fits) target.set(data.bytes, done * unit);
    data.release();
    if (!fits) return end({ end: "other-length" });
  }
  return end({ end: "done" });
}

function readOneFixed(core: DriveCore, medium: Medium, command: ReadCommand): Eventually<Outcome> {
  const answer = (object: StoredObject): Outcome => {
    if (object.kind !== "block") return stopped(object.kind, 1);
    const data = protectedBlock(core, medium, command.nexus, object);
    if (isCheck(data)) return { ...data, sense: { ...data.sense, information: 1 } };
    if (data.bytes.byteLength !== core.blockLength + core.protection.readLength) {
      data.release();
      return check("no-sense", { incorrectLength: true, information: 1 });
    }
    core.countRead(1, core.blockLength);
    return { kind: "good", dataIn: data };
  };
  const failed = (error: unknown): Outcome => damagedRead(core, error, 1);
  let object: Eventually<StoredObject>;
  try {
    object = medium.read();
  } catch (error) {
    return failed(error);
  }
  return object instanceof Promise ? object.then(answer, failed) : answer(object);
}

function answerFixed(core: DriveCore, result: CountedRead, target: Uint8Array, count: number): Outcome {
  const { done, end } = result;
  const later = end === "damaged" ? checkOfLater(result.fault) : undefined;
  if (later !== undefined) {
    // The host sends the whole command again.
    core.medium?.unread(done);
    return later;
  }
  core.countRead(done, done * core.blockLength);
  const unit = core.blockLength + core.protection.readLength;
  const dataIn: DataIn = { bytes: target.subarray(0, done * unit), release() {} };
  const information = count - done;
  switch (end) {
    case "done":
      return { kind: "good", dataIn };
    case "other-length":
      return check("no-sense", { incorrectLength: true, information }, { dataIn });
    case "damaged": {
      const outcome = damagedRead(core, result.fault, information);
      return outcome.kind === "status" ? outcome : { ...outcome, dataIn };
    }
    case "filemark":
    case "end-of-data":
      return stopped(end, information, dataIn);
    case "encrypted":
      return check("cannot-decrypt", { information }, { dataIn });
    default:
      return end satisfies never;
  }
}

/** A read met something that is not a block; `residue` bytes or blocks were not read. */
function stopped(by: "filemark" | "end-of-data", residue: number, dataIn?: DataIn): Outcome {
  const extras = dataIn === undefined ? {} : { dataIn };
  return by === "filemark"
    ? check("filemark-detected", { filemark: true, information: residue }, extras)
    : check("end-of-data", { information: residue }, extras);
}
