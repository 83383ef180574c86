// SPDX-License-Identifier: Apache-2.0
// RestoreObject: an object of a cold class becomes readable after the delay of its tier, until the midnight after the days
// that were asked for. A second request extends what is there, or hastens what is on its way, once.

import { days, type Duration, type Instant, later } from "#base/index.ts";
import type { S3Restore } from "./bucket.ts";
import type { S3Call } from "./call.ts";
import { versionOf } from "./objects.ts";
import { answer, elementOf, elementsOf, type HttpAnswer, S3Refusal } from "./wire.ts";

/** Tiers from the fastest. */
const tiers = ["Expedited", "Standard", "Bulk"] as const;

const tiersOf: Readonly<Record<string, readonly string[]>> = { GLACIER: tiers, DEEP_ARCHIVE: ["Standard", "Bulk"] };

/** 202 when it starts, 200 when it only lasts longer. */
export function restoreObject(call: S3Call): HttpAnswer {
  const { request, world } = call;
  const version = versionOf(call);
  if (!world.features.thaw) throw new S3Refusal("NotImplemented", "restores");
  const allowed = tiersOf[version.storageClass];
  if (allowed === undefined) {
    throw new S3Refusal("ObjectAlreadyInActiveTierError", "the object is in no archive class");
  }
  const kept = Number(elementOf(request.body, "Days"));
  const tier = tiers.find((name) => name === (elementsOf(request.body, "Tier")[0] ?? "Standard"));
  if (tier === undefined || !allowed.includes(tier)) {
    throw new S3Refusal("InvalidArgument", `${version.storageClass} has no such retrieval option`);
  }
  if (!Number.isInteger(kept) || kept < 1) throw new S3Refusal("InvalidArgument", "an object is restored for days");
  const now = world.clock.now();
  const wish = { tier, now, keep: days(kept), delay: world.thawDelay[tier] ?? days(1) };
  const before = version.restore;
  const isReady = before !== undefined && before.readyAt <= now && before.until > now;
  version.restore = nextRestore(before, wish);
  world.book.note(`restore-${tier}`, version.storageClass);
  return answer(isReady ? 200 : 202);
}

function nextRestore(
  before: S3Restore | undefined,
  {
    tier,
    now,
    keep,
    delay,
  }: { readonly tier: string; readonly now: Instant; readonly keep: Duration; readonly delay: Duration },
): S3Restore {
  const fresh = { tier, readyAt: later(now, delay), until: midnightAfter(later(later(now, delay), keep)) };
  if (before === undefined || before.until <= now) return fresh;
  // From now, also when that is earlier than before.
  if (before.readyAt <= now) return { ...before, until: midnightAfter(later(now, keep)) };
  const rank = (name: string): number => tiers.findIndex((known) => known === name);
  if (rank(tier) >= rank(before.tier)) {
    throw new S3Refusal("RestoreAlreadyInProgress", "the object is being restored");
  }
  return { ...fresh, readyAt: Math.min(fresh.readyAt, before.readyAt) as Instant };
}

function midnightAfter(instant: Instant): Instant {
  return (Math.ceil(instant / days(1)) * days(1)) as Instant;
}
