// SPDX-License-Identifier: Apache-2.0
// The TapeDrive of `format` over SCSI commands (SSC-4): variable blocks, buffered writes, files found by spacing over
// filemarks from the beginning.

import { hours } from "#base/index.ts";
import type { BlockRead, BlockWritten, CartridgeNote, TapeDrive } from "#format/index.ts";
import {
  cleaningAlerts,
  Erase6,
  LoadUnload,
  logPages,
  LongPosition,
  ModeBlockDescriptor,
  ModeHeader6,
  ModeSelect6,
  Read6,
  ReadPositionLong,
  Rewind,
  Space6,
  spaceCodes,
  Write6,
  WriteFilemarks6,
} from "#scsi/index.ts";
import { writeMemory } from "./cartridge-memory.ts";
import { tapeAlerts } from "./tape-alerts.ts";
import { counterOf, readLogPage } from "./log-page.ts";
import { setDriveKey } from "./drive-encryption.ts";
import { driverFault } from "./faults.ts";
import { identify } from "./unit-identity.ts";
import type { ScsiUnit } from "./scsi-unit.ts";

const tapeDeviceType = 1;
const spaceCountMask = 0xff_ffff;
/** Buffered mode: writes are answered when they are in the drive's buffer. */
const bufferedMode = 1;
const megabyte = 1_000_000;
/** Erasing or formatting a whole cartridge of the latest generations. */
const eraseTimeout = hours(12);

/** A drive with a cartridge. */
export class ScsiTapeDrive implements TapeDrive {
  readonly #unit: ScsiUnit;

  private constructor(unit: ScsiUnit) {
    this.#unit = unit;
  }

  /**
   * Opens a drive: waits until its cartridge is ready, loading it where that is needed, and sets variable blocks and buffered
   * writes. Faults `driver.wrong-device`, `driver.not-ready`.
   */
  static async open(unit: ScsiUnit): Promise<ScsiTapeDrive> {
    const { deviceType, product } = await identify(unit);
    if (deviceType !== tapeDeviceType) {
      throw driverFault("wrong-device", { device: unit.name, actual: product, expected: "a tape drive" });
    }
    const drive = new ScsiTapeDrive(unit);
    if (!(await unit.waitReady())) {
      await unit.ask({ cdb: LoadUnload.encode({ load: true }) });
      if (!(await unit.waitReady()))
        throw driverFault("not-ready", { device: unit.name, answer: "there is no cartridge" });
    }
    await drive.#setVariableBlocks();
    return drive;
  }

