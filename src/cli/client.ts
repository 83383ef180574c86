// SPDX-License-Identifier: Apache-2.0
// Operations over HTTP, from the other side: builds requests from the table, reads answers and event streams.

import { Fault, limits } from "#base/index.ts";
import { apiPrefix, ErrorBody, pathFieldsOf, takesQuery, type Operation } from "#api/index.ts";
import { cliFault } from "./faults.ts";
import type { Server, ServerRequest } from "./ports.ts";

/** What came over an event stream. */
export interface ServerEvent {
  readonly id: string;
  readonly kind: string;
  readonly data: unknown;
}

/** Does an operation on a server; throws the fault that the server answered with. */
export async function call(
  server: Server,
  operation: Operation,
  input: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const { status, body } = await server.send(requestOf(operation, input));
  let text = "";
  for await (const piece of body) text += piece;
  if (status >= 200 && status < 300) return jsonOf(server, status, text);
  throw faultOf(server, status, text);
}

/** As `call`; a list that comes in pages is asked for page by page and given whole, unless the input has a limit. */
export async function callWhole(
  server: Server,
  operation: Operation,
  input: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const { pagedBy } = operation;
  if (pagedBy === undefined || input["limit"] !== undefined) return call(server, operation, input);
  const whole: unknown[] = [];
  let after = input["after"];
  for (;;) {
    const page = await call(server, operation, { ...input, after, limit: limits.listPage });
    if (!Array.isArray(page)) return page;
    for (const each of page as readonly unknown[]) whole.push(each);
    const last = textField(page.at(-1), pagedBy);
    // A page that does not lead on ends the list: whoever answers so would be asked for ever.
    const isOnward = last !== undefined && (typeof after !== "string" || last > after);
    if (page.length < limits.listPage || !isOnward) return whole;
    after = last;
  }
}

function textField(value: unknown, name: string): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const field = (value as Readonly<Record<string, unknown>>)[name];
  return typeof field === "string" ? field : undefined;
}

/** The request for an operation. */
export function requestOf(operation: Operation, input: Readonly<Record<string, unknown>>): ServerRequest {
  const inPath = pathFieldsOf(operation);
  const path = operation.route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(input[name])),
  );
  const rest = Object.entries(input).filter(([name, value]) => !inPath.includes(name) && value !== undefined);
  const method = operation.route.method.toUpperCase();
  if (takesQuery(operation)) {
    const query = rest.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join("&");
    return { method, path: `${apiPrefix}${path}${query === "" ? "" : `?${query}`}`, headers: {} };
  }
  const headers = { "content-type": "application/json" };
  return { method, path: `${apiPrefix}${path}`, headers, body: JSON.stringify(Object.fromEntries(rest)) };
}

/** Events from now on, until the server or the signal ends them. */
export async function* listen(server: Server, signal?: AbortSignal): AsyncGenerator<ServerEvent> {
  const request = { method: "GET", path: `${apiPrefix}/events`, headers: { accept: "text/event-stream" } };
  const { status, body } = await server.send(signal === undefined ? request : { ...request, signal });
  if (status !== 200) {
    let text = "";
    for await (const piece of body) text += piece;
    throw faultOf(server, status, text);
  }
  let pending = "";
  for await (const piece of body) {
    const blocks = (pending + piece).split("\n\n");
    pending = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = eventOf(block);
      if (event !== undefined) yield event;
    }
  }
}

/** One block of an event stream (HTML standard, section 9.2); undefined for a comment. */
function eventOf(block: string): ServerEvent | undefined {
  const fields = new Map<string, string>();
  for (const line of block.split("\n")) {
    const match = /^(\w+): ?(.*)$/.exec(line);
    const [name, value] = [match?.[1], match?.[2]];
    if (name === undefined || value === undefined) continue;
    const known = fields.get(name);
    fields.set(name, known === undefined ? value : `${known}\n${value}`);
  }
  const data = fields.get("data");
  if (data === undefined) return undefined;
  return { id: fields.get("id") ?? "", kind: fields.get("event") ?? "message", data: JSON.parse(data) };
}

function jsonOf(server: Server, status: number, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw cliFault("answer-strange", { address: server.address, status }, error);
  }
}

function faultOf(server: Server, status: number, text: string): Fault {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return cliFault("answer-strange", { address: server.address, status });
  }
  const parsed = ErrorBody.safeParse(value);
  if (!parsed.success) return cliFault("answer-strange", { address: server.address, status });
  const { code, message, details, retry, exitCode } = parsed.data.error;
  // The row of a fault of another room is not known here; what it says came with the answer.
  return new Fault(code, { text: message, retry, http: 500, exit: exitOf(exitCode) }, details);
}

function exitOf(code: number): Fault["row"]["exit"] {
  const known = [1, 2, 3, 4, 5, 6, 7, 8] as const;
  return known.find((exit) => exit === code) ?? 1;
}
