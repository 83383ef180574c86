// SPDX-License-Identifier: Apache-2.0
// The kernel of a unit: the order of checks for every operation code in every state, unit attentions, what happens to
// data and places, faults and bugs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Bug, faultsOf } from "#base/index.ts";
import {
  PersistentReserveOutRegister,
  ReservationParameters,
  scsiStatus,
  senseName,
  spcCommands,
  type CommandRow,
} from "#scsi/index.ts";
import { check, good, goodData } from "./outcome.ts";
import { cdbs, fourBytes, probeWithHosts, ProbeUnit } from "./probe-harness.ts";
import { TestHost, testNexus, type Reply } from "./test-host.ts";

const answer = ({ status, sense }: Reply): string =>
  sense === undefined ? String(status) : (senseName(sense.key, sense.asc, sense.ascq) ?? "unnamed");

/** Answers that are not an answer of the command itself. */
const told = ["inquiry", "reportLuns", "requestSense"];
const rows: readonly CommandRow[] = Object.values(spcCommands);
const opcodes = new Set(rows.map(({ opcode }) => opcode));
for (const own of [0x01, 0x08, 0x0a]) opcodes.add(own);
const toldOpcodes = Object.entries(spcCommands)
  .filter(([name]) => told.includes(name))
  .map(([, { opcode }]) => opcode as number);

for (let opcode = 0; opcode < 256; opcode++) {
  const name = opcode.toString(16).padStart(2, "0");
  const cdb = Uint8Array.of(opcode, ...Array.from({ length: 15 }, () => 0));

  test(`operation code ${name}h is refused when the unit does not have it, and only then`, async () => {
    const { hosts } = probeWithHosts(1);
    const [host] = hosts;
    const reply = await host?.send(cdb);
    assert.equal(reply !== undefined && answer(reply) === "invalid-opcode", !opcodes.has(opcode));
  });

  test(`operation code ${name}h waits behind a unit attention unless it may pass`, async () => {
    const { unit, hosts } = probeWithHosts(1);
    const [host] = hosts;
    unit.tell("medium-changed");
    const reply = await host?.send(cdb);
    assert.equal(reply !== undefined && answer(reply) === "medium-changed", !toldOpcodes.includes(opcode));
  });

  test(`operation code ${name}h of another nexus meets RESERVE as its row says`, async () => {
    const { hosts } = probeWithHosts(2);
    const [holder, other] = hosts;
    assert.equal((await holder?.send(Uint8Array.of(0x16, 0, 0, 0, 0, 0)))?.status, "good");
    const reply = await other?.send(cdb);
    const asked = rows.filter((row) => row.opcode === opcode && (row.serviceAction ?? 0) === 0);
    const passes = asked.some((row) => row.underReserve === "allow") || opcode === 0x1e;
    assert.equal(reply?.status === "reservation-conflict", !passes);
  });

  test(`operation code ${name}h on a poisoned unit is a hardware error unless it only describes`, async () => {
    const { unit, hosts } = probeWithHosts(1);
    const [host] = hosts;
    unit.answer = () => {
      throw new Bug("made by the test");
    };
    await host?.send(cdbs.rewind);
    const reply = await host?.send(cdb);
    assert.equal(reply !== undefined && answer(reply) === "target-failure", !toldOpcodes.includes(opcode));
  });
}

test("an unknown service action of a known operation code points at its field", async () => {
  const { hosts } = probeWithHosts(1);
  for (let action = 4; action < 32; action++) {
    const reply = await hosts[0]?.send(Uint8Array.of(0x5e, action, 0, 0, 0, 0, 0, 0, 16, 0));
    assert.deepEqual(reply?.sense?.fieldPointer, { in: "cdb", byte: 1, bit: 4 });
    assert.equal(reply?.sense?.asc, 0x24);
  }
});

test("a reserved bit is refused with a pointer to it, the old LUN bits are not looked at", async () => {
  const { hosts } = probeWithHosts(1);
  const reply = await hosts[0]?.send(Uint8Array.of(0x00, 0, 0, 0x10, 0, 0));
  assert.deepEqual(reply?.sense?.fieldPointer, { in: "cdb", byte: 3, bit: 4 });
  assert.equal((await hosts[0]?.send(Uint8Array.of(0x00, 0xe0, 0, 0, 0, 0)))?.status, "good");
  assert.equal((await hosts[0]?.send(Uint8Array.of(0x00, 0x10, 0, 0, 0, 0)))?.sense?.asc, 0x24);
});

test("NACA is refused with a pointer to the control byte, the vendor's bits are not looked at", async () => {
  const { hosts } = probeWithHosts(1);
  const reply = await hosts[0]?.send(Uint8Array.of(0x00, 0, 0, 0, 0, 0x04));
  assert.deepEqual(reply?.sense?.fieldPointer, { in: "cdb", byte: 5, bit: 2 });
  assert.equal((await hosts[0]?.send(Uint8Array.of(0x00, 0, 0, 0, 0, 0xc0)))?.status, "good");
});

