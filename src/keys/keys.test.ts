// SPDX-License-Identifier: Apache-2.0
// Keys, held against values of Proxmox Backup Server 3.2.4 and of two independent libraries.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesFromAscii, bytesFromHex, hexFromBytes, isFault, parseJson, type Uuid } from "#base/index.ts";
import { SeededRandom } from "#sim/index.ts";
import { keyConfigJson, keyConfigOf, openKey, protectKey } from "./key-config.ts";
import { KeyRing } from "./key-ring.ts";
import { paperKeyText, parseKeyText } from "./paper-key.ts";
import { chunkDigest, fingerprintOf, idKeyOf, parseFingerprint, setKeyOf, shortFingerprint } from "./raw-key.ts";

const key = Uint8Array.from({ length: 32 }, (_, index) => index);
const fingerprint = "0e:ab:d4:46:0b:6e:b9:ca:34:50:23:de:e2:b7:78:c7:90:e5:4a:16:83:b9:65:9c:0a:57:ae:19:90:90:15:9b";

const scryptText =
  '{"kdf":{"Scrypt":{"n":65536,"r":8,"p":1,"salt":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}},' +
  '"created":"2023-11-14T22:13:20+00:00","modified":"2023-11-14T22:13:20+00:00",' +
  '"data":"AAECAwQFBgcICQoLDA0ODz8m/knSKtyppq3pPOqxr6BIaqk/QyP9Ya3G+VOaRwGA9TWHrPAaAypXZxJCc/2Aqw==",' +
  `"fingerprint":"${fingerprint}","hint":"six letters"}`;
const pbkdf2Text = scryptText
  .replace(/\{"Scrypt".*?\}\}/, '{"PBKDF2":{"iter":65535,"salt":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}}')
  .replace(
    /"data":"[^"]*"/,
    '"data":"AAECAwQFBgcICQoLDA0OD1fL3Pz6R3tphYTCEFqgSFOBs86BYcNrhY6IaSFHfN2hEUiVNAMYhY5kU9mTxyytSw=="',
  );

test("what is derived from a key is what Proxmox derives", () => {
  assert.equal(hexFromBytes(idKeyOf(key)), "7c2c013efd07f3b25717a485263343cd4d292a4b65c200bb3b18ea227abe225c");
  const ones = new Uint8Array(32).fill(1);
  assert.equal(hexFromBytes(idKeyOf(ones)), "421679d8d439d1cbf2a915904a91d1ba20b7e641f9c846378b899864189ff304");
  assert.equal(fingerprintOf(key), fingerprint);
  assert.equal(shortFingerprint(fingerprint), "0e:ab:d4:46:0b:6e:b9:ca");
  assert.equal(parseFingerprint(fingerprint.replaceAll(":", "").toUpperCase()), fingerprint);
  assert.equal(parseFingerprint("0e:ab"), undefined);
  const set = "9c1e4a60-0d6b-4b63-9d15-3c1f8f2a7b44" as Uuid;
  assert.equal(hexFromBytes(setKeyOf(key, set)), "4040ce40eb4eeeee917fae4c4c0ae593123f40ebd88d4cb94414e1cd064f7fd4");
});

test("digests of chunks are those of Proxmox, in clear and with a key", () => {
  const hello = bytesFromAscii("Hello, world!");
  const cases: readonly (readonly [Uint8Array, Uint8Array | undefined, string])[] = [
    [hello, undefined, "315f5bdb76d078c43b8ac0064e4a0164612b1fce77c869345bfc94c75894edd3"],
    [hello, key, "2959633f82c0ecd36eafd9ffbe4101c5142e27d3e506907621cee320323f8efa"],
    [new Uint8Array(4194304), undefined, "bb9f8df61474d25e71fa00722318cd387396ca1736605e1248821cc0de3d3af8"],
    [new Uint8Array(4194304), key, "348571e12bbbedb529def1f1394316e338a01945d871df9ef792617ceb13d636"],
  ];
  for (const [data, raw, expected] of cases) {
    assert.equal(hexFromBytes(chunkDigest(data, raw === undefined ? undefined : idKeyOf(raw))), expected);
  }
  const counted = Uint8Array.from({ length: 100_000 }, (_, index) => index % 255);
  const withKey = chunkDigest(counted, idKeyOf(new Uint8Array(32).fill(1)));
  assert.equal(hexFromBytes(withKey), "32a2bf5dff84090e7f175c27f666f5cc8268046ab6efda0e501196bceffdc675");
});

