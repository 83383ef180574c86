// SPDX-License-Identifier: Apache-2.0
// The public face of paper.

export * from "./paper-key.ts";
export * from "./qr-code.ts";
