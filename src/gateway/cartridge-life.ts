// SPDX-License-Identifier: Apache-2.0
// The states of a cartridge's life.

/** States of a cartridge. Faces may print the underline as a blank. */
export const cartridgeStates = [
  "AVAILABLE",
  "IN_TRANSIT",
  "ARCHIVING",
  "ARCHIVED",
  "RETRIEVING",
  "RETRIEVED",
  "DELETING",
] as const;

/** State of a cartridge. */
export type CartridgeState = (typeof cartridgeStates)[number];