test("keys that were protected elsewhere are opened, with scrypt and with PBKDF2", () => {
  for (const text of [scryptText, pbkdf2Text]) {
    const config = keyConfigOf(parseJson(text));
    assert.equal(JSON.stringify(keyConfigJson(config)), text);
    assert.equal(hexFromBytes(openKey(config, "secret")), hexFromBytes(key));
    assert.throws(
      () => openKey(config, "Secret"),
      (error) => isFault(error, "keys.wrong-passphrase"),
    );
  }
});

const options = {
  passphrase: "correct horse",
  kind: "pbkdf2" as const,
  random: new SeededRandom(1),
  created: "2026-01-01T00:00:00+00:00",
  modified: "2026-01-01T00:00:00+00:00",
  hint: "a horse",
};

test("a key that was protected is opened again, from paper too", () => {
  const config = protectKey(key, options);
  assert.equal(config.fingerprint, fingerprint);
  const paper = paperKeyText(config, "vault");
  assert.match(paper, /^Subject: vault\n\n-----BEGIN PROXMOX BACKUP KEY-----\n\{\n {2}"kdf": \{\n/);
  assert.deepEqual(openKey(parseKeyText(paper), "correct horse"), key);
  assert.deepEqual(openKey(parseKeyText(JSON.stringify(keyConfigJson(config))), "correct horse"), key);
  assert.throws(
    () => protectKey(key, { ...options, passphrase: "four" }),
    (error) => isFault(error, "keys.bad-passphrase"),
  );
});

test("a key with the fingerprint of another is refused", () => {
  const config = { ...protectKey(key, options), fingerprint: fingerprintOf(new Uint8Array(32)) };
  assert.throws(
    () => openKey(config, options.passphrase),
    (error) => isFault(error, "keys.wrong-key"),
  );
});

test("what is no key is refused by name", () => {
  const changes: readonly (readonly [string, string])[] = [
    ['"n":65536', '"n":1073741824'],
    ['"n":65536', '"n":0'],
    ["2023-11-14T22:13:20+00:00", "yesterday"],
    ['"data":"AAEC', '"data":"?AEC'],
    ["0e:ab", "0e:xx"],
    ["Scrypt", "Argon"],
    ["{", "["],
  ];
  for (const [from, to] of changes) {
    assert.throws(
      () => parseKeyText(scryptText.replace(from, to)),
      (error) => isFault(error, "keys.bad-key"),
      to,
    );
  }
  assert.throws(
    () => parseKeyText(`-----BEGIN PROXMOX BACKUP KEY-----${scryptText}`),
    (error) => isFault(error, "keys.bad-key"),
  );
});

test("a ring comes back from its files, and changes one key at a time", () => {
  const config = keyConfigOf(parseJson(scryptText));
  const empty = KeyRing.parse({ keys: undefined, configs: undefined });
  assert.deepEqual([empty.keysText(), empty.configsText()], ["[]", "[]"]);
  const ring = empty.with(key, config, { mayReplace: false });
  assert.equal(
    ring.keysText(),
    `[\n  {\n    "fingerprint": "${fingerprint}",\n    "key": "${hexFromBytes(key)}"\n  }\n]`,
  );
  const again = KeyRing.parse({ keys: ring.keysText(), configs: ring.configsText() });
  assert.deepEqual(again.key(fingerprint), key);
  assert.equal(again.config(fingerprint).hint, "six letters");
  assert.throws(
    () => again.with(key, config, { mayReplace: false }),
    (error) => isFault(error, "keys.exists"),
  );
  const gone = again.without(fingerprint);
  assert.equal(gone.has(fingerprint), false);
  assert.deepEqual(gone.configs, []);
  for (const use of [() => gone.key(fingerprint), () => gone.config(fingerprint), () => gone.without(fingerprint)]) {
    assert.throws(use, (error) => isFault(error, "keys.unknown"));
  }
});

test("a ring whose files do not fit their keys is refused", () => {
  const other = hexFromBytes(bytesFromHex("ff".repeat(32)));
  const row = `{"fingerprint":"${fingerprint}","key":"${hexFromBytes(key)}"}`;
  for (const keys of ["{}", "[{}]", `[{"fingerprint":"${fingerprint}","key":"${other}"}]`, `[${row},${row}]`]) {
    assert.throws(
      () => KeyRing.parse({ keys, configs: undefined }),
      (error) => isFault(error, "keys.bad-key"),
      keys,
    );
  }
  for (const configs of [`[${scryptText},${scryptText}]`, `[${scryptText.replace(/,"fingerprint":"[^"]*"/, "")}]`]) {
    assert.throws(
      () => KeyRing.parse({ keys: undefined, configs }),
      (error) => isFault(error, "keys.bad-key"),
    );
  }
});
