// SPDX-License-Identifier: Apache-2.0
// The encryption parameters of a drive and what they do to blocks: SSC-4 4.2.21. Each nexus uses its own set (LOCAL), the
// one shared by all (ALL I_T NEXUS), or none. Keys live in memory only, and are overwritten when they go.

import type { Random } from "#base/index.ts";
import { decryptionModes, encryptionModes, encryptionScopes } from "#scsi/index.ts";
import { blockKey, describeEncrypted, isKeyOf, decryptBlock, encryptBlock, blockCipherLimits } from "#tape/index.ts";
import type { BlockKey, EncryptedBlock, StoredObject } from "#tape/index.ts";
import { check, type Check } from "./outcome.ts";
import type { UnitNexus } from "./unit-task.ts";

/** What SET DATA ENCRYPTION asks for. */
export interface EncryptionRequest {
  readonly encryptionMode: number;
  readonly decryptionMode: number;
  readonly algorithm: number;
  readonly clearOnDemount: boolean;
  readonly rawReadable: boolean;
  readonly externalCheck: number;
  readonly descriptorFormat: number;
  readonly open: Uint8Array;
  readonly authentic: Uint8Array;
  /** 32 bytes; kept, not copied. */
  readonly key: Uint8Array | undefined;
}

/** Parameters that are in force. */
export interface EncryptionParameters extends Omit<EncryptionRequest, "key"> {
  readonly key: BlockKey | undefined;
  readonly keyInstance: number;
}

const none: EncryptionParameters = {
  encryptionMode: encryptionModes.disable,
  decryptionMode: decryptionModes.disable,
  algorithm: 0,
  clearOnDemount: false,
  rawReadable: false,
  externalCheck: 0,
  descriptorFormat: 0,
  open: new Uint8Array(0),
  authentic: new Uint8Array(0),
  key: undefined,
  keyInstance: 0,
};

/** What a nexus has chosen. */
interface NexusChoice {
  readonly scope: number;
  readonly own: EncryptionParameters | undefined;
  /** LOCK: key instance that writing and reading need. */
  readonly lockedTo: number | undefined;
}

const publicChoice: NexusChoice = { scope: encryptionScopes.public, own: undefined, lockedTo: undefined };
/** Blocks encrypted with one random prefix of a nonce; then another is drawn. */
const noncesEach = 2 ** 32;

/** The plain bytes of a block. */
export interface OpenedBlock {
  readonly bytes: Uint8Array;
  release(): void;
}

/** The encryption parameters of one drive. */
export class DriveEncryption {
  readonly #random: Random;
  readonly #choices = new Map<UnitNexus, NexusChoice>();
  #shared: EncryptionParameters = none;
  #keyInstance = 0;
  #prefix: Uint8Array | undefined;
  #nonces = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Nobody has set anything: blocks pass as they are. */
  get isIdle(): boolean {
    return this.#choices.size === 0 && this.#shared === none;
  }

  /** SCOPE that a nexus asked for. */
  scopeOf(nexus: UnitNexus): number {
    return this.#choices.get(nexus)?.scope ?? encryptionScopes.public;
  }

