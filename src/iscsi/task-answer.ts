// SPDX-License-Identifier: Apache-2.0
// Turns the result of a command into PDUs: Data-In in bursts, the status in the last of them when it is GOOD, otherwise
// a SCSI Response with sense; and the residual. RFC 7143 sections 11.4 and 11.7.

import { concatBytes } from "#base/index.ts";
import { noTag, scsiResponses, scsiStatus } from "./codes.ts";
import type { SessionParameters } from "./negotiation.ts";
import { DataIn, ScsiResponse } from "./pdu-layouts.ts";
import type { OutgoingPdu } from "./pdu-sender.ts";
import type { TaskResult } from "./scsi-task.ts";
import type { TargetOutput } from "./target-output.ts";
import type { TargetTask } from "./target-task.ts";

/** U, O and the count. */
interface Residual {
  readonly underflow: boolean;
  readonly overflow: boolean;
  readonly residualCount: number;
}

const countMax = 0xffff_ffff;

/** How far `actual` is from `expected`: section 11.4.5.2. */
export function residualOf(expected: number, actual: number): Residual {
  return {
    underflow: actual < expected,
    overflow: actual > expected,
    residualCount: Math.min(Math.abs(expected - actual), countMax),
  };
}

const exact = residualOf(0, 0);

/** Sends the answer of a task and releases its data once the network has taken it. */
export function sendAnswer(
  task: TargetTask,
  result: TaskResult,
  output: TargetOutput,
  parameters: SessionParameters,
): void {
  const dataIn = result.dataIn;
  const whole = dataIn?.bytes;
  const bytes = whole === undefined ? undefined : whole.subarray(0, task.expectedDataIn);
  const pdus: OutgoingPdu[] = [];
  if (bytes === undefined || bytes.byteLength === 0) {
    dataIn?.release();
    pdus.push(response(task, result, output, 0));
    output.sender.sendAll(pdus);
    return;
  }
  const hasStatus = result.status === scsiStatus.good && task.expectedDataOut === 0;
  addDataIn(pdus, { task, result, bytes, hasStatus, output, parameters });
  if (!hasStatus) pdus.push(response(task, result, output, pdus.length));
  output.sender.sendAll(pdus, () => dataIn?.release());
}

interface DataInJob {
  readonly task: TargetTask;
  readonly result: TaskResult;
  readonly bytes: Uint8Array;
  readonly hasStatus: boolean;
  readonly output: TargetOutput;
  readonly parameters: SessionParameters;
}

function addDataIn(pdus: OutgoingPdu[], job: DataInJob): void {
  const { task, bytes, output, parameters } = job;
  const { maxBurst, peerReceiveSegment } = parameters;
  let offset = 0;
  let burstEnd = 0;
  for (let dataSn = 0; offset < bytes.byteLength; dataSn++) {
    if (offset === burstEnd) burstEnd = Math.min(offset + maxBurst, bytes.byteLength);
    const end = Math.min(offset + peerReceiveSegment, burstEnd);
    const isLast = end === bytes.byteLength;
    const withStatus = isLast && job.hasStatus;
    const residual = withStatus ? readResidual(task, job.result) : exact;
    const { statSn, expCmdSn, maxCmdSn } = withStatus ? output.status() : output.peek();
    const header = DataIn.encode({
      isFinal: end === burstEnd,
      hasStatus: withStatus,
      status: withStatus ? job.result.status : 0,
      underflow: residual.underflow,
      overflow: residual.overflow,
      residualCount: residual.residualCount,
      initiatorTaskTag: task.header.initiatorTaskTag,
      targetTransferTag: noTag,
      statSn: withStatus ? statSn : 0,
      expCmdSn,
      maxCmdSn,
      dataSn,
      bufferOffset: offset,
    });
    pdus.push({ header, data: bytes.subarray(offset, end) });
    offset = end;
  }
}

function readResidual(task: TargetTask, result: TaskResult): Residual {
  return residualOf(task.expectedDataIn, result.transferLength ?? result.dataIn?.bytes.byteLength ?? 0);
}

function response(task: TargetTask, result: TaskResult, output: TargetOutput, dataInCount: number): OutgoingPdu {
  const isBidirectional = task.expectedDataOut > 0 && task.expectedDataIn > 0;
  const isWrite = task.expectedDataOut > 0;
  const residual = isWrite
    ? residualOf(task.expectedDataOut, result.transferLength ?? task.expectedDataOut)
    : readResidual(task, result);
  const read = isBidirectional ? residualOf(task.expectedDataIn, result.dataIn?.bytes.byteLength ?? 0) : exact;
  const { statSn, expCmdSn, maxCmdSn } = output.status();
  const header = ScsiResponse.encode({
    readOverflow: read.overflow,
    readUnderflow: read.underflow,
    underflow: residual.underflow,
    overflow: residual.overflow,
    residualCount: residual.residualCount,
    response: scsiResponses.completed,
    status: result.status,
    initiatorTaskTag: task.header.initiatorTaskTag,
    statSn,
    expCmdSn,
    maxCmdSn,
    expDataSn: dataInCount + (task.transfer?.grantCount ?? 0),
    readResidualCount: read.residualCount,
  });
  const { sense } = result;
  if (sense === undefined || sense.byteLength === 0) return { header };
  return { header, data: concatBytes([Uint8Array.of(sense.byteLength >>> 8, sense.byteLength & 0xff), sense]) };
}
