// SPDX-License-Identifier: Apache-2.0
// Takes typed values out of the JSON of a tape file. What is missing or of another type is damage, named by its key.

import { type EpochSeconds, type JsonObject, parseUuid, type Uuid } from "#base/index.ts";
import { formatFault } from "./faults.ts";

const wrong = (what: string, key: string, expected: string): Error =>
  formatFault("damaged", { what, reason: `"${key}" in its description is not ${expected}` });

/** A text that must be there. */
export function textField(json: JsonObject, key: string, what: string): string {
  const value = json[key];
  if (typeof value !== "string") throw wrong(what, key, "a text");
  return value;
}

/** A text that may be left out. */
export function optionalTextField(json: JsonObject, key: string, what: string): string | undefined {
  const value = json[key];
  return value === undefined || value === null ? undefined : textField(json, key, what);
}

/** A UUID. */
export function uuidField(json: JsonObject, key: string, what: string): Uuid {
  const uuid = parseUuid(textField(json, key, what));
  if (uuid === undefined) throw wrong(what, key, "a UUID");
  return uuid;
}

/** A time in whole seconds. */
export function timeField(json: JsonObject, key: string, what: string): EpochSeconds {
  const value = json[key];
  if (!Number.isSafeInteger(value)) throw wrong(what, key, "a time");
  return value as EpochSeconds;
}

/** A whole number from 0 on. */
export function countField(json: JsonObject, key: string, what: string): number {
  const value = json[key];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw wrong(what, key, "a number");
  return value;
}
