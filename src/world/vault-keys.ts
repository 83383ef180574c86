// SPDX-License-Identifier: Apache-2.0
// Adapter of the KeyProvider port: the transit secrets engine of HashiCorp Vault or OpenBao, over its HTTP API. The key
// never leaves it; data keys are encrypted there with associated data.

import { asError, Fault, limits } from "#base/index.ts";
import type { KeyProvider, WrappedSecret } from "#store/index.ts";
import type { StoreFaults } from "./disk.ts";

/** Where the transit engine is. */
export interface VaultKeysOptions {
  /** For example `https://vault.example.com:8200`. */
  readonly address: string;
  /** Asked for the token before each request, so that a renewed one is taken up. */
  readonly token: () => string;
  /** Where the engine is mounted; default `transit`. */
  readonly mount?: string | undefined;
  /** Name of the key. */
  readonly key: string;
  readonly namespace?: string | undefined;
  readonly faults: StoreFaults;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const utf8 = (text: string): string => Buffer.from(text).toString("base64");

/** Keys of a transit engine. A key's name here is `mount/name:vN`, with the version that wrapped. */
export class VaultKeyProvider implements KeyProvider {
  readonly name = "vault";
  readonly #options: VaultKeysOptions;
  readonly #path: string;

  constructor(options: VaultKeysOptions) {
    this.#options = options;
    this.#path = `${options.mount ?? "transit"}/${options.key}`;
  }

  async currentKeyId(): Promise<string> {
    const data = await this.#ask(this.#path, "keys", undefined, "GET");
    return `${this.#path}:v${String(data["latest_version"])}`;
  }

  async wrap(secret: Uint8Array, context: string): Promise<WrappedSecret> {
    const body = { plaintext: base64(secret), associated_data: utf8(context) };
    const ciphertext = String((await this.#ask(this.#path, "encrypt", body))["ciphertext"]);
    const version = /^vault:v(\d+):/.exec(ciphertext)?.[1];
    if (version === undefined) throw this.#unavailable(this.#path, "its answer has no ciphertext");
    return { keyId: `${this.#path}:v${version}`, bytes: new Uint8Array(Buffer.from(ciphertext)) };
  }

  async unwrap({ keyId, bytes }: WrappedSecret, context: string): Promise<Uint8Array> {
    const path = /^([\w.-]+\/[\w.-]+):v\d+$/.exec(keyId)?.[1];
    if (path === undefined) throw this.#unknown(keyId, "its name is none of a transit engine");
    const body = { ciphertext: Buffer.from(bytes).toString("latin1"), associated_data: utf8(context) };
    const { plaintext } = await this.#ask(path, "decrypt", body, "POST", { keyId, context });
    if (typeof plaintext !== "string") throw this.#unavailable(keyId, "its answer has no plaintext");
    return new Uint8Array(Buffer.from(plaintext, "base64"));
  }

  async renew(): Promise<void> {
    await this.#ask(this.#path, "rotate", {});
  }

  async #ask(
    path: string,
    what: "keys" | "encrypt" | "decrypt" | "rotate",
    body: Readonly<Record<string, string>> | undefined,
    method: "GET" | "POST" = "POST",
    unwrapping?: { readonly keyId: string; readonly context: string },
  ): Promise<Readonly<Record<string, unknown>>> {
    const [mount, name] = path.split("/");
    const place = what === "rotate" ? `keys/${name}/rotate` : `${what}/${name}`;
    const url = `${this.#options.address.replace(/\/$/, "")}/v1/${mount}/${place}`;
    const { namespace, token } = this.#options;
    const headers = {
      "x-vault-token": token(),
      ...(namespace === undefined ? {} : { "x-vault-namespace": namespace }),
    };
    const keyId = unwrapping?.keyId ?? path;
    try {
      const signal = AbortSignal.timeout(limits.keyRequestTimeout);
      const answer = await fetch(url, { method, headers, signal, ...(body && { body: JSON.stringify(body) }) });
      const text = await answer.text();
      if (answer.ok) return text === "" ? {} : dataOf(JSON.parse(text));
      throw this.#faultOf(answer.status, errorsOf(text), keyId, unwrapping);
    } catch (error) {
      if (error instanceof Fault) throw error;
      throw this.#unavailable(keyId, `${asError(error).message}${causeOf(error)}`, error);
    }
  }

  /** What the engine's answer means. A wrong ciphertext and a key that is not there are both 400. */
  #faultOf(status: number, reason: string, keyId: string, unwrapping: { readonly context: string } | undefined): Error {
    if (status === 503 || status === 429 || status >= 500) return this.#unavailable(keyId, `${status} ${reason}`);
    const isRefusal = /authentication failed|invalid ciphertext|unable to decrypt|could not decode/i.test(reason);
    if (status === 400 && unwrapping !== undefined && isRefusal) {
      return this.#options.faults("key-refused", { provider: this.name, key: keyId, context: unwrapping.context });
    }
    return this.#unknown(keyId, `${status} ${reason}`);
  }

  #unknown(key: string, reason: string): Error {
    return this.#options.faults("key-unknown", { provider: this.name, key, reason });
  }

  #unavailable(key: string, reason: string, cause?: unknown): Error {
    return this.#options.faults("key-unavailable", { provider: this.name, key, reason }, cause);
  }
}

function dataOf(answer: unknown): Readonly<Record<string, unknown>> {
  const isObject = typeof answer === "object" && answer !== null && "data" in answer;
  return isObject ? ((answer.data ?? {}) as Readonly<Record<string, unknown>>) : {};
}

/** The engine's own words, in one line. */
function errorsOf(text: string): string {
  try {
    const { errors }: { readonly errors?: unknown } = JSON.parse(text);
    if (Array.isArray(errors) && errors.length > 0) return errors.join("; ").replaceAll(/\s+/g, " ");
  } catch {
    // An answer of something in between, such as a proxy: its own words follow.
  }
  return text.slice(0, 200).replaceAll(/\s+/g, " ") || "no reason given";
}

const causeOf = (error: unknown): string =>
  error instanceof Error && error.cause !== undefined ? `: ${asError(error.cause).message}` : "";
