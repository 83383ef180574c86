// SPDX-License-Identifier: Apache-2.0
// Asking for a cartridge until it is in the drive (B-REQ-1 to B-REQ-5). A changer is tried in every round; a person is told what
// is needed whenever the reason changes, and the task says what it waits for.

import { asError, type Clock, isFault, limits, sleep } from "#base/index.ts";
import { type CartridgeLabels, readLabels, type TapeDrive } from "#format/index.ts";
import type { CartridgeRecord } from "#media/index.ts";
import type { TaskContext } from "#work/index.ts";
import type { TapeStation } from "./station.ts";

/** A cartridge that is in the drive, rewound and with its labels read. */
export interface LoadedCartridge {
  readonly drive: TapeDrive;
  readonly labels: CartridgeLabels;
}

/** What a request needs. */
export interface RequestOptions {
  readonly station: TapeStation;
  readonly clock: Clock;
  readonly context: TaskContext;
}

/** Waits until the cartridge is in the drive. Ends with the signal of the task. */
export async function requestCartridge(options: RequestOptions, record: CartridgeRecord): Promise<LoadedCartridge> {
  const { station, clock, context } = options;
  const { labelText } = record.label;
  let lastReason = "";
  for (;;) {
    context.checkpoint();
    const found = await tryOnce(station, record);
    if (typeof found !== "string") return found;
    const place = station.changer === undefined ? `the drive ${station.name}` : `the changer ${station.changer}`;
    const request = `please put the cartridge ${labelText} into ${place}: ${found}`;
    if (found !== lastReason) context.log(request);
    lastReason = found;
    await context.waitFor(request, sleep(clock, limits.cartridgeRetry, context.signal));
  }
}

/** The cartridge, or why it is not there. Faults that no cartridge can mend are thrown. */
async function tryOnce(station: TapeStation, record: CartridgeRecord): Promise<LoadedCartridge | string> {
  const { labelText, uuid } = record.label;
  let drive: TapeDrive;
  try {
    drive = await station.load(labelText);
    await drive.setEncryptionKey(undefined);
    await drive.rewind();
  } catch (error) {
    if (isFault(error) && error.code.startsWith("driver.")) return error.message;
    throw error;
  }
  try {
    const labels = await readLabels(drive);
    if (labels === undefined) return "the cartridge in the drive is empty";
    if (labels.label.uuid === uuid) return { drive, labels };
    return `the cartridge in the drive is ${labels.label.labelText} (${labels.label.uuid})`;
  } catch (error) {
    const isReadable = isFault(error) && /^(?:format|driver|codec)\./.test(error.code);
    if (isReadable) return `the labels cannot be read: ${asError(error).message}`;
    throw error;
  }
}
