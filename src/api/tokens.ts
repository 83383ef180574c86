// SPDX-License-Identifier: Apache-2.0
// API tokens. A token is 256 random bits, shown once; only its SHA-256 is kept. No slow password hash is needed for
// what cannot be guessed, and a look-up by hash tells nothing through its timing.

import { createHash } from "node:crypto";
import * as z from "zod";
import { asError, isoText, limits, type Clock, type Random } from "#base/index.ts";
import { apiFault } from "./faults.ts";
import { roles, type Caller, type Role } from "./roles.ts";

/** Port: the small file that tokens are kept in; only its owner can read it. */
export interface TokenFile {
  read(): string | undefined;
  /** Replaces all of it, durably. */
  replace(text: string): void;
}

const StoredToken = z.strictObject({
  name: z.string(),
  role: z.enum(roles),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  createdAt: z.string(),
});
type StoredToken = z.output<typeof StoredToken>;
const StoredTokens = z.strictObject({ format: z.literal(1), tokens: z.array(StoredToken) });

/** A token without what makes it one. */
export interface TokenView {
  readonly name: string;
  readonly role: Role;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

/** What a store of tokens is made of. */
export interface TokenStoreOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly file: TokenFile;
}

/** All tokens of an instance. */
export class TokenStore {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #file: TokenFile;
  readonly #byHash = new Map<string, StoredToken>();

  /** Reads the file. Fault `api.tokens-damaged`. */
  constructor(options: TokenStoreOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#file = options.file;
    const text = options.file.read();
    if (text === undefined) return;
    for (const token of parseTokens(text)) this.#byHash.set(token.sha256, token);
  }

  /** True before the first token was made. */
  get isEmpty(): boolean {
    return this.#byHash.size === 0;
  }

  /** Sorted by name. */
  list(): readonly TokenView[] {
    return [...this.#byHash.values()].map(viewOf).toSorted((left, right) => (left.name < right.name ? -1 : 1));
  }

  /** Makes a token and resolves with its text, which is never shown again. Faults `api.token-exists`, `api.tokens-full`. */
  create(name: string, role: Role): { readonly view: TokenView; readonly text: string } {
    if (this.#byHash.size >= limits.apiTokens) throw apiFault("tokens-full", { max: limits.apiTokens });
    if (this.#find(name) !== undefined) throw apiFault("token-exists", { name });
    const text = `capstan_${Buffer.from(this.#random.bytes(32)).toString("base64url")}`;
    const token = { name, role, sha256: hashOf(text), createdAt: isoText(this.#clock.now()) };
    this.#byHash.set(token.sha256, token);
    try {
      this.#save();
    } catch (error) {
      this.#byHash.delete(token.sha256);
      throw error;
    }
    return { view: viewOf(token), text };
  }

  /** Faults `api.token-unknown`, `api.token-last-admin`. */
  revoke(name: string): void {
    const token = this.#find(name);
    if (token === undefined) throw apiFault("token-unknown", { name });
    const admins = [...this.#byHash.values()].filter((other) => other.role === "admin");
    if (token.role === "admin" && admins.length === 1) throw apiFault("token-last-admin", { name });
    this.#byHash.delete(token.sha256);
    try {
      this.#save();
    } catch (error) {
      this.#byHash.set(token.sha256, token);
      throw error;
    }
  }

  /** Who a token belongs to; undefined when it is none of ours. */
  callerOf(text: string): Caller | undefined {
    const token = this.#byHash.get(hashOf(text));
    return token === undefined ? undefined : { name: token.name, role: token.role };
  }

  #find(name: string): StoredToken | undefined {
    return [...this.#byHash.values()].find((token) => token.name === name);
  }

  #save(): void {
    this.#file.replace(`${JSON.stringify({ format: 1, tokens: [...this.#byHash.values()] }, undefined, 2)}\n`);
  }
}

function parseTokens(text: string): readonly StoredToken[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw apiFault("tokens-damaged", { reason: asError(error).message }, error);
  }
  const parsed = StoredTokens.safeParse(value);
  if (!parsed.success) throw apiFault("tokens-damaged", { reason: z.prettifyError(parsed.error) });
  return parsed.data.tokens;
}

const viewOf = ({ name, role, createdAt }: StoredToken): TokenView => ({ name, role, createdAt });
const hashOf = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");
