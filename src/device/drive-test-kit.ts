// SPDX-License-Identifier: Apache-2.0
// A drive with a cartridge and a host at it, for tests: commands by name, answers in a form that compares well.

import type { Log } from "#base/index.ts";
import { driveModels, senseName } from "#scsi/index.ts";
import {
  Erase6,
  LoadUnload,
  Locate10,
  Locate16,
  ModeBlockDescriptor,
  ModeHeader6,
  ModeSelect6,
  Read6,
  ReadPositionLong,
  LongPosition,
  Rewind,
  Space6,
  TapeDeviceSpecific,
  Write6,
  WriteFilemarks6,
} from "#scsi/index.ts";
import { MemoryImage } from "#tape/index.ts";
import type { MemoryImageOptions } from "#tape/index.ts";
import type { DriveOptions, InsertedCartridge } from "./drive-options.ts";
import { DriveUnit } from "./drive-unit.ts";
import { TestHost, testSurroundings } from "./test-host.ts";
import type { Reply } from "./test-host.ts";

const MiB = 1024 * 1024;

/** A reply in a few words: `good`, or the name of the sense with what it says. */
export interface Seen {
  readonly answer: string;
  readonly information?: number;
  readonly filemark?: true;
  readonly endOfMedium?: true;
  readonly incorrectLength?: true;
  readonly dataLength?: number;
  readonly residual?: number;
}

/** Puts a reply into few words; zero and false are left out. */
export function seen(reply: Reply): Seen {
  const { sense, data, residual, status } = reply;
  const answer = sense === undefined ? String(status) : (senseName(sense.key, sense.asc, sense.ascq) ?? "unknown");
  return {
    answer,
    ...(sense?.information === undefined ? {} : { information: sense.information }),
    ...(sense?.filemark ? { filemark: true } : {}),
    ...(sense?.endOfMedium ? { endOfMedium: true } : {}),
    ...(sense?.incorrectLength ? { incorrectLength: true } : {}),
    ...(data.byteLength === 0 ? {} : { dataLength: data.byteLength }),
    ...(residual === 0 ? {} : { residual }),
  };
}

/** What a test wants different. */
export interface BenchOptions extends MemoryImageOptions {
  readonly log?: Log;
  readonly keep?: DriveOptions["keep"];
  readonly cartridge?: Partial<InsertedCartridge>;
}

/** A drive, its host, and the image of the cartridge in it. */
export class DriveBench {
  readonly image: MemoryImage;
  /** Of partitions 1 and up, as many as there are. */
  readonly others: MemoryImage[];
  readonly drive: DriveUnit;
  readonly host: TestHost;

  private constructor(drive: DriveUnit, image: MemoryImage, others: MemoryImage[]) {
    this.image = image;
    this.others = others;
    this.drive = drive;
    this.host = new TestHost(drive);
  }

  /** A drive with a cartridge. */
  static open(options: BenchOptions = {}): Promise<DriveBench> {
    const image = new MemoryImage(options);
    const others: MemoryImage[] = [];
    const divide = async (_barcode: string, count: number): Promise<readonly MemoryImage[]> => {
      await Promise.resolve();
      others.length = Math.min(others.length, count - 1);
      while (others.length < count - 1) others.push(new MemoryImage(options));
      return [...others];
    };
    const drive = new DriveUnit({
      ...testSurroundings,
      ...(options.log === undefined ? {} : { log: options.log }),
      ...(options.keep === undefined ? {} : { keep: options.keep }),
      divide,
      model: driveModels["ibm-lto8"],
      serial: "CAP0000001",
      library: { changerSerial: "CAP0000000", elementAddress: 256 },
    });
    drive.insert(cartridgeOf(image, options.cartridge));
    return DriveBench.at(drive, image, others);
  }

