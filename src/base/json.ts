// SPDX-License-Identifier: Apache-2.0
// JSON as a type, with its keys in order where bytes matter, and read with care.

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

/** Two blanks of indentation, no newline at the end; keys in the order of the value. */
export function prettyJson(value: Json): string {
  return JSON.stringify(value, undefined, 2);
}

/** The same value with the keys of every object in the order of their UTF-8 bytes. */
export function sortedJson(value: Json): Json {
  if (isJsonArray(value)) return value.map(sortedJson);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).toSorted(([left], [right]) =>
    Buffer.compare(Buffer.from(left), Buffer.from(right)),
  );
  // With this prototype a key of any name is a key.
  const sorted: Record<string, Json> = Object.create(null) as Record<string, Json>;
  for (const [key, member] of entries) sorted[key] = sortedJson(member);
  return sorted;
}

/** The text as JSON; undefined when it is not JSON. */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** True for an object, not for an array or null. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True for an array. */
export function isJsonArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
