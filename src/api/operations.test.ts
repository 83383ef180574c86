// SPDX-License-Identifier: Apache-2.0
// The table of operations as a whole: what holds for every row, and the permission matrix, written out for review.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isFault } from "#base/index.ts";
import { inputFieldsOf, pathFieldsOf, schemaOf, takesQuery, valueFromText } from "./fields.ts";
import { openApiDocument } from "./openapi.ts";
import { invoke, type ApiContext, type Operation } from "./operation.ts";
import { operations } from "./operations.ts";
import { roles } from "./roles.ts";

const root = join(import.meta.dirname, "../..");

test("names are unique and name a noun and a verb", () => {
  assert.equal(new Set(operations.map(({ name }) => name)).size, operations.length);
  for (const { name } of operations) assert.match(name, /^[a-z]+(\.[a-z-]+){1,2}$/);
});

test("routes are unique", () => {
  const routes = operations.map(({ route }) => `${route.method} ${route.path}`);
  assert.equal(new Set(routes).size, routes.length);
});

for (const entry of operations) {
  test(`${entry.name}: its examples are what its own schema accepts`, () => {
    assert.ok(entry.examples.length > 0);
    for (const example of entry.examples) assert.ok(entry.input.safeParse(example.input).success, example.title);
  });

  test(`${entry.name}: what names its fields names fields that there are`, () => {
    const fields = inputFieldsOf(entry).map(({ name }) => name);
    for (const name of [...entry.positional, ...pathFieldsOf(entry)]) assert.ok(fields.includes(name), name);
    const output = schemaOf(entry.output, "output");
    const properties = Object.keys(output.properties ?? output.items?.properties ?? {});
    for (const column of entry.columns ?? []) assert.ok(properties.includes(column), column);
  });

  test(`${entry.name}: every field says what it is, and an unknown one is refused by name`, () => {
    for (const field of inputFieldsOf(entry)) assert.notEqual(field.description, "", field.name);
    const parsed = entry.input.safeParse({ ...entry.examples[0]?.input, surprise: 1 });
    assert.match(parsed.error?.message ?? "", /surprise/);
  });

  test(`${entry.name}: a query is read with GET, a change is not, and paths take required fields`, () => {
    assert.equal(entry.kind === "query", entry.route.method === "get");
    const required = inputFieldsOf(entry).filter((field) => field.isRequired);
    for (const name of pathFieldsOf(entry)) assert.ok(required.some((field) => field.name === name));
  });

  test(`${entry.name}: values that travel as text are the values that were meant`, () => {
    if (!takesQuery(entry)) return;
    for (const { input } of entry.examples) {
      for (const field of inputFieldsOf(entry)) {
        const value = input[field.name];
        if (value !== undefined) assert.deepEqual(valueFromText(field, `${value as string | number}`), value);
      }
    }
  });
}

test("the permission matrix is the one that was reviewed", () => {
  const rows = roles.map((role) => {
    const names = operations.filter((entry) => entry.permission === role).map(({ name }) => name);
    return [role, names.join(" ")];
  });
  assert.deepEqual(Object.fromEntries(rows), {
    viewer:
      "library.list library.show library.elements drive.list model.list preset.list cartridge.list cartridge.show pool.list " +
      "rule.list shelf.estimate shelf.costs target.list target.show portal.list session.list access.chap.list access.allow.list store.status " +
      "store.lag store.scrub-report alarm.list store.bandwidth.show key.list datastore.list snapshot.list tape.drive.list tape.pool.list " +
      "tape.key.list tape.media.list tape.media.content tape.restore-plan tape.key.show tape.status tape.volume-statistics tape.cartridge-memory tape.changer.list tape.changer.status tape.backup-job.list tape.backup-job.status tape.backup-job.show notify.target.list notify.matcher.list label.sheet task.list task.show system.status system.version",
    operator:
      "cartridge.create cartridge.move cartridge.load cartridge.unload cartridge.import cartridge.eject " +
      "cartridge.accept-loss cartridge.cancel-archive cartridge.retrieve cartridge.retrieve-more cartridge.cancel-retrieve cartridge.assign-pool cartridge.clone " +
      "session.disconnect store.scrub key.check datastore.verify snapshot.browse tape.barcode-label tape.label tape.inventory tape.backup tape.restore " +
      "tape.catalog tape.verify tape.copy tape.read-label tape.changer.transfer tape.load-media tape.load-media-from-slot tape.unload tape.export-media tape.eject tape.rewind tape.clean tape.media.move tape.media.set-status tape.backup-job.run notify.target.test task.cancel",
    admin:
      "library.create library.change library.delete cartridge.hold cartridge.release cartridge.retain cartridge.delete cartridge.undelete pool.create pool.delete rule.set rule.delete access.chap.set " +
      "access.chap.delete access.allow.add access.allow.remove store.bandwidth.set " +
      "store.bandwidth.add store.bandwidth.remove store.bandwidth.reset key.rotate datastore.create datastore.remove datastore.prune datastore.collect " +
      "snapshot.create snapshot.create-image snapshot.forget snapshot.extract tape.drive.create tape.drive.create-folder tape.import-config tape.drive.remove tape.pool.create tape.pool.remove " +
      "tape.key.create tape.key.restore tape.key.change-passphrase tape.key.import tape.key.paperkey tape.key.remove tape.format tape.media.destroy tape.backup-job.create tape.backup-job.update tape.backup-job.remove notify.target.create-smtp notify.target.create-sendmail notify.target.create-webhook notify.target.remove notify.matcher.create notify.matcher.remove token.create token.list token.revoke",
  });
});

