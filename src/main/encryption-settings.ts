// SPDX-License-Identifier: Apache-2.0
// What `[store.encryption]` can say, and what it says when it says nothing.

import { join } from "node:path";

/** Kinds of providers, as the settings name them. */
export const providerNames = ["file", "passphrase", "aws-kms", "vault", "none"] as const;
export type ProviderName = (typeof providerNames)[number];

/** What `[store.encryption]` says. Paths are absolute. */
export interface EncryptionSettings {
  /** Who wraps new data keys. The others that are set only open what they have wrapped. */
  readonly provider: ProviderName;
  readonly allowPlain: boolean;
  readonly keyFile: string;
  readonly passphraseFile: string | undefined;
  readonly awsKms:
    | { readonly key: string; readonly region?: string | undefined; readonly endpoint?: string | undefined }
    | undefined;
  readonly vault: VaultSettings | undefined;
}

/** Where a transit engine is, and the file with its token. */
export interface VaultSettings {
  readonly address: string;
  readonly key: string;
  readonly mount?: string | undefined;
  readonly namespace?: string | undefined;
  readonly tokenFile?: string | undefined;
}

/** A key file in the data folder, made at the first start. */
export function defaultEncryption(home: string): EncryptionSettings {
  return {
    provider: "file",
    allowPlain: false,
    keyFile: join(home, "capstan.keys"),
    passphraseFile: undefined,
    awsKms: undefined,
    vault: undefined,
  };
}
