// SPDX-License-Identifier: Apache-2.0
// RESERVE and persistent reservations: who may do what under which type, the eight actions and what they tell to whom.

import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, hexFromBytes, limits } from "#base/index.ts";
import {
  encodeTransportId,
  LogSense,
  ModeSense6,
  MoveParameters,
  PersistentReserveInReadFullStatus,
  PersistentReserveInReadKeys,
  PersistentReserveInReadReservation,
  PersistentReserveInReportCapabilities,
  PersistentReserveOutClear,
  PersistentReserveOutPreempt,
  PersistentReserveOutPreemptAndAbort,
  PersistentReserveOutRegister,
  PersistentReserveOutRegisterAndIgnore,
  PersistentReserveOutRegisterAndMove,
  PersistentReserveOutRelease,
  PersistentReserveOutReserve,
  PreventAllowMediumRemoval,
  Release10,
  Release6,
  ReservationParameters,
  reservationTypes,
  Reserve10,
  Reserve6,
  scsiStatus,
  senseName,
  type ReservationType,
} from "#scsi/index.ts";
import { cdbs, probeWithHosts, statusOf, submit } from "./probe-harness.ts";
import { TestHost, testNexus, type Reply } from "./test-host.ts";

const answer = ({ status, sense }: Reply): string =>
  sense === undefined ? String(status) : (senseName(sense.key, sense.asc, sense.ascq) ?? "unnamed");

const actions = {
  register: PersistentReserveOutRegister,
  registerAndIgnore: PersistentReserveOutRegisterAndIgnore,
  reserve: PersistentReserveOutReserve,
  release: PersistentReserveOutRelease,
  clear: PersistentReserveOutClear,
  preempt: PersistentReserveOutPreempt,
  preemptAndAbort: PersistentReserveOutPreemptAndAbort,
} as const;

interface Keys {
  readonly key?: bigint;
  readonly serviceActionKey?: bigint;
  readonly type?: ReservationType;
}

/** Sends a PERSISTENT RESERVE OUT action; answers in a word. */
async function out(host: TestHost, action: keyof typeof actions, keys: Keys = {}): Promise<string> {
  const { key = 0n, serviceActionKey = 0n, type } = keys;
  const cdb = actions[action].encode({
    parameterListLength: ReservationParameters.size,
    type: type === undefined ? 0 : reservationTypes[type],
  });
  return answer(await host.send(cdb, { dataOut: ReservationParameters.encode({ key, serviceActionKey }) }));
}

const keyOf = (index: number): bigint => BigInt(index + 1);

/** Hosts 0 … count-1 that are registered with keys 1 … count; host 0 holds a reservation of the type. */
async function reserved(type: ReservationType, registered: number, others: number) {
  const { unit, hosts } = probeWithHosts(registered + others);
  for (let index = 0; index < registered; index++) {
    assert.equal(await out(hosts[index] ?? assert.fail(), "register", { serviceActionKey: keyOf(index) }), "good");
  }
  const [holder] = hosts;
  assert.equal(await out(holder ?? assert.fail(), "reserve", { key: 1n, type }), "good");
  return { unit, hosts, host: (index: number): TestHost => hosts[index] ?? assert.fail() };
}

const words = async (host: TestHost, cdb: Uint8Array): Promise<string> => answer(await host.send(cdb));
const keysOf = async (host: TestHost): Promise<string> =>
  hexFromBytes((await host.send(PersistentReserveInReadKeys.encode({ allocationLength: 255 }))).data);
const reservationOf = async (host: TestHost): Promise<string> =>
  hexFromBytes((await host.send(PersistentReserveInReadReservation.encode({ allocationLength: 255 }))).data);

const readClass = ModeSense6.encode({ pageCode: 0x0f, allocationLength: 255 });
const exemptClass = LogSense.encode({ pageControl: 1, allocationLength: 255 });

