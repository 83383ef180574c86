// SPDX-License-Identifier: Apache-2.0
// CHAP: the matrix of algorithms and directions between our two sides, and what must be refused. The responses of RFC
// 1994 are checked against hashes computed here from their definition.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { bytesFromHex, bytesFromText, concatBytes, hexFromBytes, isFault } from "#base/index.ts";
import { chapResponse, decodeBinary, encodeBinary, parseChallenge } from "./chap.ts";
import { chapAlgorithms, type ChapAlgorithm, type ChapPolicy } from "./chap-policy.ts";
import type { InitiatorSettings } from "./initiator-login.ts";
import { makeHarness, portalEndpoint, targetName } from "./session-harness.ts";
import type { TextPair } from "./text.ts";
import { makeWorld, names, FakeWire } from "./wire-harness.ts";

const secret = bytesFromText("host-secret-1234");
const targetSecret = bytesFromText("target-secret-56");
const policy: ChapPolicy = {
  isRequired: true,
  algorithms: ["sha3-256", "sha256", "sha1", "md5"],
  initiatorSecret: (name) => (name === "host" ? secret : undefined),
  targetCredentials: () => ({ name: "target", secret: targetSecret }),
};
const algorithms = Object.keys(chapAlgorithms) as ChapAlgorithm[];

async function login(chap: InitiatorSettings["chap"], target: ChapPolicy = policy): Promise<string> {
  const harness = await makeHarness();
  harness.directory.chap = target;
  await harness.run(harness.initiator.login(portalEndpoint, targetName, chap === undefined ? {} : { chap }));
  return harness.registry.list()[0]?.authentication ?? "";
}

const isRefused = (error: unknown): boolean => isFault(error, "iscsi.authentication-failed");

for (const algorithm of algorithms) {
  test(`one-way CHAP with ${algorithm}`, async () => {
    const credentials = { name: "host", secret };
    assert.equal(await login({ credentials, algorithms: [algorithm] }), "chap");
    const wrong = { name: "host", secret: bytesFromText("another-secret-1") };
    await assert.rejects(login({ credentials: wrong, algorithms: [algorithm] }), isRefused);
    const unknown = { name: "Host", secret };
    await assert.rejects(login({ credentials: unknown, algorithms: [algorithm] }), isRefused);
  });

  test(`mutual CHAP with ${algorithm}`, async () => {
    const chap = { credentials: { name: "host", secret }, algorithms: [algorithm] };
    const target = { name: "target", secret: targetSecret };
    assert.equal(await login({ ...chap, target }), "mutual-chap");
    await assert.rejects(login({ ...chap, target: { ...target, secret } }), isRefused);
    await assert.rejects(login({ ...chap, target: { ...target, name: "other" } }), isRefused);
  });

  test(`the response of ${algorithm} is the hash of identifier, secret and challenge`, () => {
    const challenge = { identifier: 0x5a, bytes: bytesFromHex("00112233445566778899aabbccddeeff") };
    const text = concatBytes([Uint8Array.of(0x5a), secret, challenge.bytes]);
    const hash = createHash(chapAlgorithms[algorithm].hash).update(text).digest("hex");
    assert.equal(hexFromBytes(chapResponse(algorithm, secret, challenge)), hash);
    assert.equal(hash.length, chapAlgorithms[algorithm].size * 2);
  });
}

test("a target that demands CHAP refuses a login without it, in either stage", async () => {
  await assert.rejects(login(undefined), isRefused);
  const world = makeWorld();
  world.directory.chap = policy;
  const direct = await new FakeWire(world).login({ currentStage: 1, nextStage: 3, transit: true }, names);
  assert.equal(direct.header.status, 0x0201);
  const silent = await new FakeWire(world).login({ currentStage: 0, nextStage: 3, transit: true }, names);
  assert.equal(silent.header.status, 0x0201);
});

test("a target that knows CHAP but does not demand it takes what the initiator puts first", async () => {
  const relaxed = { ...policy, isRequired: false };
  assert.equal(await login(undefined, relaxed), "none");
  assert.equal(await login({ credentials: { name: "host", secret } }, relaxed), "chap");
});

test("a target without CHAP refuses an initiator that offers nothing else", async () => {
  const wire = new FakeWire(makeWorld());
  const { header } = await wire.login({ currentStage: 0, nextStage: 1, transit: true }, [
    ...names,
    ["AuthMethod", "CHAP"],
  ]);
  assert.equal(header.status, 0x0201);
});

test("a target accepts only the algorithms of its policy, and the first of the initiator's that it knows", async () => {
  const credentials = { name: "host", secret };
  const modern: ChapPolicy = { ...policy, algorithms: ["sha256"] };
  await assert.rejects(login({ credentials, algorithms: ["md5", "sha1"] }, modern), isRefused);
  assert.equal(await login({ credentials, algorithms: ["md5", "sha256"] }, modern), "chap");
});

test("mutual CHAP is refused when the target has no secret, or the same one", async () => {
  const chap = { credentials: { name: "host", secret }, target: { name: "target", secret: targetSecret } };
  await assert.rejects(login(chap, { ...policy, targetCredentials: () => undefined }), isRefused);
  await assert.rejects(login(chap, { ...policy, targetCredentials: () => ({ name: "target", secret }) }), isRefused);
});

interface Challenged {
  readonly wire: FakeWire;
  readonly challenge: { readonly identifier: number; readonly bytes: Uint8Array };
  readonly answers: ReadonlyMap<string, string>;
}

