// SPDX-License-Identifier: Apache-2.0
// READ(6), WRITE(6), WRITE FILEMARKS(6) and VERIFY(6): SSC-4 6.6, 6.12, 6.14, 6.16, worded by the outcome tables of
// this project's reference (incorrect length, filemark, end of data, early warning, end of medium). Data is not copied
// in variable mode: a block is stored from where it was received, and sent from where it is stored.

import { asError, defined, limits } from "#base/index.ts";
import type { sscCommands } from "#scsi/index.ts";
import { after, decideVariableRead } from "#tape/index.ts";
import type {
  BlockSource,
  CountedRead,
  CountedWrite,
  Eventually,
  Medium,
  StoredObject,
  WriteResult,
} from "#tape/index.ts";
import type { Command } from "./command.ts";
import type { DriveCore } from "./drive-core.ts";
import { damagedRead, guard, refusedWrite, resumable } from "./drive-outcomes.ts";
import { bareStatus, check, good, isCheck } from "./outcome.ts";
import type { Check, DataIn, Outcome } from "./outcome.ts";
import type { UnitNexus } from "./unit-task.ts";

type ReadCommand = Command<typeof sscCommands.read6>;
type WriteCommand = Command<typeof sscCommands.write6>;
type FilemarksCommand = Command<typeof sscCommands.writeFilemarks6>;
type StoredBlock = StoredObject & { readonly kind: "block" };
type VerifyCommand = Command<typeof sscCommands.verify6>;

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
  if (transferLength * core.blockLength > limits.fixedTransferMax) return command.invalidField("transferLength");
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
  const data = openBlock(core, medium, command.nexus, object);
  if (isCheck(data)) return data;
  const actual = data.bytes.byteLength;
  core.countRead(1, actual);
  if (actual === requested) return { kind: "good", dataIn: data };
  const decision = decideVariableRead({ requested, actual, suppressIncorrectLength, blockLength: core.blockLength });
  const { transferLength, incorrectLength, residue } = decision;
  const dataIn = transferLength === actual ? data : shortened(data, transferLength);
  if (!incorrectLength) return { kind: "good", dataIn };
  return check("no-sense", { incorrectLength, information: residue }, { dataIn });
}

/** The bytes that a nexus gets of a block. When it may not have them, the block is the next one again. */
function openBlock(core: DriveCore, medium: Medium, nexus: UnitNexus, block: StoredBlock): DataIn | Check {
  if (block.form === "plain" && core.encryption.isIdle) return block.data;
  const opened = core.encryption.opened(nexus, block);
  if (isCheck(opened)) medium.unread();
  return opened;
}

/** The first bytes of a stored block. */
function shortened(data: DataIn, length: number): DataIn {
  return { bytes: data.bytes.subarray(0, length), release: () => data.release() };
}

/** Fixed mode: whole blocks of the mode block length, until something else comes. One block is not copied. */
function readFixed(core: DriveCore, medium: Medium, command: ReadCommand): Eventually<Outcome> {
  const { blockLength, encryption } = core;
  const count = command.cdb.transferLength;
  if (count === 1) return readOneFixed(core, medium, command);
  const target = new Uint8Array(count * blockLength);
  if (!encryption.isIdle) return readOpened(core, medium, command, { target, done: 0 });
  return after(medium.readBlocks(target, blockLength), (result) =>
    result.end === "encrypted"
      ? readOpened(core, medium, command, { target, done: result.done })
      : answerFixed(core, result, target, count),
  );
}

/** Fixed mode, block by block, where blocks may be encrypted. */
async function readOpened(
  core: DriveCore,
  medium: Medium,
  command: ReadCommand,
  { target, done: before }: { readonly target: Uint8Array; readonly done: number },
): Promise<Outcome> {
  const { blockLength } = core;
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
    const data = openBlock(core, medium, command.nexus, object);
    if (isCheck(data)) {
      core.countRead(done, done * blockLength);
      const dataIn: DataIn = { bytes: target.subarray(0, done * blockLength), release() {} };
      return { kind: "check", sense: { ...data.sense, information: count - done }, dataIn };
    }
    const fits = data.bytes.byteLength === blockLength;
    if (fits) target.set(data.bytes, done * blockLength);
    data.release();
    if (!fits) return end({ end: "other-length" });
  }
  return end({ end: "done" });
}