for (const type of Object.keys(reservationTypes) as ReservationType[]) {
  const isForAll = type.endsWith("registrants") || type.endsWith("all");
  const readsPass = type.startsWith("write");

  test(`${type}: the holder does everything`, async () => {
    const { host } = await reserved(type, 1, 0);
    for (const cdb of [cdbs.rewind, readClass, exemptClass]) assert.equal(await words(host(0), cdb), "good");
  });

  test(`${type}: another registered port ${isForAll ? "does everything" : "is held back"}`, async () => {
    const { host } = await reserved(type, 2, 0);
    assert.equal(await words(host(1), cdbs.rewind), isForAll ? "good" : "reservation-conflict");
    assert.equal(await words(host(1), readClass), isForAll || readsPass ? "good" : "reservation-conflict");
    assert.equal(await words(host(1), exemptClass), "good");
  });

  test(`${type}: a port that is not registered ${readsPass ? "may look" : "may not look"}`, async () => {
    const { host } = await reserved(type, 1, 1);
    assert.equal(await words(host(1), cdbs.rewind), "reservation-conflict");
    assert.equal(await words(host(1), readClass), readsPass ? "good" : "reservation-conflict");
    for (const cdb of [exemptClass, cdbs.testUnitReady, PreventAllowMediumRemoval.encode({})]) {
      assert.equal(await words(host(1), cdb), "good");
    }
    assert.equal(await words(host(1), PreventAllowMediumRemoval.encode({ prevent: 1 })), "reservation-conflict");
    assert.equal(await words(host(1), Uint8Array.of(0xd0, 0, 0, 0, 0, 0)), "reservation-conflict");
  });

  test(`${type}: release tells the other registered ports only when they could use the unit`, async () => {
    const { host } = await reserved(type, 2, 1);
    assert.equal(await out(host(0), "release", { key: 1n, type }), "good");
    assert.equal(await words(host(0), cdbs.rewind), "good");
    assert.equal(await words(host(1), cdbs.rewind), isForAll ? "reservations-released" : "good");
    assert.equal(await words(host(2), cdbs.rewind), "good");
  });

  test(`${type}: it ends with the registration that holds it`, async () => {
    const { host } = await reserved(type, 2, 0);
    assert.equal(await out(host(0), "register", { key: 1n, serviceActionKey: 0n }), "good");
    const isHeldOn = type.endsWith("all");
    assert.equal((await reservationOf(host(0))).length > 16, isHeldOn);
    assert.equal(await words(host(1), cdbs.rewind), isForAll && !isHeldOn ? "reservations-released" : "good");
  });
}

test("READ KEYS lists the keys and counts changes", async () => {
  const { host } = await reserved("exclusive-access", 2, 0);
  assert.equal(await keysOf(host(0)), "00000002" + "00000010" + "0000000000000001" + "0000000000000002");
  assert.equal(await out(host(1), "register", { key: 2n, serviceActionKey: 0xabn }), "good");
  assert.equal(await keysOf(host(1)), "00000003" + "00000010" + "0000000000000001" + "00000000000000ab");
});

test("READ RESERVATION tells key, scope and type; key 0 when all hold it", async () => {
  const single = await reserved("exclusive-access", 1, 0);
  assert.equal(
    await reservationOf(single.host(0)),
    "00000001" + "00000010" + "0000000000000001" + "00000000" + "00030000",
  );
  const all = await reserved("exclusive-access-all", 1, 0);
  assert.equal(
    await reservationOf(all.host(0)),
    "00000001" + "00000010" + "0000000000000000" + "00000000" + "00080000",
  );
  const { hosts } = probeWithHosts(1);
  assert.equal(await reservationOf(hosts[0] ?? assert.fail()), "0000000000000000");
});

test("REPORT CAPABILITIES names the types and no persistence through power loss", async () => {
  const { hosts } = probeWithHosts(1);
  const reply = await hosts[0]?.send(PersistentReserveInReportCapabilities.encode({ allocationLength: 8 }));
  assert.equal(hexFromBytes(reply?.data ?? new Uint8Array(0)), "0008" + "10" + "80" + "ea01" + "0000");
});