  /** SCOPE of the parameters that a nexus uses. */
  keyScopeOf(nexus: UnitNexus): number {
    if (this.#choices.get(nexus)?.own !== undefined) return encryptionScopes.local;
    return this.#shared === none ? encryptionScopes.public : encryptionScopes.allNexuses;
  }

  /** The parameters that a nexus uses. */
  parametersOf(nexus: UnitNexus): EncryptionParameters {
    return this.#choices.get(nexus)?.own ?? this.#shared;
  }

  /** Sets parameters; true when those that other nexuses use have changed. */
  set(nexus: UnitNexus, scope: number, lock: boolean, request: EncryptionRequest): boolean {
    const before = this.#choices.get(nexus);
    wipe(before?.own);
    let isShared = false;
    let own: EncryptionParameters | undefined;
    if (scope === encryptionScopes.local) own = this.#parameters(request);
    if (scope === encryptionScopes.allNexuses) {
      wipe(this.#shared);
      const next = this.#parameters(request);
      isShared = this.#shared !== none || next !== none;
      this.#shared = next;
    }
    this.#choices.set(nexus, { scope, own, lockedTo: undefined });
    if (lock) this.#choices.set(nexus, { scope, own, lockedTo: this.parametersOf(nexus).keyInstance });
    return isShared;
  }

  /** Whether others than `nexus` use the shared parameters, so that a change of them concerns them. */
  usesShared(nexus: UnitNexus): boolean {
    return this.#choices.get(nexus)?.own === undefined;
  }

  /** A nexus is gone, and with it what was its own. */
  forget(nexus: UnitNexus): void {
    wipe(this.#choices.get(nexus)?.own);
    this.#choices.delete(nexus);
  }

  /** The cartridge leaves: parameters that asked for it (CKOD) go. */
  demounted(): void {
    if (this.#shared.clearOnDemount) {
      wipe(this.#shared);
      this.#shared = none;
      this.#keyInstance++;
    }
    for (const [nexus, choice] of this.#choices) {
      if (choice.own?.clearOnDemount !== true) continue;
      wipe(choice.own);
      this.#choices.set(nexus, { ...choice, own: { ...none, keyInstance: ++this.#keyInstance } });
    }
  }

  /** Everything back to none: reset. */
  reset(): void {
    wipe(this.#shared);
    this.#shared = none;
    for (const { own } of this.#choices.values()) wipe(own);
    this.#choices.clear();
  }

  /** Why this nexus may not write or read just now: it locked a key that is not in force any more. */
  lockRefusal(nexus: UnitNexus): Check | undefined {
    const { lockedTo } = this.#choices.get(nexus) ?? publicChoice;
    if (lockedTo === undefined || lockedTo === this.parametersOf(nexus).keyInstance) return undefined;
    return check("key-instance-changed");
  }

  /** Whether blocks that this nexus writes are stored otherwise than they came. */
  changesWrites(nexus: UnitNexus): boolean {
    return !this.isIdle && this.parametersOf(nexus).encryptionMode !== encryptionModes.disable;
  }

  /** A block as it is to be stored, in the form `encrypted`. A check for one that is not encrypted as it should be. */
  encrypted(nexus: UnitNexus, block: Uint8Array): Uint8Array | Check {
    const parameters = this.parametersOf(nexus);
    if (parameters.encryptionMode === encryptionModes.external) {
      return describeEncrypted(block) === undefined ? check("no-encryption-parameters") : block;
    }
    const { key } = parameters;
    return key === undefined
      ? check("no-encryption-parameters")
      : encryptBlock(block, { ...parameters, key, nonce: this.#nonce() });
  }

  /** The bytes that this nexus gets of a stored block; the block's own are released when it gets others. */
  opened(nexus: UnitNexus, object: StoredObject & { readonly kind: "block" }): OpenedBlock | Check {
    const { data, form } = object;
    const parameters = this.parametersOf(nexus);
    const { decryptionMode } = parameters;
    if (form === "plain") {
      if (decryptionMode !== decryptionModes.decrypt) return data;
      data.release();
      return check("not-encrypted");
    }
    const described = describeEncrypted(data.bytes);
    const refusal = described === undefined ? "integrity-failed" : readRefusal(parameters, described);
    if (refusal === undefined && decryptionMode === decryptionModes.raw) return data;
    const block =
      refusal === undefined && parameters.key !== undefined ? decryptBlock(data.bytes, parameters.key) : undefined;
    data.release();
    if (refusal !== undefined) return check(refusal);
    return block === undefined ? check("integrity-failed") : { bytes: block, release() {} };
  }

  #parameters(request: EncryptionRequest): EncryptionParameters {
    const keyInstance = ++this.#keyInstance;
    const { encryptionMode, decryptionMode, key } = request;
    if (encryptionMode === encryptionModes.disable && decryptionMode === decryptionModes.disable) {
      key?.fill(0);
      return { ...none, keyInstance };
    }
    this.#prefix = undefined;
    return { ...request, key: key === undefined ? undefined : blockKey(key), keyInstance };
  }

  /** A random prefix, drawn anew for each set of parameters, and a count. */
  #nonce(): Uint8Array {
    const nonce = new Uint8Array(blockCipherLimits.nonce);
    if (this.#prefix === undefined || this.#nonces >= noncesEach) {
      this.#prefix = this.#random.bytes(blockCipherLimits.nonce - 4);
      this.#nonces = 0;
    }
    nonce.set(this.#prefix);
    new DataView(nonce.buffer).setUint32(blockCipherLimits.nonce - 4, this.#nonces++);
    return nonce;
  }
}

type ReadRefusal = "cannot-decrypt" | "wrong-key" | "not-raw-readable" | undefined;

/** Why an encrypted block is not given out; its tag is another matter. */
function readRefusal({ decryptionMode, key }: EncryptionParameters, encrypted: EncryptedBlock): ReadRefusal {
  if (decryptionMode === decryptionModes.raw) return encrypted.rawReadable ? undefined : "not-raw-readable";
  if (decryptionMode === decryptionModes.disable || key === undefined) return "cannot-decrypt";
  return isKeyOf(encrypted, key) ? undefined : "wrong-key";
}

/** Bytes of a key that is not used any more. */
function wipe(parameters: EncryptionParameters | undefined): void {
  parameters?.key?.bytes.fill(0);
}
