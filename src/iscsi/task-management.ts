// SPDX-License-Identifier: Apache-2.0
// Task management of a target session: RFC 7143 sections 11.5 and 11.6. The answer goes out only when the aborted
// commands have no effect any more.

import { managementFunctions, managementResponses } from "./codes.ts";
import type { CommandWindow } from "./command-window.ts";
import type { HeldCommand } from "./held-command.ts";
import type { TaskManagementRequest } from "./pdu-layouts.ts";
import type { Nexus, TargetDevice, UnitManagement } from "./scsi-task.ts";
import { isSerialBefore, serialNumber } from "./serial-number.ts";
import type { TargetTask } from "./target-task.ts";

/** What task management works on. */
export interface ManagedSession {
  readonly device: TargetDevice;
  readonly nexus: Nexus;
  readonly window: CommandWindow<HeldCommand>;
  /** The commands that have no answer yet, by initiator task tag. */
  readonly tasks: ReadonlyMap<number, TargetTask>;
  /** Takes the task from the session: it is not answered. */
  drop(task: TargetTask): void;
}

/** Functions that go to the units, and which commands of the session they end. */
const unitFunctions: ReadonlyMap<number, { readonly unit: UnitManagement; readonly isWholeTarget: boolean }> = new Map([
  [managementFunctions.abortTaskSet, { unit: "abort-task-set", isWholeTarget: false }],
  [managementFunctions.clearTaskSet, { unit: "clear-task-set", isWholeTarget: false }],
  [managementFunctions.lunReset, { unit: "lun-reset", isWholeTarget: false }],
  [managementFunctions.targetWarmReset, { unit: "target-warm-reset", isWholeTarget: true }],
  [managementFunctions.targetColdReset, { unit: "target-cold-reset", isWholeTarget: true }],
]);

/** Does what a request asks and resolves with the response code. */
export function manage(session: ManagedSession, request: TaskManagementRequest, lun: number): Promise<number> {
  if (request.function === managementFunctions.abortTask) return abortTask(session, request);
  if (request.function === managementFunctions.taskReassign) {
    return Promise.resolve(managementResponses.reassignNotSupported);
  }
  if (request.function === managementFunctions.clearAca) return Promise.resolve(managementResponses.notSupported);
  const row = unitFunctions.get(request.function);
  if (row === undefined) return Promise.resolve(managementResponses.rejected);
  return manageUnits(session, row, lun);
}

/**
 * Section 11.5.1: a task that is not here may be one that was sent before this request and is still to come. A number
 * that was not used yet stays free for the command that will have it.
 */
async function abortTask(session: ManagedSession, request: TaskManagementRequest): Promise<number> {
  const task = session.tasks.get(request.referencedTaskTag);
  if (task === undefined) {
    const number = serialNumber(request.refCmdSn);
    const isToCome = isSerialBefore(number, serialNumber(request.cmdSn)) && session.window.skip(number);
    return isToCome ? managementResponses.complete : managementResponses.taskDoesNotExist;
  }
  session.drop(task);
  await session.device.abort(task);
  return managementResponses.complete;
}

async function manageUnits(
  session: ManagedSession,
  row: { readonly unit: UnitManagement; readonly isWholeTarget: boolean },
  lun: number,
): Promise<number> {
  const ended = [...session.tasks.values()].filter((task) => row.isWholeTarget || task.lun === lun);
  for (const task of ended) session.drop(task);
  const exists = await session.device.manage(row.unit, session.nexus, lun);
  return exists ? managementResponses.complete : managementResponses.lunDoesNotExist;
}
