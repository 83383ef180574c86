// SPDX-License-Identifier: Apache-2.0
// The table of operations as an OpenAPI 3.1 document. `openapi.json` at the root is this, committed; a test compares.

import { operations } from "./operations.ts";
import type { Operation } from "./operation.ts";
import { pathFieldsOf, schemaOf, takesQuery, type JsonSchema } from "./fields.ts";

/** Where the REST interface begins. */
export const apiPrefix = "/api/v1";

const errorSchema = {
  type: "object",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["code", "message", "details", "retry", "exitCode"],
      properties: {
        code: { type: "string", description: "Stable: `room.name`" },
        message: { type: "string", description: "For people" },
        details: { type: "object", additionalProperties: { type: ["string", "number"] } },
        retry: { enum: ["never", "backoff", "operator"] },
        exitCode: { type: "integer", description: "What the command line ends with" },
      },
    },
  },
};

/** The whole document, in the order of the table. */
export function openApiDocument(version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const entry of operations) {
    const path = `${apiPrefix}${entry.route.path}`;
    paths[path] = { ...paths[path], [entry.route.method]: describe(entry) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Capstan",
      version,
      description: "Virtual tape library gateway. Every operation needs an API token as `Authorization: Bearer`.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    security: [{ token: [] }],
    paths: { ...paths, ...otherPaths() },
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: { Error: errorSchema },
    },
  };
}

function describe(entry: Operation): object {
  const input = schemaOf(entry.input, "input");
  const inPath = pathFieldsOf(entry);
  const isQuery = takesQuery(entry);
  const rest = Object.entries(input.properties ?? {}).filter(([name]) => !inPath.includes(name));
  const parameters = [
    ...inPath.map((name) => parameter(name, "path", input)),
    ...(isQuery ? rest.map(([name]) => parameter(name, "query", input)) : []),
  ];
  return {
    operationId: entry.name,
    tags: [entry.name.split(".")[0]],
    summary: entry.summary,
    ...(entry.description === undefined ? {} : { description: entry.description }),
    "x-permission": entry.permission,
    "x-kind": entry.kind,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(isQuery || rest.length === 0 ? {} : { requestBody: bodyOf(entry, input, inPath) }),
    responses: {
      [statusOf(entry)]: {
        description: entry.kind === "task" ? "The task that was started" : "Done",
        content: { "application/json": { schema: schemaOf(entry.output, "output") } },
      },
      default: {
        description: "It was not done",
        content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
      },
    },
  };
}

/** Status of a success: 202 when work goes on. */
export function statusOf(entry: Operation): 200 | 202 {
  return entry.kind === "task" ? 202 : 200;
}

function parameter(name: string, place: "path" | "query", input: JsonSchema): object {
  const { description, ...schema } = input.properties?.[name] ?? {};
  const isRequired = place === "path" || (input.required ?? []).includes(name);
  return { name, in: place, required: isRequired, ...(description === undefined ? {} : { description }), schema };
}

function bodyOf(entry: Operation, input: JsonSchema, inPath: readonly string[]): object {
  const isInBody = ([name]: readonly [string, unknown]): boolean => !inPath.includes(name);
  const required = (input.required ?? []).filter((name) => !inPath.includes(name));
  const schema = {
    ...input,
    properties: Object.fromEntries(Object.entries(input.properties ?? {}).filter(isInBody)),
    ...(required.length === 0 ? { required: undefined } : { required }),
  };
  const examples = entry.examples.map((example, index) => [
    `example${index + 1}`,
    { summary: example.title, value: Object.fromEntries(Object.entries(example.input).filter(isInBody)) },
  ]);
  return {
    required: required.length > 0,
    content: { "application/json": { schema, examples: Object.fromEntries(examples) } },
  };
}

function otherPaths(): Record<string, object> {
  const text = (type: string, description: string): object => ({
    200: { description, content: { [type]: { schema: { type: "string" } } } },
  });
  return {
    [`${apiPrefix}/events`]: {
      get: {
        operationId: "events",
        summary: "Changes and task progress as server-sent events; resumes after Last-Event-ID",
        "x-permission": "viewer",
        responses: text("text/event-stream", "Events until either side closes"),
      },
    },
    [`${apiPrefix}/openapi.json`]: {
      get: {
        operationId: "openapi",
        summary: "This document",
        "x-permission": "viewer",
        responses: {
          200: { description: "OpenAPI 3.1", content: { "application/json": { schema: { type: "object" } } } },
        },
      },
    },
    "/metrics": {
      get: {
        operationId: "metrics",
        summary: "Metrics in the text format of Prometheus",
        "x-permission": "viewer",
        responses: text("text/plain", "Metrics"),
      },
    },
    "/healthz": {
      get: {
        operationId: "health",
        summary: "Whether the gateway is ready; needs no token",
        security: [],
        responses: { 200: { description: "Ready" }, 503: { description: "Starting or stopping" } },
      },
    },
  };
}
