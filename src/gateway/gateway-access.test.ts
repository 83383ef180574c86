// SPDX-License-Identifier: Apache-2.0
// Access through real sessions: CHAP, allow-lists, hidden targets, portals, and that secrets never come out.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesFromText, minutes, silentLog } from "#base/index.ts";
import type { InitiatorSettings } from "#iscsi/index.ts";
import { SeededRandom } from "#sim/index.ts";
import { smallLibrary, TestWorld, testSettings } from "./gateway-fixtures.ts";
import { Gateway } from "./gateway.ts";
import type { GatewaySettings } from "./settings.ts";

const ann = "iqn.1994-05.com.example:ann";
const bob = "iqn.1994-05.com.example:bob";
const secret = "the secret of ann";
const answer = "the secret of the target";
const loopback = { host: "127.0.0.1", port: 3260 };
const outside = { host: "10.0.0.1", port: 3260 };

async function world(
  settings: Partial<GatewaySettings> = {},
): Promise<{ place: TestWorld; gateway: Gateway; target: string }> {
  const place = new TestWorld();
  const gateway = await place.start(settings);
  await place.run(gateway.createLibrary(smallLibrary));
  return { place, gateway, target: gateway.getLibrary("lib").changerTarget };
}

const chap = (name: string, text: string): InitiatorSettings => ({
  chap: { credentials: { name, secret: bytesFromText(text) } },
});

test("CHAP lets in who knows the secret, and nobody else", async () => {
  const { place, gateway, target } = await world();
  await place.run(gateway.setChap({ target, initiator: ann, secret }));
  const host = await place.login(target, chap(ann, secret), ann);
  assert.equal(gateway.listSessions(target).length, 1);
  assert.equal(gateway.listSessions(target)[0]?.initiator, ann);
  await host.logout();
  await assert.rejects(place.login(target, {}, ann), { name: "Fault" });
  await assert.rejects(place.login(target, chap(ann, "another secret"), ann), { name: "Fault" });
  await assert.rejects(place.login(target, chap(ann, secret), bob), { name: "Fault" });
  assert.deepEqual(gateway.listSessions(target), []);
  await place.stop();
});

test("mutual CHAP proves the target too", async () => {
  const { place, gateway, target } = await world();
  await place.run(
    gateway.setChap({ target, initiator: ann, user: "ann", secret, mutual: { user: "tape", secret: answer } }),
  );
  const settings = (text: string): InitiatorSettings => ({
    chap: {
      credentials: { name: "ann", secret: bytesFromText(secret) },
      target: { name: "tape", secret: bytesFromText(text) },
    },
  });
  await (await place.login(target, settings(answer), ann)).logout();
  await assert.rejects(place.login(target, settings("not what the target knows"), ann), { name: "Fault" });
  assert.deepEqual(gateway.getTarget(target).chap, [{ target, initiator: ann, user: "ann", mutual: true }]);
  await place.stop();
});

test("changed credentials and changed allow-lists close the sessions that they concern", async () => {
  const { place, gateway, target } = await world();
  const host = await place.login(target, {}, ann);
  const other = await place.login(target, {}, bob);
  await place.run(gateway.setAllowList(target, [ann, "iqn.2000-01.*"]));
  assert.match((await place.run(other.session.ended)).message, /./);
  assert.deepEqual(
    gateway.listSessions(target).map(({ initiator }) => initiator),
    [ann],
  );
  await place.run(gateway.setChap({ target, initiator: ann, secret }));
  await place.run(host.session.ended);
  const again = await place.login(target, chap(ann, secret), ann);
  await place.run(gateway.removeChap(target, ann));
  await place.run(again.session.ended);
  await assert.rejects(place.run(gateway.removeChap(target, ann)), { code: "gateway.chap-unknown" });
  await place.run(gateway.setAllowList(target, []));
  await (await place.login(target, {}, bob)).logout();
  await place.stop();
});

test("discovery hides targets that an initiator may not use", async () => {
  const { place, gateway, target } = await world();
  await place.run(gateway.setAllowList(target, [ann]));
  const found = async (name: string): Promise<readonly string[]> =>
    (await place.run(place.initiator(name).discover(place.portal))).map((discovered) => discovered.name);
  assert.equal((await found(ann)).length, 3);
  assert.deepEqual(
    await found(bob),
    gateway.listDrives("lib").map((drive) => drive.target),
  );
  const [first] = await place.run(place.initiator(ann).discover(place.portal));
  assert.deepEqual(first?.addresses, [{ endpoint: outside, portalGroupTag: 1 }]);
  await place.stop();
});

