// SPDX-License-Identifier: Apache-2.0
// What the manager writes into the chip of a cartridge: who uses it, its label, its pool. Helps people and other programs; what
// is on tape does not depend on it.

import { asError } from "#base/index.ts";
import type { CartridgeNote, TapeDrive } from "#format/index.ts";
import type { TaskContext } from "#work/index.ts";

const application = { vendor: "Capstan", application: "Capstan tape manager", version: "1" } as const;
const nothing: CartridgeNote = { vendor: "", application: "", version: "", label: "", barcode: "", pool: "" };

/** Writes a note; undefined takes away what the manager wrote. A chip that cannot be written is told of, and harms nothing. */
export async function noteCartridge(
  drive: TapeDrive,
  context: TaskContext,
  note: Pick<CartridgeNote, "label" | "barcode" | "pool"> | undefined,
): Promise<void> {
  if (drive.note === undefined) return;
  try {
    await drive.note(note === undefined ? nothing : { ...application, ...note });
  } catch (error) {
    context.log(`the memory of the cartridge could not be written: ${asError(error).message}`);
  }
}
