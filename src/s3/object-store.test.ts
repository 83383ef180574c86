// SPDX-License-Identifier: Apache-2.0
// The S3 adapter passes the suite of its port against the simulated S3: with everything that Amazon's has, without locks,
// and on a server that can do little, as its own probe finds out.

import { after } from "node:test";
import { silentLog } from "#base/index.ts";
import type { S3Features } from "#s3sim/index.ts";
import { objectStoreConformance } from "#store/object-store-conformance.ts";
import { connectS3 } from "./connect.ts";
import type { S3Profile } from "./profile.ts";
import { S3Bed } from "./s3-bed.ts";

const servers: readonly {
  readonly name: string;
  readonly hasLocks: boolean;
  readonly features: Partial<S3Features>;
}[] = [
  { name: "S3 with locks", hasLocks: true, features: {} },
  { name: "S3 without versions", hasLocks: false, features: {} },
  { name: "S3 whose parts know no conditions", hasLocks: false, features: { partedConditions: false } },
  {
    name: "an S3 server that can do little",
    hasLocks: false,
    features: { conditions: false, partedConditions: false, thaw: false, classes: ["STANDARD"], checksums: false },
  },
];

for (const { name, hasLocks, features } of servers) {
  const bed = new S3Bed({ features });
  after(() => bed.close());
  let profile: S3Profile | undefined;
  objectStoreConformance(name, async () => {
    const place = await bed.place({ hasLocks, prefix: "some/where" });
    const ports = { clock: bed.clock, random: bed.random, log: silentLog };
    const known = profile === undefined ? {} : { profile };
    const store = await bed.run(connectS3(place, ports, { ...known, probed: (found) => (profile = found) }));
    bed.onClose(() => store.close());
    return { store, now: () => bed.clock.now(), pass: (duration) => bed.clock.advance(duration) };
  });
}
