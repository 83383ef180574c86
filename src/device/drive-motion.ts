// SPDX-License-Identifier: Apache-2.0
// REWIND, SPACE, LOCATE, ERASE, FORMAT MEDIUM: SSC-4 6.1, 7.1, 7.3, 7.4, 7.13, 7.17, 7.18. Each makes what was written
// durable before the medium moves. IMMED changes nothing: the medium is there before a host could ask.

import { locateTypes, mediumFormats, overwriteAllowances, spaceCodes } from "#scsi/index.ts";
import type { sscCommands } from "#scsi/index.ts";
import { after } from "#tape/index.ts";
import type { Eventually, Medium, Motion, WriteRefusal } from "#tape/index.ts";
import type { Command } from "./command.ts";
import type { DriveActivity, DriveCore } from "./drive-core.ts";
import { noPartitioning, partitionSizes } from "./drive-partitions.ts";
import { failedWrite, guard, motionFailed, refusedWrite } from "./drive-outcomes.ts";
import { check, good } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";

type Space6Command = Command<typeof sscCommands.space6>;
type Space16Command = Command<typeof sscCommands.space16>;
type Locate10Command = Command<typeof sscCommands.locate10>;
type Locate16Command = Command<typeof sscCommands.locate16>;
type AllowCommand = Command<typeof sscCommands.allowOverwrite>;
type SetCapacityCommand = Command<typeof sscCommands.setCapacity>;
type EraseCommand = Command<typeof sscCommands.erase6>;
type FormatCommand = Command<typeof sscCommands.formatMedium>;

/** REWIND. */
export function rewind(core: DriveCore, medium: Medium): Eventually<Outcome> {
  return onSound(core, medium, (sound) =>
    moved(core, sound, "rewinding", () => {
      sound.rewind();
      return atTarget;
    }),
  );
}

/**
 * Goes on with the medium, opened anew when the store lost what was written and the host knows: from commands that say
 * themselves where they go, a host that was told of a failed write goes on with what is there.
 */
export function onSound(
  core: DriveCore,
  medium: Medium,
  act: (sound: Medium) => Eventually<Outcome>,
): Eventually<Outcome> {
  if (!core.hasLostWrites) return act(medium);
  return core.renewed().then(
    (sound) => act(sound ?? medium),
    (error: unknown) => failedWrite(core, error),
  );
}

/** SPACE(6): a signed count of 24 bits. */
export function space6(core: DriveCore, medium: Medium, command: Space6Command): Eventually<Outcome> {
  const { code, count } = command.cdb;
  const signed = count >= 2 ** 23 ? count - 2 ** 24 : count;
  return space(core, medium, code, signed) ?? command.invalidField("code");
}

/** SPACE(16): a signed count of 64 bits. */
export function space16(core: DriveCore, medium: Medium, command: Space16Command): Eventually<Outcome> {
  const { code, count, parameterListLength } = command.cdb;
  if (parameterListLength !== 0) return command.invalidField("parameterListLength");
  return space(core, medium, code, Number(BigInt.asIntN(64, count))) ?? command.invalidField("code");
}

/** Undefined for a code that is not supported. */
function space(core: DriveCore, medium: Medium, code: number, count: number): Eventually<Outcome> | undefined {
  if (code === spaceCodes["end-of-data"]) return toEndOfData(core, medium);
  if (code !== spaceCodes.blocks && code !== spaceCodes.filemarks) return undefined;
  if (count === 0) return good();
  const act = (): Eventually<Motion> =>
    code === spaceCodes.blocks ? medium.spaceBlocks(count) : medium.spaceFilemarks(count);
  return moved(core, medium, "locating", act);
}

function toEndOfData(core: DriveCore, medium: Medium): Eventually<Outcome> {
  return onSound(core, medium, (sound) =>
    moved(core, sound, "locating", () => {
      sound.toEndOfData();
      return atTarget;
    }),
  );
}

/**
 * LOCATE(10). LTO drives refuse BT=1, which makes a plain `mt seek` of Linux fail: here the identifier counts as logical
 * in both cases.
 */
