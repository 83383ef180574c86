// SPDX-License-Identifier: Apache-2.0
// What hosts write on a cartridge's chip is durable when they are told so.

import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes } from "#base/index.ts";
import { AttributeHeader, AttributesHeader, ReadAttributeValues, WriteAttribute } from "#scsi/index.ts";
import { smallLibrary, testBlock, testSize, TestWorld, type Host } from "./gateway-fixtures.ts";

const coherency = 0x080c;
const changeReference = 0x0009;

async function attribute(host: Host, id: number): Promise<Uint8Array> {
  const cdb = ReadAttributeValues.encode({ firstAttribute: id, allocationLength: 200 });
  const { word, data } = await host.send(cdb, { dataInLength: 200 });
  assert.equal(word, "good");
  const header = AttributeHeader.decode(data, AttributesHeader.size);
  assert.equal(header.id, id);
  const start = AttributesHeader.size + AttributeHeader.size;
  return data.slice(start, start + header.length);
}

for (const how of ["power", "process"] as const) {
  test(`attributes and the volume change reference survive the loss of the ${how}`, async () => {
    const world = new TestWorld();
    const gateway = await world.start();
    await world.run(gateway.createLibrary(smallLibrary));
    await world.run(gateway.createCartridges({ library: "lib", sizeBytes: testSize }));
    const { firstAddresses, changerTarget } = gateway.getLibrary("lib");
    const changer = await world.login(changerTarget);
    await changer.attentions();
    const driveTarget = gateway.listDrives("lib")[0]?.target ?? "";
    const drive = await world.login(driveTarget);
    await drive.attentions();
    assert.equal(await changer.move(firstAddresses.storageSlot, firstAddresses.drive), "good");
    await drive.attentions();
    const before = await attribute(drive, changeReference);
    assert.equal(await drive.write(testBlock(1)), "good");
    const after = await attribute(drive, changeReference);
    assert.notDeepEqual(after, before);
    const value = new Uint8Array(70).fill(9);
    const body = concatBytes([AttributeHeader.encode({ id: coherency, length: value.byteLength }), value]);
    const dataOut = concatBytes([AttributesHeader.encode({ availableLength: body.byteLength }), body]);
    const cdb = WriteAttribute.encode({ parameterListLength: dataOut.byteLength });
    assert.equal((await drive.send(cdb, { dataOut })).word, "good");
    world.kill(how);
    await world.start();
    const again = await world.login(driveTarget);
    await world.clock.settle();
    assert.equal((await again.attentions()).at(-1), "good");
    assert.deepEqual(await attribute(again, coherency), value);
    assert.deepEqual(await attribute(again, changeReference), after);
    await world.stop();
  });
}
