// SPDX-License-Identifier: Apache-2.0
// READ(6), WRITE(6), WRITE FILEMARKS(6) and VERIFY(6): SSC-4 6.6, 6.12, 6.14, 6.16, worded by the outcome tables of
// this project's reference (incorrect length, filemark, end of data, early warning, end of medium). Data is not copied
// in variable mode: a block is stored from where it was received, and sent from where it is stored.

import { limits } from "#base/index.ts";
import type { sscCommands } from "#scsi/index.ts";
import { after, decideVariableRead } from "#tape/index.ts";
import type { CountedRead, CountedWrite, Eventually, Medium, StoredObject, WriteResult } from "#tape/index.ts";
import type { Command } from "./command.ts";
import type { DriveCore } from "./drive-core.ts";
import { damagedRead, guard, refusedWrite } from "./drive-outcomes.ts";
import { bareStatus, check, good } from "./outcome.ts";
import type { DataIn, Outcome } from "./outcome.ts";

type ReadCommand = Command<typeof sscCommands.read6>;
type WriteCommand = Command<typeof sscCommands.write6>;
type FilemarksCommand = Command<typeof sscCommands.writeFilemarks6>;
type VerifyCommand = Command<typeof sscCommands.verify6>;

/** READ(6). */
export function read(core: DriveCore, medium: Medium, command: ReadCommand): Eventually<Outcome> {
  const { fixed, suppressIncorrectLength, transferLength } = command.cdb;
  if (fixed && (core.blockLength === 0 || suppressIncorrectLength)) {
    return command.invalidField(suppressIncorrectLength ? "suppressIncorrectLength" : "fixed");
  }
  if (transferLength === 0) return good();
  core.activity = "reading";
  if (!fixed) return readVariable(core, medium, command.cdb);
  if (transferLength * core.blockLength > limits.fixedTransferMax) return command.invalidField("transferLength");
  return readFixed(core, medium, transferLength);
}

function readVariable(core: DriveCore, medium: Medium, cdb: ReadCommand["cdb"]): Eventually<Outcome> {
  const answer = (object: StoredObject): Outcome => answerVariable(core, cdb, object);
  const failed = (error: unknown): Outcome => damagedRead(core, error, cdb.transferLength);
  let object: Eventually<StoredObject>;
  try {
    object = medium.read();
  } catch (error) {
    return failed(error);
  }
  return object instanceof Promise ? object.then(answer, failed) : answer(object);
}

function answerVariable(core: DriveCore, cdb: ReadCommand["cdb"], object: StoredObject): Outcome {
  const requested = cdb.transferLength;
  if (object.kind !== "block") return stopped(object.kind, requested);
  const { data } = object;
  const { suppressIncorrectLength } = cdb;
  const actual = data.bytes.byteLength;
  core.countRead(1, actual);
  if (actual === requested) return { kind: "good", dataIn: data };
  const decision = decideVariableRead({ requested, actual, suppressIncorrectLength, blockLength: core.blockLength });
  const { transferLength, incorrectLength, residue } = decision;
  const dataIn = transferLength === actual ? data : shortened(data, transferLength);
  if (!incorrectLength) return { kind: "good", dataIn };
  return check("no-sense", { incorrectLength, information: residue }, { dataIn });
}

/** The first bytes of a stored block. */
function shortened(data: DataIn, length: number): DataIn {
  return { bytes: data.bytes.subarray(0, length), release: () => data.release() };
}

/** Fixed mode: whole blocks of the mode block length, until something else comes. One block is not copied. */
function readFixed(core: DriveCore, medium: Medium, count: number): Eventually<Outcome> {
  const { blockLength } = core;
  if (count === 1) return readOneFixed(core, medium);
  const target = new Uint8Array(count * blockLength);
  return after(medium.readBlocks(target, blockLength), (result) => answerFixed(core, result, target, count));
}

