// SPDX-License-Identifier: Apache-2.0
// A drive moved by hand, as `mt` and Proxmox's `pmt` do it: files and blocks forward and back, marks, erasing, options. Nothing
// here knows what is written on the cartridge.

import { hours } from "#base/index.ts";
import {
  DataCompressionPage,
  dataCompressionPage,
  Erase6,
  FormatMedium,
  LoadUnload,
  ModeBlockDescriptor,
  ModeHeader6,
  ModeSelect6,
  ModeSense6,
  PreventAllowMediumRemoval,
  Rewind,
  Space6,
  spaceCodes,
  TapeDeviceSpecific,
  WriteFilemarks6,
} from "#scsi/index.ts";
import type { ScsiUnit } from "./scsi-unit.ts";

const spaceMax = 0x7f_ffff;
const spaceMask = 0xff_ffff;
const modeLength = 64;
const eraseTimeout = hours(12);

/** What can be set of a drive; what is left out stays. */
export interface DriveOptions {
  readonly compression?: boolean;
  /** 0: blocks of any size. */
  readonly blockSize?: number;
  readonly isBuffered?: boolean;
}

/** Moves one drive. */
export class DriveControl {
  readonly #unit: ScsiUnit;

  constructor(unit: ScsiUnit) {
    this.#unit = unit;
  }

  async rewind(): Promise<void> {
    await this.#unit.must("REWIND", { cdb: Rewind.encode({}) });
  }

  /** To the begin of a file, from the begin of the tape. Fault `driver.command-failed` when there are not so many. */
  async toFile(number: number): Promise<void> {
    await this.rewind();
    await this.spaceFiles(number);
  }

  /** Over filemarks; back when negative, to the side of the mark that is nearer to the begin of the tape. */
  spaceFiles(count: number): Promise<void> {
    return this.#space("filemarks", count);
  }

  /** Over blocks; back when negative. */
  spaceBlocks(count: number): Promise<void> {
    return this.#space("blocks", count);
  }

  toEnd(): Promise<void> {
    return this.#once("SPACE", Space6.encode({ code: spaceCodes["end-of-data"], count: 0 }));
  }

  async load(): Promise<void> {
    await this.#unit.must("LOAD", { cdb: LoadUnload.encode({ load: true }) });
  }

  async eject(): Promise<void> {
    await this.#unit.must("UNLOAD", { cdb: LoadUnload.encode({ load: false }) });
  }

  async setLock(isLocked: boolean): Promise<void> {
    const cdb = PreventAllowMediumRemoval.encode({ prevent: isLocked ? 1 : 0 });
    await this.#unit.must("PREVENT ALLOW MEDIUM REMOVAL", { cdb });
  }

  writeFilemarks(count: number): Promise<void> {
    return this.#once("WRITE FILEMARKS", WriteFilemarks6.encode({ transferLength: count }));
  }

  /** From the position on. */
  async erase(options: { readonly isFast: boolean }): Promise<void> {
    const answer = await this.#unit.once({ cdb: Erase6.encode({ long: !options.isFast }), timeout: eraseTimeout });
    if (answer.word !== "good") throw this.#unit.failed("ERASE", answer);
  }

  /** The whole cartridge: FORMAT MEDIUM where the drive has it, and erasing (B-FMT-2). */
  async format(options: { readonly isFast: boolean }): Promise<void> {
    await this.rewind();
    const answer = await this.#unit.ask({ cdb: FormatMedium.encode({}), timeout: eraseTimeout });
    const isRefused = answer.sense?.key === "illegal-request";
    if (answer.word !== "good" && !isRefused) throw this.#unit.failed("FORMAT MEDIUM", answer);
    if (isRefused || !options.isFast) await this.erase(options);
    await this.rewind();
  }

  /** Sets options, by reading what is set and changing that. */
  async setOptions({ compression, blockSize, isBuffered }: DriveOptions): Promise<void> {
    const cdb = ModeSense6.encode({ pageCode: dataCompressionPage, allocationLength: modeLength });
    const list = (await this.#unit.must("MODE SENSE", { cdb, dataInLength: modeLength })).slice();
    const header = ModeHeader6.decode(list);
    const descriptor = ModeHeader6.size;
    const page = descriptor + header.blockDescriptorLength;
    const specific = TapeDeviceSpecific.decode(Uint8Array.of(header.deviceSpecific));
    const bufferedMode = isBuffered === undefined ? specific.bufferedMode : isBuffered ? 1 : 0;
    const [deviceSpecific = 0] = TapeDeviceSpecific.encode({ ...specific, writeProtected: false, bufferedMode });
    // The first byte is reserved here, and a cartridge has the density that it has.
    ModeHeader6.encodeInto(list, 0, { deviceSpecific, blockDescriptorLength: header.blockDescriptorLength });
    if (header.blockDescriptorLength >= ModeBlockDescriptor.size) {
      const { blockLength } = ModeBlockDescriptor.decode(list.subarray(descriptor));
      ModeBlockDescriptor.encodeInto(list, descriptor, { blockLength: blockSize ?? blockLength });
    }
    const pageEnd = page + DataCompressionPage.size;
    if (compression !== undefined && list.byteLength >= pageEnd) {
      const present = DataCompressionPage.decode(list.subarray(page));
      DataCompressionPage.encodeInto(list, page, { ...present, compressionEnabled: compression });
    }
    const length = compression === undefined ? page : pageEnd;
    const select = ModeSelect6.encode({ pageFormat: true, parameterListLength: length });
    await this.#unit.must("MODE SELECT", { cdb: select, dataOut: list.subarray(0, length) });
  }

  /** More than one command can say is said in several. */
  async #space(code: "filemarks" | "blocks", count: number): Promise<void> {
    let rest = count;
    while (rest !== 0) {
      const part = Math.sign(rest) * Math.min(Math.abs(rest), spaceMax);
      await this.#once("SPACE", Space6.encode({ code: spaceCodes[code], count: (part & spaceMask) >>> 0 }));
      rest -= part;
    }
  }

  async #once(name: string, cdb: Uint8Array): Promise<void> {
    const answer = await this.#unit.once({ cdb });
    const isDone = ["good", "early-warning", "programmable-early-warning"].includes(answer.word);
    if (!isDone) throw this.#unit.failed(name, answer);
  }
}
