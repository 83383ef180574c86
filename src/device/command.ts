// SPDX-License-Identifier: Apache-2.0
// A command as a handler sees it: the decoded CDB, where it came from, its data.

import type { BitPosition } from "#codec/index.ts";
import { defined } from "#base/index.ts";
import type { CdbFieldOf, CdbOf, CommandRow, CommandTable } from "#scsi/index.ts";
import { check, type Check, type Outcome } from "./outcome.ts";
import type { UnitNexus, UnitTask } from "./unit-task.ts";

const noBytes = new Uint8Array(0);

/** One command on its way through a unit. `cdb` holds the fields of the row's layout. */
export class Command<Row extends CommandRow = CommandRow> {
  readonly row: Row;
  readonly task: UnitTask;
  readonly cdb: CdbOf<Row>;

  /** Decodes the task's CDB, which must be at least as long as the row's layout. */
  constructor(row: Row, task: UnitTask) {
    this.row = row;
    this.task = task;
    // The row's own layout decodes it; the compiler cannot see that through the type parameter.
    this.cdb = row.cdb.decode(task.cdb) as CdbOf<Row>;
  }

  get nexus(): UnitNexus {
    return this.task.nexus;
  }

  /**
   * The data that the initiator sent: as long as it said it would (EDTL), whatever the CDB says. Its memory may move
   * between two turns of the event loop: read this property again after an await, and never keep it.
   */
  get dataOut(): Uint8Array {
    return this.task.place?.bytes ?? noBytes;
  }

  /** 05/24/00 that points at a field of this CDB; by default at its highest bit. */
  invalidField(name: CdbFieldOf<Row>): Check {
    const field = defined(this.row.cdb.fields[name], `${this.row.name} has a field ${name}`);
    return invalidCdbBit({ byte: field.byte, bit: field.bits?.[0] ?? 7 });
  }
}

/** 05/24/00 that points at a bit of the CDB. */
export function invalidCdbBit(position: BitPosition): Check {
  return check("invalid-field-in-cdb", { fieldPointer: { in: "cdb", byte: position.byte, bit: position.bit } });
}

/** Carries one command out. Hot paths return the outcome itself; a promise holds the unit until it settles. */
export type Handler<Row extends CommandRow = CommandRow> = (command: Command<Row>) => Outcome | Promise<Outcome>;

/** A handler for each row of a table: a missing or an extra one does not compile. */
export type Handlers<Table extends CommandTable> = { readonly [Name in keyof Table]: Handler<Table[Name]> };