test("who may not do an operation is refused before anything is looked at", async () => {
  const touched = new Proxy({}, { get: () => assert.fail("the context was touched") }) as ApiContext;
  for (const entry of operations) {
    for (const role of roles.slice(0, roles.indexOf(entry.permission))) {
      const asked = invoke(entry, touched, { caller: { name: "t", role }, input: "nonsense" });
      await assert.rejects(asked, (error) => isFault(error, "api.denied") && error.message.includes(entry.name));
    }
  }
});

test("openapi.json is current; `npm run openapi` writes it anew", () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const committed = readFileSync(join(root, "openapi.json"), "utf8");
  assert.equal(committed, `${JSON.stringify(openApiDocument(version), undefined, 2)}\n`);
});

function named(name: string): Operation {
  const found = operations.find((entry) => entry.name === name);
  assert.ok(found, name);
  return found;
}

const badInputs: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
  ["cartridge.create", { size: "200XB" }, /size: "200XB" is no size/],
  ["cartridge.create", { size: "15MiB" }, /size: a cartridge has 16 MiB to 64 TiB/],
  ["cartridge.create", { size: "65TiB" }, /size: a cartridge has 16 MiB to 64 TiB/],
  ["cartridge.create", { size: -1 }, /size: Too small/],
  ["cartridge.create", { count: 0 }, /count: /],
  ["cartridge.create", { count: 1501 }, /count: /],
  ["cartridge.create", { count: 2.5 }, /count: /],
  ["cartridge.create", { barcodePrefix: "lower" }, /barcodePrefix: 1 to 5 capital letters/],
  ["cartridge.show", {}, /barcode: is missing/],
  ["cartridge.show", { barcode: "A/../B" }, /barcode: a barcode is 5 to 16/],
  ["cartridge.list", { state: "LOST" }, /state: /],
  ["library.create", { name: "Main Library" }, /name: 1 to 32 of a-z/],
  ["library.create", { name: "main", drives: 65 }, /drives: /],
  ["library.create", { name: "main", firstDrive: 65_536 }, /firstDrive: /],
  ["library.create", { name: "main", topology: "both" }, /topology: /],
  ["access.chap.set", { target: "t", initiator: "i", secret: "short" }, /secret: /],
  ["task.show", { id: "12" }, /id: a task id is 32 hexadecimal digits/],
  ["token.create", { name: "x", role: "root" }, /role: /],
  ["system.status", { verbose: true }, /verbose: there is no such field/],
];

for (const [name, input, text] of badInputs) {
  test(`${name} refuses ${JSON.stringify(input)} and names the field`, async () => {
    const untouched = new Proxy({}, { get: () => assert.fail("the context was touched") }) as ApiContext;
    const asked = invoke(named(name), untouched, { caller: { name: "t", role: "admin" }, input });
    await assert.rejects(asked, (error) => isFault(error, "api.bad-input") && text.test(error.message));
  });
}
