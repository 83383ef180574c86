// SPDX-License-Identifier: Apache-2.0
// An object store that passes every request on to another one: what wraps a store says only what it does otherwise.

import type { ObjectStore, ObjectStoreAbilities } from "./object-store.ts";

/** Passes everything on. Methods of a class that extends it go before the same ones here. */
export class ForwardedObjects implements ObjectStore {
  protected readonly inner: ObjectStore;

  constructor(inner: ObjectStore) {
    this.inner = inner;
  }

  get abilities(): ObjectStoreAbilities {
    return this.inner.abilities;
  }

  put(...request: Parameters<ObjectStore["put"]>): ReturnType<ObjectStore["put"]> {
    return this.inner.put(...request);
  }

  get(...request: Parameters<ObjectStore["get"]>): ReturnType<ObjectStore["get"]> {
    return this.inner.get(...request);
  }

  head(...request: Parameters<ObjectStore["head"]>): ReturnType<ObjectStore["head"]> {
    return this.inner.head(...request);
  }

  list(...request: Parameters<ObjectStore["list"]>): ReturnType<ObjectStore["list"]> {
    return this.inner.list(...request);
  }

  delete(...request: Parameters<ObjectStore["delete"]>): ReturnType<ObjectStore["delete"]> {
    return this.inner.delete(...request);
  }

  changeClass(...request: Parameters<ObjectStore["changeClass"]>): ReturnType<ObjectStore["changeClass"]> {
    return this.inner.changeClass(...request);
  }

  thaw(...request: Parameters<ObjectStore["thaw"]>): ReturnType<ObjectStore["thaw"]> {
    return this.inner.thaw(...request);
  }

  setRetention(...request: Parameters<ObjectStore["setRetention"]>): ReturnType<ObjectStore["setRetention"]> {
    return this.inner.setRetention(...request);
  }

  setLegalHold(...request: Parameters<ObjectStore["setLegalHold"]>): ReturnType<ObjectStore["setLegalHold"]> {
    return this.inner.setLegalHold(...request);
  }
}