/** Goes up to the target's challenge. */
async function challenged(offer = "5,7"): Promise<Challenged> {
  const world = makeWorld();
  world.directory.chap = policy;
  const wire = new FakeWire(world);
  await wire.login({ currentStage: 0 }, [...names, ["AuthMethod", "CHAP,None"]]);
  const { pairs } = await wire.login({ currentStage: 0 }, [["CHAP_A", offer]]);
  const answers = new Map(pairs);
  const challenge = parseChallenge(answers.get("CHAP_I"), answers.get("CHAP_C"));
  assert.ok(challenge !== undefined);
  return { wire, challenge, answers };
}

const last = { currentStage: 0, nextStage: 3, transit: true };

test("CHAP_A is a list, not a number, and the initiator's first is taken", async () => {
  assert.equal((await challenged("5,7")).answers.get("CHAP_A"), "5");
  assert.equal((await challenged("99,8,7")).answers.get("CHAP_A"), "8");
  assert.equal((await challenged("7")).answers.get("CHAP_A"), "7");
});

test("responses in base64 and in upper-case hexadecimal are right too", async () => {
  const spell: readonly ((bytes: Uint8Array) => string)[] = [
    (bytes) => `0b${Buffer.from(bytes).toString("base64")}`,
    (bytes) => `0B${Buffer.from(bytes).toString("base64")}`,
    (bytes) => `0X${hexFromBytes(bytes).toUpperCase()}`,
  ];
  for (const spelled of spell) {
    const { wire, challenge } = await challenged();
    const response = spelled(chapResponse("md5", secret, challenge));
    const { header } = await wire.login(last, [
      ["CHAP_N", "host"],
      ["CHAP_R", response],
    ]);
    assert.deepEqual([header.status, header.transit], [0, true]);
  }
});

test("responses that are too short, too long, empty or no binary value are wrong", async () => {
  for (const cut of [
    (hex: string) => hex.slice(0, -2),
    (hex: string) => `${hex}00`,
    () => "0x",
    () => "",
    () => "zz",
  ]) {
    const { wire, challenge } = await challenged();
    const response = cut(encodeBinary(chapResponse("md5", secret, challenge)));
    const { header } = await wire.login(last, [
      ["CHAP_N", "host"],
      ["CHAP_R", response],
    ]);
    assert.equal(header.status, 0x0201);
  }
});

test("a challenge that is sent back to us is not answered", async () => {
  const { wire, challenge, answers } = await challenged();
  const reflected: readonly TextPair[] = [
    ["CHAP_N", "host"],
    ["CHAP_R", encodeBinary(chapResponse("md5", secret, challenge))],
    ["CHAP_I", "1"],
    ["CHAP_C", `0b${Buffer.from(decodeBinary(answers.get("CHAP_C") ?? "") ?? []).toString("base64")}`],
  ];
  const { header, pairs } = await wire.login(last, reflected);
  assert.equal(header.status, 0x0201);
  assert.deepEqual(pairs, []);
});

test("challenges of 16 to 1024 bytes are answered, others are not", async () => {
  for (const [size, status] of [
    [15, 0x0201],
    [16, 0],
    [1024, 0],
    [1025, 0x0201],
  ] as const) {
    const { wire, challenge } = await challenged();
    const theirs = { identifier: 255, bytes: new Uint8Array(size).fill(0x42) };
    const { header, pairs } = await wire.login(last, [
      ["CHAP_N", "host"],
      ["CHAP_R", encodeBinary(chapResponse("md5", secret, challenge))],
      ["CHAP_I", String(theirs.identifier)],
      ["CHAP_C", encodeBinary(theirs.bytes)],
    ]);
    assert.equal(header.status, status, `${size} bytes`);
    if (status !== 0) continue;
    const proof = encodeBinary(chapResponse("md5", targetSecret, theirs));
    assert.deepEqual(pairs, [
      ["CHAP_N", "target"],
      ["CHAP_R", proof],
    ]);
  }
});

test("keys of CHAP that are out of turn end the login", async () => {
  const world = makeWorld();
  world.directory.chap = policy;
  const early = await new FakeWire(world).login({ currentStage: 0 }, [
    ...names,
    ["CHAP_N", "host"],
    ["CHAP_R", "0x00"],
  ]);
  assert.equal(early.header.status, 0x0201);
  const { wire } = await challenged();
  const { header } = await wire.login({ currentStage: 0 }, [["CHAP_A", "5"]]);
  assert.equal(header.status, 0x0201);
});

test("leaving the security stage in the middle of the exchange does not work", async () => {
  const { wire } = await challenged();
  const { header } = await wire.login(last, []);
  assert.deepEqual([header.status, header.transit], [0, false]);
  assert.equal(wire.world.registry.list().length, 0);
  const jump = await wire.login({ currentStage: 1, nextStage: 3, transit: true }, []);
  assert.equal(jump.header.status, 0x0200);
});

test("binary values are hexadecimal or base64, and nothing else", () => {
  assert.deepEqual(decodeBinary("0x0102"), Uint8Array.of(1, 2));
  assert.deepEqual(decodeBinary("0x102"), Uint8Array.of(1, 2));
  assert.deepEqual(decodeBinary("0bAQI="), Uint8Array.of(1, 2));
  for (const wrong of ["", "0x", "0b", "12", "0xzz", "0b!!", "0bA"]) assert.equal(decodeBinary(wrong), undefined);
});
