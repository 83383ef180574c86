// SPDX-License-Identifier: Apache-2.0
// For the tests of full-feature phase: a session that is logged in, and the PDUs that the tests send most.

import assert from "node:assert/strict";
import { noTag } from "./codes.ts";
import {
  DataOut,
  ReadyToTransfer,
  ScsiCommand,
  ScsiResponse,
  TaskManagementRequest,
  TaskManagementResponse,
} from "./pdu-layouts.ts";
import { fakeCdb, fakeOpcodes } from "./session-harness.ts";
import type { TargetSettings } from "./settings.ts";
import { type TextPair } from "./text.ts";
import { makeWorld, FakeWire, type SentPdu } from "./wire-harness.ts";

export async function session(
  pairs: readonly TextPair[] = [],
  options: { readonly settings?: Partial<TargetSettings>; readonly cmdSn?: number; readonly firstStatSn?: number } = {},
): Promise<FakeWire> {
  const wire = new FakeWire(makeWorld(options.settings), options.firstStatSn);
  await wire.logInDirectly(pairs, { cmdSn: options.cmdSn ?? 1 });
  return wire;
}

export const nothing = (cmdSn: number, initiatorTaskTag: number, immediate = false): Uint8Array =>
  ScsiCommand.encode({ isFinal: true, immediate, initiatorTaskTag, cmdSn, cdb: fakeCdb(fakeOpcodes.nothing) });

export function write(size: number, fields: Partial<ScsiCommand> = {}): Uint8Array {
  return ScsiCommand.encode({
    isFinal: true,
    isWrite: true,
    initiatorTaskTag: 1,
    expectedLength: size,
    cmdSn: 1,
    cdb: fakeCdb(fakeOpcodes.write, size),
    ...fields,
  });
}

export const tags = (pdus: readonly SentPdu[]): number[] =>
  pdus.map((pdu) => ScsiResponse.decode(pdu.header).initiatorTaskTag);
export const accepted = (wire: FakeWire): number =>
  wire.world.device.events.filter((event) => event.startsWith("accept")).length;

export const bursts: readonly TextPair[] = [
  ["InitialR2T", "No"],
  ["ImmediateData", "Yes"],
  ["MaxBurstLength", "8192"],
  ["FirstBurstLength", "4096"],
  ["MaxOutstandingR2T", "2"],
];

export async function grants(wire: FakeWire): Promise<ReadyToTransfer[]> {
  const pdus = await wire.take();
  assert.ok(
    pdus.every((pdu) => pdu.name === "readyToTransfer"),
    pdus.map((pdu) => pdu.name).join(),
  );
  return pdus.map((pdu) => ReadyToTransfer.decode(pdu.header));
}

export function answerTo(grant: ReadyToTransfer, fields: Partial<DataOut> = {}): Uint8Array {
  const { targetTransferTag, bufferOffset, lunFirstLevel } = grant;
  return DataOut.encode({
    isFinal: true,
    lunFirstLevel,
    initiatorTaskTag: 1,
    targetTransferTag,
    bufferOffset,
    ...fields,
  });
}

export const manage = (function_: number, fields: Partial<TaskManagementRequest> = {}): Uint8Array =>
  TaskManagementRequest.encode({
    immediate: true,
    function: function_,
    initiatorTaskTag: 0x99,
    referencedTaskTag: noTag,
    cmdSn: 1,
    ...fields,
  });

export async function managementResponse(wire: FakeWire): Promise<number> {
  const pdu = await wire.takeOne();
  assert.equal(pdu.name, "taskManagementResponse");
  return TaskManagementResponse.decode(pdu.header).response;
}

export const wait = (cmdSn: number): Uint8Array =>
  ScsiCommand.encode({ isFinal: true, initiatorTaskTag: cmdSn, cmdSn, cdb: fakeCdb(fakeOpcodes.wait) });
