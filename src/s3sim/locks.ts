// SPDX-License-Identifier: Apache-2.0
// Object lock: retention and legal holds of versions.

import { isoText } from "#base/index.ts";
import type { S3Call } from "./call.ts";
import { retentionFrom, versionOf } from "./objects.ts";
import { answer, element, elementOf, type HttpAnswer, S3Refusal, xmlAnswer } from "./wire.ts";

/** PutObjectRetention. */
export function putRetention(call: S3Call): HttpAnswer {
  const { request, world } = call;
  needLocks(call);
  const version = versionOf(call);
  const now = world.clock.now();
  const mode = elementOf(request.body, "Mode");
  const next = retentionFrom(mode, elementOf(request.body, "RetainUntilDate"), now);
  const old = version.retention;
  if (old !== undefined && next !== undefined && old.until > now) {
    const mayBypass = request.headers["x-amz-bypass-governance-retention"] === "true";
    const isWeaker = next.until < old.until || next.mode !== old.mode;
    const isStronger = next.until >= old.until && next.mode === "COMPLIANCE";
    const isAllowed = !isWeaker || (old.mode === "GOVERNANCE" && mayBypass);
    if (!isAllowed || (old.mode === "COMPLIANCE" && !isStronger)) {
      throw new S3Refusal("AccessDenied", "the retention can only become longer");
    }
  }
  version.retention = next;
  world.book.note("put", version.storageClass);
  return answer(200);
}

/** GetObjectRetention. */
export function getRetention(call: S3Call): HttpAnswer {
  const { retention } = versionOf(call);
  if (retention === undefined) throw new S3Refusal("NoSuchObjectLockConfiguration", "the object has no retention");
  const fields = { Mode: retention.mode, RetainUntilDate: isoText(retention.until) };
  return xmlAnswer(element("Retention", fields));
}

/** PutObjectLegalHold. */
export function putLegalHold(call: S3Call): HttpAnswer {
  needLocks(call);
  const version = versionOf(call);
  version.isHeld = elementOf(call.request.body, "Status") === "ON";
  call.world.book.note("put", version.storageClass);
  return answer(200);
}

function needLocks({ bucket }: S3Call): void {
  if (!bucket.hasLocks) throw new S3Refusal("InvalidRequest", "the bucket was not made for object lock");
}
