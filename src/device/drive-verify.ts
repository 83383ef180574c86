// SPDX-License-Identifier: Apache-2.0
// VERIFY(6): SSC-4 6.12. It reads as READ does, and gives nothing out.

import { limits } from "#base/index.ts";
import type { sscCommands } from "#scsi/index.ts";
import { after } from "#tape/index.ts";
import type { Eventually, Medium, StoredObject } from "#tape/index.ts";
import type { Command } from "./command.ts";
import type { DriveCore } from "./drive-core.ts";
import { damagedRead, guard } from "./drive-outcomes.ts";
import { openBlock } from "./drive-read.ts";
import { check, good, isCheck } from "./outcome.ts";
import type { DataIn, Outcome } from "./outcome.ts";

type VerifyCommand = Command<typeof sscCommands.verify6>;

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
