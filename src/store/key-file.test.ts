// SPDX-License-Identifier: Apache-2.0
// Keys that we hold ourselves, in a file or by a passphrase: the contract of key providers, typing a key in from paper,
// and RFC 7914's own vector.

import assert from "node:assert/strict";
import { scryptSync } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { hexFromBytes, isFault } from "#base/index.ts";
import { SeededRandom } from "#sim/index.ts";
import { FileKeyProvider, keyLine, keyNameOf, keyOfLine, type KeyFile, keysOfText } from "./key-file.ts";
import { keyProviderConformance } from "./key-provider-conformance.ts";
import { PassphraseKeyProvider } from "./passphrase-keys.ts";

class MemoryKeyFile implements KeyFile {
  readonly path = "keys";
  text: string | undefined;

  read(): string | undefined {
    return this.text;
  }

  write(text: string): void {
    this.text = text;
  }
}

const random = new SeededRandom("keys");
const cheap = { cost: 16, blockSize: 1, parallel: 1 };
const passphrase = "correct horse battery staple";

keyProviderConformance("a key file", async () => {
  const file = new MemoryKeyFile();
  const provider = new FileKeyProvider({ file, random, create: true });
  return { provider, again: () => new FileKeyProvider({ file, random, create: false }), canRenew: true };
});

keyProviderConformance("a passphrase", async () => {
  const make = (): PassphraseKeyProvider => new PassphraseKeyProvider({ passphrase, random, cost: cheap });
  return { provider: make(), again: make, canRenew: true };
});

test("a key survives paper: any case, blanks or dashes, letters that look alike", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.boolean(), (key, isLower) => {
      const line = keyLine(key);
      const typed = line.replaceAll("-1 ", "-1 ").replace(/(?<= \S+ ).*/, (groups) => {
        const spaced = groups.replaceAll("-", " ").replaceAll("0", "O").replaceAll("1", "l");
        return isLower ? spaced.toLowerCase() : spaced;
      });
      assert.deepEqual(keyOfLine(typed), Uint8Array.from(key));
    }),
  );
});

test("a key with any one letter wrong, missing or doubled is found out", () => {
  const key = random.bytes(32);
  const [kind, name, groups = ""] = keyLine(key).split(" ");
  for (let index = 0; index < groups.length; index++) {
    if (groups[index] === "-") continue;
    const letter = groups[index] === "7" ? "8" : "7";
    for (const bad of [letter, "", `${groups[index]}${letter}`, "!"]) {
      const line = `${kind} ${name} ${groups.slice(0, index)}${bad}${groups.slice(index + 1)}`;
      assert.equal(typeof keyOfLine(line), "string", line);
    }
  }
});

test("a file without a good key is refused by name, and never replaced", () => {
  for (const text of ["", "# nothing\n", "capstan-key-1 0011\n", "hello\n", `${keyLine(random.bytes(32))}X\n`]) {
    const file = new MemoryKeyFile();
    file.text = text;
    assert.throws(
      () => new FileKeyProvider({ file, random, create: true }),
      (error) => isFault(error, "store.key-file-bad"),
    );
    assert.equal(file.text, text);
  }
  const absent = { file: new MemoryKeyFile(), random, create: false };
  assert.throws(() => new FileKeyProvider(absent), /no such file/);
});

test("the last key of a file wraps, and what a person wrote beside them is no key", async () => {
  const [first, second] = [random.bytes(32), random.bytes(32)];
  const file = new MemoryKeyFile();
  file.text = `# old\n${keyLine(first)}\n\n  # new\n${keyLine(second)}\n`;
  const provider = new FileKeyProvider({ file, random, create: false });
  assert.equal(await provider.currentKeyId(), keyNameOf(second));
  assert.deepEqual([...keysOfText("keys", file.text).keys()], [keyNameOf(first), keyNameOf(second)]);
});

test("a passphrase is refused when it is short, and a wrong one opens nothing", async () => {
  assert.throws(
    () => new PassphraseKeyProvider({ passphrase: "short", random }),
    (error) => isFault(error, "store.passphrase-short"),
  );
  const right = new PassphraseKeyProvider({ passphrase, random, cost: cheap });
  const wrong = new PassphraseKeyProvider({ passphrase: `${passphrase}!`, random, cost: cheap });
  const wrapped = await right.wrap(random.bytes(32), "here");
  await assert.rejects(wrong.unwrap(wrapped, "here"), (error) => isFault(error, "store.key-refused"));
});

test("what a bucket says about scrypt cannot exhaust the machine", async () => {
  const provider = new PassphraseKeyProvider({ passphrase, random, cost: cheap });
  const { bytes } = await provider.wrap(random.bytes(32), "here");
  const salt = "00".repeat(16);
  for (const parameters of ["99999999-8-1", "16777216-8-1", "1048576-8-16", "0-8-1", "3-1-1", "16-0-1", "-1-8-1"]) {
    const keyId = `scrypt-${parameters}-${salt}`;
    await assert.rejects(provider.unwrap({ keyId, bytes }, "here"), (error) => isFault(error, "store.key-unknown"));
  }
});

test("scrypt is that of RFC 7914, section 12", () => {
  const key = scryptSync("password", "NaCl", 64, { N: 1024, r: 8, p: 16, maxmem: 2 ** 26 });
  assert.match(hexFromBytes(key), /^fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162/);
});
