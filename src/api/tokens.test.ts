// SPDX-License-Identifier: Apache-2.0
// API tokens: what is kept, who they belong to, what is refused.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault, limits } from "#base/index.ts";
import { SimClock, SeededRandom } from "#sim/index.ts";
import { mayDo, roles } from "./roles.ts";
import { TokenStore, type TokenFile } from "./tokens.ts";

function memoryFile(text?: string): TokenFile & { text: string | undefined; fails: boolean } {
  return {
    text,
    fails: false,
    read() {
      return this.text;
    },
    replace(next) {
      if (this.fails) throw new Error("disk full");
      this.text = next;
    },
  };
}

const storeOn = (file: TokenFile): TokenStore =>
  new TokenStore({ clock: new SimClock(), random: new SeededRandom(1), file });

test("a token is known after it was made and after a restart, and the file does not hold it", () => {
  const file = memoryFile();
  const tokens = storeOn(file);
  assert.equal(tokens.isEmpty, true);
  const { text, view } = tokens.create("admin", "admin");
  assert.match(text, /^capstan_[\w-]{43}$/);
  assert.deepEqual(tokens.callerOf(text), { name: "admin", role: "admin" });
  assert.deepEqual(storeOn(file).callerOf(text), { name: "admin", role: "admin" });
  assert.deepEqual(storeOn(file).list(), [view]);
  assert.ok(!file.text?.includes(text));
});

test("what is no token of ours belongs to nobody", () => {
  const tokens = storeOn(memoryFile());
  const { text } = tokens.create("admin", "admin");
  for (const other of ["", text.slice(1), `${text}x`, text.toUpperCase()]) {
    assert.equal(tokens.callerOf(other), undefined);
  }
});

test("a revoked token is refused at once, and the last administrator cannot be revoked", () => {
  const tokens = storeOn(memoryFile());
  tokens.create("admin", "admin");
  const { text } = tokens.create("robot", "operator");
  tokens.revoke("robot");
  assert.equal(tokens.callerOf(text), undefined);
  assert.throws(
    () => tokens.revoke("robot"),
    (error) => isFault(error, "api.token-unknown"),
  );
  assert.throws(
    () => tokens.revoke("admin"),
    (error) => isFault(error, "api.token-last-admin"),
  );
});

test("names are used once, and there is a limit", () => {
  const tokens = storeOn(memoryFile());
  for (let index = 0; index < limits.apiTokens; index++) tokens.create(`t${index}`, "viewer");
  assert.throws(
    () => tokens.create("more", "viewer"),
    (error) => isFault(error, "api.tokens-full"),
  );
  tokens.revoke("t1");
  assert.throws(
    () => tokens.create("t2", "viewer"),
    (error) => isFault(error, "api.token-exists"),
  );
});

test("a token that could not be written does not exist, and one that could not be removed still does", () => {
  const file = memoryFile();
  const tokens = storeOn(file);
  tokens.create("admin", "admin");
  const { text } = tokens.create("robot", "viewer");
  file.fails = true;
  assert.throws(() => tokens.create("other", "viewer"), /disk full/);
  assert.throws(() => tokens.revoke("robot"), /disk full/);
  assert.deepEqual(
    tokens.list().map(({ name }) => name),
    ["admin", "robot"],
  );
  assert.equal(tokens.callerOf(text)?.name, "robot");
});

for (const text of ["", "{", "[]", '{"format":2,"tokens":[]}', '{"format":1,"tokens":[{"name":"x"}]}']) {
  test(`a damaged file is refused, not taken for an empty one: ${text}`, () => {
    assert.throws(
      () => storeOn(memoryFile(text)),
      (error) => isFault(error, "api.tokens-damaged"),
    );
  });
}

test("a role may do what the roles before it may, and nothing more", () => {
  const allowed = roles.map((role) => roles.filter((needed) => mayDo(role, needed)));
  assert.deepEqual(allowed, [["viewer"], ["viewer", "operator"], ["viewer", "operator", "admin"]]);
});