function readOneFixed(core: DriveCore, medium: Medium): Eventually<Outcome> {
  const answer = (object: StoredObject): Outcome => {
    if (object.kind !== "block") return stopped(object.kind, 1);
    const { data } = object;
    if (data.bytes.byteLength !== core.blockLength) {
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
  core.countRead(done, done * core.blockLength);
  const dataIn: DataIn = { bytes: target.subarray(0, done * core.blockLength), release() {} };
  const information = count - done;
  switch (end) {
    case "done":
      return { kind: "good", dataIn };
    case "other-length":
      return check("no-sense", { incorrectLength: true, information }, { dataIn });
    case "damaged":
      return { ...damagedRead(core, result.fault, information), dataIn };
    case "filemark":
    case "end-of-data":
      return stopped(end, information, dataIn);
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

/** WRITE(6). */
export function write(core: DriveCore, medium: Medium, command: WriteCommand): Eventually<Outcome> {
  const { fixed, transferLength } = command.cdb;
  if (fixed && core.blockLength === 0) return command.invalidField("fixed");
  if (transferLength === 0) return { kind: "good", transferLength: 0 };
  const size = fixed ? transferLength * core.blockLength : transferLength;
  if (size > (fixed ? limits.fixedTransferMax : core.model.blockSizeMax)) return command.invalidField("transferLength");
  const sent = command.dataOut.byteLength;
  // The host sent it, but there was no memory left for it.
  if (sent < size && command.task.expectedDataOut >= size) return bareStatus("task-set-full");
  if (sent < size) return { ...command.invalidField("transferLength"), transferLength: size };
  if (core.loaded?.isReadOnlyHere) return refusedWrite(core, "write-protected");
  core.activity = "writing";
  const store = fixed
    ? (): Eventually<Outcome> => writeFixed(core, medium, command)
    : (): Eventually<Outcome> => writeVariable(core, medium, command);
  return guard(core, () => after(medium.prepareWrite(), store), transferLength);
}

/** The data stays where it was received; a longer transfer than the CDB says is cut. */
function writeVariable(core: DriveCore, medium: Medium, command: WriteCommand): Eventually<Outcome> {
  const size = command.cdb.transferLength;
  const answer = (result: WriteResult): Eventually<Outcome> => {
    const isWritten = result === "written" || result === "written-near-end";
    if (isWritten) core.countWritten(1, size);
    return answerWrite(core, medium, { result, residue: isWritten ? 0 : size, size });
  };
  const { dataOut } = command;
  return after(medium.writeBlock(dataOut.byteLength === size ? dataOut : dataOut.subarray(0, size)), answer);
}

function writeFixed(core: DriveCore, medium: Medium, command: WriteCommand): Eventually<Outcome> {
  const { blockLength } = core;
  const count = command.cdb.transferLength;
  return after(
    medium.writeBlocks(() => command.dataOut, blockLength, count),
    ({ result, done }: CountedWrite) => {
      core.countWritten(done, done * blockLength);
      return answerWrite(core, medium, { result, residue: count - done, size: count * blockLength });
    },
  );
}

interface Written {
  readonly result: WriteResult;
  /** Bytes, blocks or filemarks that were not written. */
  readonly residue: number;
  /** Bytes that the command moves. */
  readonly size: number;
}

/** Words a write; in unbuffered mode only when it is durable. */
function answerWrite(core: DriveCore, medium: Medium, written: Written): Eventually<Outcome> {
  return core.isBuffered ? wordWrite(core, written) : after(medium.flush(), () => wordWrite(core, written));
}

function wordWrite(core: DriveCore, { result, residue, size }: Written): Outcome {
  switch (result) {
    case "written":
      return size === 0 ? good() : { kind: "good", transferLength: size };
    case "written-near-end":
      return check("early-warning", { endOfMedium: true, information: residue }, { transferLength: size });
    case "no-space":
      return check("volume-overflow", { endOfMedium: true, information: residue }, { transferLength: size });
    case "write-protected":
    case "write-once":
      return refusedWrite(core, result);
    default:
      return result satisfies never;
  }
}

/**
 * WRITE FILEMARKS(6). Without IMMED everything before is durable when GOOD returns; a count of 0 is the flush that
 * Linux uses.
 */
export function writeFilemarks(core: DriveCore, medium: Medium, command: FilemarksCommand): Eventually<Outcome> {
  const { setmarks, immediate, transferLength: count } = command.cdb;
  if (setmarks) return command.invalidField("setmarks");
  if (immediate && !core.isBuffered) return command.invalidField("immediate");
  const refusal = core.loaded?.isReadOnlyHere ? "write-protected" : medium.writeRefusal;
  if (count > 0 && refusal !== undefined) return refusedWrite(core, refusal);
  core.activity = "writing";
  const written = ({ result, done }: CountedWrite): Eventually<Outcome> => {
    core.counters.filemarksWritten += done;
    core.mount.filemarksWritten += done;
    const word = (): Outcome => wordWrite(core, { result, residue: count - done, size: 0 });
    return immediate ? word() : after(medium.flush(), word);
  };
  return guard(core, () => after(count === 0 ? nothingWritten : medium.writeFilemarks(count), written), count);
}

const nothingWritten: CountedWrite = { result: "written", done: 0 };

/** VERIFY(6): reads over blocks, compares them with data-out if BYTCMP, goes to a filemark count or to end of data. */
export function verify(core: DriveCore, medium: Medium, command: VerifyCommand): Eventually<Outcome> {
  const { cdb } = command;
  if (cdb.protection) return command.invalidField("protection");
  if (cdb.fixed && core.blockLength === 0) return command.invalidField("fixed");
  if (cdb.toEndOfData && cdb.byFilemarks) return command.invalidField("byFilemarks");
  const length = cdb.verificationLength;
  if (cdb.compareBytes && (cdb.immediate || cdb.byFilemarks || cdb.toEndOfData)) {
    return command.invalidField("compareBytes");
  }
  const size = cdb.compareBytes ? length * (cdb.fixed ? core.blockLength : 1) : 0;
  if (size > limits.fixedTransferMax) return command.invalidField("verificationLength");
  if (command.dataOut.byteLength < size) return check("parameter-list-length");
  if (length === 0 && !cdb.toEndOfData) return { kind: "good", transferLength: 0 };
  core.activity = "reading";
  const requested = cdb.fixed || cdb.byFilemarks ? length : 1;
  return guard(core, () => after(medium.flush(), () => verifyOn(core, medium, { command, requested })), requested);
}

interface Verification {
  readonly command: VerifyCommand;
  /** Blocks or filemarks. */
  readonly requested: number;
}

/** Looks at object after object until `left` of the right kind were met. */
async function verifyOn(core: DriveCore, medium: Medium, { command, requested }: Verification): Promise<Outcome> {
  const { cdb, task } = command;
  let left = requested;
  while (left > 0 || cdb.toEndOfData) {
    // It may take hours: an abort need not wait for the end.
    if (task.aborted) return good();
    let object: StoredObject;
    try {
      object = await medium.read();
    } catch (error) {
      return damagedRead(core, error, left);
    }
    if (object.kind === "end-of-data") {
      return cdb.toEndOfData ? good() : check("end-of-data", { information: left });
    }
    if (object.kind === "filemark") {
      if (cdb.toEndOfData) continue;
      if (!cdb.byFilemarks) return check("filemark-detected", { filemark: true, information: left });
      left--;
      continue;
    }
    const actual = object.data.bytes.byteLength;
    const isSame = !cdb.compareBytes || isInData(command.dataOut, (requested - left) * core.blockLength, object.data);
    object.data.release();
    if (cdb.byFilemarks || cdb.toEndOfData) continue;
    const expected = cdb.fixed ? core.blockLength : cdb.verificationLength;
    if (actual !== expected) {
      return check("no-sense", { incorrectLength: true, information: cdb.fixed ? left : expected - actual });
    }
    if (!isSame) return check("miscompare", { information: left });
    left--;
  }
  return good();
}

/** Whether a stored block is what the host sent at `offset`. */
function isInData(dataOut: Uint8Array, offset: number, { bytes }: DataIn): boolean {
  return Buffer.compare(dataOut.subarray(offset, offset + bytes.byteLength), bytes) === 0;
}
