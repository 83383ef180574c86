// SPDX-License-Identifier: Apache-2.0
// The reporting commands that are generated from tables: REPORT LUNS, REPORT SUPPORTED OPERATION CODES, REPORT SUPPORTED
// TASK MANAGEMENT FUNCTIONS, REPORT TIMESTAMP. SPC-4.

import { concatBytes, type Instant } from "#base/index.ts";
import {
  AllCommandsHeader,
  CommandDescriptor,
  encodeLun,
  LunsHeader,
  OneCommandHeader,
  TaskManagementSupport,
  TimeoutsDescriptor,
  Timestamp,
  TimestampParameters,
  type CommandRow,
  type spcCommands,
} from "#scsi/index.ts";
import type { Command } from "./command.ts";
import type { Dispatch } from "./dispatch.ts";
import { check, good, goodData, type Outcome } from "./outcome.ts";

type Spc = typeof spcCommands;

/** Shortest allocation length of REPORT LUNS: SPC-4. */
const lunsMinimum = 16;
/** SELECT REPORT: SPC-4. */
const selectReport = { addressable: 0, wellKnown: 1, all: 2 } as const;

/** REPORT LUNS. */
export function reportLuns(luns: readonly number[], command: Command<Spc["reportLuns"]>): Outcome {
  if (command.cdb.allocationLength < lunsMinimum) return command.invalidField("allocationLength");
  const { selectReport: select } = command.cdb;
  if (select > selectReport.all) return command.invalidField("selectReport");
  const entries = select === selectReport.wellKnown ? [] : luns.map(encodeLun);
  return goodData(concatBytes([LunsHeader.encode({ listLength: entries.length * 8 }), ...entries]));
}

/** REPORTING OPTIONS: SPC-4. */
const reportingOptions = ["all", "opcode", "service-action", "either"] as const;
/** SUPPORT: SPC-4. */
const support = { no: 0b001, asStandard: 0b011 } as const;

/** REPORT SUPPORTED OPERATION CODES. */
export function reportSupportedOpcodes(
  dispatch: Dispatch,
  command: Command<Spc["reportSupportedOperationCodes"]>,
): Outcome {
  const { returnTimeouts, requestedOpcode, requestedServiceAction } = command.cdb;
  const option = reportingOptions[command.cdb.reportingOptions];
  if (option === undefined) return command.invalidField("reportingOptions");
  if (option === "all") return goodData(allCommands(dispatch.rows, returnTimeouts));
  const hasActions = dispatch.hasServiceActions(requestedOpcode);
  // An operation code that is asked for in the wrong way is an error: SPC-4.
  if (option === "opcode" && hasActions) return command.invalidField("requestedOpcode");
  if (option === "service-action" && !hasActions && dispatch.hasOpcode(requestedOpcode)) {
    return command.invalidField("requestedOpcode");
  }
  const probe = Uint8Array.of(requestedOpcode, requestedServiceAction & 0x1f);
  const isActionRight = hasActions
    ? requestedServiceAction <= 0x1f
    : option !== "either" || requestedServiceAction === 0;
  const row = isActionRight ? dispatch.find(probe)?.row : undefined;
  return goodData(oneCommand(row, returnTimeouts));
}

function allCommands(rows: readonly CommandRow[], returnTimeouts: boolean): Uint8Array {
  const parts = rows.map((row) => {
    const descriptor = CommandDescriptor.encode({
      opcode: row.opcode,
      serviceAction: row.serviceAction ?? 0,
      timeoutsPresent: returnTimeouts,
      serviceActionValid: row.serviceAction !== undefined,
      cdbLength: row.cdb.size,
    });
    return returnTimeouts ? concatBytes([descriptor, timeoutsOf(row)]) : descriptor;
  });
  const body = concatBytes(parts);
  return concatBytes([AllCommandsHeader.encode({ commandDataLength: body.byteLength }), body]);
}

function oneCommand(row: CommandRow | undefined, returnTimeouts: boolean): Uint8Array {
  if (row === undefined) return OneCommandHeader.encode({ support: support.no });
  const header = OneCommandHeader.encode({
    support: support.asStandard,
    timeoutsPresent: returnTimeouts,
    cdbLength: row.cdb.size,
  });
  return concatBytes([header, usageOf(row), ...(returnTimeouts ? [timeoutsOf(row)] : [])]);
}

const timeoutsOf = ({ timeouts: { nominal, recommended } }: CommandRow): Uint8Array =>
  TimeoutsDescriptor.encode({ nominal, recommended });

/** CDB USAGE DATA: ones where the unit looks at a field, the codes themselves, zero for the control byte. */
function usageOf(row: CommandRow): Uint8Array {
  const usage = new Uint8Array(row.cdb.size);
  for (const [name, field] of Object.entries(row.cdb.fields)) {
    if (field.isAlways || name === "control") continue;
    for (let index = field.byte; index < field.byte + field.byteCount; index++) {
      const [high, low] = field.bits ?? [7, 0];
      usage[index] = (usage[index] ?? 0) | (((1 << (high - low + 1)) - 1) << low);
    }
  }
  usage[0] = row.opcode;
  if (row.serviceAction !== undefined) usage[1] = (usage[1] ?? 0) | row.serviceAction;
  return usage;
}

/** REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS: what the iSCSI target carries out. */
export function reportTaskManagement(command: Command<Spc["reportSupportedTaskManagementFunctions"]>): Outcome {
  const short = 4;
  const bytes = TaskManagementSupport.encode({
    abortTask: true,
    abortTaskSet: true,
    clearTaskSet: true,
    unitReset: true,
    targetReset: true,
    additionalLength: command.cdb.extended ? TaskManagementSupport.size - short : 0,
  });
  return goodData(command.cdb.extended ? bytes : bytes.subarray(0, short));
}

/** TIMESTAMP ORIGIN: set by SET TIMESTAMP; set by means beyond the standard, the clock of the machine. SPC-4. */
const origins = { host: 0b010, outside: 0b011 } as const;

/** The clock that hosts see: the machine's, until one of them sets it. */
export class UnitTimestamp {
  readonly #now: () => Instant;
  #offset: number | undefined;

  constructor(now: () => Instant) {
    this.#now = now;
  }

  /** REPORT TIMESTAMP. */
  report(): Outcome {
    const timestamp = Math.max(0, Math.trunc(this.#now() + (this.#offset ?? 0)));
    return goodData(
      Timestamp.encode({ origin: this.#offset === undefined ? origins.outside : origins.host, timestamp }),
    );
  }

  /** SET TIMESTAMP. `changed` is called when it was set. */
  set(command: Command<Spc["setTimestamp"]>, changed: () => void): Outcome {
    const { parameterListLength } = command.cdb;
    if (parameterListLength === 0) return good();
    if (parameterListLength < TimestampParameters.size) return check("parameter-list-length");
    this.#offset = TimestampParameters.decode(command.dataOut).timestamp - this.#now();
    changed();
    return good();
  }
}
