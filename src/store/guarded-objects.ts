// SPDX-License-Identifier: Apache-2.0
// The object store as long as this data folder is the gateway: whatever changes something there first makes sure of
// that, at most `limits.fenceConfirm` ago. Reading is always allowed.

import type { ObjectStore } from "./object-store.ts";

/** An `ObjectStore` behind a fence. Changes reject with Fault `store.fenced` once another has taken over. */
export class GuardedObjects implements ObjectStore {
  readonly #objects: ObjectStore;
  readonly #confirm: () => Promise<void>;

  get abilities(): ObjectStore["abilities"] {
    return this.#objects.abilities;
  }

  constructor(objects: ObjectStore, confirm: () => Promise<void>) {
    this.#objects = objects;
    this.#confirm = confirm;
  }

  put(...request: Parameters<ObjectStore["put"]>): ReturnType<ObjectStore["put"]> {
    return this.#confirm().then(() => this.#objects.put(...request));
  }

  get(...request: Parameters<ObjectStore["get"]>): ReturnType<ObjectStore["get"]> {
    return this.#objects.get(...request);
  }

  head(...request: Parameters<ObjectStore["head"]>): ReturnType<ObjectStore["head"]> {
    return this.#objects.head(...request);
  }

  list(...request: Parameters<ObjectStore["list"]>): ReturnType<ObjectStore["list"]> {
    return this.#objects.list(...request);
  }

  delete(...request: Parameters<ObjectStore["delete"]>): ReturnType<ObjectStore["delete"]> {
    return this.#confirm().then(() => this.#objects.delete(...request));
  }

  changeClass(...request: Parameters<ObjectStore["changeClass"]>): ReturnType<ObjectStore["changeClass"]> {
    return this.#confirm().then(() => this.#objects.changeClass(...request));
  }

  thaw(...request: Parameters<ObjectStore["thaw"]>): ReturnType<ObjectStore["thaw"]> {
    return this.#confirm().then(() => this.#objects.thaw(...request));
  }

  setRetention(...request: Parameters<ObjectStore["setRetention"]>): ReturnType<ObjectStore["setRetention"]> {
    return this.#confirm().then(() => this.#objects.setRetention(...request));
  }

  setLegalHold(...request: Parameters<ObjectStore["setLegalHold"]>): ReturnType<ObjectStore["setLegalHold"]> {
    return this.#confirm().then(() => this.#objects.setLegalHold(...request));
  }
}
