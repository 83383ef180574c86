// SPDX-License-Identifier: Apache-2.0
// Faults of the API itself: who may do what, and what a request must look like. What an operation meets comes from the
// rooms below.

import { faultsOf } from "#base/index.ts";

/** Faults of api. */
export const apiFault = faultsOf("api", {
  "bad-input": { text: "{operation}: {problems}", retry: "never", http: 400, exit: 2 },
  "bad-body": { text: "the body is not what {operation} takes: {reason}", retry: "never", http: 400, exit: 2 },
  "body-too-large": {
    text: "the body is larger than {max} bytes; ask for less at a time",
    retry: "never",
    http: 413,
    exit: 2,
  },
  unauthenticated: {
    text: "a valid API token is needed: {reason}; `capstan token create` makes one",
    retry: "never",
    http: 401,
    exit: 5,
  },
  denied: {
    text: "{operation} needs the role {needed}; the token {token} has the role {role}",
    retry: "never",
    http: 403,
    exit: 5,
  },
  "no-manager": { text: "this process runs no manager", retry: "never", http: 404, exit: 3 },
  "unknown-route": {
    text: "there is nothing at {method} {path}; the list of operations is at /api/v1/openapi.json",
    retry: "never",
    http: 404,
    exit: 3,
  },
  "library-needed": {
    text: "there are {count} libraries ({known}); name one",
    retry: "never",
    http: 422,
    exit: 2,
  },
  "initiator-unknown": {
    text: "{initiator} is not on the allow-list of {target}; there are: {known}",
    retry: "never",
    http: 404,
    exit: 3,
  },
  "token-unknown": { text: "there is no API token {name}", retry: "never", http: 404, exit: 3 },
  "token-exists": {
    text: "there is an API token {name} already; choose another name or revoke it first",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  "token-last-admin": {
    text: "{name} is the last token with the role admin; create another one before it is revoked",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  "tokens-full": {
    text: "there are {max} API tokens already; revoke one first",
    retry: "operator",
    http: 409,
    exit: 7,
  },
  "tokens-damaged": {
    text: "the file of API tokens is damaged ({reason}); restore it, or remove it to start with a new admin token",
    retry: "operator",
    http: 500,
    exit: 8,
  },
  "too-many-streams": {
    text: "there are {max} event streams already; close one first",
    retry: "backoff",
    http: 429,
    exit: 1,
  },
  internal: {
    text: "an internal error; the log of the server has the details under request {request}",
    retry: "never",
    http: 500,
    exit: 1,
  },
});
