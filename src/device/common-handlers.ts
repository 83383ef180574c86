// SPDX-License-Identifier: Apache-2.0
// Handlers of the commands that every unit has (the SPC table). They act on a unit through `CommonHost`.

import type { Instant } from "#base/index.ts";
import { encodeSense, type CommandRow, type Sense, type spcCommands } from "#scsi/index.ts";
import type { Command, Handlers } from "./command.ts";
import type { Dispatch } from "./dispatch.ts";
import type { UnitIdentity } from "./identity.ts";
import { standardInquiry, vpdPage, type VpdBodies } from "./inquiry-data.ts";
import { logSelect, logSense, type LogPages } from "./log-pages.ts";
import { modeSelect, modeSense } from "./mode-commands.ts";
import type { ModePages } from "./mode-pages.ts";
import { bareStatus, check, good, goodData, invalidParameter, type Check, type Outcome } from "./outcome.ts";
import {
  clear,
  preempt,
  readFullStatus,
  readKeys,
  readReservation,
  register,
  registerAndMove,
  release,
  reportCapabilities,
  reserve,
  type ReservationOwner,
  type ReserveRequest,
} from "./persistent-reserve.ts";
import { reportLuns, reportSupportedOpcodes, reportTaskManagement, UnitTimestamp } from "./reports.ts";
import { UnitBuffers } from "./unit-buffers.ts";
import type { UnitNexus } from "./unit-task.ts";

type Spc = typeof spcCommands;

/** What the common commands need of their unit. */
export interface CommonHost extends ReservationOwner {
  readonly identity: UnitIdentity;
  readonly modes: ModePages;
  readonly logs: LogPages;
  dispatch(): Dispatch;
  vpdBodies(): VpdBodies;
  luns(nexus: UnitNexus): readonly number[];
  now(): Instant;
  readiness(nexus: UnitNexus): Check | undefined;
  /** The pending unit attention, which is not pending any more; or the state of the unit. */
  takeSense(nexus: UnitNexus): Sense;
  setPrevented(nexus: UnitNexus, isPrevented: boolean): void;
  /** Queues a unit attention for every nexus but one. */
  tellOthers(name: "mode-parameters-changed" | "log-parameters-changed" | "timestamp-changed", except: UnitNexus): void;
  selfTest(): Check | undefined | Promise<Check | undefined>;
}

/** The handlers of the commands that every unit has. */
export function commonHandlers(host: CommonHost): Handlers<Spc> {
  const buffers = new UnitBuffers();
  const timestamp = new UnitTimestamp(() => host.now());
  return {
    testUnitReady: ({ nexus }) => host.readiness(nexus) ?? good(),
    requestSense: (command) => requestSense(host, command),
    inquiry: (command) => inquiry(host, command),
    modeSelect6: (command) => modeSelect(host.modes, command, () => modeChanged(host, command.nexus)),
    modeSelect10: (command) => modeSelect(host.modes, command, () => modeChanged(host, command.nexus)),
    modeSense6: (command) => modeSense(host.modes, command),
    modeSense10: (command) => modeSense(host.modes, command),
    receiveDiagnosticResults: receiveDiagnostic,
    sendDiagnostic: (command) => sendDiagnostic(host, command),
    preventAllowMediumRemoval: (command) => prevent(host, command),
    logSelect: (command) =>
      logSelect(host.logs, command, () => host.tellOthers("log-parameters-changed", command.nexus)),
    logSense: (command) => logSense(host.logs, command),
    reportLuns: (command) => reportLuns(host.luns(command.nexus), command),
    reportSupportedOperationCodes: (command) => reportSupportedOpcodes(host.dispatch(), command),
    reportSupportedTaskManagementFunctions: reportTaskManagement,
    reportTimestamp: () => timestamp.report(),
    setTimestamp: (command) => timestamp.set(command, () => host.tellOthers("timestamp-changed", command.nexus)),
    readBuffer: (command) => buffers.read(command),
    writeBuffer: (command) => buffers.write(command),
    ...reserveHandlers(host),
    ...persistentHandlers(host),
  };
}

function reserveHandlers(host: CommonHost): Pick<Handlers<Spc>, "reserve6" | "reserve10" | "release6" | "release10"> {
  const { reservations } = host;
  const conflict = bareStatus("reservation-conflict");
  return {
    reserve6: (command) => wholeUnit(command) ?? (reservations.reserve(command.nexus) ? good() : conflict),
    reserve10: (command) => wholeUnit(command) ?? (reservations.reserve(command.nexus) ? good() : conflict),
    release6: (command) => {
      const refused = wholeUnit(command);
      if (refused === undefined) reservations.release(command.nexus);
      return refused ?? good();
    },
    release10: (command) => {
      const refused = wholeUnit(command);
      if (refused === undefined) reservations.release(command.nexus);
      return refused ?? good();
    },
  };
}

/** Third-party, extent and element reservations are not offered. */
function wholeUnit(
  command: Command<Spc["reserve6"]> | Command<Spc["reserve10"]> | Command<Spc["release6"]> | Command<Spc["release10"]>,
): Check | undefined {
  if (command.cdb.thirdParty) return command.invalidField("thirdParty");
  return command.cdb.partial ? command.invalidField("partial") : undefined;
}

