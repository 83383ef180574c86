// SPDX-License-Identifier: Apache-2.0
// Random commands against a whole drive and a whole changer: whatever a host sends, the unit answers once, with a status
// and sense that mean something, never more data than asked for, and it is not stopped by it.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Changer } from "#library/index.ts";
import { changerModels, smcCommands, spcCommands, sscCommands, type CommandRow } from "#scsi/index.ts";
import { ChangerUnit } from "./changer-unit.ts";
import { DriveBench } from "./drive-test-kit.ts";
import { TestHost, testSurroundings, type Reply } from "./test-host.ts";

interface Sent {
  readonly cdb: Uint8Array;
  readonly dataOut: Uint8Array | undefined;
}

/** CDBs that are mostly zero, so that many of them pass the first checks; and some of pure noise. */
function commands(rows: readonly CommandRow[]): fc.Arbitrary<Sent> {
  const byte = fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(255) });
  const known = fc
    .tuple(fc.constantFrom(...rows), fc.array(byte, { minLength: 15, maxLength: 15 }), fc.nat(3))
    .map(([row, rest, size]) => {
      const cdb = Uint8Array.of(row.opcode, ...rest);
      if (row.serviceAction !== undefined) cdb[1] = row.serviceAction;
      // Small lengths: the last bytes of the CDB's length field, wherever that is.
      if (size > 0) cdb[row.cdb.size - 2] = size * 12;
      return { cdb, hasData: row.data === "out" };
    });
  const noise = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((cdb) => ({ cdb, hasData: false }));
  return fc
    .tuple(fc.oneof({ weight: 9, arbitrary: known }, { weight: 1, arbitrary: noise }), fc.uint8Array({ maxLength: 64 }))
    .map(([{ cdb, hasData }, data]) => ({ cdb, dataOut: hasData && data.byteLength > 0 ? data : undefined }));
}

async function answers(host: TestHost, sent: readonly Sent[]): Promise<void> {
  for (const { cdb, dataOut } of sent) {
    const reply: Reply = await host.send(cdb, dataOut === undefined ? { expectedDataIn: 256 } : { dataOut });
    assert.notEqual(reply.status, undefined);
    assert.equal(reply.status === "check-condition", reply.sense !== undefined);
    assert.ok(reply.data.byteLength <= 256);
    const isStopped = reply.sense?.key === "hardware-error" && reply.sense.asc === 0x44;
    assert.ok(!isStopped, `the unit stopped after ${Buffer.from(cdb).toString("hex")}`);
  }
}

const driveRows: readonly CommandRow[] = Object.values({ ...spcCommands, ...sscCommands });
const changerRows: readonly CommandRow[] = Object.values({ ...spcCommands, ...smcCommands });
const runs = { numRuns: 400 };

test("no sequence of commands stops a drive", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(commands(driveRows), { minLength: 1, maxLength: 60 }), async (sent) => {
      const { host, drive } = await DriveBench.open();
      await answers(host, sent);
      await answers(new TestHost(drive), sent);
      assert.equal(drive.isPoisoned, false);
    }),
    runs,
  );
});

test("no sequence of commands stops a changer", async () => {
  const shape = {
    picker: { first: 0, count: 1 },
    "drive-bay": { first: 12, count: 2 },
    "mail-slot": { first: 24, count: 2 },
    "storage-slot": { first: 36, count: 12 },
  } as const;
  await fc.assert(
    fc.asyncProperty(fc.array(commands(changerRows), { minLength: 1, maxLength: 60 }), async (sent) => {
      const changer = new Changer(shape, [
        { address: 36, barcode: "CAP001L8", kind: "data" },
        { address: 24, barcode: "CAP002L8", kind: "data" },
      ]);
      const unit = new ChangerUnit({
        ...testSurroundings,
        model: changerModels.capstan,
        serial: "CAP0000000",
        changer,
        robot: {
          move: (moves) => {
            changer.apply(...moves);
            return Promise.resolve({ kind: "moved" });
          },
          driveAt: () => undefined,
        },
      });
      await answers(new TestHost(unit), sent);
      await answers(new TestHost(unit), sent);
      assert.equal(unit.isPoisoned, false);
      changer.assertSound();
    }),
    runs,
  );
});