  /** A host at a drive that has a cartridge; it has taken its unit attentions. */
  static async at(drive: DriveUnit, image: MemoryImage, others: MemoryImage[] = []): Promise<DriveBench> {
    const bench = new DriveBench(drive, image, others);
    let reply = await bench.host.send(Rewind.encode({}), { expectedDataIn: 0 });
    while (reply.sense?.key === "unit-attention") {
      reply = await bench.host.send(Rewind.encode({}), { expectedDataIn: 0 });
    }
    return bench;
  }

  async command(cdb: Uint8Array): Promise<Seen> {
    return seen(await this.host.send(cdb, { expectedDataIn: 0 }));
  }

  write(length: number, fill = 0x55): Promise<Seen> {
    return this.writeData(new Uint8Array(length).fill(fill), length, false);
  }

  /** `transferLength` is in bytes or in blocks. */
  async writeData(dataOut: Uint8Array, transferLength: number, fixed: boolean): Promise<Seen> {
    return seen(await this.host.send(Write6.encode({ fixed, transferLength }), { dataOut }));
  }

  async read(transferLength: number, flags: { sili?: boolean; fixed?: number } = {}): Promise<Seen> {
    return seen(await this.readReply(transferLength, flags));
  }

  /** `fixed` is the block length that the mode block descriptor has. */
  readReply(
    transferLength: number,
    { sili = false, fixed = 0 }: { sili?: boolean; fixed?: number } = {},
  ): Promise<Reply> {
    const cdb = Read6.encode({ fixed: fixed > 0, suppressIncorrectLength: sili, transferLength });
    return this.host.send(cdb, { expectedDataIn: transferLength * (fixed || 1) });
  }

  filemarks(transferLength: number, immediate = false): Promise<Seen> {
    return this.command(WriteFilemarks6.encode({ transferLength, immediate }));
  }

  rewind(): Promise<Seen> {
    return this.command(Rewind.encode({}));
  }

  space(code: number, count: number): Promise<Seen> {
    return this.command(Space6.encode({ code, count: count < 0 ? count + 2 ** 24 : count }));
  }

  locate(objectNumber: number): Promise<Seen> {
    return this.command(Locate10.encode({ objectNumber }));
  }

  locate16(destinationType: number, identifier: bigint): Promise<Seen> {
    return this.command(Locate16.encode({ destinationType, identifier }));
  }

  erase(): Promise<Seen> {
    return this.command(Erase6.encode({ long: true }));
  }

  load(load: boolean): Promise<Seen> {
    return this.command(LoadUnload.encode({ load }));
  }

  /** Object number and file number. */
  async position(): Promise<readonly [object: number, file: number]> {
    const { data } = await this.host.send(ReadPositionLong.encode({}), { expectedDataIn: LongPosition.size });
    const { objectNumber, fileNumber } = LongPosition.decode(data);
    return [Number(objectNumber), Number(fileNumber)];
  }

  /** Sets block length and buffered mode. */
  async select(blockLength: number, bufferedMode = 1): Promise<Seen> {
    const [deviceSpecific = 0] = TapeDeviceSpecific.encode({ bufferedMode });
    const header = ModeHeader6.encode({ deviceSpecific, blockDescriptorLength: ModeBlockDescriptor.size });
    const dataOut = new Uint8Array(ModeHeader6.size + ModeBlockDescriptor.size);
    dataOut.set(header);
    ModeBlockDescriptor.encodeInto(dataOut, ModeHeader6.size, { blockLength });
    const cdb = ModeSelect6.encode({ pageFormat: true, parameterListLength: dataOut.byteLength });
    return seen(await this.host.send(cdb, { dataOut }));
  }
}

/** An LTO-8 cartridge of 64 MiB. */
export function cartridgeOf(image: MemoryImage, changes: Partial<InsertedCartridge> = {}): InsertedCartridge {
  return {
    image,
    barcode: "CAP001L8",
    capacityBytes: 64 * MiB,
    generation: 8,
    kind: "data",
    writeProtected: false,
    history: { loadCount: 0, bytesWritten: 0, bytesRead: 0 },
    memory: {},
    ...changes,
  };
}
