// SPDX-License-Identifier: Apache-2.0
// What is written down about new cartridges: in the ledger, and beside their data in the bucket.

import type { PlannedCartridge } from "./cartridge-plan.ts";
import type { CartridgeRecord, Fact } from "./facts.ts";
import type { LibraryHost } from "./library-host.ts";

/** The facts of new cartridges in their elements. */
export function createdFacts(host: LibraryHost, planned: readonly PlannedCartridge[]): readonly Fact[] {
  const placements = planned.map(({ cartridge, element }) => ({
    barcode: cartridge.barcode,
    kind: cartridge.writeOnce ? ("write-once" as const) : ("data" as const),
    address: element.address,
    importedByOperator: element.kind === "mail-slot",
  }));
  return [
    ...planned.map(({ cartridge }): Fact => ({ kind: "cartridge", cartridge })),
    { kind: "placed", library: host.id, placements },
  ];
}

/** What the bucket tells of a cartridge when everything else is lost. */
export function description(cartridge: CartridgeRecord): Readonly<Record<string, string | number | boolean>> {
  const { barcode, generation, writeOnce, sizeBytes, createdAt } = cartridge;
  return { barcode, generation, writeOnce, sizeBytes, createdAt };
}
