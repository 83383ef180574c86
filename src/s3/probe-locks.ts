// SPDX-License-Identifier: Apache-2.0
// Probes of versions, retention and legal holds. Locks are set for a few seconds, so that even COMPLIANCE leaves nothing.

import { seconds } from "#base/index.ts";
import type { Probe } from "./probe.ts";

/** How long a probe's lock lasts: longer than the requests that try to break it. */
const lockTime = seconds(4);

const no = (reason: string): { readonly no: string } => ({ no: reason });

const retentionProbe = (mode: "GOVERNANCE" | "COMPLIANCE"): Probe => ({
  id: `retention-${mode}`,
  title: `retention, ${mode}`,
  run: async (place) => {
    const name = `locked/${mode}`;
    await place.putLocked(name, { ObjectLockMode: mode, ObjectLockRetainUntilDate: place.dateIn(lockTime) });
    const { ObjectLockMode, VersionId } = await place.head(name);
    if (ObjectLockMode !== mode) return no("accepted, and not kept");
    const status = await place.statusOf(place.deleteVersion(name, VersionId));
    return status === 403 ? "" : no(`a locked object was deleted (${status})`);
  },
});

/** Versions and locks. */
export const lockProbes: readonly Probe[] = [
  {
    id: "versions",
    title: "old versions are kept, and can be deleted",
    run: async (place) => {
      const status = await place.versioning();
      if (status !== "Enabled") return no(`versioning of the bucket is ${status ?? "off"}`);
      await place.put("versions", "a");
      await place.put("versions", "b");
      const found = await place.versions("versions");
      if (found.length !== 2) return no(`${found.length} versions are listed, not 2`);
      for (const id of found) await place.deleteVersion("versions", id);
      return (await place.versions("versions")).length === 0 ? "" : no("deleted versions are still listed");
    },
  },
  {
    id: "lock",
    title: "the bucket was made for locks",
    run: async (place) => ((await place.hasLocks()) ? "" : no("object lock is off")),
  },
  retentionProbe("GOVERNANCE"),
  retentionProbe("COMPLIANCE"),
  {
    id: "legal-hold",
    title: "legal hold",
    run: async (place) => {
      await place.putLocked("held", { ObjectLockLegalHoldStatus: "ON" });
      const { ObjectLockLegalHoldStatus, VersionId } = await place.head("held");
      if (ObjectLockLegalHoldStatus !== "ON") return no("accepted, and not kept");
      const status = await place.statusOf(place.deleteVersion("held", VersionId));
      await place.releaseHold("held");
      return status === 403 ? "" : no(`a held object was deleted (${status})`);
    },
  },
];
