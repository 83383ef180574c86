// SPDX-License-Identifier: Apache-2.0
// What lies in the object store under a lock or a hold, kept independently of the code under test: when the gateway shows
// a cartridge as locked there, each of its objects must be, and from then on it must stay as it is until the lock is over.

import type { Instant } from "#base/index.ts";
import type { CartridgeView } from "#gateway/index.ts";
import { crc32 } from "#store/index.ts";
import { expect } from "./check-failure.ts";
import type { SimObjectStore } from "./object-store.ts";

interface LockedObject {
  readonly barcode: string;
  readonly sum: number;
  /** 0 without a lock. */
  readonly until: number;
  readonly isHeld: boolean;
}

/** The book of one object store. */
export class LockBook {
  readonly #objects: SimObjectStore;
  readonly #locked = new Map<string, LockedObject>();

  constructor(objects: SimObjectStore) {
    this.#objects = objects;
  }

  /** Takes note of what the gateway shows as locked, and looks whether it is. */
  note(view: CartridgeView, now: Instant): void {
    const { barcode, lockedUntil = 0, legalHold, isLockedInStore, state, task } = view;
    const isLocked = lockedUntil > now;
    if (state !== "ARCHIVED" || task !== undefined || !isLockedInStore || (!isLocked && !legalHold)) return;
    const keys = this.#objects.keys.filter((key) => key.startsWith(`cartridges/${view.id}/`));
    for (const key of keys) {
      const { retention, legalHold: isHeld } = this.#objects.locksOf(key);
      const until = retention?.until ?? 0;
      if (isLocked) expect(until >= lockedUntil, `${key} of ${barcode} is locked until ${until}, not ${lockedUntil}`);
      if (legalHold) expect(isHeld, `${key} of ${barcode} is under the legal hold that is shown`);
      this.#locked.set(key, {
        barcode,
        sum: this.#sum(key) ?? 0,
        until: isLocked ? lockedUntil : 0,
        isHeld: legalHold,
      });
    }
  }

  /** A hold was released, or a lock bypassed: what was noted of the cartridge holds no more. */
  forget(barcode: string): void {
    for (const [key, object] of this.#locked) if (object.barcode === barcode) this.#locked.delete(key);
  }

  /** An object was damaged where it lies, whatever is locked. */
  forgetObject(key: string): void {
    this.#locked.delete(key);
  }

  /** Everything that is locked is there, unchanged. */
  check(now: Instant): void {
    for (const [key, { barcode, sum, until, isHeld }] of this.#locked) {
      if (until <= now && !isHeld) {
        this.#locked.delete(key);
        continue;
      }
      expect(
        this.#sum(key) === sum,
        `${key} of ${barcode} is locked and was ${this.#sum(key) === undefined ? "deleted" : "changed"}`,
      );
    }
  }

  #sum(key: string): number | undefined {
    const content = this.#objects.contentOf(key);
    return content === undefined ? undefined : crc32(content);
  }
}
