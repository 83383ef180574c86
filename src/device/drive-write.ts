// SPDX-License-Identifier: Apache-2.0
// WRITE(6) and WRITE FILEMARKS(6): SSC-4 6.14, 6.16, worded by the outcome tables of this project's reference (early
// warning, end of medium). A block is stored from where it was received, unless it is encrypted or protected.

import { defined, limits } from "#base/index.ts";
import type { sscCommands } from "#scsi/index.ts";
import { after } from "#tape/index.ts";
import type { BlockSource, CountedWrite, Eventually, Medium, WriteResult } from "#tape/index.ts";
import type { Command } from "./command.ts";
import type { DriveCore } from "./drive-core.ts";
import { guard, refusedWrite, resumable } from "./drive-outcomes.ts";
import { bareStatus, check, good, isCheck } from "./outcome.ts";
import type { Check, Outcome } from "./outcome.ts";

type WriteCommand = Command<typeof sscCommands.write6>;
type FilemarksCommand = Command<typeof sscCommands.writeFilemarks6>;

/** WRITE(6). */
export function write(core: DriveCore, medium: Medium, command: WriteCommand): Eventually<Outcome> {
  const { fixed, transferLength } = command.cdb;
  if (fixed && core.blockLength === 0) return command.invalidField("fixed");
  if (transferLength === 0) return { kind: "good", transferLength: 0 };
  const { writeLength } = core.protection;
  const size = fixed ? transferLength * (core.blockLength + writeLength) : transferLength;
  const most = fixed ? limits.fixedTransferMax : core.model.blockSizeMax + writeLength;
  if (size > most || size <= writeLength) return command.invalidField("transferLength");
  const sent = command.dataOut.byteLength;
  // The host sent it, but there was no memory left for it.
  if (sent < size && command.task.expectedDataOut >= size) return bareStatus("task-set-full");
  if (sent < size) return { ...command.invalidField("transferLength"), transferLength: size };
  const refused = core.encryption.lockRefusal(command.nexus);
  if (refused !== undefined) return { ...refused, transferLength: size };
  if (core.loaded?.isReadOnlyHere) return refusedWrite(core, "write-protected");
  if (core.keepsFromOverwriting(medium, "write")) return refusedWrite(core, "write-once");
  // What is encrypted or protected is looked at before anything on the medium changes, and is in memory of its own then.
  const changed = changedBlocks(core, command);
  if (isCheck(changed)) return { ...changed, transferLength: size };
  core.activity = "writing";
  return resumable(core, medium, command.task, (done) => {
    const store = fixed
      ? (): Eventually<Outcome> => writeFixed(core, medium, command, { changed, size, done })
      : (): Eventually<Outcome> => writeVariable(core, medium, command, { changed, size, done });
    return guard(core, () => after(prepareWrite(core, medium), store), transferLength);
  });
}

/** A write that is refused changes nothing, and so notes no change. */
function prepareWrite(core: DriveCore, medium: Medium): Eventually<void> {
  if (medium.writeRefusal !== undefined) return undefined;
  const noted = core.noteChange();
  return noted === undefined ? medium.prepareWrite() : noted.then(() => medium.prepareWrite());
}

/** The blocks of a write when they are not stored as they came; otherwise undefined. */
function changedBlocks(core: DriveCore, command: WriteCommand): BlockSource | Check | undefined {
  const { encryption, protection } = core;
  const isEncrypted = encryption.changesWrites(command.nexus);
  if (!isEncrypted && protection.writeLength === 0) return undefined;
  const { fixed, transferLength } = command.cdb;
  const unit = fixed ? core.blockLength + protection.writeLength : transferLength;
  const blocks: Uint8Array[] = [];
  for (let index = 0; index < (fixed ? transferLength : 1); index++) {
    const plain = protection.checked(command.dataOut.subarray(index * unit, (index + 1) * unit));
    if (plain === undefined) return check("guard-check-failed");
    const block = isEncrypted ? encryption.encrypted(command.nexus, plain) : plain.slice();
    if (isCheck(block)) return block;
    blocks.push(block);
  }
  const form = isEncrypted ? "encrypted" : "plain";
  return { block: (index) => defined(blocks[index], "as many blocks as were sent"), form };
}

interface Prepared {
  readonly changed: BlockSource | undefined;
  /** Bytes that the command moves. */
  readonly size: number;
  /** Blocks that are on the medium from an earlier attempt. */
  readonly done: number;
}

/** The data stays where it was received; a longer transfer than the CDB says is cut. */
function writeVariable(
  core: DriveCore,
  medium: Medium,
  command: WriteCommand,
  prepared: Prepared,
): Eventually<Outcome> {
  const { changed, size, done } = prepared;
  if (done > 0) return answerWrite(core, medium, { result: medium.appendResult, residue: 0, size });
  const answer = (result: WriteResult): Eventually<Outcome> => {
    const isWritten = result === "written" || result === "written-in-zone" || result === "written-near-end";
    if (isWritten) core.countWritten(1, size - core.protection.writeLength);
    return answerWrite(core, medium, { result, residue: isWritten ? 0 : size, size });
  };
  if (changed !== undefined) return after(medium.writeBlock(changed.block(0), changed.form), answer);
  const { dataOut } = command;
  return after(medium.writeBlock(dataOut.byteLength === size ? dataOut : dataOut.subarray(0, size)), answer);
}

function writeFixed(core: DriveCore, medium: Medium, command: WriteCommand, prepared: Prepared): Eventually<Outcome> {
  const { blockLength } = core;
  const { changed, size, done: from } = prepared;
  const count = command.cdb.transferLength;
  const sent = (index: number): Uint8Array => command.dataOut.subarray(index * blockLength, (index + 1) * blockLength);
  const source: BlockSource = changed ?? { block: sent, form: "plain" };
  return after(medium.writeBlocks(source, count, from), ({ result, done }: CountedWrite) => {
    core.countWritten(done, done * blockLength);
    return answerWrite(core, medium, { result, residue: count - done, size });
  });
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
    case "written-in-zone":
      return check("programmable-early-warning", { endOfMedium: true, information: residue }, { transferLength: size });
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
  if (count > 0 && core.keepsFromOverwriting(medium, "write")) return refusedWrite(core, "write-once");
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
