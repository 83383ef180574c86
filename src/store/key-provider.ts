// SPDX-License-Identifier: Apache-2.0
// Port: who keeps the keys that data keys are wrapped with. Adapters: a local key file, a passphrase, AWS KMS, Vault or
// OpenBao. `key-provider-conformance.ts` beside this file is what every adapter must pass.

/** A data key as only the provider can read it. */
export interface WrappedSecret {
  /** Which of the provider's keys wrapped it, in the provider's words. Printable ASCII, at most 512 characters. */
  readonly keyId: string;
  readonly bytes: Uint8Array;
}

/**
 * Wraps secrets and gives them back. `context` says what a secret is for; a secret is given back only for the context
 * it was wrapped for, where the provider can bind it. Faults `store.key-unavailable` (nobody answers; retry: backoff),
 * `store.key-unknown` (the provider has no such key, or it is disabled), `store.key-refused` (the secret is not what
 * was wrapped, or not for this context); each names the key.
 */
export interface KeyProvider {
  /** A word for records and people: `file`, `passphrase`, `aws-kms`, `vault`. */
  readonly name: string;
  /** The key that `wrap` uses now. */
  currentKeyId(): Promise<string>;
  wrap(secret: Uint8Array, context: string): Promise<WrappedSecret>;
  unwrap(wrapped: WrappedSecret, context: string): Promise<Uint8Array>;
  /** Makes a new current key, where that is the provider's to make; older keys go on unwrapping. */
  renew(): Promise<void>;
}
