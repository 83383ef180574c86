// SPDX-License-Identifier: Apache-2.0
// Adapter of the KeyProvider port: AWS Key Management Service, through Amazon's SDK, which is loaded when it is opened. The
// key never leaves KMS; data keys are encrypted there with an encryption context.

import type { KMSClient } from "@aws-sdk/client-kms";
import { asError, Fault, limits } from "#base/index.ts";
import type { KeyProvider, WrappedSecret } from "#store/index.ts";
import type { StoreFaults } from "./disk.ts";

/** Which key, and where. Credentials come from the usual chain of the SDK. */
export interface KmsKeysOptions {
  /** Id, ARN or alias of the key that wraps. */
  readonly key: string;
  readonly region?: string | undefined;
  /** For a private endpoint or a test. */
  readonly endpoint?: string | undefined;
  readonly faults: StoreFaults;
}

type Sdk = typeof import("@aws-sdk/client-kms");

/** Answers of KMS that mean that the key cannot be used until an operator does something. */
const unusable = new Set([
  "NotFoundException",
  "DisabledException",
  "KMSInvalidStateException",
  "AccessDeniedException",
  "InvalidKeyUsageException",
  "KeyUnavailableException",
  "UnrecognizedClientException",
  "InvalidSignatureException",
  "ValidationException",
]);

/** Answers that mean that this is not what was wrapped, or not for this. */
const refusals = new Set(["InvalidCiphertextException", "IncorrectKeyException"]);

/** Keys of KMS. A key's name here is its ARN. */
export class KmsKeyProvider implements KeyProvider {
  readonly name = "aws-kms";
  readonly #options: KmsKeysOptions;
  readonly #sdk: Sdk;
  readonly #client: KMSClient;
  #arn: string | undefined;

  private constructor(options: KmsKeysOptions, sdk: Sdk) {
    this.#options = options;
    this.#sdk = sdk;
    const { region, endpoint } = options;
    const place = { ...(region && { region }), ...(endpoint && { endpoint }) };
    this.#client = new sdk.KMSClient({ ...place, maxAttempts: 3 });
  }

  /** Loads the SDK; asks nobody yet. */
  static async open(options: KmsKeysOptions): Promise<KmsKeyProvider> {
    return new KmsKeyProvider(options, await import("@aws-sdk/client-kms"));
  }

  async currentKeyId(): Promise<string> {
    this.#arn ??= await this.#describe();
    return this.#arn;
  }

  async wrap(secret: Uint8Array, context: string): Promise<WrappedSecret> {
    const { key } = this.#options;
    return this.#ask(key, undefined, async (abortSignal) => {
      const input = { KeyId: key, Plaintext: secret, EncryptionContext: { capstan: context } };
      const { KeyId, CiphertextBlob } = await this.#client.send(new this.#sdk.EncryptCommand(input), { abortSignal });
      if (KeyId === undefined || CiphertextBlob === undefined) throw new Error("its answer has no ciphertext");
      return { keyId: KeyId, bytes: new Uint8Array(CiphertextBlob) };
    });
  }

  async unwrap({ keyId, bytes }: WrappedSecret, context: string): Promise<Uint8Array> {
    return this.#ask(keyId, context, async (abortSignal) => {
      const input = { KeyId: keyId, CiphertextBlob: bytes, EncryptionContext: { capstan: context } };
      const { Plaintext } = await this.#client.send(new this.#sdk.DecryptCommand(input), { abortSignal });
      if (Plaintext === undefined) throw new Error("its answer has no plaintext");
      return new Uint8Array(Plaintext);
    });
  }

  /** Nothing: KMS rotates what is behind a key by itself, and another key is for the settings to name. */
  async renew(): Promise<void> {
    this.#arn = undefined;
  }

  #describe(): Promise<string> {
    const { key } = this.#options;
    return this.#ask(key, undefined, async (abortSignal) => {
      const { KeyMetadata } = await this.#client.send(new this.#sdk.DescribeKeyCommand({ KeyId: key }), {
        abortSignal,
      });
      if (KeyMetadata?.Arn === undefined) throw new Error("its answer has no ARN");
      return KeyMetadata.Arn;
    });
  }

  /** `context` when a secret is unwrapped. */
  async #ask<T>(keyId: string, context: string | undefined, request: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { faults } = this.#options;
    const details = { provider: this.name, key: keyId };
    try {
      return await request(AbortSignal.timeout(limits.keyRequestTimeout));
    } catch (error) {
      if (error instanceof Fault) throw error;
      const { name, message } = asError(error);
      if (context !== undefined && refusals.has(name)) throw faults("key-refused", { ...details, context }, error);
      const reason = `${name}: ${message || "no reason given"}`;
      throw faults(unusable.has(name) ? "key-unknown" : "key-unavailable", { ...details, reason }, error);
    }
  }
}