test("READ FULL STATUS tells who holds and who is registered", async () => {
  const { host } = await reserved("exclusive-access", 2, 0);
  const { data } = await host(0).send(PersistentReserveInReadFullStatus.encode({ allocationLength: 1000 }));
  const transportId = encodeTransportId(host(0).nexus);
  const size = 24 + transportId.byteLength;
  assert.equal(data.byteLength, 8 + 2 * size);
  assert.equal(data[8 + 12], 1);
  assert.equal(data[8 + 13], 3);
  assert.deepEqual(data.subarray(8 + 24, 8 + size), transportId);
  assert.equal(data[8 + size + 12], 0);
});

test("a key that is not the port's own is a conflict for every action", async () => {
  const { host } = await reserved("exclusive-access", 2, 1);
  for (const action of ["register", "reserve", "release", "clear", "preempt", "preemptAndAbort"] as const) {
    const keys = { key: 9n, serviceActionKey: 1n, type: "exclusive-access" } as const;
    assert.equal(await out(host(1), action, keys), "reservation-conflict", action);
    assert.equal(await out(host(2), action, keys), "reservation-conflict", action);
  }
  assert.equal(await out(host(1), "registerAndIgnore", { key: 9n, serviceActionKey: 5n }), "good");
});

test("reserving again is good for the holder with the same type and a conflict otherwise", async () => {
  const { host } = await reserved("write-exclusive", 2, 0);
  assert.equal(await out(host(0), "reserve", { key: 1n, type: "write-exclusive" }), "good");
  assert.equal(await out(host(0), "reserve", { key: 1n, type: "exclusive-access" }), "reservation-conflict");
  assert.equal(await out(host(1), "reserve", { key: 2n, type: "write-exclusive" }), "reservation-conflict");
});

test("releasing with another type is refused, releasing what one does not hold does nothing", async () => {
  const { host } = await reserved("write-exclusive", 2, 0);
  assert.equal(await out(host(0), "release", { key: 1n, type: "exclusive-access" }), "invalid-release");
  assert.equal(await out(host(1), "release", { key: 2n, type: "write-exclusive" }), "good");
  assert.equal(await words(host(1), cdbs.rewind), "reservation-conflict");
});

test("CLEAR takes everything away and tells the others", async () => {
  const { host } = await reserved("exclusive-access", 2, 1);
  assert.equal(await out(host(1), "clear", { key: 2n }), "good");
  assert.equal(await keysOf(host(1)), "00000003" + "00000000");
  assert.equal(await words(host(0), cdbs.rewind), "reservations-preempted");
  assert.equal(await words(host(2), cdbs.rewind), "good");
});

test("PREEMPT takes the reservation over and removes the holder's registration", async () => {
  const { host } = await reserved("exclusive-access", 3, 0);
  const keys = { key: 2n, serviceActionKey: 1n, type: "write-exclusive" } as const;
  assert.equal(await out(host(1), "preempt", keys), "good");
  assert.equal((await reservationOf(host(1))).slice(16), "0000000000000002" + "00000000" + "00010000");
  assert.equal(await words(host(0), readClass), "registrations-preempted");
  assert.equal(await words(host(0), cdbs.rewind), "reservation-conflict");
  assert.equal(await words(host(2), readClass), "good");
  assert.equal(await words(host(1), cdbs.rewind), "good");
});

test("PREEMPT of a registration that holds nothing only removes it", async () => {
  const { host } = await reserved("exclusive-access", 3, 0);
  const keys = { key: 1n, serviceActionKey: 3n, type: "exclusive-access" } as const;
  assert.equal(await out(host(0), "preempt", keys), "good");
  assert.equal(await words(host(2), cdbs.testUnitReady), "registrations-preempted");
  assert.equal((await reservationOf(host(0))).slice(16, 32), "0000000000000001");
  const again = { key: 1n, serviceActionKey: 77n, type: "exclusive-access" } as const;
  assert.equal(await out(host(0), "preempt", again), "reservation-conflict");
});

