// SPDX-License-Identifier: Apache-2.0
// From a CDB to its row and handler, and the checks that follow from tables alone: whether the command exists, whether its
// reserved bits, fixed fields and control byte are as they must be. SPC-4, SAM-5.

import { assert, defined } from "#base/index.ts";
import { obsoleteLunBits, type CommandRow, type CommandTable } from "#scsi/index.ts";
import { invalidCdbBit, type Handler } from "./command.ts";
import { check, type Check } from "./outcome.ts";

/** A command that a unit has. */
export interface Entry {
  readonly row: CommandRow;
  readonly handler: Handler;
  /** ALLOCATION LENGTH of a CDB, for commands that have it. */
  readonly allocationLength: ((cdb: Uint8Array) => number) | undefined;
  /** PARAMETER LIST LENGTH of a CDB, for commands that have it and take data. */
  readonly parameterListLength: ((cdb: Uint8Array) => number) | undefined;
}

/** What an operation code leads to: one command, or several by service action. */
type Slot = Entry | Map<number, Entry>;

/** SERVICE ACTION: byte 1, bits 4 to 0. SPC-4. */
const serviceActionMask = 0x1f;
/** Control byte: NACA, LINK, FLAG and the reserved bits. Bits 7 and 6 are the vendor's. SAM-5. */
const controlMask = 0x3f;

/** The commands of one unit by operation code. */
export class Dispatch {
  readonly #slots: (Slot | undefined)[] = Array.from<Slot | undefined>({ length: 256 });
  readonly #entries: readonly Entry[];

  /** `handlers` has one for each name of the tables; the caller's types say so. */
  constructor(tables: readonly CommandTable[], handlers: Readonly<Record<string, Handler>>) {
    this.#entries = tables.flatMap((table) =>
      Object.entries(table).map(([name, row]) => ({
        row,
        handler: defined(handlers[name], `a handler for ${name}`),
        allocationLength: lengthReader(row, "allocationLength"),
        parameterListLength: row.data === "out" ? lengthReader(row, "parameterListLength") : undefined,
      })),
    );
    for (const entry of this.#entries) this.#slots[entry.row.opcode] = this.#slotWith(entry);
  }

  #slotWith(entry: Entry): Slot {
    const { opcode, serviceAction, name } = entry.row;
    const slot = this.#slots[opcode];
    if (serviceAction === undefined) {
      assert(slot === undefined, `${name} has an operation code of its own`);
      return entry;
    }
    assert(slot === undefined || slot instanceof Map, `operation code ${opcode} has service actions only`);
    assert(slot?.has(serviceAction) !== true, `${name} has a service action of its own`);
    return new Map([...(slot ?? []), [serviceAction, entry]]);
  }

  /** All rows, by operation code and service action. */
  get rows(): readonly CommandRow[] {
    return this.#entries
      .map(({ row }) => row)
      .toSorted((left, right) => left.opcode - right.opcode || (left.serviceAction ?? 0) - (right.serviceAction ?? 0));
  }

  /** The command that a CDB asks for; undefined when the unit does not have it. */
  find(cdb: Uint8Array): Entry | undefined {
    const slot = this.#slots[cdb[0] ?? 0];
    return slot instanceof Map ? slot.get((cdb[1] ?? 0) & serviceActionMask) : slot;
  }

  /** Why `find` has nothing: no such operation code, or no such service action. */
  refusal(cdb: Uint8Array): Check {
    return this.hasOpcode(cdb[0] ?? 0) ? invalidCdbBit({ byte: 1, bit: 4 }) : check("invalid-opcode");
  }

  hasOpcode(opcode: number): boolean {
    return this.#slots[opcode] !== undefined;
  }

  hasServiceActions(opcode: number): boolean {
    return this.#slots[opcode] instanceof Map;
  }
}

/** Reads a length field of a row's CDB; 0 for a CDB that is cut. */
function lengthReader(row: CommandRow, name: string): ((cdb: Uint8Array) => number) | undefined {
  const field = row.cdb.fields[name];
  if (field === undefined) return undefined;
  return (cdb) => (cdb.byteLength < row.cdb.size ? 0 : Number(field.read(cdb, 0)));
}

/** Reserved bits, fixed fields, control byte. */
export function checkCdb(row: CommandRow, cdb: Uint8Array): Check | undefined {
  if (cdb.byteLength < row.cdb.size) return check("invalid-field-in-cdb");
  const wrong = row.cdb.check(cdb, 0, obsoleteLunBits);
  if (wrong !== undefined) return invalidCdbBit(wrong);
  const controlByte = row.cdb.size - 1;
  const control = (cdb[controlByte] ?? 0) & controlMask;
  return control === 0 ? undefined : invalidCdbBit({ byte: controlByte, bit: 31 - Math.clz32(control) });
}
