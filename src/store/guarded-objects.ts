// SPDX-License-Identifier: Apache-2.0
// The object store as long as this data folder is the gateway: whatever changes something there first makes sure of
// that, at most `limits.fenceConfirm` ago. Reading is always allowed.

import { ForwardedObjects } from "./forwarded-objects.ts";
import type { ObjectStore } from "./object-store.ts";

/** An `ObjectStore` behind a fence. Changes reject with Fault `store.fenced` once another has taken over. */
export class GuardedObjects extends ForwardedObjects {
  readonly #confirm: () => Promise<void>;

  constructor(objects: ObjectStore, confirm: () => Promise<void>) {
    super(objects);
    this.#confirm = confirm;
  }

  override put(...request: Parameters<ObjectStore["put"]>): ReturnType<ObjectStore["put"]> {
    return this.#confirm().then(() => super.put(...request));
  }

  override delete(...request: Parameters<ObjectStore["delete"]>): ReturnType<ObjectStore["delete"]> {
    return this.#confirm().then(() => super.delete(...request));
  }

  override changeClass(...request: Parameters<ObjectStore["changeClass"]>): ReturnType<ObjectStore["changeClass"]> {
    return this.#confirm().then(() => super.changeClass(...request));
  }

  override thaw(...request: Parameters<ObjectStore["thaw"]>): ReturnType<ObjectStore["thaw"]> {
    return this.#confirm().then(() => super.thaw(...request));
  }

  override setRetention(...request: Parameters<ObjectStore["setRetention"]>): ReturnType<ObjectStore["setRetention"]> {
    return this.#confirm().then(() => super.setRetention(...request));
  }

  override setLegalHold(...request: Parameters<ObjectStore["setLegalHold"]>): ReturnType<ObjectStore["setLegalHold"]> {
    return this.#confirm().then(() => super.setLegalHold(...request));
  }
}
