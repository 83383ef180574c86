// SPDX-License-Identifier: Apache-2.0
// Parameter lists that are nearly right: good ones with flipped, cut and doubled bytes, in sequences, against a whole drive.
// Whatever comes, the drive answers, is not stopped, and takes an honest write afterwards.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesFromHex } from "#base/index.ts";
import {
  FormatMedium,
  ModeSelect10,
  PersistentReserveOutRegisterAndIgnore,
  SecurityProtocolOut,
  SetTimestamp,
  WriteAttribute,
  WriteBuffer,
} from "#scsi/index.ts";
import { DriveBench } from "./drive-test-kit.ts";

const lists: readonly (readonly [cdb: (parameterListLength: number) => Uint8Array, list: string])[] = [
  [
    (parameterListLength) => SecurityProtocolOut.encode({ protocol: 0x20, specific: 0x10, parameterListLength }),
    `0010003c 40200203 01000000 00000000 00000020 ${"5a".repeat(32)} 00000004 6b657931 01000000`,
  ],
  [
    (parameterListLength) => WriteAttribute.encode({ parameterListLength }),
    "0000001a 0800010008 4341505354414e20 0803020003 4d6f6e 080c000000",
  ],
  [
    (parameterListLength) => ModeSelect10.encode({ pageFormat: true, parameterListLength }),
    "0000001000000000 110a03013c030600000affff",
  ],
  [
    (parameterListLength) => ModeSelect10.encode({ pageFormat: true, parameterListLength }),
    `0000001000000008 0000000000000200 4af0001c0204c000${"00".repeat(24)} 5001001c00100001${"00".repeat(24)}`,
  ],
  [(parameterListLength) => SetTimestamp.encode({ parameterListLength }), "00000000 018bcfe568000000"],
  [(parameterListLength) => WriteBuffer.encode({ mode: 2, parameterListLength }), "0001020304050607"],
  [
    (parameterListLength) => PersistentReserveOutRegisterAndIgnore.encode({ parameterListLength }),
    "0000000000000000 0000000000000001 0000000000000000",
  ],
  [() => FormatMedium.encode({ format: 1 }), ""],
];

interface Change {
  readonly kind: "flip" | "cut" | "double";
  readonly at: number;
  readonly bits: number;
}

const changes: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom("flip", "flip", "flip", "cut", "double"),
  at: fc.nat(255),
  bits: fc.integer({ min: 1, max: 255 }),
});

function changed(list: Uint8Array, { kind, at, bits }: Change): Uint8Array {
  if (list.byteLength === 0) return list;
  const place = at % list.byteLength;
  if (kind === "cut") return list.slice(0, place);
  if (kind === "double") return Uint8Array.of(...list, ...list.subarray(place));
  const copy = list.slice();
  copy[place] = (copy[place] ?? 0) ^ bits;
  return copy;
}

test("no parameter list stops a drive, and none makes it answer something without meaning", async () => {
  const sent = fc.tuple(fc.constantFrom(...lists), fc.array(changes, { maxLength: 3 }));
  await fc.assert(
    fc.asyncProperty(fc.array(sent, { minLength: 1, maxLength: 30 }), async (all) => {
      const bench = await DriveBench.open();
      for (const [[cdb, text], mutations] of all) {
        const list = mutations.reduce(changed, bytesFromHex(text));
        const reply = await bench.host.send(cdb(list.byteLength), { dataOut: list });
        assert.equal(reply.status === "check-condition", reply.sense !== undefined);
        assert.ok(reply.sense?.key !== "hardware-error", `stopped by ${Buffer.from(list).toString("hex")}`);
        await bench.rewind();
      }
      assert.equal(bench.drive.isPoisoned, false);
      await bench.drive.manage("reset", undefined);
      await bench.rewind();
      await bench.rewind();
      assert.match((await bench.write(100)).answer, /^(good|early-warning|volume-overflow)$/);
    }),
    { numRuns: 300 },
  );
});
