// SPDX-License-Identifier: Apache-2.0
// Managers that are broken on purpose: each breaks one promise, and the checkers of the simulation must find it.

import type { OpenStation } from "#backup/index.ts";
import type { TapeDrive } from "#format/index.ts";
import type { ManagerCanary } from "./manager-world.ts";

/** A station whose drives are wrapped. */
function withDrives(opened: OpenStation, wrap: (drive: TapeDrive) => TapeDrive): OpenStation {
  const { station } = opened;
  return {
    close: () => opened.close(),
    station: {
      name: station.name,
      changer: station.changer,
      load: async (labelText) => wrap(await station.load(labelText)),
      open: async () => wrap(await station.open()),
      unload: () => station.unload(),
      export: (labelText) => station.export(labelText),
      labels: () => station.labels(),
    },
  };
}

/** The canaries by name, for `--canary NAME`. */
export const managerCanaries: Readonly<Record<string, ManagerCanary>> = {
  "no-flush": {
    title: "commits its catalogs before the tape is flushed",
    station: (opened) => withDrives(opened, (drive) => ({ ...drive, flush: () => Promise.resolve() })),
  },
  "no-retention": {
    title: "overwrites what is still protected",
    retention: "overwrite",
  },
  "drops-blocks": {
    title: "takes a block for written that is not on the tape",
    station: (opened) => {
      let count = 0;
      return withDrives(opened, (drive) => ({
        ...drive,
        writeBlock: (block) => (++count % 9 === 0 ? Promise.resolve("written") : drive.writeBlock(block)),
      }));
    },
  },
};
