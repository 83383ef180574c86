// SPDX-License-Identifier: Apache-2.0
// `capstan pmt`: a tape drive by hand, with the commands of Proxmox's `pmt`.

import {
  DriveControl,
  driveStatus,
  type MemoryAttribute,
  memoryList,
  readMemory,
  type ScsiUnit,
  tapeAlerts,
  volumeStatistics,
} from "#driver/index.ts";
import { mainFault } from "./faults.ts";
import { runTool, type ToolCommand, type ToolInput } from "./tape-tool.ts";

const control = (unit: ScsiUnit): DriveControl => new DriveControl(unit);

const moving = (
  takes: string,
  summary: string,
  move: (drive: DriveControl, input: ToolInput) => Promise<void>,
): ToolCommand => ({ takes, summary, run: (unit, input) => move(control(unit), input) });

const commands: Readonly<Record<string, ToolCommand>> = {
  asf: moving("COUNT", "to the begin of file COUNT", (drive, input) => drive.toFile(input.count(0, { least: 0 }))),
  fsf: moving("COUNT", "forward over COUNT filemarks", (drive, input) => drive.spaceFiles(input.count(0))),
  bsf: moving("COUNT", "back over COUNT filemarks", (drive, input) => drive.spaceFiles(-input.count(0))),
  fsfm: moving("COUNT", "forward, to the last block before the mark", async (drive, input) => {
    await drive.spaceFiles(input.count(0));
    await drive.spaceFiles(-1);
  }),
  bsfm: moving("COUNT", "back, to the first block behind the mark", async (drive, input) => {
    await drive.spaceFiles(-input.count(0));
    await drive.spaceFiles(1);
  }),
  fsr: moving("COUNT", "forward over COUNT blocks", (drive, input) => drive.spaceBlocks(input.count(0))),
  bsr: moving("COUNT", "back over COUNT blocks", (drive, input) => drive.spaceBlocks(-input.count(0))),
  rewind: moving("", "to the begin of the tape", (drive) => drive.rewind()),
  eod: moving("", "to the end of the data", (drive) => drive.toEnd()),
  load: moving("", "load the cartridge that is in the mouth", (drive) => drive.load()),
  eject: moving("", "let the cartridge go", (drive) => drive.eject()),
  lock: moving("", "prevent the removal of the cartridge", (drive) => drive.setLock(true)),
  unlock: moving("", "allow it", (drive) => drive.setLock(false)),
  weof: moving("[COUNT]", "write filemarks", (drive, input) => drive.writeFilemarks(input.count(0, { byDefault: 1 }))),
  erase: moving("", "erase from here on; --fast false: all of it", (drive, input) =>
    drive.erase({ isFast: input.flag("fast", true) }),
  ),
  format: moving("", "make the cartridge empty; --fast false: erase all of it", (drive, input) =>
    drive.format({ isFast: input.flag("fast", true) }),
  ),
  options: moving("", "set --compression, --blocksize, --buffer_mode, or --defaults true", setOptions),
  status: { takes: "", summary: "status of drive and cartridge", run: (unit) => driveStatus(unit) },
  "cartridge-memory": {
    takes: "",
    summary: "memory of the cartridge",
    run: async (unit) => memoryList(await readMemory(unit)),
    text: (rows: readonly MemoryAttribute[]) => rows.map(({ id, name, value }) => `${id}|${name}|${value}`).join("\n"),
  },
  "volume-statistics": { takes: "", summary: "statistics of the cartridge", run: (unit) => volumeStatistics(unit) },
  "tape-alert-flags": {
    takes: "",
    summary: "alerts that the drive raises",
    run: async (unit) => (await tapeAlerts(unit)).map(({ name }) => name),
    text: (names: readonly string[]) => `Tape Alert Flags: ${names.length === 0 ? "none" : names.join(", ")}`,
  },
};

async function setOptions(drive: DriveControl, input: ToolInput): Promise<void> {
  if (input.flag("defaults", false)) return drive.setOptions({ compression: true, blockSize: 0, isBuffered: true });
  const size = input.option("blocksize");
  if (size !== undefined && !/^\d{1,7}$/.test(size))
    throw mainFault("usage", { reason: "--blocksize is 0 to 8388608" });
  await drive.setOptions({
    ...(input.option("compression") === undefined ? {} : { compression: input.flag("compression", true) }),
    ...(size === undefined ? {} : { blockSize: Number(size) }),
    ...(input.option("buffer_mode") === undefined ? {} : { isBuffered: input.flag("buffer_mode", true) }),
  });
}

/** Runs the command and resolves with the exit code. */
export function pmt(args: readonly string[]): Promise<number> {
  const summary = "Moves a tape drive by hand.";
  const options = ["fast", "compression", "blocksize", "buffer_mode", "defaults"];
  return runTool({ name: "pmt", kind: "drive", summary, commands, options }, args);
}
