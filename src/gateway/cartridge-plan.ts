// SPDX-License-Identifier: Apache-2.0
// Plans new cartridges: from what an operator asks for to records with barcodes and places that can be. Pure.

import { limits, randomId, type Instant, type Random } from "#base/index.ts";
import type { Element } from "#library/index.ts";
import { barcodeMeaning, densityOf, isCleaningBarcode } from "#scsi/index.ts";
import type { ObjectStoreAbilities } from "#store/index.ts";
import { checkBarcode, nextBarcodes } from "./barcodes.ts";
import { freeElements, kindTitle } from "./elements.ts";
import type { CartridgeRecord } from "./facts.ts";
import { gatewayFault } from "./faults.ts";
import { checkNumber } from "./library-plan.ts";
import { driveModel, nominalSize } from "./models.ts";
import { poolNamed } from "./pools.ts";
import type { CartridgeRequest } from "./requests.ts";
import type { GatewayState, LibraryState } from "./state.ts";
import type { ObjectId } from "./views.ts";

/** Pool of a cartridge that asks for none: the first cold class that the object store has, else where the data is. */
export const defaultPoolFor = ({ classes }: ObjectStoreAbilities): string => {
  if (classes.includes("GLACIER")) return "glacier";
  return classes.includes("DEEP_ARCHIVE") ? "deep-archive" : "standard";
};

const defaultPrefix = "CAP";

/** A cartridge and the element it appears in. */
export interface PlannedCartridge {
  readonly cartridge: CartridgeRecord;
  readonly element: Element;
}

/**
 * The cartridges that a request describes. Faults `gateway.bad-number`, `gateway.too-many`, `gateway.size-bad`,
 * `gateway.barcode-…`, `gateway.barcodes-exhausted`, `gateway.pool-unknown`, `gateway.no-free-element`.
 */
export function planCartridges(
  state: GatewayState,
  library: LibraryState,
  request: CartridgeRequest,
  {
    random,
    now,
    defaultPool = "glacier",
  }: { readonly random: Random; readonly now: Instant; readonly defaultPool?: string },
): readonly PlannedCartridge[] {
  const { count = 1, into = "storage-slot", writeOnce = false } = request;
  checkNumber("the number of cartridges", count, { min: 1, max: Number.MAX_SAFE_INTEGER });
  if (count > limits.cartridgesPerCreate) throw gatewayFault("too-many", { count, max: limits.cartridgesPerCreate });
  const model = driveModel(library.record.driveModel);
  const sizeBytes = request.sizeBytes ?? nominalSize(model.generation);
  checkSize(sizeBytes);
  const pool = poolNamed(state, request.pool ?? defaultPool).name;
  const free = freeElements(library.changer, into);
  if (free.length < count) {
    const kind = `${kindTitle(into)}s`;
    throw gatewayFault("no-free-element", { library: library.record.name, free: free.length, kind, count });
  }
  const barcodes = barcodesOf(state, library, { ...request, count, writeOnce });
  return barcodes.flatMap((barcode, index) => {
    const element = free[index];
    if (element === undefined) return [];
    const cartridge: CartridgeRecord = {
      id: randomId(random) as ObjectId,
      barcode,
      generation: barcodeMeaning(barcode)?.generation ?? model.generation,
      writeOnce,
      sizeBytes,
      state: "AVAILABLE",
      library: library.record.id,
      pool,
      createdAt: now,
      changedAt: now,
      history: { loadCount: 0, bytesWritten: 0, bytesRead: 0 },
    };
    return [{ cartridge, element }];
  });
}

/** What cartridges of a request would be, if some were made. Faults as `planCartridges`, but for elements. */
export function checkCreation(
  state: GatewayState,
  library: LibraryState,
  request: CartridgeRequest & { readonly defaultPool?: string },
): { readonly pool: string; readonly sizeBytes: number } {
  const sizeBytes = request.sizeBytes ?? nominalSize(driveModel(library.record.driveModel).generation);
  checkSize(sizeBytes);
  barcodesOf(state, library, { ...request, count: 1, writeOnce: request.writeOnce ?? false });
  return { pool: poolNamed(state, request.pool ?? request.defaultPool ?? "glacier").name, sizeBytes };
}

function checkSize(sizeBytes: number): void {
  const { cartridgeSizeMin: min, cartridgeSizeMax: max } = limits;
  if (!Number.isInteger(sizeBytes) || sizeBytes < min || sizeBytes > max) {
    throw gatewayFault("size-bad", { size: sizeBytes, min, max });
  }
}

type SettledRequest = CartridgeRequest & { readonly count: number; readonly writeOnce: boolean };

function barcodesOf(state: GatewayState, library: LibraryState, request: SettledRequest): readonly string[] {
  const { barcode, count, writeOnce } = request;
  const { suffix } = densityOf(driveModel(library.record.driveModel).generation);
  if (barcode === undefined) {
    const prefix = request.barcodePrefix ?? defaultPrefix;
    if (isCleaningBarcode(prefix)) throw gatewayFault("barcode-cleaning", { barcode: prefix });
    const ending = writeOnce ? suffix.writeOnce : suffix.data;
    if (ending === undefined) throw gatewayFault("no-write-once", { model: library.record.driveModel });
    return nextBarcodes(
      { prefix, suffix: ending, count },
      (text) => state.cartridges.has(text) || state.spentBarcodes.has(text),
    );
  }
  if (count !== 1) throw gatewayFault("barcode-count", { barcode, count });
  checkBarcode(barcode);
  if (isCleaningBarcode(barcode)) throw gatewayFault("barcode-cleaning", { barcode });
  checkSuffix(library, { barcode, writeOnce });
  if (state.cartridges.has(barcode)) throw gatewayFault("barcode-taken", { barcode });
  if (state.spentBarcodes.has(barcode)) throw gatewayFault("barcode-spent", { barcode });
  return [barcode];
}

/** A barcode must not say something else than the cartridge is: hosts believe the barcode. */
function checkSuffix(
  library: LibraryState,
  { barcode, writeOnce }: { readonly barcode: string; readonly writeOnce: boolean },
): void {
  const meaning = barcodeMeaning(barcode);
  if (meaning === undefined) return;
  const { writes } = driveModel(library.record.driveModel);
  const wanted = `a ${writeOnce ? "write-once" : "data"} cartridge that its drives write (LTO-${writes.join(", LTO-")})`;
  if ((meaning.kind === "write-once") !== writeOnce || !writes.includes(meaning.generation)) {
    throw gatewayFault("barcode-suffix", {
      barcode,
      meaning: `an LTO-${meaning.generation} ${meaning.kind} cartridge`,
      wanted,
    });
  }
}