test("commands that need a medium ask for readiness after their CDB was found right", async () => {
  const { unit, hosts } = probeWithHosts(1);
  unit.ready = check("medium-not-present");
  const [host] = hosts;
  for (const cdb of [cdbs.testUnitReady, cdbs.read, cdbs.rewind]) {
    assert.equal(answer((await host?.send(cdb)) ?? assert.fail()), "medium-not-present");
  }
  assert.equal((await host?.send(cdbs.inquiry))?.status, "good");
  assert.equal((await host?.send(Uint8Array.of(0x01, 2, 0, 0, 0, 0)))?.sense?.asc, 0x24);
  assert.deepEqual(unit.ran, []);
});

test("each nexus is told each attention once, one per command, and a reset supersedes what is older", async () => {
  const { unit, hosts } = probeWithHosts(2);
  const [first, second] = hosts;
  unit.tell("medium-changed");
  unit.tell("mode-parameters-changed", second?.nexus);
  unit.tell("medium-changed");
  const answers: string[] = [];
  for (let count = 0; count < 3; count++)
    answers.push(answer((await first?.send(cdbs.testUnitReady)) ?? assert.fail()));
  assert.deepEqual(answers, ["medium-changed", "mode-parameters-changed", "good"]);
  unit.tell("unit-reset");
  assert.equal(answer((await second?.send(cdbs.testUnitReady)) ?? assert.fail()), "unit-reset");
  assert.equal(answer((await second?.send(cdbs.testUnitReady)) ?? assert.fail()), "good");
});

test("REQUEST SENSE gives the attention and takes it away; then it tells the state of the unit", async () => {
  const { unit, hosts } = probeWithHosts(1);
  const [host] = hosts;
  unit.tell("medium-changed");
  unit.sense = { key: "not-ready", asc: 0x04, ascq: 0x04, progress: 0x8000 };
  const first = await host?.send(cdbs.requestSense);
  assert.equal(first?.status, "good");
  assert.deepEqual([...(first?.data.subarray(0, 14) ?? [])], [0x70, 0, 6, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x28, 0]);
  const second = await host?.send(cdbs.requestSense);
  assert.deepEqual([...(second?.data.subarray(12, 18) ?? [])], [0x04, 0x04, 0, 0x80, 0x80, 0x00]);
  assert.equal((await host?.send(cdbs.testUnitReady))?.status, "good");
});

test("REPORT LUNS answers the attention that the list has changed", async () => {
  const { unit, hosts } = probeWithHosts(1);
  unit.tell("luns-changed");
  await hosts[0]?.send(Uint8Array.of(0xa0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0));
  assert.equal((await hosts[0]?.send(cdbs.testUnitReady))?.status, "good");
});

test("an initiator is told once that the process was started, and only when the unit says so", async () => {
  const unit = new ProbeUnit({ tellsPowerOn: ({ initiatorName }) => initiatorName.endsWith("known") });
  const known = testNexus("iqn.2001-04.com.example:known");
  const host = new TestHost(unit, known);
  assert.equal(answer(await host.send(cdbs.testUnitReady)), "power-on");
  await unit.nexusClosed(known, "logout");
  const again = new TestHost(unit, testNexus("iqn.2001-04.com.example:known"));
  assert.equal(answer(await again.send(cdbs.testUnitReady)), "good");
  const fresh = new TestHost(unit, testNexus("iqn.2001-04.com.example:fresh"));
  assert.equal(answer(await fresh.send(cdbs.testUnitReady)), "good");
});

test("allocation length cuts the data, not the length inside it, and zero means no data", async () => {
  const { hosts } = probeWithHosts(1);
  const whole = await hosts[0]?.send(cdbs.inquiry);
  for (let length = 0; length <= 80; length++) {
    const reply = await hosts[0]?.send(Uint8Array.of(0x12, 0, 0, 0, length, 0));
    assert.equal(reply?.status, "good");
    assert.deepEqual(reply?.data, whole?.data.subarray(0, Math.min(length, whole.data.byteLength)));
  }
});

test("a command without an allocation length is not cut", async () => {
  const { unit, hosts } = probeWithHosts(1);
  unit.answer = fourBytes;
  assert.deepEqual((await hosts[0]?.send(cdbs.read))?.data, Uint8Array.of(1, 2, 3, 4));
});

test("data comes together with sense", async () => {
  const { unit, hosts } = probeWithHosts(1);
  const dataIn = { bytes: Uint8Array.of(9, 9), release: () => unit.released.push("data") };
  unit.answer = () => check("no-sense", { incorrectLength: true, information: 2 }, { dataIn });
  const reply = await hosts[0]?.send(cdbs.read, { expectedDataIn: 4 });
  assert.deepEqual(reply?.data, Uint8Array.of(9, 9));
  assert.equal(reply?.residual, 2);
  assert.equal(reply?.sense?.information, 2);
  assert.deepEqual(unit.released, ["data"]);
});

