// SPDX-License-Identifier: Apache-2.0
// A host for the tests of logical units: sends CDBs through `accept` and gathers what comes back. It moves data the way
// a transport does: data-out through the place that the unit offers, data-in copied and released, the residual computed.

import { assert, limits, milliseconds, silentLog } from "#base/index.ts";
import type { Clock, Instant, Random } from "#base/index.ts";
import { decodeSense, scsiStatusName } from "#scsi/index.ts";
import type { ScsiStatus, Sense } from "#scsi/index.ts";
import type { LogicalUnit, UnitNexus, UnitResult, UnitTask } from "./unit-task.ts";

/** A clock that stands still. */
export const stillClock: Clock = {
  now: () => 0 as Instant,
  monotonic: () => milliseconds(0),
  setTimer: () => ({ cancel() {} }),
};

/** Bytes that count up; never the same twice. */
export function countingRandom(): Random {
  let next = 0;
  return {
    bytes: (count) => Uint8Array.from({ length: count }, () => next++ & 0xff),
    below: (limit) => next++ % limit,
  };
}

/** What units of tests have in common. */
export const testSurroundings = {
  clock: stillClock,
  random: countingRandom(),
  keep: (): void => {},
  divide: (): Promise<never> => Promise.reject(new Error("this drive divides nothing")),
  log: silentLog,
  luns: (): readonly number[] => [0],
  tellsPowerOn: (): boolean => false,
};

/** What a host sees of a command. */
export interface Reply {
  readonly status: ScsiStatus | undefined;
  readonly sense: Sense | undefined;
  readonly data: Uint8Array;
  /** Positive: fewer bytes than expected (U); negative: more (O). */
  readonly residual: number;
}

/** What goes with a CDB. */
export interface SendOptions {
  readonly dataOut?: Uint8Array;
  /** Bytes that the host takes at most; 64 KiB when left out. */
  readonly expectedDataIn?: number;
  readonly lun?: number;
}

let lastNexus = 0;

/** A session of an initiator. */
export function testNexus(name = "iqn.2001-04.com.example:host"): UnitNexus {
  const id = ++lastNexus;
  return {
    id,
    initiatorName: name,
    isid: id.toString(16).padStart(12, "0"),
    targetName: "iqn.2001-04.com.example:target",
    portalGroupTag: 1,
  };
}

/** One host on one nexus. */
export class TestHost {
  readonly nexus: UnitNexus;
  readonly #unit: LogicalUnit;

  constructor(unit: LogicalUnit, nexus = testNexus()) {
    this.#unit = unit;
    this.nexus = nexus;
    unit.nexusOpened(nexus);
  }

  /** Sends one command and waits for its end. */
  send(cdb: Uint8Array, options: SendOptions = {}): Promise<Reply> {
    const { dataOut, expectedDataIn = dataOut === undefined ? 65_536 : 0 } = options;
    return new Promise((resolve) => {
      const expected = dataOut === undefined ? expectedDataIn : dataOut.byteLength;
      const task = makeTask(this.nexus, cdb, {
        expectedDataOut: dataOut?.byteLength ?? 0,
        expectedDataIn,
        lun: options.lun ?? 0,
        finish: (result) => resolve(toReply(result, { expected, isOut: dataOut !== undefined })),
      });
      this.#unit.accept(task);
      deliver(task, dataOut);
    });
  }
}

interface TaskParts extends Pick<UnitTask, "expectedDataOut" | "expectedDataIn" | "lun" | "finish"> {}

/** A command whose data has not arrived yet. */
export function makeTask(nexus: UnitNexus, cdb: Uint8Array, parts: TaskParts): UnitTask & { dataComplete: boolean } {
  const whole = new Uint8Array(Math.max(16, cdb.byteLength));
  whole.set(cdb);
  let finished = 0;
  return {
    nexus,
    lun: parts.lun,
    cdb: whole,
    attribute: 1,
    expectedDataOut: parts.expectedDataOut,
    expectedDataIn: parts.expectedDataIn,
    place: undefined,
    dataComplete: parts.expectedDataOut === 0,
    onDataComplete: undefined,
    aborted: false,
    finish(result) {
      assert(++finished === 1, "a task is finished once");
      parts.finish(result);
    },
  };
}

/** The data of a command arrives. */
export function deliver(task: UnitTask & { dataComplete: boolean }, dataOut: Uint8Array | undefined): void {
  if (dataOut === undefined || dataOut.byteLength === 0) return;
  // A transport keeps only parameter lists in memory of its own.
  const own = Math.min(dataOut.byteLength, limits.parameterData);
  task.place ??= { bytes: new Uint8Array(own), release() {} };
  task.place.bytes.set(dataOut.subarray(0, task.place.bytes.byteLength));
  task.dataComplete = true;
  task.onDataComplete?.();
}

interface Expectation {
  readonly expected: number;
  readonly isOut: boolean;
}

/** What a host sees of a result. */
export function toReply(result: UnitResult, { expected, isOut }: Expectation): Reply {
  const { status, sense, dataIn, transferLength } = result;
  const whole = dataIn?.bytes.slice() ?? new Uint8Array(0);
  dataIn?.release();
  // A command with data-out moved what was expected unless it says otherwise.
  const moved = transferLength ?? (isOut ? expected : (dataIn?.bytes.byteLength ?? 0));
  return {
    status: scsiStatusName(status),
    sense: sense === undefined ? undefined : decodeSense(sense),
    data: whole.subarray(0, expected),
    residual: expected - moved,
  };
}
