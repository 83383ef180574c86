// SPDX-License-Identifier: Apache-2.0
// The simulated network passes the conformance suite of its port.

import { networkConformance } from "#base/network-conformance.ts";
import { SimClock } from "./clock.ts";
import { SimNetwork } from "./network.ts";
import { SeededRandom } from "./random.ts";

const clock = new SimClock();

networkConformance({
  name: "simulated",
  make: () => {
    const network = new SimNetwork({ clock, random: new SeededRandom("conformance") });
    const server = network.machine("10.0.0.1");
    return { server, client: network.machine("10.0.0.2"), endpoint: { host: "10.0.0.1", port: 0 } };
  },
  run: (promise) => clock.runUntil(promise),
});
