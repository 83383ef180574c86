// SPDX-License-Identifier: Apache-2.0
// What went wrong at an S3 server, as faults of the port: what may go away by itself, what an operator has to allow, what
// the server will never do. The codes are those of the S3 API reference.

import { asError, type Fault } from "#base/index.ts";
import { storeFault } from "#store/index.ts";

/** An error of the SDK: of the server when it has a status, else of the way there. */
export interface S3Error {
  /** Code of the server, or name of what happened on the way. */
  readonly name: string;
  readonly message: string;
  /** HTTP status; undefined when no whole answer came. */
  readonly status: number | undefined;
}

/** Codes that a later attempt may not meet again, although their status says otherwise. */
const passing: ReadonlySet<string> = new Set([
  "RequestTimeout",
  "RequestTimeTooSkewed",
  "OperationAborted",
  "ConditionalRequestConflict",
  "TooManyRequests",
  "Throttling",
  "ThrottlingException",
  "IncompleteBody",
  "BadDigest",
  "InvalidDigest",
  "XAmzContentSHA256Mismatch",
  "XAmzContentChecksumMismatch",
  "NoSuchUpload",
]);

const denied: ReadonlySet<string> = new Set([
  "AccessDenied",
  "InvalidAccessKeyId",
  "SignatureDoesNotMatch",
  "ExpiredToken",
  "InvalidToken",
  "AllAccessDisabled",
  "AccountProblem",
  "CredentialsProviderError",
]);

/** The parts of a thrown thing that matter. */
export function s3Error(thrown: unknown): S3Error {
  const error = asError(thrown);
  const metadata: unknown = "$metadata" in error ? error.$metadata : undefined;
  const isAnswer = typeof metadata === "object" && metadata !== null && "httpStatusCode" in metadata;
  const status = isAnswer && typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined;
  const code = "Code" in error && typeof error.Code === "string" ? error.Code : error.name;
  return { name: code, message: error.message, status };
}

/** The thrown thing as a Fault of the port; one that is a Fault already stays. `place` is bucket and key. */
export function portFault(thrown: unknown, operation: string, place: string): Fault {
  const error = s3Error(thrown);
  const details = { operation, key: place, reason: reasonOf(error) };
  const { status, name } = error;
  if (denied.has(name)) return storeFault("object-store-denied", details, thrown);
  if (status === undefined || status >= 500 || status === 429 || status === 408 || passing.has(name)) {
    if (status !== 501) return storeFault("object-store-unreachable", details, thrown);
  }
  if (status === 401 || status === 403) return storeFault("object-store-denied", details, thrown);
  return storeFault("object-store-refused", details, thrown);
}

function reasonOf({ name, message, status }: S3Error): string {
  const text = message === "" || message === "UnknownError" || message === name ? name : `${name}: ${message}`;
  return status === undefined ? text : `${text} (${status})`;
}

/** True when the server says that there is no such object, and not that there is no such bucket. */
export function isMissing({ name, status }: S3Error): boolean {
  return status === 404 && name !== "NoSuchBucket" && name !== "NoSuchUpload";
}

/** True when a condition of a put did not hold. */
export function isConditionFailed({ status }: S3Error): boolean {
  return status === 412;
}

/** True when an object is in a cold class and was not thawed. */
export function isFrozen({ name }: S3Error): boolean {
  return name === "InvalidObjectState" || name === "ObjectNotInActiveTierError";
}
