// SPDX-License-Identifier: Apache-2.0
// The KMS adapter and Amazon's SDK against a small server that speaks the JSON 1.1 protocol of KMS, as its API reference
// describes it.

import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { isFault } from "#base/index.ts";
import { storeFault } from "#store/index.ts";
import { keyProviderConformance } from "../store/key-provider-conformance.ts";
import { KmsKeyProvider } from "./kms-keys.ts";

const arnOf = (id: string): string => `arn:aws:kms:eu-central-1:111122223333:key/${id}`;

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Keys by id; a ciphertext blob names its key, as those of KMS do. */
class KmsServer {
  readonly keys = new Map<string, Buffer>([
    ["first", randomBytes(32)],
    ["second", randomBytes(32)],
  ]);
  readonly disabled = new Set<string>();
  fails: string | undefined;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      let text = "";
      request.on("data", (part: Buffer) => (text += part.toString()));
      request.on("end", () => {
        const action = String(request.headers["x-amz-target"]).replace("TrentService.", "");
        const isSigned = String(request.headers["authorization"]).startsWith("AWS4-HMAC-SHA256 Credential=AKIDTEST/");
        const { status, body } = isSigned
          ? this.#answer(action, JSON.parse(text))
          : failed("UnrecognizedClientException", "The security token included in the request is invalid.");
        response.writeHead(status, { "content-type": "application/x-amz-json-1.1" });
        response.end(JSON.stringify(body));
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

  #answer(action: string, input: Readonly<Record<string, unknown>>): Answer {
    if (this.fails !== undefined) return failed(this.fails, "The request was rejected.", 500);
    const id = String(input["KeyId"]).replace(/^.*:key\//, "");
    const key = this.keys.get(id);
    if (key === undefined) return failed("NotFoundException", `Key '${arnOf(id)}' does not exist`);
    if (this.disabled.has(id)) return failed("DisabledException", `${arnOf(id)} is disabled.`);
    if (action === "DescribeKey") return { status: 200, body: { KeyMetadata: { KeyId: id, Arn: arnOf(id) } } };
    const binding = Buffer.from(JSON.stringify(input["EncryptionContext"]));
    if (action === "Encrypt") {
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(binding);
      const plain = Buffer.from(String(input["Plaintext"]), "base64");
      const sealed = [nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()];
      return { status: 200, body: { KeyId: arnOf(id), CiphertextBlob: Buffer.concat(sealed).toString("base64") } };
    }
    const blob = Buffer.from(String(input["CiphertextBlob"]), "base64");
    try {
      const cipher = createDecipheriv("aes-256-gcm", key, blob.subarray(0, 12), { authTagLength: 16 });
      cipher.setAAD(binding).setAuthTag(blob.subarray(-16));
      const opened = Buffer.concat([cipher.update(blob.subarray(12, -16)), cipher.final()]);
      return { status: 200, body: { KeyId: arnOf(id), Plaintext: opened.toString("base64") } };
    } catch {
      return failed("InvalidCiphertextException", "");
    }
  }
}

function failed(type: string, message: string, status = 400): Answer {
  return { status, body: { __type: type, message } };
}

process.env["AWS_ACCESS_KEY_ID"] = "AKIDTEST";
process.env["AWS_SECRET_ACCESS_KEY"] = "secret";
const server = new KmsServer();
const endpoint = await server.open();
after(() => server.close());
const open = (key = "first"): Promise<KmsKeyProvider> =>
  KmsKeyProvider.open({ key, region: "eu-central-1", endpoint, faults: storeFault });
const again = await open();

keyProviderConformance("AWS KMS", async () => ({ provider: await open(), again: () => again, canRenew: false }));

test("a data key wrapped by an earlier key is opened with that key", async () => {
  const wrapped = await (await open("first")).wrap(randomBytes(32), "here");
  assert.equal(wrapped.keyId, arnOf("first"));
  const later = await open("second");
  assert.equal(await later.currentKeyId(), arnOf("second"));
  assert.equal((await later.unwrap(wrapped, "here")).byteLength, 32);
});

test("a key that is disabled or gone is key-unknown and named; one that comes back opens again", async () => {
  const provider = await open();
  const wrapped = await provider.wrap(randomBytes(32), "here");
  server.disabled.add("first");
  await assert.rejects(
    provider.unwrap(wrapped, "here"),
    (error) => isFault(error, "store.key-unknown") && /key\/first.*DisabledException/.test(error.message),
  );
  server.disabled.clear();
  assert.equal((await provider.unwrap(wrapped, "here")).byteLength, 32);
  await assert.rejects((await open("gone")).currentKeyId(), (error) => isFault(error, "store.key-unknown"));
});

test("a KMS that fails or is not there is key-unavailable, which passes", async () => {
  server.fails = "KMSInternalException";
  await assert.rejects((await open()).wrap(randomBytes(32), "here"), (error) =>
    isFault(error, "store.key-unavailable"),
  );
  server.fails = undefined;
  const options = { key: "first", region: "eu-central-1", endpoint: "http://127.0.0.1:1", faults: storeFault };
  const absent = await KmsKeyProvider.open(options);
  await assert.rejects(absent.currentKeyId(), (error) => isFault(error, "store.key-unavailable"));
});
