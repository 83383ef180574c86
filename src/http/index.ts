// SPDX-License-Identifier: Apache-2.0
// The public face of http.

export * from "./app.ts";
