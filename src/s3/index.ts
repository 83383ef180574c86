// SPDX-License-Identifier: Apache-2.0
// The public face of s3. Importing it does not load the SDK.

export * from "./connect.ts";
export * from "./faults.ts";
export * from "./location.ts";
export * from "./object-store.ts";
export * from "./probe.ts";
export * from "./profile.ts";
