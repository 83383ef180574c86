// SPDX-License-Identifier: Apache-2.0
// Asking for a cartridge until it is in the drive (B-REQ-1 to B-REQ-5). A changer is tried in every round; a person is told what
// is needed whenever the reason changes, and again now and then, and the task says what it waits for.

import { asError, type Clock, type Duration, isFault, limits, sleep, type Uuid } from "#base/index.ts";
import { type CartridgeLabels, readLabels, type TapeDrive } from "#format/index.ts";
import type { CartridgeRecord, Librarian } from "#media/index.ts";
import type { Notify } from "#notify/index.ts";
import type { TaskContext } from "#work/index.ts";
import type { TapeStation } from "./station.ts";

/** A cartridge that is in the drive, rewound and with its labels read. */
export interface LoadedCartridge {
  readonly drive: TapeDrive;
  readonly labels: CartridgeLabels;
}

/** What asking a person needs. */
export interface AskingOptions {
  readonly clock: Clock;
  readonly context: TaskContext;
  readonly notify?: Notify;
}

/** What a request needs. */
export interface RequestOptions extends AskingOptions {
  readonly station: TapeStation;
}

/** What a person is asked for. */
export interface Ask {
  /** What to do, and why. */
  readonly text: string;
  readonly title: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Asks a person for something until it is there: at once, when the reason changes, and then in spans that double (B-REQ-4). */
export class Asking {
  readonly #options: AskingOptions;
  #text = "";
  #remindAt = 0;
  #span: Duration = limits.requestReminder;

  constructor(options: AskingOptions) {
    this.#options = options;
  }

  /** Waits until it is time to look again; the task is `waiting` meanwhile. Ends with the signal of the task. */
  async pause(ask: Ask): Promise<void> {
    const { clock, context } = this.#options;
    const now = clock.monotonic();
    if (ask.text !== this.#text) {
      context.log(ask.text);
      this.#tell(ask, "notice");
      this.#text = ask.text;
      this.#span = limits.requestReminder;
      this.#remindAt = now + this.#span;
    } else if (now >= this.#remindAt) {
      context.log(`reminder: ${ask.text}`);
      this.#tell({ ...ask, title: `Reminder: ${ask.title}` }, "warning");
      this.#span = Math.min(this.#span * 2, limits.requestReminderMax) as Duration;
      this.#remindAt = now + this.#span;
    }
    await context.waitFor(ask.text, sleep(clock, limits.cartridgeRetry, context.signal));
  }

  #tell({ title, text, fields }: Ask, severity: "notice" | "warning"): void {
    this.#options.notify?.({ type: "tape-load", severity, title, text, fields });
  }
}

/** Waits until nobody holds the set. What is in the drive goes back first: who holds the set may need it. */
export async function waitForSet(
  { librarian, station, context }: Pick<RequestOptions, "station" | "context"> & { readonly librarian: Librarian },
  set: Uuid,
): Promise<void> {
  if (station.changer !== undefined) await station.unload();
  await context.waitFor(`another job uses the media set ${set}`, librarian.unlocked(set));
}

/** Waits until the cartridge is in the drive. Ends with the signal of the task. */
export async function requestCartridge(options: RequestOptions, record: CartridgeRecord): Promise<LoadedCartridge> {
  const { station, context } = options;
  const { labelText } = record.label;
  const asking = new Asking(options);
  for (;;) {
    context.checkpoint();
    const found = await tryOnce(station, record);
    if (typeof found !== "string") return found;
    const place = station.changer === undefined ? `drive ${station.name}` : `changer ${station.changer}`;
    await asking.pause({
      text: `please put the cartridge ${labelText} into the ${place}: ${found}`,
      title: `Cartridge ${labelText} is needed in the ${place}`,
      fields: { "label-text": labelText, uuid: record.label.uuid, drive: station.name, changer: station.changer ?? "" },
    });
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
