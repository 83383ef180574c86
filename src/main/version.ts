// SPDX-License-Identifier: Apache-2.0
// The version of this installation, from its package.json.

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** For example `0.1.0`. */
export function productVersion(): string {
  const text = readFileSync(join(import.meta.dirname, "../../package.json"), "utf8");
  const value: unknown = JSON.parse(text);
  const version = typeof value === "object" && value !== null && "version" in value ? value.version : undefined;
  return typeof version === "string" ? version : "unknown";
}
