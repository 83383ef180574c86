// SPDX-License-Identifier: Apache-2.0
// Looks up drive and changer models by the names that requests and the ledger use.

import {
  changerModels,
  densityOf,
  driveModels,
  type ChangerModel,
  type DriveModel,
  type LtoGeneration,
} from "#scsi/index.ts";
import { gatewayFault } from "./faults.ts";
import type { ModelView } from "./views.ts";

const bytesPerMegabyte = 1_000_000;
const drives = new Map<string, DriveModel>(Object.entries(driveModels));
const changers = new Map<string, ChangerModel>(Object.entries(changerModels));

/** Name of the drive model that a library has unless it says otherwise. */
export const defaultDriveModel: keyof typeof driveModels = "ibm-lto8";
/** Name of the changer model that a library has unless it says otherwise. */
export const defaultChangerModel: keyof typeof changerModels = "capstan";

/** The drive model of this name. Fault `gateway.model-unknown`. */
export function driveModel(name: string): DriveModel {
  const model = drives.get(name);
  if (model === undefined)
    throw gatewayFault("model-unknown", { kind: "drive", name, known: [...drives.keys()].join(", ") });
  return model;
}

/** The changer model of this name. Fault `gateway.model-unknown`. */
export function changerModel(name: string): ChangerModel {
  const model = changers.get(name);
  if (model === undefined) {
    throw gatewayFault("model-unknown", { kind: "changer", name, known: [...changers.keys()].join(", ") });
  }
  return model;
}

/** Nominal size of a generation's cartridges. */
export const nominalSize = (generation: LtoGeneration): number =>
  densityOf(generation).capacityMegabytes * bytesPerMegabyte;

/** All models; the default of each kind first. */
export function modelViews(): readonly ModelView[] {
  const changerViews = [...changers].map(([name, { vendor, product, revision, title }]) => {
    return { name, kind: "changer" as const, title, vendor, product, revision, medium: undefined };
  });
  const driveViews = [...drives].map(([name, { vendor, product, revision, title, generation }]) => {
    const medium = { suffix: densityOf(generation).suffix.data, sizeBytes: nominalSize(generation) };
    return { name, kind: "drive" as const, title, vendor, product, revision, medium };
  });
  return [...changerViews, ...driveViews];
}
