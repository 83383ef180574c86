// SPDX-License-Identifier: Apache-2.0
// Many operators and hosts at the same time: whatever they do, every cartridge is in one place, and its state says where.

import assert from "node:assert/strict";
import { test } from "node:test";
import { hours, isFault, minutes, seconds } from "#base/index.ts";
import { SeededRandom } from "#sim/index.ts";
import { isInLibrary } from "./cartridge-life.ts";
import { smallLibrary, testSize, TestWorld, type Host } from "./gateway-fixtures.ts";
import type { Gateway } from "./gateway.ts";

const actor = { who: "chaos" };
const names = ["one", "two"] as const;

/** One random request of an operator. */
function request(gateway: Gateway, random: SeededRandom): Promise<unknown> {
  const cartridges = gateway.listCartridges();
  const barcode = cartridges.length === 0 ? "NONE01L8" : random.pick(cartridges).barcode;
  const library = random.pick(names);
  const number = random.between(1, 6);
  switch (random.below(13)) {
    case 0:
      return gateway.createCartridges({
        library,
        sizeBytes: testSize,
        into: random.pick(["storage-slot", "mail-slot"]),
      });
    case 1:
      return gateway.loadCartridge(barcode);
    case 2:
      return gateway.loadCartridge(barcode, random.between(1, 2));
    case 3:
      return gateway.unloadCartridge(barcode);
    case 4:
      return gateway.moveCartridge({ barcode, to: { kind: "storage-slot", number } });
    case 5:
      return gateway.ejectCartridge(barcode, actor);
    case 6:
      return gateway.cancelArchive(barcode);
    case 7:
      return gateway.retrieveCartridge({ barcode, library, tier: "Expedited" }, actor);
    case 8:
      return gateway.cancelRetrieve(barcode);
    case 9:
      return gateway.importCartridge(barcode);
    case 10:
      return gateway.assignPool(barcode, random.pick(["glacier", "deep-archive"]), actor);
    case 11:
      return gateway.changeLibrary(library, { storageSlots: random.between(5, 8) });
    default:
      return random.chance(0.3) ? gateway.deleteCartridge(barcode, actor) : Promise.resolve();
  }
}

function checkSound(gateway: Gateway): void {
  const places = new Map<string, number>();
  for (const name of names) {
    for (const { cartridge } of gateway.listElements(name)) {
      if (cartridge !== undefined) places.set(cartridge, (places.get(cartridge) ?? 0) + 1);
    }
  }
  for (const { barcode, state, place } of gateway.listCartridges()) {
    assert.equal(places.get(barcode) ?? 0, isInLibrary(state) ? 1 : 0, `${barcode} is ${state}`);
    assert.equal(place.kind, isInLibrary(state) ? "element" : "shelf", `${barcode} is ${state}`);
    places.delete(barcode);
  }
  assert.deepEqual([...places.keys()], [], "no element holds what does not exist");
}

/** Gives 1 for a request that was carried out and 0 for one that was refused; anything else is a mistake. */
async function outcomeOf(work: Promise<unknown>): Promise<number> {
  try {
    await work;
    return 1;
  } catch (error) {
    if (!isFault(error)) throw error;
    return 0;
  }
}

for (const seed of [1, 2, 3, 4]) {
  test(`chaos ${seed}: after any requests at once, and after a kill, each cartridge is where its state says`, async () => {
    const world = new TestWorld();
    const random = new SeededRandom(`chaos ${seed}`);
    let gateway = await world.start();
    for (const name of names) await world.run(gateway.createLibrary({ ...smallLibrary, name }));
    for (const library of names) await world.run(gateway.createCartridges({ library, sizeBytes: testSize, count: 3 }));
    const hosts: Host[] = [];
    for (const name of names) hosts.push(await world.login(gateway.getLibrary(name).changerTarget));
    let carriedOut = 0;
    for (let round = 0; round < 30; round++) {
      const now = gateway;
      const requests = Array.from({ length: 8 }, () => outcomeOf(request(now, random)));
      const host = random.pick(hosts);
      const { storageSlot, drive, mailSlot } = now.getLibrary("one").firstAddresses;
      const spot = (): number =>
        random.pick([storageSlot, storageSlot + 1, storageSlot + 2, drive, drive + 1, mailSlot]);
      await host.move(spot(), spot());
      const outcomes = await world.run(Promise.all(requests), hours(1));
      carriedOut += outcomes.reduce((sum, outcome) => sum + outcome, 0);
      checkSound(now);
      await world.clock.advance(random.chance(0.2) ? minutes(20) : seconds(random.below(20)));
      checkSound(now);
    }
    assert.ok(carriedOut > 60, `${carriedOut} of 240 requests were carried out`);
    world.kill();
    gateway = await world.start();
    checkSound(gateway);
    await world.clock.advance(hours(24));
    checkSound(gateway);
    const busy = gateway
      .listCartridges()
      .filter(({ state }) => state === "IN_TRANSIT" || state === "ARCHIVING" || state === "DELETING");
    assert.deepEqual(busy, [], "all work came to an end");
    await world.stop();
  });
}
