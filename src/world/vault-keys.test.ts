// SPDX-License-Identifier: Apache-2.0
// The Vault adapter against a small server that speaks the transit engine's HTTP API, as its documentation describes it.

import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { isFault } from "#base/index.ts";
import { storeFault } from "#store/index.ts";
import { keyProviderConformance } from "../store/key-provider-conformance.ts";
import { VaultKeyProvider } from "./vault-keys.ts";

/** The transit engine: named keys with versions. */
class TransitServer {
  readonly keys = new Map<string, Buffer[]>([["capstan", [randomBytes(32)]]]);
  minDecryption = 1;
  isSealed = false;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      let text = "";
      request.on("data", (part: Buffer) => (text += part.toString()));
      request.on("end", () => {
        const { status, body } = this.#answer(request.url ?? "", request.headers["x-vault-token"], text);
        response.writeHead(status, { "content-type": "application/json" });
        response.end(body === undefined ? "" : JSON.stringify(body));
      });
    });
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #answer(url: string, token: unknown, text: string): { status: number; body?: unknown } {
    const failed = (status: number, reason: string) => ({ status, body: { errors: [reason] } });
    if (this.isSealed) return failed(503, "Vault is sealed");
    if (token !== "s.secret") return failed(403, "permission denied");
    const [, name = "", verb] = /^\/v1\/transit\/(?:keys|encrypt|decrypt)\/([^/]+)(\/rotate)?$/.exec(url) ?? [];
    const versions = this.keys.get(name);
    if (versions === undefined) return failed(400, "encryption key not found");
    if (verb !== undefined) {
      versions.push(randomBytes(32));
      return { status: 204 };
    }
    if (url.includes("/keys/")) return { status: 200, body: { data: { latest_version: versions.length } } };
    const { plaintext, ciphertext, associated_data: binding } = JSON.parse(text);
    if (url.includes("/encrypt/")) {
      const [nonce, key] = [randomBytes(12), versions.at(-1) ?? Buffer.alloc(32)];
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(binding, "base64"));
      const sealed = [nonce, cipher.update(Buffer.from(plaintext, "base64")), cipher.final(), cipher.getAuthTag()];
      const data = { ciphertext: `vault:v${versions.length}:${Buffer.concat(sealed).toString("base64")}` };
      return { status: 200, body: { data } };
    }
    const [, version, encoded] = /^vault:v(\d+):([\w+/=]+)$/.exec(String(ciphertext)) ?? [];
    if (version === undefined || encoded === undefined) return failed(400, "invalid ciphertext: no prefix");
    if (Number(version) < this.minDecryption) {
      return failed(400, "ciphertext or signature version is disallowed by policy (too old)");
    }
    const [bytes, key] = [Buffer.from(encoded, "base64"), versions[Number(version) - 1]];
    if (key === undefined || bytes.byteLength < 28) return failed(400, "invalid ciphertext: unable to decrypt");
    try {
      const cipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12), { authTagLength: 16 });
      cipher.setAAD(Buffer.from(binding, "base64")).setAuthTag(bytes.subarray(-16));
      const opened = Buffer.concat([cipher.update(bytes.subarray(12, -16)), cipher.final()]);
      return { status: 200, body: { data: { plaintext: opened.toString("base64") } } };
    } catch {
      return failed(400, "cipher: message authentication failed");
    }
  }
}

const server = new TransitServer();
const address = await server.open();
after(() => server.close());
const make = (token = "s.secret", key = "capstan"): VaultKeyProvider =>
  new VaultKeyProvider({ address, token: () => token, key, faults: storeFault });

keyProviderConformance("Vault transit", async () => ({ provider: make(), again: () => make(), canRenew: true }));

test("a token that may not, a key that is gone and a version that was disabled are key-unknown, with the reason", async () => {
  const wrapped = await make().wrap(randomBytes(32), "here");
  const isUnknown = (reason: RegExp) => (error: unknown) =>
    isFault(error, "store.key-unknown") && reason.test(error.message) && error.message.includes("transit/");
  await assert.rejects(make("s.other").unwrap(wrapped, "here"), isUnknown(/permission denied/));
  await assert.rejects(make("s.secret", "gone").wrap(randomBytes(32), "here"), isUnknown(/key not found/));
  server.minDecryption = 99;
  await assert.rejects(make().unwrap(wrapped, "here"), isUnknown(/disallowed by policy/));
  server.minDecryption = 1;
});

test("a sealed Vault, and one that is not there, are key-unavailable, which passes", async () => {
  server.isSealed = true;
  await assert.rejects(make().wrap(randomBytes(32), "here"), (error) => {
    return isFault(error, "store.key-unavailable") && /sealed/.test(error.message) && error.row.retry === "backoff";
  });
  server.isSealed = false;
  const options = { address: "http://127.0.0.1:1", token: () => "", key: "capstan", faults: storeFault };
  await assert.rejects(new VaultKeyProvider(options).currentKeyId(), (error) =>
    isFault(error, "store.key-unavailable"),
  );
});