test("data that is cut is still released", async () => {
  const { hosts } = probeWithHosts(1);
  let released = 0;
  const cut = (await import("./outcome.ts")).truncated(
    goodData({ bytes: new Uint8Array(10), release: () => (released += 1) }),
    3,
  );
  assert.equal(cut.kind === "good" && cut.dataIn?.bytes.byteLength, 3);
  if (cut.kind === "good") cut.dataIn?.release();
  assert.equal(released, 1);
  assert.equal(hosts.length, 1);
});

test("a parameter list that is shorter than the CDB says is refused, an empty one changes nothing", async () => {
  const { hosts } = probeWithHosts(1);
  const cdb = PersistentReserveOutRegister.encode({ parameterListLength: ReservationParameters.size });
  const reply = await hosts[0]?.send(cdb, { dataOut: new Uint8Array(20) });
  assert.equal(answer(reply ?? assert.fail()), "parameter-list-length");
  assert.equal((await hosts[0]?.send(Uint8Array.of(0x15, 0x10, 0, 0, 0, 0)))?.status, "good");
});

const fault = faultsOf("probe", { broken: { text: "broken", retry: "never", http: 500, exit: 1 } });

test("a fault becomes sense that says whether reading or storing failed, and the unit goes on", async () => {
  const { unit, hosts } = probeWithHosts(1);
  const [host] = hosts;
  unit.answer = () => {
    throw fault("broken");
  };
  assert.equal(answer((await host?.send(cdbs.read)) ?? assert.fail()), "read-error");
  assert.equal(answer((await host?.send(cdbs.rewind)) ?? assert.fail()), "write-error");
  unit.answer = () => Promise.reject(fault("broken"));
  assert.equal(answer((await host?.send(cdbs.read)) ?? assert.fail()), "read-error");
  assert.equal(unit.isPoisoned, false);
});

test("a bug stops the unit until an operator restarts it; every nexus is told", async () => {
  const { unit, hosts } = probeWithHosts(2);
  const [first, second] = hosts;
  unit.answer = () => Promise.reject(new TypeError("made by the test"));
  assert.equal(answer((await first?.send(cdbs.rewind)) ?? assert.fail()), "target-failure");
  assert.equal(unit.isPoisoned, true);
  unit.answer = () => good();
  assert.equal(answer((await second?.send(cdbs.rewind)) ?? assert.fail()), "target-failure");
  assert.equal((await second?.send(cdbs.inquiry))?.status, "good");
  await unit.manage("reset", first?.nexus);
  assert.equal(answer((await second?.send(cdbs.rewind)) ?? assert.fail()), "target-failure");
  unit.restart();
  assert.equal(answer((await first?.send(cdbs.rewind)) ?? assert.fail()), "internal-reset");
  assert.equal((await first?.send(cdbs.rewind))?.status, "good");
});

test("a reset drops RESERVE and PREVENT and puts mode pages back, and everyone is told", async () => {
  const { unit, hosts } = probeWithHosts(2);
  const [first, second] = hosts;
  await first?.send(Uint8Array.of(0x16, 0, 0, 0, 0, 0));
  await first?.send(Uint8Array.of(0x1e, 0, 0, 0, 1, 0));
  unit.blockDescriptor = { densityCode: 0x5e, blockCount: 0, blockLength: 512 };
  assert.equal(unit.isRemovalPrevented, true);
  await unit.manage("reset", second?.nexus);
  assert.equal(unit.isRemovalPrevented, false);
  assert.equal(unit.blockDescriptor.blockLength, 0);
  assert.equal(unit.resets, 1);
  for (const host of hosts) assert.equal(answer(await host.send(cdbs.testUnitReady)), "unit-reset");
  assert.equal((await second?.send(cdbs.testUnitReady))?.status, "good");
});

test("PREVENT is per nexus and goes with it", async () => {
  const { unit, hosts } = probeWithHosts(2);
  const [first, second] = hosts;
  for (const host of hosts) await host.send(Uint8Array.of(0x1e, 0, 0, 0, 1, 0));
  await first?.send(Uint8Array.of(0x1e, 0, 0, 0, 0, 0));
  assert.equal(unit.isRemovalPrevented, true);
  await unit.nexusClosed(second?.nexus ?? assert.fail(), "lost");
  assert.equal(unit.isRemovalPrevented, false);
  assert.equal((await first?.send(Uint8Array.of(0x1e, 0, 0, 0, 2, 0)))?.sense?.fieldPointer?.byte, 4);
});

test("the answer of a command that needs no waiting comes in the same turn", () => {
  const { unit, hosts } = probeWithHosts(1);
  let status: number | undefined;
  const nexus = hosts[0]?.nexus ?? assert.fail();
  const cdb = new Uint8Array(16);
  cdb.set(cdbs.rewind);
  unit.accept({
    nexus,
    lun: 0,
    cdb,
    attribute: 1,
    expectedDataOut: 0,
    expectedDataIn: 0,
    place: undefined,
    dataComplete: true,
    onDataComplete: undefined,
    aborted: false,
    finish: (result) => (status = result.status),
  });
  assert.equal(status, scsiStatus.good);
  assert.equal(unit.commandCount, 1);
});
