// SPDX-License-Identifier: Apache-2.0
// Who keeps the keys of an instance, as its settings say: providers are opened, a key file is made at the first start.

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "#base/index.ts";
import {
  FileKeyProvider,
  type KeyProvider,
  type KeyProviders,
  PassphraseKeyProvider,
  type SealingOptions,
  type SealJobs,
  sealJobsUrl,
  storeFault,
} from "#store/index.ts";
import { KmsKeyProvider, PrivateFile, VaultKeyProvider, WorkerThreads } from "#world/index.ts";
import {
  type EncryptionSettings,
  type ProviderName,
  providerNames,
  type VaultSettings,
} from "./encryption-settings.ts";
import { mainFault } from "./faults.ts";

/** What opening the providers needs. */
export interface KeySources {
  readonly home: string;
  readonly random: Random;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Make nothing and note nothing: somebody only reads. */
  readonly readOnly?: boolean;
}

/** Providers that are open. */
export interface OpenKeys {
  readonly providers: KeyProviders;
  /** True when this start made the key file. */
  readonly madeKeyFile: boolean;
}

/** Opens the providers. Faults `store.key-file-bad`, `store.passphrase-short`, `main.key-setting`. */
export async function openKeys(settings: EncryptionSettings, sources: KeySources): Promise<OpenKeys> {
  const { provider, allowPlain } = settings;
  const openers: Readonly<Record<ProviderName, () => Promise<KeyProvider | undefined> | KeyProvider | undefined>> = {
    file: () => fileKeys(settings, sources),
    passphrase: () => passphraseKeys(settings, sources),
    "aws-kms": async () => settings.awsKms && (await kmsKeys(settings.awsKms)),
    vault: () => settings.vault && vaultKeys(settings.vault, sources),
    none: () => undefined,
  };
  const current = await openers[provider]();
  if (current === undefined && provider !== "none") throw mainFault("key-setting", { provider });
  const others: KeyProvider[] = [];
  for (const name of providerNames) {
    const other = name === provider ? undefined : await openers[name]();
    if (other !== undefined) others.push(other);
  }
  const madeKeyFile = current instanceof FileKeyProvider && current.isNew;
  return { providers: { current, others, allowPlain: allowPlain || current === undefined }, madeKeyFile };
}

/** How an instance seals. The threads end by themselves when there is nothing to do. */
export function sealingOptions(
  providers: KeyProviders,
  compression: SealingOptions["compression"],
): { readonly sealing: SealingOptions; readonly close: () => Promise<void> } {
  const threads = new WorkerThreads<SealJobs>({ url: sealJobsUrl });
  return { sealing: { threads, providers, compression }, close: () => threads.close() };
}

/** The key file; made once. When it is missing later, it was lost, and a new one would hide that. */
function fileKeys(
  settings: EncryptionSettings,
  { home, random, readOnly = false }: KeySources,
): KeyProvider | undefined {
  const path = settings.keyFile;
  const isCurrent = settings.provider === "file";
  if (!isCurrent && !existsSync(path)) return undefined;
  const mark = new PrivateFile(join(home, "key-file-made"));
  const file = new PrivateFile(path);
  const keyFile = { path, read: () => file.read(), write: (text: string) => file.replace(text) };
  const isFirst = isCurrent && !readOnly && mark.read()?.trim() !== path;
  const provider = new FileKeyProvider({ file: keyFile, random, create: isFirst });
  if (isFirst) mark.replace(`${path}\n`);
  return provider;
}

function passphraseKeys(settings: EncryptionSettings, sources: KeySources): KeyProvider | undefined {
  const { passphraseFile } = settings;
  const { home, random, environment } = sources;
  const passphrase =
    environment["CAPSTAN_PASSPHRASE"] ??
    (passphraseFile === undefined ? undefined : new PrivateFile(passphraseFile).read()?.replace(/\r?\n$/, ""));
  if (passphrase === undefined) return undefined;
  return new RememberedPassphrase(new PrivateFile(join(home, "passphrase-key")), passphrase, random);
}

/** Keeps the name of its key, which is no secret, so that each start goes on with the same one. */
class RememberedPassphrase extends PassphraseKeyProvider {
  readonly #file: PrivateFile;

  constructor(file: PrivateFile, passphrase: string, random: Random) {
    super({ passphrase, random, current: file.read()?.trim() });
    this.#file = file;
  }

  override async currentKeyId(): Promise<string> {
    const keyId = await super.currentKeyId();
    if (this.#file.read()?.trim() !== keyId) this.#file.replace(`${keyId}\n`);
    return keyId;
  }
}

function kmsKeys(settings: NonNullable<EncryptionSettings["awsKms"]>): Promise<KeyProvider> {
  return KmsKeyProvider.open({ ...settings, faults: storeFault });
}

function vaultKeys(settings: VaultSettings, { environment }: KeySources): KeyProvider {
  const { tokenFile, ...rest } = settings;
  const token = (): string =>
    (tokenFile === undefined ? environment["VAULT_TOKEN"] : new PrivateFile(tokenFile).read()?.trim()) ?? "";
  return new VaultKeyProvider({ ...rest, token, faults: storeFault });
}
