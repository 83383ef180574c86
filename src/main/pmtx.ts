// SPDX-License-Identifier: Apache-2.0
// `capstan pmtx`: a changer by hand, with the commands of Proxmox's `pmtx`.

import {
  type ChangerStatus,
  type DeviceIdentity,
  driverFault,
  type ElementContent,
  identify,
  ScsiChanger,
  type ScsiUnit,
  slotOf,
  unloadMoves,
} from "#driver/index.ts";
import { minutes } from "#base/index.ts";
import { InitializeElementStatus } from "#scsi/index.ts";
import { mainFault } from "./faults.ts";
import { runTool, type ToolCommand, type ToolInput } from "./tape-tool.ts";

/** A library reads every barcode: as long as Proxmox waits. */
const inventoryTimeout = minutes(30);
const changerName = "the changer";

const commands: Readonly<Record<string, ToolCommand>> = {
  inquiry: {
    takes: "",
    summary: "what the unit is",
    run: (unit) => identify(unit),
    text: ({ deviceType, vendor, product, revision }: DeviceIdentity) =>
      `type ${deviceType}: ${vendor} ${product} ${revision}`,
  },
  inventory: {
    takes: "",
    summary: "make the library look at all of its elements",
    run: async (unit) => {
      const command = { cdb: InitializeElementStatus.encode({}), timeout: inventoryTimeout };
      await unit.must("INITIALIZE ELEMENT STATUS", command);
    },
  },
  load: { takes: "SLOT", summary: "from a slot into a drive (--drivenum, 0 when left out)", run: load },
  unload: { takes: "", summary: "from a drive (--drivenum) to its slot, or to --slot", run: unload },
  transfer: { takes: "FROM TO", summary: "from slot to slot", run: transfer },
  status: { takes: "", summary: "what is where", run: async (unit) => (await open(unit)).status(), text: statusText },
};

const open = (unit: ScsiUnit): Promise<ScsiChanger> => ScsiChanger.open(changerName, unit);

function numberOf(input: ToolInput, name: string): number | undefined {
  const text = input.option(name);
  if (text === undefined || /^\d{1,5}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw mainFault("usage", { reason: `--${name} is a number` });
}

async function load(unit: ScsiUnit, input: ToolInput): Promise<void> {
  const changer = await open(unit);
  const status = await changer.status();
  const number = numberOf(input, "drivenum") ?? 0;
  const drive = status.drives.find((candidate) => candidate.number === number);
  if (drive === undefined) throw mainFault("usage", { reason: `there is no drive ${number}` });
  const slot = slotOf(status, changerName, input.count(0));
  if (slot.content.kind === "empty") throw driverFault("slot-empty", { changer: changerName, number: slot.number });
  await changer.move(slot.address, drive.address);
}

async function unload(unit: ScsiUnit, input: ToolInput): Promise<void> {
  const changer = await open(unit);
  const status = await changer.status();
  const wanted = numberOf(input, "slot");
  const [move] = unloadMoves(status, changerName, numberOf(input, "drivenum") ?? 0);
  if (move === undefined) return;
  await changer.move(move.from, wanted === undefined ? move.to : slotOf(status, changerName, wanted).address);
}

async function transfer(unit: ScsiUnit, input: ToolInput): Promise<void> {
  const changer = await open(unit);
  const status = await changer.status();
  const [from, to] = [slotOf(status, changerName, input.count(0)), slotOf(status, changerName, input.count(1))];
  if (from.content.kind === "empty") throw driverFault("slot-empty", { changer: changerName, number: from.number });
  await changer.move(from.address, to.address);
}

function statusText({ drives, slots }: ChangerStatus): string {
  const contentText = (content: ElementContent): string =>
    content.kind === "empty" ? "Empty" : `Full, label: ${content.label ?? "(cannot be read)"}`;
  const rows = drives.map(({ number, content, cameFrom, serial }) => {
    const source = slots.find(({ address }) => address === cameFrom);
    const from = source === undefined ? "" : `, from slot ${source.number}`;
    return `Drive ${number}: ${contentText(content)}${from}${serial === undefined ? "" : `, serial: ${serial}`}`;
  });
  const places = slots.map(({ number, isMailSlot, content }) => {
    return `${isMailSlot ? "Import/Export" : "Slot"} ${number}: ${contentText(content)}`;
  });
  return [...rows, ...places].join("\n");
}

/** Runs the command and resolves with the exit code. */
export function pmtx(args: readonly string[]): Promise<number> {
  const summary = "Moves cartridges of a changer by hand.";
  return runTool({ name: "pmtx", kind: "changer", summary, commands, options: ["drivenum", "slot"] }, args);
}
