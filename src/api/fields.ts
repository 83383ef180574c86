// SPDX-License-Identifier: Apache-2.0
// The fields of an operation as the faces need them: to make options of, to read values out of text, to draw tables.
// They come from the JSON Schema of the operation's zod schemas, so that nothing is said twice.

import * as z from "zod";
import type { Operation } from "./operation.ts";

/** JSON Schema, as far as the house looks into it. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly description?: string;
  /** Metadata of ours: what a number counts. */
  readonly unit?: string;
  /** Metadata of ours: what names a shell may complete. */
  readonly suggest?: string;
  /** Metadata of ours: never shown, may be read from a file. */
  readonly secret?: boolean;
  /** Metadata of ours: a whole document, which the command line prints as it is. */
  readonly document?: boolean;
}

/** What text a field is read from. `size` is left to its schema. */
export type FieldKind = "text" | "integer" | "switch" | "choice" | "size";

/** One input field. */
export interface InputField {
  readonly name: string;
  readonly kind: FieldKind;
  readonly choices: readonly string[];
  readonly isRequired: boolean;
  readonly isSecret: boolean;
  readonly description: string;
  /** What kind of name it is: `libraries`, `barcodes`, `pools`, `targets`, `tasks`, `tokens`, `…-models`. */
  readonly suggest: string | undefined;
}

/** The JSON Schema of what an operation takes or gives. */
export function schemaOf(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  const { $schema: _dialect, "~standard": _standard, ...rest } = z.toJSONSchema(schema, { io });
  return rest as JsonSchema;
}

/** The input fields, in the order in which they are declared. */
export function inputFieldsOf(operation: Operation): readonly InputField[] {
  const { properties = {}, required = [] } = schemaOf(operation.input, "input");
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    kind: kindOf(schema),
    choices: (schema.enum ?? []).map(String),
    isRequired: required.includes(name),
    isSecret: schema.secret === true,
    description: schema.description ?? "",
    suggest: schema.suggest,
  }));
}

function kindOf(schema: JsonSchema): FieldKind {
  if (schema.enum !== undefined) return "choice";
  if (schema.anyOf !== undefined) return "size";
  if (schema.type === "integer") return "integer";
  return schema.type === "boolean" ? "switch" : "text";
}

/**
 * The value that a field's text stands for. Text that is no number or switch is kept as it is: the schema then says what
 * is wrong with it.
 */
export function valueFromText(field: InputField, text: string): string | number | boolean {
  if (field.kind === "integer" && /^-?\d{1,15}$/.test(text)) return Number(text);
  if (field.kind === "size" && /^\d{1,15}$/.test(text)) return Number(text);
  if (field.kind === "switch" && (text === "true" || text === "false")) return text === "true";
  return text;
}

/** Names of the fields in an operation's path, `{name}`. */
export function pathFieldsOf(operation: Operation): readonly string[] {
  return Array.from(operation.route.path.matchAll(/\{(\w+)\}/g), (match) => match[1] ?? "");
}

/** True when inputs that are not in the path go into the query string: GET and DELETE have no body. */
export function takesQuery(operation: Operation): boolean {
  return operation.route.method === "get" || operation.route.method === "delete";
}
