// SPDX-License-Identifier: Apache-2.0
// The public face of notify.

export * from "./notice.ts";
