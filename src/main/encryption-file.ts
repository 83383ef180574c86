// SPDX-License-Identifier: Apache-2.0
// `[store.encryption]` of capstan.toml: what it may say, and its words as settings.

import { resolve } from "node:path";
import * as z from "zod";
import { defaultEncryption, type EncryptionSettings, providerNames } from "./encryption-settings.ts";

const text = z.string().min(1);
/** What the table may say. */
export const EncryptionTable = z.strictObject({
  provider: z.enum(providerNames).optional(),
  "allow-plain": z.boolean().optional(),
  "key-file": text.optional(),
  "passphrase-file": text.optional(),
  "aws-kms": z.strictObject({ key: text, region: text.optional(), endpoint: text.optional() }).optional(),
  vault: z
    .strictObject({
      address: z.url(),
      key: z.string().regex(/^[\w.-]+$/),
      mount: z
        .string()
        .regex(/^[\w.-]+$/)
        .optional(),
      namespace: text.optional(),
      "token-file": text.optional(),
    })
    .optional(),
});

/** What it says. Paths in it are relative to `home`. */
export function encryptionSettings(given: z.output<typeof EncryptionTable>, home: string): EncryptionSettings {
  const pathOf = (name: string | undefined): string | undefined =>
    name === undefined ? undefined : resolve(home, name);
  const { "aws-kms": awsKms, vault } = given;
  const defaults = defaultEncryption(home);
  return {
    provider: given.provider ?? defaults.provider,
    allowPlain: given["allow-plain"] ?? defaults.allowPlain,
    keyFile: pathOf(given["key-file"]) ?? defaults.keyFile,
    passphraseFile: pathOf(given["passphrase-file"]),
    awsKms,
    vault: vault && { ...vault, tokenFile: pathOf(vault["token-file"]) },
  };
}
