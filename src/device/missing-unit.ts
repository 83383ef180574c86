// SPDX-License-Identifier: Apache-2.0
// What answers for logical unit numbers that nobody has: INQUIRY, REPORT LUNS and REQUEST SENSE of SPC-4.

import { absentUnit, encodeSense, senseTable, spcCommands, StandardInquiry } from "#scsi/index.ts";
import { Command } from "./command.ts";
import { checkCdb } from "./dispatch.ts";
import { check, encodeOutcome, goodData, truncated, type Outcome } from "./outcome.ts";
import { reportLuns } from "./reports.ts";
import type { LogicalUnit, UnitNexus, UnitTask } from "./unit-task.ts";

/** What a missing unit knows. */
export interface MissingUnitOptions {
  /** Logical unit numbers of the target, for REPORT LUNS. */
  readonly luns: () => readonly number[];
}

/** Answers INQUIRY with "no such unit" (7Fh), REPORT LUNS truly, and everything else with 05/25/00. Keeps no state. */
export class MissingUnit implements LogicalUnit {
  readonly #options: MissingUnitOptions;
  readonly placeableBytes = Number.MAX_SAFE_INTEGER;

  constructor(options: MissingUnitOptions) {
    this.#options = options;
  }

  lunsChanged(): void {}

  nexusOpened(_nexus: UnitNexus): void {}

  nexusClosed(_nexus: UnitNexus, _how: "logout" | "lost"): Promise<void> {
    return Promise.resolve();
  }

  accept(task: UnitTask): void {
    task.finish(encodeOutcome(this.#answer(task), "fixed"));
  }

  abort(_task: UnitTask): Promise<void> {
    return Promise.resolve();
  }

  manage(_function: "abort-task-set" | "clear-task-set" | "reset", _nexus: UnitNexus | undefined): Promise<void> {
    return Promise.resolve();
  }

  #answer(task: UnitTask): Outcome {
    const { inquiry, reportLuns: luns, requestSense } = spcCommands;
    const opcode = task.cdb[0];
    if (opcode === inquiry.opcode) {
      const command = new Command(inquiry, task);
      if (command.cdb.vitalProductData) return command.invalidField("vitalProductData");
      return truncated(goodData(absentInquiry()), command.cdb.allocationLength);
    }
    if (opcode === luns.opcode) {
      const refused = checkCdb(luns, task.cdb);
      if (refused !== undefined) return refused;
      const command = new Command(luns, task);
      return truncated(reportLuns(this.#options.luns(), command), command.cdb.allocationLength);
    }
    if (opcode === requestSense.opcode) {
      const { allocationLength, descriptorFormat } = new Command(requestSense, task).cdb;
      const { key, asc, ascq } = senseTable["unit-not-supported"];
      const sense = encodeSense({ key, asc, ascq }, descriptorFormat ? "descriptor" : "fixed");
      return truncated(goodData(sense), allocationLength);
    }
    return check("unit-not-supported");
  }
}

/** INQUIRY data of the minimum length: peripheral qualifier 3, type 1Fh. */
function absentInquiry(): Uint8Array {
  const standardLength = 36;
  const data = StandardInquiry.encode({ ...absentUnit, responseFormat: 2, additionalLength: standardLength - 5 });
  return data.subarray(0, standardLength);
}