test("PREEMPT with key 0 takes over what all hold and removes the others", async () => {
  const { host } = await reserved("exclusive-access-all", 3, 0);
  assert.equal(await out(host(2), "preempt", { key: 3n, serviceActionKey: 0n, type: "exclusive-access" }), "good");
  assert.equal((await keysOf(host(2))).slice(8), "00000008" + "0000000000000003");
  const wrong = { key: 3n, serviceActionKey: 0n, type: "exclusive-access" } as const;
  assert.equal(await out(host(2), "preempt", wrong), "invalid-field-in-parameters");
});

test("PREEMPT AND ABORT ends the waiting tasks of the ports that it removes", async () => {
  const { unit, host } = await reserved("write-exclusive-registrants", 2, 0);
  const waiting = submit(unit, host(0).nexus, cdbs.write, { expectedDataOut: 4 });
  const keys = { key: 2n, serviceActionKey: 1n, type: "exclusive-access" } as const;
  assert.equal(await out(host(1), "preemptAndAbort", keys), "good");
  assert.equal(statusOf(waiting), scsiStatus["task-aborted"]);
});

/** REGISTER AND MOVE to a port; answers in a word. */
async function move(
  host: TestHost,
  port: { initiatorName: string; isid: string },
  extra: object = {},
): Promise<string> {
  const transportId = encodeTransportId(port);
  const list = concatBytes([
    MoveParameters.encode({
      key: 1n,
      serviceActionKey: 0xeen,
      transportIdLength: transportId.byteLength,
      relativePort: 1,
      ...extra,
    }),
    transportId,
  ]);
  const cdb = PersistentReserveOutRegisterAndMove.encode({ type: 3, parameterListLength: list.byteLength });
  return answer(await host.send(cdb, { dataOut: list }));
}

test("REGISTER AND MOVE hands the reservation to another port, with its own registration if asked", async () => {
  const { host } = await reserved("exclusive-access", 1, 1);
  assert.equal(await move(host(0), host(1).nexus, { unregister: true }), "good");
  assert.equal(await words(host(0), cdbs.rewind), "reservation-conflict");
  assert.equal(await words(host(1), cdbs.rewind), "good");
  assert.equal((await keysOf(host(1))).slice(16), "00000000000000ee");
});

test("REGISTER AND MOVE to itself, to nobody or with key 0 is refused", async () => {
  const { host } = await reserved("exclusive-access", 1, 1);
  assert.equal(await move(host(0), host(0).nexus), "invalid-field-in-parameters");
  assert.equal(
    await move(host(0), { initiatorName: "with blank", isid: "000000000000" }),
    "invalid-field-in-parameters",
  );
  assert.equal(await move(host(0), host(1).nexus, { serviceActionKey: 0n }), "invalid-field-in-parameters");
  assert.equal(await move(host(0), host(1).nexus, { transportIdLength: 8 }), "parameter-list-length");
});

test("SPEC_I_PT, ALL_TG_PT and APTPL are refused with a pointer to their bit", async () => {
  const { hosts } = probeWithHosts(1);
  const cdb = PersistentReserveOutRegister.encode({ parameterListLength: ReservationParameters.size });
  for (const [name, bit] of [
    ["specifyInitiatorPorts", 3],
    ["allTargetPorts", 2],
    ["persistThroughPowerLoss", 0],
  ] as const) {
    const dataOut = ReservationParameters.encode({ serviceActionKey: 1n, [name]: true });
    const reply = await hosts[0]?.send(cdb, { dataOut });
    assert.deepEqual(reply?.sense?.fieldPointer, { in: "parameters", byte: 20, bit });
  }
});