  async readBlock(into: Uint8Array): Promise<BlockRead> {
    const cdb = Read6.encode({ transferLength: into.byteLength, suppressIncorrectLength: true });
    const answer = await this.#unit.once({ cdb, dataInLength: into.byteLength, dataInTo: into });
    if (answer.word === "filemark-detected") return "filemark";
    if (answer.word === "end-of-data") return "end-of-data";
    const isWhole = answer.word === "good" && answer.dataIn.byteLength === into.byteLength;
    if (isWhole) return "block";
    const reason = answer.word === "good" ? `it has ${answer.dataIn.byteLength} bytes` : answer.text;
    throw driverFault("bad-block", { device: this.#unit.name, reason });
  }

  async writeBlock(block: Uint8Array): Promise<BlockWritten> {
    const answer = await this.#unit.once({ cdb: Write6.encode({ transferLength: block.byteLength }), dataOut: block });
    if (answer.word === "good") return "written";
    if (answer.word === "early-warning" || answer.word === "programmable-early-warning") return "near-end";
    if (answer.word === "volume-overflow") return "no-space";
    throw this.#unit.failed("WRITE", answer);
  }

  writeFilemark(): Promise<void> {
    return this.#filemarks(1, true);
  }

  flush(): Promise<void> {
    return this.#filemarks(0, false);
  }

  async rewind(): Promise<void> {
    await this.#unit.must("REWIND", { cdb: Rewind.encode({}) });
  }

  async locateFile(fileNumber: number): Promise<void> {
    await this.rewind();
    if (fileNumber === 0) return;
    const word = await this.#space("filemarks", fileNumber);
    if (word === "good") return;
    throw driverFault("no-such-file", { device: this.#unit.name, fileNumber });
  }

  async locateEnd(): Promise<number> {
    await this.#space("end-of-data", 0);
    if ((await this.#position()).isAtBeginning) return 0;
    if ((await this.#space("blocks", -1)) === "filemark-detected") {
      await this.#space("filemarks", 1);
    } else {
      // The last file was interrupted. What is behind it begins with a filemark of its own.
      await this.#space("blocks", 1);
      await this.#filemarks(1, false);
    }
    return this.fileNumber();
  }

  async fileNumber(): Promise<number> {
    return (await this.#position()).fileNumber;
  }

  setEncryptionKey(key: Uint8Array | undefined): Promise<void> {
    return setDriveKey(this.#unit, key);
  }

  async erase(options: { readonly isFast: boolean }): Promise<void> {
    await this.rewind();
    const cdb = Erase6.encode({ long: !options.isFast });
    const answer = await this.#unit.ask({ cdb, timeout: eraseTimeout });
    // ERASE is optional (SSC-4, table of commands). Nothing can be read behind a filemark that is written at the beginning.
    if (answer.word === "invalid-opcode" && options.isFast) await this.#filemarks(1, false);
    else if (answer.word !== "good") throw this.#unit.failed("ERASE", answer);
    await this.rewind();
  }

  async criticalAlerts(): Promise<readonly string[]> {
    const alerts = await tapeAlerts(this.#unit);
    return alerts.filter(({ isCritical }) => isCritical).map(({ name }) => name);
  }

  async wantsCleaning(): Promise<boolean> {
    const alerts = await tapeAlerts(this.#unit);
    return alerts.some(({ number }) => cleaningAlerts.includes(number));
  }

  async usedBytes(): Promise<number | undefined> {
    const { code, parameters } = logPages.volumeStatistics;
    const count = counterOf(await readLogPage(this.#unit, code), parameters.usedCapacity);
    return count === undefined ? undefined : count * megabyte;
  }

  note(note: CartridgeNote): Promise<void> {
    return writeMemory(this.#unit, note);
  }

  async eject(): Promise<void> {
    await this.#unit.must("UNLOAD", { cdb: LoadUnload.encode({ load: false }) });
  }

  async #setVariableBlocks(): Promise<void> {
    const list = new Uint8Array(ModeHeader6.size + ModeBlockDescriptor.size);
    // Density 0 is the one that the cartridge has, block length 0 means variable blocks.
    ModeHeader6.encodeInto(list, 0, {
      deviceSpecific: bufferedMode << 4,
      blockDescriptorLength: ModeBlockDescriptor.size,
    });
    const cdb = ModeSelect6.encode({ pageFormat: true, parameterListLength: list.byteLength });
    await this.#unit.must("MODE SELECT", { cdb, dataOut: list });
  }

  async #filemarks(count: number, immediate: boolean): Promise<void> {
    const answer = await this.#unit.once({ cdb: WriteFilemarks6.encode({ transferLength: count, immediate }) });
    const isWritten = ["good", "early-warning", "programmable-early-warning"].includes(answer.word);
    if (!isWritten) throw this.#unit.failed("WRITE FILEMARKS", answer);
  }

  /** `good`, or what stopped it. */
  async #space(
    code: keyof typeof spaceCodes,
    count: number,
  ): Promise<"good" | "filemark-detected" | "end-of-data" | "beginning-of-partition"> {
    const cdb = Space6.encode({ code: spaceCodes[code], count: (count & spaceCountMask) >>> 0 });
    const answer = await this.#unit.once({ cdb });
    const { word } = answer;
    const isExpected =
      word === "good" || word === "filemark-detected" || word === "end-of-data" || word === "beginning-of-partition";
    if (isExpected) return word;
    throw this.#unit.failed("SPACE", answer);
  }

  async #position(): Promise<{ readonly fileNumber: number; readonly isAtBeginning: boolean }> {
    const command = { cdb: ReadPositionLong.encode({}), dataInLength: LongPosition.size };
    const position = LongPosition.decode(await this.#unit.must("READ POSITION", command));
    if (position.fileNumberUnknown || position.partition !== 0) {
      throw driverFault("was-disturbed", { device: this.#unit.name, answer: "it does not know where it is" });
    }
    // tgt answers zeros wherever it is. Appending where nobody knows would overwrite.
    if (position.objectNumber === 0n && !position.beginningOfPartition) {
      throw driverFault("no-position", { device: this.#unit.name });
    }
    return { fileNumber: Number(position.fileNumber), isAtBeginning: position.objectNumber === 0n };
  }
}