function readOneFixed(core: DriveCore, medium: Medium, command: ReadCommand): Eventually<Outcome> {
  const answer = (object: StoredObject): Outcome => {
    if (object.kind !== "block") return stopped(object.kind, 1);
    const data = openBlock(core, medium, command.nexus, object);
    if (isCheck(data)) return { ...data, sense: { ...data.sense, information: 1 } };
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
  const refused = core.encryption.lockRefusal(command.nexus);
  if (refused !== undefined) return { ...refused, transferLength: size };
  if (core.loaded?.isReadOnlyHere) return refusedWrite(core, "write-protected");
  core.activity = "writing";
  return resumable(core, medium, command.task, (done) => {
    const store = fixed
      ? (): Eventually<Outcome> => writeFixed(core, medium, command, done)
      : (): Eventually<Outcome> => writeVariable(core, medium, command, done);
    return guard(core, () => after(prepareWrite(core, medium), store), transferLength);
  });
}

/** A write that is refused changes nothing, and so notes no change. */
function prepareWrite(core: DriveCore, medium: Medium): Eventually<void> {
  if (medium.writeRefusal !== undefined) return undefined;
  const noted = core.noteChange();
  return noted === undefined ? medium.prepareWrite() : noted.then(() => medium.prepareWrite());
}

/** The data stays where it was received; a longer transfer than the CDB says is cut. */
function writeVariable(core: DriveCore, medium: Medium, command: WriteCommand, done: number): Eventually<Outcome> {
  const size = command.cdb.transferLength;
  if (done > 0) return answerWrite(core, medium, { result: medium.appendResult, residue: 0, size });
  const answer = (result: WriteResult): Eventually<Outcome> => {
    const isWritten = result === "written" || result === "written-near-end";
    if (isWritten) core.countWritten(1, size);
    return answerWrite(core, medium, { result, residue: isWritten ? 0 : size, size });
  };
  const { dataOut, nexus } = command;
  const block = dataOut.byteLength === size ? dataOut : dataOut.subarray(0, size);
  if (!core.encryption.changesWrites(nexus)) return after(medium.writeBlock(block), answer);
  const encrypted = core.encryption.encrypted(nexus, block);
  return isCheck(encrypted)
    ? { ...encrypted, transferLength: size }
    : after(medium.writeBlock(encrypted, "encrypted"), answer);
}

function writeFixed(core: DriveCore, medium: Medium, command: WriteCommand, from: number): Eventually<Outcome> {
  const { blockLength } = core;
  const count = command.cdb.transferLength;
  const source = blocksOf(core, command);
  if (isCheck(source)) return { ...source, transferLength: count * blockLength };
  return after(medium.writeBlocks(source, count, from), ({ result, done }: CountedWrite) => {
    core.countWritten(done, done * blockLength);
    return answerWrite(core, medium, { result, residue: count - done, size: count * blockLength });
  });
}

/** The blocks of a fixed write as they are to be stored. */
function blocksOf({ blockLength, encryption }: DriveCore, command: WriteCommand): BlockSource | Check {
  const plain = (index: number): Uint8Array => command.dataOut.subarray(index * blockLength, (index + 1) * blockLength);
  if (!encryption.changesWrites(command.nexus)) return { block: plain, form: "plain" };
  const blocks: Uint8Array[] = [];
  for (let index = 0; index < command.cdb.transferLength; index++) {
    const encrypted = encryption.encrypted(command.nexus, plain(index));
    if (isCheck(encrypted)) return encrypted;
    blocks.push(encrypted);
  }
  return { block: (index) => defined(blocks[index], "as many blocks as were encrypted"), form: "encrypted" };
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
  return resumable(core, medium, command.task, (before) => {
    const rest = count - before;
    const write = (): Eventually<CountedWrite> => {
      if (rest === 0) return { result: count === 0 ? "written" : medium.appendResult, done: count };
      return after(medium.writeFilemarks(rest), ({ result, done }) => ({ result, done: before + done }));
    };
    const noted = (): Eventually<void> => (rest === 0 ? undefined : core.noteChange());
    return guard(core, () => after(after(noted(), write), written), count);
  });
}

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
    const data = openBlock(core, medium, command.nexus, object);
    if (isCheck(data)) return { ...data, sense: { ...data.sense, information: left } };
    const actual = data.bytes.byteLength;
    const isSame = !cdb.compareBytes || isInData(command.dataOut, (requested - left) * core.blockLength, data);
    data.release();
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