export function locate10(core: DriveCore, medium: Medium, command: Locate10Command): Eventually<Outcome> {
  const { changePartition, partition, objectNumber } = command.cdb;
  if (changePartition && partition >= core.partitionCount) return command.invalidField("partition");
  return inPartition(core, medium, changePartition ? partition : core.partition, (there) =>
    located(core, there, (sound) => sound.locateObject(objectNumber)),
  );
}

/** LOCATE(16) to an object, a logical file or end of data. */
export function locate16(core: DriveCore, medium: Medium, command: Locate16Command): Eventually<Outcome> {
  const { destinationType, changePartition, explicitAddress, partition, identifier } = command.cdb;
  if (explicitAddress) return command.invalidField("explicitAddress");
  if (changePartition && partition >= core.partitionCount) return command.invalidField("partition");
  const target = Number(identifier);
  const there = (act: (medium: Medium) => Eventually<Outcome>): Eventually<Outcome> =>
    inPartition(core, medium, changePartition ? partition : core.partition, act);
  switch (destinationType) {
    case locateTypes.object:
      return there((on) => located(core, on, (sound) => sound.locateObject(target)));
    case locateTypes.file:
      return there((on) => located(core, on, (sound) => sound.locateFile(target)));
    case locateTypes["end-of-data"]:
      return there((on) => toEndOfData(core, on));
    default:
      return command.invalidField("destinationType");
  }
}

/** Goes on in a partition, at once when it is the present one; what was written in that one is durable before. */
export function inPartition(
  core: DriveCore,
  medium: Medium,
  partition: number,
  act: (there: Medium) => Eventually<Outcome>,
): Eventually<Outcome> {
  if (partition === core.partition) return act(medium);
  return onSound(core, medium, (sound) => flushed(core, sound, () => act(core.switchTo(partition))));
}

/** ERASE(6), short or long: end of data is here afterwards, and that is durable. */
export function erase(core: DriveCore, medium: Medium, _command: EraseCommand): Eventually<Outcome> {
  if (core.keepsFromOverwriting(medium, "write")) return refusedWrite(core, "write-once");
  return erased(core, medium);
}

/**
 * FORMAT MEDIUM: to one partition (0), or to those that the medium partition mode page asks for (1, 2). SSC-4 7.1: only at
 * the beginning of partition 0; everything is erased.
 */
export function formatMedium(core: DriveCore, medium: Medium, command: FormatCommand): Eventually<Outcome> {
  const { format, transferLength } = command.cdb;
  if (format > mediumFormats.both) return command.invalidField("format");
  if (transferLength !== 0) return command.invalidField("transferLength");
  if (core.partition !== 0 || medium.objectNumber !== 0) return check("not-at-beginning");
  if (medium.writeOnce && core.isRecorded) return refusedWrite(core, "write-once");
  if (core.keepsFromOverwriting(medium, "format")) return refusedWrite(core, "write-once");
  const wanted = format === mediumFormats.default ? noPartitioning : core.partitioning;
  const sizes = partitionSizes(wanted, core.loaded?.cartridge.capacityBytes ?? 0);
  if (sizes === undefined) return check("invalid-field-in-parameters");
  return after(allErased(core, medium), (outcome) =>
    outcome.kind === "good" ? guard(core, () => after(divided(core, sizes), good)) : outcome,
  );
}

/** A medium of one partition that stays so needs nothing of its owner. */
function divided(core: DriveCore, sizes: readonly number[]): Eventually<void> {
  core.partitioning = noPartitioning;
  return sizes.length === 1 && core.partitionCount === 1 ? undefined : core.divide(sizes);
}

/** Erases every partition; the present one is the first again. */
function allErased(core: DriveCore, medium: Medium): Eventually<Outcome> {
  const count = core.partitionCount;
  if (count === 1) return erased(core, medium);
  const next = async (): Promise<Outcome> => {
    for (let partition = count - 1; partition >= 0; partition--) {
      const there = core.switchTo(partition);
      there.rewind();
      const outcome = await erased(core, there);
      if (outcome.kind !== "good") return outcome;
    }
    return good();
  };
  return next();
}