test("an operator ends a session", async () => {
  const { place, gateway, target } = await world();
  const host = await place.login(target, {}, ann);
  const [session] = gateway.listSessions(target);
  await place.run(gateway.disconnectSession(session?.id ?? -1));
  await place.run(host.session.ended);
  await assert.rejects(place.run(gateway.disconnectSession(session?.id ?? -1)), { code: "gateway.session-unknown" });
  await place.stop();
});

test("a portal that strangers can reach opens only with a rule, and keeps targets without one closed", async () => {
  const place = new TestWorld();
  await assert.rejects(place.start({ portals: [{ listen: outside }] }), {
    code: "gateway.portal-open",
    message: /10\.0\.0\.1:3260/,
  });
  const gateway = await place.start({ portals: [{ listen: loopback }] });
  await place.run(gateway.createLibrary(smallLibrary));
  const target = gateway.getLibrary("lib").changerTarget;
  await place.run(gateway.setAllowList(target, [ann]));
  await place.stop();
  const guarded = await place.start({ portals: [{ listen: outside }] });
  await (await place.login(target, {}, ann)).logout();
  await assert.rejects(place.login(target, {}, bob), { name: "Fault" });
  await assert.rejects(place.login(guarded.listDrives("lib")[0]?.target ?? "", {}, ann), { name: "Fault" });
  await place.stop();
});

test("default access holds for every target without rules of its own", async () => {
  const access = { allow: [ann], chap: [{ initiator: ann, secret }] };
  const { place, gateway } = await world({ portals: [{ listen: outside }], access });
  for (const { name } of gateway.listTargets()) {
    await (await place.login(name, chap(ann, secret), ann)).logout();
    await assert.rejects(place.login(name, {}, ann), { name: "Fault" });
    await assert.rejects(place.login(name, {}, bob), { name: "Fault" });
  }
  await place.stop();
});

test("no view, event, task or fault has a secret in it", async () => {
  const { place, gateway, target } = await world();
  const events = gateway.subscribe();
  await place.run(gateway.setChap({ target, initiator: ann, secret, mutual: { secret: answer } }));
  await (await place.login(target, chap(ann, secret), ann)).logout();
  await assert.rejects(place.login(target, chap(ann, "another secret"), ann), { name: "Fault" });
  await place.run(gateway.setAllowList(target, [ann]));
  const seen: unknown[] = [];
  for (let count = 0; count < 3; count++) seen.push((await place.run(events.next())).value);
  seen.push(
    gateway.status(),
    gateway.listTargets(),
    gateway.listSessions(),
    gateway.listLibraries(),
    gateway.tasks.list(),
  );
  const text = JSON.stringify(seen);
  assert.ok(text.includes("access.changed"));
  for (const word of [secret, answer]) assert.ok(!text.includes(word), "no secret");
  await place.stop();
});

test("an address that is in use stops the start with nothing left open, and the next start works", async () => {
  const place = new TestWorld();
  const other = await place.run(
    place.network.machine("10.0.0.1").listen(outside, () => {
      throw new Error("nobody calls");
    }),
  );
  await assert.rejects(place.start(), { code: "network.address-in-use" });
  await other.close();
  await place.start();
  await place.stop();
});

test("a gateway stops in good order with hosts that do not leave", async () => {
  const { place, gateway, target } = await world();
  const host = await place.login(target, {}, ann);
  await place.run(gateway.stop(), minutes(1));
  await place.run(host.session.ended);
  assert.deepEqual(place.errors, []);
});

test("settings that cannot be are refused at start", async () => {
  const place = new TestWorld();
  await assert.rejects(place.start({ namingAuthority: "capstan" }), { code: "gateway.bad-authority" });
  await assert.rejects(place.start({ instance: "No Name" }), { code: "gateway.bad-name" });
  const gateway = new Gateway({
    clock: place.clock,
    random: new SeededRandom(1),
    log: silentLog,
    network: place.network.machine("10.0.0.1"),
    disk: place.disk.attach(),
    objects: place.objects,
    settings: testSettings,
  });
  assert.throws(() => gateway.listLibraries(), { code: "gateway.not-running", message: /starting/ });
});
