// SPDX-License-Identifier: Apache-2.0
// The life of a cartridge, as a pure machine: (state, input) to a new state with effects, or a refusal with its reason.
//
//   state        input           to           what happens
//   AVAILABLE    eject           IN_TRANSIT   the mail slot is emptied at once; uploading starts
//   IN_TRANSIT   uploaded        ARCHIVING    all data is in the object store
//   IN_TRANSIT   cancel-archive  AVAILABLE    back into a slot, writable as before
//   ARCHIVING    archived        ARCHIVED     the class has changed; the retention clock starts at the first time
//   ARCHIVED     retrieve        RETRIEVING   thawing starts
//   RETRIEVING   cancel-retrieve ARCHIVED
//   RETRIEVING   retrieved       RETRIEVED    appears in a mail slot, read-only
//   RETRIEVED    eject           ARCHIVED     the mail slot is emptied at once; nothing is uploaded, it was not written
//   AVAILABLE    delete          DELETING     refused in a drive, and under a legal hold
//   ARCHIVED     delete          DELETING     refused under a lock that still holds, and under a legal hold
//   DELETING     undelete        as before    only until the bytes begin to go; back into a slot if it was AVAILABLE
//   DELETING     deleted         (gone)       the barcode stays spent
//
// Every other pair is refused. Which place a cartridge is in is not known here, only whether that is a drive.

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

/** What holds a cartridge at this moment; `bypassed`: GOVERNANCE, and whoever asks may and wants to. */
export type HoldingLock = "none" | "governance" | "governance-bypassed" | "compliance" | "legal-hold";

/** States that a deletion can be taken back to. */
export type DeletedFrom = "AVAILABLE" | "ARCHIVED";

/** What can happen to a cartridge. */
export type CartridgeInput =
  | { readonly kind: "eject" }
  | { readonly kind: "uploaded" }
  | { readonly kind: "cancel-archive" }
  | { readonly kind: "archived" }
  | { readonly kind: "retrieve" }
  | { readonly kind: "cancel-retrieve" }
  | { readonly kind: "retrieved" }
  | { readonly kind: "delete"; readonly inDrive: boolean; readonly lock: HoldingLock }
  | { readonly kind: "undelete"; readonly from: DeletedFrom; readonly isErasing: boolean }
  | { readonly kind: "deleted" };

/** What comes with a transition, in the same breath. What follows later is the work that the new state calls for. */
export type CartridgeEffect =
  /** It is in no element any more. */
  | "leave-element"
  /** It stands in a slot again. */
  | "enter-element"
  /** The retention clock starts, unless it runs already. */
  | "start-retention";

/** Why an input is refused in a state. */
export type CartridgeRefusal = "wrong-state" | "busy" | "in-drive" | "retrieved" | "locked" | "held" | "erasing";

/** What an input comes to. `state` undefined: the cartridge is gone. */
export type CartridgeStep =
  | { readonly kind: "to"; readonly state: CartridgeState | undefined; readonly effects: readonly CartridgeEffect[] }
  | { readonly kind: "refused"; readonly reason: CartridgeRefusal };

/** The states in which each input is accepted, for messages. */
export const acceptedIn = {
  eject: ["AVAILABLE", "RETRIEVED"],
  uploaded: ["IN_TRANSIT"],
  "cancel-archive": ["IN_TRANSIT"],
  archived: ["ARCHIVING"],
  retrieve: ["ARCHIVED"],
  "cancel-retrieve": ["RETRIEVING"],
  retrieved: ["RETRIEVING"],
  delete: ["AVAILABLE", "ARCHIVED"],
  undelete: ["DELETING"],
  deleted: ["DELETING"],
} as const satisfies Record<CartridgeInput["kind"], readonly CartridgeState[]>;

/** True when a host can reach a cartridge of this state: it is in an element of a library. */
export function isInLibrary(state: CartridgeState): boolean {
  return state === "AVAILABLE" || state === "RETRIEVED";
}

/** The step that `input` makes from `state`. Total. */
export function cartridgeStep(state: CartridgeState, input: CartridgeInput): CartridgeStep {
  switch (input.kind) {
    case "eject":
      if (state === "AVAILABLE") return to("IN_TRANSIT", "leave-element");
      return state === "RETRIEVED" ? to("ARCHIVED", "leave-element") : refused("wrong-state");
    case "uploaded":
      return state === "IN_TRANSIT" ? to("ARCHIVING") : refused("wrong-state");
    case "cancel-archive":
      return state === "IN_TRANSIT" ? to("AVAILABLE", "enter-element") : refused("wrong-state");
    case "archived":
      return state === "ARCHIVING" ? to("ARCHIVED", "start-retention") : refused("wrong-state");
    case "retrieve":
      return state === "ARCHIVED" ? to("RETRIEVING") : refused("wrong-state");
    case "cancel-retrieve":
      return state === "RETRIEVING" ? to("ARCHIVED") : refused("wrong-state");
    case "retrieved":
      return state === "RETRIEVING" ? to("RETRIEVED", "enter-element") : refused("wrong-state");
    case "delete":
      return deleteStep(state, input);
    case "undelete":
      return undeleteStep(state, input);
    case "deleted":
      return state === "DELETING" ? { kind: "to", state: undefined, effects: [] } : refused("wrong-state");
    default:
      return input satisfies never;
  }
}

function deleteStep(state: CartridgeState, input: CartridgeInput & { readonly kind: "delete" }): CartridgeStep {
  switch (state) {
    case "AVAILABLE":
      if (input.inDrive) return refused("in-drive");
      return input.lock === "legal-hold" ? refused("held") : to("DELETING", "leave-element");
    case "ARCHIVED":
      if (input.lock === "legal-hold") return refused("held");
      if (input.lock === "governance" || input.lock === "compliance") return refused("locked");
      return to("DELETING");
    case "RETRIEVED":
      return refused("retrieved");
    case "IN_TRANSIT":
    case "ARCHIVING":
    case "RETRIEVING":
    case "DELETING":
      return refused("busy");
    default:
      return state satisfies never;
  }
}

function undeleteStep(state: CartridgeState, input: CartridgeInput & { readonly kind: "undelete" }): CartridgeStep {
  if (state !== "DELETING") return refused("wrong-state");
  if (input.isErasing) return refused("erasing");
  return input.from === "AVAILABLE" ? to("AVAILABLE", "enter-element") : to("ARCHIVED");
}

function to(state: CartridgeState, ...effects: CartridgeEffect[]): CartridgeStep {
  return { kind: "to", state, effects };
}

function refused(reason: CartridgeRefusal): CartridgeStep {
  return { kind: "refused", reason };
}