/** ALLOW OVERWRITE: in append-only mode, where the next write may cut, or that the medium may be formatted. SSC-4. */
export function allowOverwrite(core: DriveCore, medium: Medium, command: AllowCommand): Outcome {
  if (!core.isAppendOnly) return check("not-append-only");
  const { allow, partition, identifier } = command.cdb;
  switch (allow) {
    case overwriteAllowances.disabled:
      core.overwrite = undefined;
      return good();
    case overwriteAllowances.currentPosition:
      if (partition !== core.partition) return command.invalidField("partition");
      if (identifier !== BigInt(medium.objectNumber)) return command.invalidField("identifier");
      core.overwrite = { at: medium.objectNumber };
      return good();
    case overwriteAllowances.format:
      core.overwrite = "format";
      return good();
    default:
      return command.invalidField("allow");
  }
}

/** SET CAPACITY: at the beginning only; everything is erased, and only a part of the nominal size is used. SSC-4. */
export function setCapacity(core: DriveCore, medium: Medium, command: SetCapacityCommand): Eventually<Outcome> {
  if (core.partition !== 0 || medium.objectNumber !== 0) return check("not-at-beginning");
  if (medium.writeOnce) return refusedWrite(core, "write-once");
  if (core.keepsFromOverwriting(medium, "format")) return refusedWrite(core, "write-once");
  const { proportion } = command.cdb;
  return after(allErased(core, medium), (outcome) =>
    outcome.kind === "good" ? guard(core, () => after(core.resize(proportion), good)) : outcome,
  );
}

function erased(core: DriveCore, medium: Medium): Eventually<Outcome> {
  core.activity = "erasing";
  if (core.loaded?.isReadOnlyHere) return refusedWrite(core, "write-protected");
  const answer = (result: WriteRefusal | "erased"): Eventually<Outcome> => {
    if (result !== "erased") return refusedWrite(core, result);
    return after(medium.flush(), good);
  };
  return guard(core, () => after(core.noteChange(), () => after(medium.erase(), answer)));
}

const atTarget: Motion = { end: "done", residue: 0 };

/** A motion whose answer says how much of it was left. */
function moved(
  core: DriveCore,
  medium: Medium,
  activity: DriveActivity,
  act: () => Eventually<Motion>,
): Eventually<Outcome> {
  core.activity = activity;
  return flushed(core, medium, () => after(act(), wordMotion));
}

/** A LOCATE: end of data says nothing about a residue. */
function located(core: DriveCore, medium: Medium, act: (sound: Medium) => Eventually<Motion>): Eventually<Outcome> {
  core.activity = "locating";
  return onSound(core, medium, (sound) =>
    flushed(core, sound, () => after(act(sound), ({ end }) => (end === "done" ? good() : check("end-of-data")))),
  );
}

/** Makes what was written durable, then moves. What fails first is a failed write, what fails later a failed motion. */
function flushed(core: DriveCore, medium: Medium, act: () => Eventually<Outcome>): Eventually<Outcome> {
  const move = (): Eventually<Outcome> => {
    try {
      const outcome = act();
      return outcome instanceof Promise ? outcome.catch((error: unknown) => motionFailed(core, error)) : outcome;
    } catch (error) {
      return motionFailed(core, error);
    }
  };
  let isFlushed: Eventually<void>;
  try {
    isFlushed = medium.flush();
  } catch (error) {
    return failedWrite(core, error);
  }
  const flushedThen = (): Eventually<Outcome> => {
    core.pressure.end();
    return move();
  };
  return isFlushed instanceof Promise
    ? isFlushed.then(flushedThen, (error: unknown) => failedWrite(core, error))
    : flushedThen();
}

/** The table of SPACE: `residue` is never negative. */
function wordMotion({ end, residue }: Motion): Outcome {
  switch (end) {
    case "done":
      return good();
    case "filemark":
      return check("filemark-detected", { filemark: true, information: residue });
    case "end-of-data":
      return check("end-of-data", { information: residue });
    case "beginning":
      return check("beginning-of-partition", { endOfMedium: true, information: residue });
    default:
      return end satisfies never;
  }
}