type PersistentName = Extract<keyof Spc, `persistentReserve${string}`>;

function persistentHandlers(host: CommonHost): Pick<Handlers<Spc>, PersistentName> {
  return {
    persistentReserveInReadKeys: () => readKeys(host),
    persistentReserveInReadReservation: () => readReservation(host),
    persistentReserveInReportCapabilities: () => reportCapabilities(),
    persistentReserveInReadFullStatus: () => readFullStatus(host),
    persistentReserveOutRegister: (command) => register(host, requestOf(command), false),
    persistentReserveOutReserve: (command) => reserve(host, requestOf(command)),
    persistentReserveOutRelease: (command) => release(host, requestOf(command)),
    persistentReserveOutClear: (command) => clear(host, requestOf(command)),
    persistentReserveOutPreempt: (command) => preempt(host, requestOf(command), false),
    persistentReserveOutPreemptAndAbort: (command) => preempt(host, requestOf(command), true),
    persistentReserveOutRegisterAndIgnore: (command) => register(host, requestOf(command), true),
    persistentReserveOutRegisterAndMove: (command) => registerAndMove(host, requestOf(command)),
  };
}

type OutCommand = Pick<Command<Spc["persistentReserveOutRegister"]>, "nexus" | "cdb" | "dataOut">;

function requestOf(command: OutCommand): ReserveRequest {
  const { scope, type, parameterListLength } = command.cdb;
  return { nexus: command.nexus, scope, type, parameters: command.dataOut.subarray(0, parameterListLength) };
}

function modeChanged(host: CommonHost, nexus: UnitNexus): void {
  host.tellOthers("mode-parameters-changed", nexus);
}

function requestSense(host: CommonHost, command: Command<Spc["requestSense"]>): Outcome {
  const format = command.cdb.descriptorFormat || host.modes.wantsDescriptorSense ? "descriptor" : "fixed";
  return goodData(encodeSense(host.takeSense(command.nexus), format));
}

function inquiry(host: CommonHost, command: Command<Spc["inquiry"]>): Outcome {
  const { vitalProductData, pageCode } = command.cdb;
  if (!vitalProductData) {
    return pageCode === 0 ? goodData(standardInquiry(host.identity)) : command.invalidField("pageCode");
  }
  const page = vpdPage(host.identity, { pageCode, nexus: command.nexus, own: host.vpdBodies() });
  return page === undefined ? command.invalidField("pageCode") : goodData(page);
}

/** Diagnostic pages: 00h lists itself; from 80h on they are the vendor's. SPC-4. */
const supportedDiagnostics = 0x00;
const firstVendorDiagnostic = 0x80;

function receiveDiagnostic(command: Command<Spc["receiveDiagnosticResults"]>): Outcome {
  const { pageCodeValid, pageCode } = command.cdb;
  if (pageCodeValid && pageCode !== supportedDiagnostics) return command.invalidField("pageCode");
  return goodData(Uint8Array.of(supportedDiagnostics, 0, 0, 1, supportedDiagnostics));
}

/** SELF-TEST CODE: bits that old initiators use for the LUN; only their combination with SELFTEST is an error. */
function sendDiagnostic(host: CommonHost, command: Command<Spc["sendDiagnostic"]>): Outcome | Promise<Outcome> {
  const { selfTest, selfTestCode, parameterListLength } = command.cdb;
  if (parameterListLength > 0) {
    if (selfTest) return command.invalidField("parameterListLength");
    const list = command.dataOut.subarray(0, parameterListLength);
    const header = 4;
    if (list.byteLength < header) return check("parameter-list-length");
    const [page = 0] = list;
    // Vendor pages ask for a dump of the drive, which hosts expect to be taken and which we do not have.
    return page === supportedDiagnostics || page >= firstVendorDiagnostic ? good() : invalidParameter({ byte: 0 });
  }
  if (!selfTest) return good();
  if (selfTestCode !== 0) return command.invalidField("selfTestCode");
  const result = host.selfTest();
  if (result instanceof Promise) return result.then((refused) => refused ?? good());
  return result ?? good();
}

function prevent(host: CommonHost, command: Command<Spc["preventAllowMediumRemoval"]>): Outcome {
  const { prevent: value } = command.cdb;
  if (value > 1) return command.invalidField("prevent");
  host.setPrevented(command.nexus, value === 1);
  return good();
}

type ReservationRules = Pick<CommandRow, "underReserve" | "underPersistent">;
const passes: ReservationRules = { underReserve: "allow", underPersistent: "exempt" };

/** The flags that decide about reservation conflicts of this CDB. */
export function reservationRules(row: CommandRow, cdb: Uint8Array): ReservationRules {
  const { exemptWhen } = row;
  if (exemptWhen === undefined || cdb.byteLength < row.cdb.size) return row;
  return row.cdb.fields[exemptWhen.field]?.read(cdb, 0) === exemptWhen.is ? passes : row;
}
