// SPDX-License-Identifier: Apache-2.0
// Mode and log pages of a changer: SMC-3 7.3, SPC-4 7.3. They describe the library as it is; hosts change nothing. A
// changer has no block descriptor.

import type { ChangerView } from "#library/index.ts";
import {
  capabilityBits,
  DeviceCapabilitiesPage,
  ElementAddressPage,
  InformationalExceptionsPage,
  logPages,
  PowerConditionPage,
  TransportGeometryPage,
} from "#scsi/index.ts";
import { logPage, tapeAlertParameters } from "./log-page.ts";
import type { LogPage } from "./log-pages.ts";
import { modePage } from "./mode-page.ts";
import type { ModeHeader, ModePage } from "./mode-pages.ts";

const { driveBay, mailSlot, storageSlot } = capabilityBits;
/** Every place where a cartridge can rest. */
const restingPlaces = driveBay | mailSlot | storageSlot;

/** The pages of a changer beside those that every unit has. */
export function changerModePages(changer: ChangerView): readonly ModePage[] {
  return [
    modePage(PowerConditionPage, { defaults: {} }),
    modePage(InformationalExceptionsPage, { defaults: { disableExceptions: true } }),
    modePage(ElementAddressPage, {
      defaults: elementAddresses(changer),
      fill: (bytes) => ElementAddressPage.encodeInto(bytes, 0, elementAddresses(changer)),
    }),
    modePage(TransportGeometryPage, { defaults: {} }),
    modePage(DeviceCapabilitiesPage, {
      defaults: {
        stores: restingPlaces,
        movesFromStorageSlot: restingPlaces,
        movesFromMailSlot: restingPlaces,
        movesFromDriveBay: restingPlaces,
        exchangesStorageSlot: restingPlaces,
        exchangesMailSlot: restingPlaces,
        exchangesDriveBay: restingPlaces,
      },
    }),
  ];
}

/** What READ ELEMENT STATUS reports, in the words of page 1Dh. */
function elementAddresses({ shape }: ChangerView) {
  return {
    firstPicker: shape.picker.first,
    pickerCount: shape.picker.count,
    firstStorageSlot: shape["storage-slot"].first,
    storageSlotCount: shape["storage-slot"].count,
    firstMailSlot: shape["mail-slot"].first,
    mailSlotCount: shape["mail-slot"].count,
    firstDriveBay: shape["drive-bay"].first,
    driveBayCount: shape["drive-bay"].count,
  };
}

/** In front of a changer's pages stands nothing of interest. */
export const changerModeHeader: ModeHeader = {
  header: () => ({ mediumType: 0, deviceSpecific: 0 }),
};

/** A temperature that is not available: SPC-4 7.3.21. */
const noTemperature = 0xff;

/** The log pages of a changer: no errors are kept, and nothing is wrong with a virtual one. */
export function changerLogPages(): readonly LogPage[] {
  const { code, subcode, name } = logPages.tapeAlert;
  return [
    logPage("lastErrors", () => ({})),
    logPage("temperature", () => ({ current: noTemperature, reference: noTemperature })),
    { code, subcode, name, parameters: () => tapeAlertParameters(() => false) },
  ];
}
