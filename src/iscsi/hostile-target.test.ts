// SPDX-License-Identifier: Apache-2.0
// Our initiator against targets that are broken: it gives up with a fault that says why, and never hangs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault, seconds, silentLog, type ByteStream, type StreamReceiver } from "#base/index.ts";
import { SeededRandom, SimClock, SimNetwork } from "#sim/index.ts";
import { IscsiInitiator } from "./initiator.ts";
import type { InitiatorSession } from "./initiator-session.ts";
import { DataIn, LoginResponse, ReadyToTransfer, ScsiResponse } from "./pdu-layouts.ts";
import { encodeText, type TextPair } from "./text.ts";

const portal = { host: "10.0.0.1", port: 3260 };

/** A target that answers each read of its stream with what `reply` makes of it. */
class Puppet implements StreamReceiver {
  readonly #room = new Uint8Array(65_536);
  readonly #stream: ByteStream;
  readonly #reply: (bytes: Uint8Array, turn: number) => readonly Uint8Array[];
  #turn = 0;

  constructor(stream: ByteStream, reply: (bytes: Uint8Array, turn: number) => readonly Uint8Array[]) {
    this.#stream = stream;
    this.#reply = reply;
  }

  want(): Uint8Array {
    return this.#room;
  }

  received(count: number): void {
    const parts = this.#reply(this.#room.slice(0, count), this.#turn++);
    if (parts.length > 0) this.#stream.send(parts);
  }

  closed(): void {}
}

/** Splits of the simulated network are off: one request is one read. */
async function against(
  reply: (bytes: Uint8Array, turn: number) => readonly Uint8Array[],
): Promise<{ clock: SimClock; login: Promise<InitiatorSession> }> {
  const clock = new SimClock();
  const random = new SeededRandom(1);
  const behaviour = { latencyMax: seconds(0), window: [1_000_000, 1_000_000], splitChance: 0, crumbChance: 0 } as const;
  const network = new SimNetwork({ clock, random, behaviour: { ...behaviour, cutChance: 0, refuseChance: 0 } });
  await network.machine(portal.host).listen(portal, (stream) => new Puppet(stream, reply));
  const host = network.machine("10.0.0.2");
  const initiator = new IscsiInitiator({ network: host, clock, random, log: silentLog, name: "iqn.2026-01.test:host" });
  return { clock, login: initiator.login(portal, "iqn.2026-01.test:target") };
}

function pdu(header: Uint8Array, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(48 + data.byteLength + (-data.byteLength & 3));
  bytes.set(header);
  bytes.set([data.byteLength >>> 16, data.byteLength >>> 8, data.byteLength], 5);
  bytes.set(data, 48);
  return bytes;
}

function loginAnswer(turn: number, pairs: readonly TextPair[] = [], fields: Partial<LoginResponse> = {}): Uint8Array {
  const stages = turn === 0 ? { currentStage: 0, nextStage: 1 } : { currentStage: 1, nextStage: 3 };
  const numbers = { initiatorTaskTag: 1, statSn: turn, expCmdSn: 1, maxCmdSn: 32, tsih: 1 };
  return pdu(LoginResponse.encode({ transit: true, ...stages, ...numbers, ...fields }), encodeText(pairs));
}

