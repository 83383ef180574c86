// SPDX-License-Identifier: Apache-2.0
// The API over HTTP: REST routes made from the table of operations, an event stream, metrics, health. It formats and
// checks tokens; it decides nothing else. It neither listens nor reads clocks: `app.fetch` is given requests.

import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { streamSSE } from "hono/streaming";
import { asError, Fault, isFault, limits, randomId, type Log, type Random } from "#base/index.ts";
import {
  apiFault,
  apiPrefix,
  errorBody,
  inputFieldsOf,
  invoke,
  mayDo,
  openApiDocument,
  operations,
  pathFieldsOf,
  statusOf,
  takesQuery,
  valueFromText,
  type ApiContext,
  type Caller,
  type EventHub,
  type InputField,
  type Operation,
} from "#api/index.ts";

/** What the HTTP face is made of. */
export interface HttpOptions {
  readonly context: ApiContext;
  readonly events: EventHub;
  readonly random: Random;
  readonly log: Log;
  /** Renders the page of metrics. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

/** What a request carries through its handlers. */
interface Variables {
  readonly request: string;
  caller: Caller;
}
type App = Hono<{ Variables: Variables }>;
type Request = Context<{ Variables: Variables }>;

/** Makes the application. */
export function httpApp(options: HttpOptions): { fetch(request: globalThis.Request): Response | Promise<Response> } {
  const app: App = new Hono();
  app.onError((error, request) => answerError(options, request, error));
  app.notFound((request) => answerError(options, request, unknownRoute(request)));
  app.use(async (request, next) => {
    request.set("request", randomId(options.random));
    await next();
    addHeaders(request);
  });
  app.get("/healthz", (request) => {
    const { state } = options.context.gateway.status();
    return request.json({ status: state }, state === "ready" ? 200 : 503);
  });
  app.use(async (request, next) => {
    request.set("caller", callerOf(options, request));
    await next();
  });
  addPages(app, options);
  for (const entry of operations) addOperation(app, options, entry);
  return app;
}

function addPages(app: App, options: HttpOptions): void {
  app.get("/metrics", async (request) => {
    const page = await options.metrics();
    return request.body(page.text, 200, { "content-type": page.contentType });
  });
  app.get(`${apiPrefix}/openapi.json`, (request) => request.json(openApiDocument(options.context.system.version)));
  app.get(`${apiPrefix}/events`, (request) => {
    const stopped = new AbortController();
    const after = request.req.header("last-event-id");
    const events = options.events.listen({ after, signal: stopped.signal });
    return streamSSE(request, async (stream) => {
      stream.onAbort(() => stopped.abort());
      await stream.write(": listening\n\n");
      for await (const { id, kind, data } of events) {
        await stream.writeSSE({ id, event: kind, data: JSON.stringify(data) });
      }
    });
  });
}

function addOperation(app: App, options: HttpOptions, entry: Operation): void {
  const path = `${apiPrefix}${entry.route.path.replaceAll(/\{(\w+)\}/g, ":$1")}`;
  const limit = bodyLimit({
    maxSize: limits.apiBody,
    onError: () => {
      throw apiFault("body-too-large", { max: limits.apiBody });
    },
  });
  let fields: ReadonlyMap<string, InputField> | undefined;
  app.on(entry.route.method.toUpperCase(), path, limit, async (request) => {
    const caller = request.get("caller");
    // Before the body is looked at: who may not do it learns nothing about its form.
    requireRole(entry, caller);
    fields ??= new Map(inputFieldsOf(entry).map((field) => [field.name, field]));
    const input = await inputOf(entry, request, fields);
    const output = await invoke(entry, options.context, { caller, input });
    if (entry.kind !== "query") {
      options.log.info(`${entry.name} by ${caller.name}`, { operation: entry.name, caller: caller.name });
    }
    return request.json(output, statusOf(entry));
  });
}

function requireRole(entry: Operation, caller: Caller): void {
  if (mayDo(caller.role, entry.permission)) return;
  throw apiFault("denied", {
    operation: entry.name,
    needed: entry.permission,
    token: caller.name,
    role: caller.role,
  });
}

/** Gathers an operation's input from path, query and body. */
async function inputOf(
  entry: Operation,
  request: Request,
  fields: ReadonlyMap<string, InputField>,
): Promise<Record<string, unknown>> {
  const read = ([name, text]: readonly [string, string]): readonly [string, unknown] => {
    const field = fields.get(name);
    return [name, field === undefined ? text : valueFromText(field, text)];
  };
  const fromPath = pathFieldsOf(entry).map((name) => read([name, request.req.param(name) ?? ""]));
  const rest = takesQuery(entry)
    ? Object.fromEntries(Object.entries(request.req.query()).map(read))
    : await bodyOf(entry, request);
  const twice = fromPath.find(([name]) => name in rest);
  if (twice !== undefined) {
    throw apiFault("bad-input", {
      operation: entry.name,
      field: twice[0],
      problems: `${twice[0]}: it is in the path already`,
    });
  }
  return { ...rest, ...Object.fromEntries(fromPath) };
}

async function bodyOf(entry: Operation, request: Request): Promise<Record<string, unknown>> {
  const text = await request.req.text();
  if (text === "") return {};
  const refuse = (reason: string): Fault => apiFault("bad-body", { operation: entry.name, reason });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refuse(asError(error).message);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw refuse("it is no JSON object");
  return { ...value };
}

function callerOf(options: HttpOptions, request: Request): Caller {
  const header = request.req.header("authorization");
  if (header === undefined) throw apiFault("unauthenticated", { reason: "there is no Authorization header" });
  const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
  if (token === undefined) throw apiFault("unauthenticated", { reason: "Authorization is not `Bearer TOKEN`" });
  const caller = options.context.tokens.callerOf(token);
  if (caller === undefined) throw apiFault("unauthenticated", { reason: "this token is unknown or was revoked" });
  return caller;
}

const unknownRoute = (request: Request): Fault =>
  apiFault("unknown-route", { method: request.req.method, path: request.req.path });

function answerError(options: HttpOptions, request: Request, error: Error): Response {
  const fault = isFault(error) ? error : apiFault("internal", { request: request.get("request") }, error);
  if (fault.row.http >= 500 && fault.row.http !== 503) {
    const fields = { code: fault.code, method: request.req.method, path: request.req.path };
    options.log.error(fault.message, { ...fields, request: request.get("request") }, error);
  }
  if (fault.row.http === 401) request.header("www-authenticate", "Bearer");
  addHeaders(request);
  return request.json(errorBody(fault), fault.row.http);
}

function addHeaders(request: Request): void {
  request.header("x-request-id", request.get("request"));
  request.header("x-content-type-options", "nosniff");
  request.header("cache-control", "no-store");
}