test("a scope or type that does not exist is refused", async () => {
  const { host } = await reserved("exclusive-access", 1, 0);
  for (const [type, scope] of [
    [0, 0],
    [2, 0],
    [4, 0],
    [9, 0],
    [1, 1],
  ] as const) {
    await out(host(0), "release", { key: 1n, type: "exclusive-access" });
    const cdb = PersistentReserveOutReserve.encode({ type, scope, parameterListLength: ReservationParameters.size });
    const reply = await host(0).send(cdb, { dataOut: ReservationParameters.encode({ key: 1n }) });
    assert.equal(answer(reply), "invalid-field-in-cdb");
  }
});

test("registrations and reservations outlive a session", async () => {
  const { unit, host } = await reserved("exclusive-access", 1, 1);
  const { nexus } = host(0);
  await unit.nexusClosed(nexus, "logout");
  assert.equal(await words(host(1), cdbs.rewind), "reservation-conflict");
  const again = new TestHost(unit, { ...nexus });
  assert.equal(await words(again, cdbs.rewind), "good");
});

test("there is room for so many registrations and no more", async () => {
  const { unit } = probeWithHosts(0);
  let last = "";
  for (let index = 0; index <= limits.registrationsPerUnit; index++) {
    last = await out(new TestHost(unit, testNexus()), "register", { serviceActionKey: keyOf(index) });
  }
  assert.equal(last, "registrations-exhausted");
});

const reserves = { "RESERVE(6)": Reserve6, "RESERVE(10)": Reserve10 } as const;
const releases = { "RESERVE(6)": Release6, "RESERVE(10)": Release10 } as const;
for (const name of ["RESERVE(6)", "RESERVE(10)"] as const) {
  test(`${name} keeps others out until its holder releases it`, async () => {
    const { hosts } = probeWithHosts(2);
    const [holder, other] = hosts as [TestHost, TestHost];
    assert.equal(await words(holder, reserves[name].encode({})), "good");
    assert.equal(await words(holder, reserves[name].encode({})), "good");
    assert.equal(await words(other, reserves[name].encode({})), "reservation-conflict");
    for (const cdb of [cdbs.testUnitReady, readClass, cdbs.rewind]) {
      assert.equal(await words(other, cdb), "reservation-conflict");
    }
    for (const cdb of [cdbs.inquiry, exemptClass, PreventAllowMediumRemoval.encode({})]) {
      assert.equal(await words(other, cdb), "good");
    }
    assert.equal(await words(other, releases[name].encode({})), "good");
    assert.equal(await words(other, cdbs.rewind), "reservation-conflict");
    assert.equal(await words(holder, releases[name].encode({})), "good");
    assert.equal(await words(other, cdbs.rewind), "good");
  });

  test(`${name} ends with the session`, async () => {
    const { unit, hosts } = probeWithHosts(2);
    const [holder, other] = hosts as [TestHost, TestHost];
    await holder.send(reserves[name].encode({}));
    await unit.nexusClosed(holder.nexus, "lost");
    assert.equal(await words(other, cdbs.rewind), "good");
  });

  test(`${name} for a third party or a part of the unit is refused`, async () => {
    const { hosts } = probeWithHosts(1);
    const [host] = hosts as [TestHost];
    const third = await host.send(reserves[name].encode({ thirdParty: true }));
    assert.deepEqual(third.sense?.fieldPointer, { in: "cdb", byte: 1, bit: 4 });
    const partial = await host.send(reserves[name].encode({ partial: true }));
    assert.deepEqual(partial.sense?.fieldPointer, { in: "cdb", byte: 1, bit: 0 });
  });
}

test("with registrations RESERVE is a conflict for ports that are not registered and does nothing for the others", async () => {
  const { host } = await reserved("exclusive-access", 1, 1);
  assert.equal(await words(host(1), Reserve6.encode({})), "reservation-conflict");
  assert.equal(await words(host(0), Reserve6.encode({})), "good");
  await out(host(0), "release", { key: 1n, type: "exclusive-access" });
  assert.equal(await words(host(1), cdbs.rewind), "good");
});