const refusals: readonly (readonly [string, (turn: number) => readonly Uint8Array[], string])[] = [
  ["sends another opcode", () => [pdu(ScsiResponse.encode({}))], "iscsi.protocol-error"],
  ["answers what was not offered", (turn) => [loginAnswer(turn, [["HeaderDigest", "CRC32C"]])], "iscsi.protocol-error"],
  [
    "raises a number that is a minimum",
    (turn) => [loginAnswer(turn, [["MaxOutstandingR2T", "8"]])],
    "iscsi.protocol-error",
  ],
  [
    "sends text that is no pairs",
    () => [pdu(LoginResponse.encode({ transit: true, nextStage: 1 }), Uint8Array.of(65))],
    "iscsi.protocol-error",
  ],
  ["never leaves a stage", (turn) => [loginAnswer(turn, [], { transit: false, nextStage: 0 })], "iscsi.protocol-error"],
  ["goes back in the stages", (turn) => [loginAnswer(turn, [], { nextStage: 0 })], "iscsi.protocol-error"],
  [
    "continues its text for ever",
    (turn) => [loginAnswer(turn, [], { isContinued: true, transit: false })],
    "iscsi.protocol-error",
  ],
  ["refuses with a status of its own", (turn) => [loginAnswer(turn, [], { status: 0x02ff })], "iscsi.login-refused"],
  ["has moved", (turn) => [loginAnswer(turn, [], { status: 0x0101 })], "iscsi.login-refused"],
  ["is out of order", (turn) => [loginAnswer(turn, [], { status: 0x0300 })], "iscsi.target-unavailable"],
  ["says nothing", () => [], "iscsi.session-lost"],
];

for (const [what, reply, code] of refusals) {
  test(`a login to a target that ${what} ends with ${code}`, async () => {
    const { clock, login } = await against((_, turn) => reply(turn));
    await assert.rejects(clock.runUntil(login), (error) => isFault(error, code));
  });
}

const tagOf = (bytes: Uint8Array): number => Buffer.from(bytes).readUInt32BE(16);
const numbers = { statSn: 3, expCmdSn: 2, maxCmdSn: 40 };
const breaches: readonly (readonly [string, (tag: number) => Uint8Array])[] = [
  [
    "sends more data than was asked for",
    (tag) => pdu(DataIn.encode({ initiatorTaskTag: tag, ...numbers }), new Uint8Array(101)),
  ],
  [
    "sends data at an offset beyond",
    (tag) => pdu(DataIn.encode({ initiatorTaskTag: tag, bufferOffset: 4_000_000_000, ...numbers }), new Uint8Array(4)),
  ],
  [
    "asks for data that is not there",
    (tag) => pdu(ReadyToTransfer.encode({ initiatorTaskTag: tag, desiredLength: 1000, ...numbers })),
  ],
  ["sends an opcode of initiators", () => new Uint8Array(48)],
];

for (const [what, reply] of breaches) {
  test(`a session with a target that ${what} is given up`, async () => {
    const { clock, login } = await against((bytes, turn) => (turn < 2 ? [loginAnswer(turn)] : [reply(tagOf(bytes))]));
    const session = await clock.runUntil(login);
    const answer = session.execute({ lun: 0, cdb: Uint8Array.of(0x12), dataInLength: 100 });
    await assert.rejects(clock.runUntil(answer), (error) => isFault(error, "iscsi.session-lost"));
    await assert.rejects(session.execute({ lun: 0, cdb: Uint8Array.of(0) }), (error) =>
      isFault(error, "iscsi.session-lost"),
    );
  });
}

test("a target that talks nonsense in full-feature phase never makes the initiator hang or throw", async () => {
  const random = new SeededRandom("nonsense");
  for (let round = 0; round < 300; round++) {
    const { clock, login } = await against((bytes, turn) => {
      if (turn < 2) return [loginAnswer(turn)];
      const noise = pdu(random.bytes(48), random.bytes(random.below(64)));
      noise[4] = 0;
      noise[0] = random.pick([0x20, 0x21, 0x22, 0x24, 0x25, 0x26, 0x31, 0x32, 0x3f]);
      if (random.chance(0.7)) noise.set(bytes.subarray(16, 20), 16);
      return [noise];
    });
    const session = await clock.runUntil(login);
    const request = { lun: 0, cdb: Uint8Array.of(0x0a), dataOut: new Uint8Array(5000), timeout: seconds(20) };
    await clock.runUntil(Promise.allSettled([session.execute(request), session.execute(request), session.ping()]));
    session.destroy();
    await clock.runUntil(session.ended);
  }
});
