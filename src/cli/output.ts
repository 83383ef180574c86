// SPDX-License-Identifier: Apache-2.0
// Answers as tables for people. Lists have a line per item, a single thing a line per property.

import type Table from "cli-table3";
import { schemaOf, type JsonSchema, type Operation } from "#api/index.ts";
import { headText, valueText } from "./format.ts";

type TableConstructor = typeof Table;

/** Characters of a frame, which these tables do not have. */
const frame =
  "top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid";

const plain = {
  chars: { ...Object.fromEntries(frame.split(" ").map((place) => [place, ""])), middle: "  " },
  style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
};

/** The answer of an operation as text with a line end; empty for an answer that says nothing. */
export async function tableText(operation: Operation, answer: unknown): Promise<string> {
  const { default: TableClass } = await import("cli-table3");
  const schema = schemaOf(operation.output, "output");
  if (Array.isArray(answer)) return listText(TableClass, operation, { items: answer, schema: schema.items ?? {} });
  return oneText(TableClass, answer, schema);
}

function listText(
  TableClass: TableConstructor,
  operation: Operation,
  list: { readonly items: readonly unknown[]; readonly schema: JsonSchema },
): string {
  if (list.items.length === 0) return "none\n";
  const columns = operation.columns ?? Object.keys(list.schema.properties ?? {});
  const table = new TableClass({ ...plain, head: columns.map(headText) });
  for (const item of list.items) {
    table.push(columns.map((name) => valueText(propertyOf(item, name), list.schema.properties?.[name], name)));
  }
  return `${trimmed(table.toString())}\n`;
}

function oneText(TableClass: TableConstructor, answer: unknown, schema: JsonSchema): string {
  const document = Object.keys(schema.properties ?? {}).find((name) => schema.properties?.[name]?.document === true);
  const content = document === undefined ? undefined : propertyOf(answer, document);
  if (typeof content === "string") return content.endsWith("\n") ? content : `${content}\n`;
  const names = Object.keys(schema.properties ?? {}).filter((name) => propertyOf(answer, name) !== undefined);
  if (names.length === 0) return "";
  const table = new TableClass(plain);
  for (const name of names) {
    const property = schema.properties?.[name];
    const named = propertyOf(answer, "currency");
    const currency = property?.unit === "money" && typeof named === "string" ? ` ${named}` : "";
    table.push([`${headText(name)}:`, `${valueText(propertyOf(answer, name), property, name)}${currency}`]);
  }
  return `${trimmed(table.toString())}\n`;
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function trimmed(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
