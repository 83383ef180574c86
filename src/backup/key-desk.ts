// SPDX-License-Identifier: Apache-2.0
// What people do with the keys of tapes: show one, protect it by another passphrase, take one from text, print it, remove it.

import { type Instant, isoText } from "#base/index.ts";
import { type KeyConfig, keyFault, openKey, parseFingerprint, parseKeyText, protectKey } from "#keys/index.ts";
import { type Document, type PaperFormat, paperKey } from "#paper/index.ts";
import { backupFault } from "./faults.ts";
import type { Manager } from "./manager.ts";

/** How keys say when they were made or changed. */
export const keyTime = (now: Instant): string => isoText(now).replace(/\.\d+Z$/, "+00:00");

/** Answers for keys. */
export class KeyDesk {
  readonly #manager: Manager;

  constructor(manager: Manager) {
    this.#manager = manager;
  }

  /** A key by its fingerprint, with colons or without. Faults `keys.unknown`, `keys.bad-key`. */
  show(fingerprint: string): KeyConfig {
    const known = parseFingerprint(fingerprint);
    if (known === undefined) throw keyFault("bad-key", { reason: `"${fingerprint}" is no fingerprint` });
    return this.#manager.keys.config(known);
  }

  /**
   * Protects a key by another passphrase. Without the old one (`isForced`) the copy that this machine writes tapes with is taken.
   * Cartridges that are written already keep the old passphrase. Faults `keys.wrong-passphrase`, `keys.bad-passphrase`.
   */
  async changePassphrase(
    fingerprint: string,
    options: { readonly passphrase: string | undefined; readonly newPassphrase: string; readonly hint: string },
  ): Promise<KeyConfig> {
    const { keys, random, clock } = this.#manager;
    const config = this.show(fingerprint);
    const { passphrase, newPassphrase, hint } = options;
    const key = passphrase === undefined ? keys.key(config.fingerprint ?? "") : openKey(config, passphrase);
    const changed = protectKey(key, {
      passphrase: newPassphrase,
      kind: "scrypt",
      random,
      created: config.created,
      modified: keyTime(clock.now()),
      hint,
    });
    await this.#manager.takeKey(key, changed);
    return this.show(fingerprint);
  }

  /** Takes a key from its JSON, or from the text of a paper key. Faults `keys.bad-key`, `keys.wrong-passphrase`, `keys.exists`. */
  async import(
    text: string,
    options: { readonly passphrase: string; readonly hint: string | undefined },
  ): Promise<KeyConfig> {
    const config = parseKeyText(text);
    const key = openKey(config, options.passphrase);
    const { hint = config.hint } = options;
    return this.#manager.takeNewKey(key, { ...config, hint });
  }

  /** A key on paper. */
  paper(
    fingerprint: string,
    options: { readonly subject: string | undefined; readonly format: PaperFormat },
  ): Promise<Document> {
    return paperKey(this.show(fingerprint), options);
  }

  /** Forgets a key. Fault `backup.key-in-use` while a pool, or a set that is known, needs it; `isForced`: all the same. */
  async remove(fingerprint: string, options: { readonly isForced: boolean }): Promise<void> {
    const { fingerprint: known = "" } = this.show(fingerprint);
    const { librarian, config } = this.#manager;
    const pool = config.pools.find(({ encryption }) => encryption === known);
    if (pool !== undefined) throw backupFault("key-in-use", { fingerprint: known, user: `the pool ${pool.name}` });
    const member = librarian.inventory.records.find(({ set }) => set?.key?.fingerprint === known);
    if (member !== undefined && !options.isForced) {
      throw backupFault("key-in-use", { fingerprint: known, user: `the cartridge ${member.label.labelText}` });
    }
    await this.#manager.dropKey(known);
  }
}
