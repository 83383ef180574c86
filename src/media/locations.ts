// SPDX-License-Identifier: Apache-2.0
// Where cartridges are, after a changer told what it holds (B-LOC-1 to B-LOC-3).

import { type Inventory, offline } from "./inventory.ts";

/** What a changer tells. */
export interface ChangerContent {
  readonly changer: string;
  /** Label texts in drives and storage slots; cleaning cartridges and mail slots are left out. */
  readonly labels: readonly string[];
}

/** True for the label of a cleaning cartridge. */
export const isCleaningLabel = (text: string): boolean => text.startsWith("CLN");

/**
 * The inventory after changers were asked. `configured`: all changers that exist; cartridges in one that does not are
 * offline. What one that was not asked holds stays as it was.
 */
export function updateLocations(
  inventory: Inventory,
  contents: readonly ChangerContent[],
  configured: readonly string[],
): Inventory {
  let updated = inventory;
  for (const { label, location } of inventory.records) {
    if (location.kind !== "online") continue;
    const content = contents.find(({ changer }) => changer === location.changer);
    const isGone = content !== undefined && !content.labels.includes(label.labelText);
    if (isGone || !configured.includes(location.changer)) updated = updated.withLocation(label.uuid, offline);
  }
  for (const { changer, labels } of contents) {
    for (const text of labels) {
      const matches = inventory.records.filter(({ label }) => label.labelText === text);
      const [record] = matches;
      // A label that two cartridges have says nothing about either.
      if (record === undefined || matches.length > 1 || isCleaningLabel(text)) continue;
      updated = updated.withLocation(record.label.uuid, { kind: "online", changer });
    }
  }
  return updated;
}
