// SPDX-License-Identifier: Apache-2.0
// Branded types: a plain value that the compiler does not mix up with another of the same shape. It holds no domain
// words; each room brands its own identifiers with it.

declare const brand: unique symbol;

/** `Value` that only code which says so may treat as `Name`. Costs nothing at run time. */
export type Brand<Value, Name extends string> = Value & { readonly [brand]: Name };
