// SPDX-License-Identifier: Apache-2.0
// The public face of api.

export * from "./error-body.ts";
export * from "./event-hub.ts";
export * from "./faults.ts";
export * from "./fields.ts";
export * from "./metrics.ts";
export * from "./openapi.ts";
export { invoke, problemsOf } from "./operation.ts";
export type { ApiContext, Operation, OperationExample, OperationKind, Route, SystemFacts } from "./operation.ts";
export * from "./operations.ts";
export * from "./quantities.ts";
export * from "./roles.ts";
export * from "./tokens.ts";
