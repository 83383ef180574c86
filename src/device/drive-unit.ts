// SPDX-License-Identifier: Apache-2.0
// A tape drive as a logical unit: SSC-4 commands on the medium that is loaded. This file wires the command table to the
// handlers in drive-*.ts and keeps the cartridge's way in and out; what a command answers is decided there.

import { asError, assert, bytesFromAscii, concatBytes, limits } from "#base/index.ts";
import {
  BlockProtectionHeader,
  BlockProtectionMethod,
  DriveElementAddress,
  protectionMethods,
  SequentialAccessCapabilities,
  sscCommands,
  tapeAlertFlags,
  tapeAlertCount,
  versionDescriptors,
  vpdPages,
  Write6,
} from "#scsi/index.ts";
import { after, protectionLength } from "#tape/index.ts";
import type { Eventually, Medium, MediumPosition } from "#tape/index.ts";
import type { Command, Handlers } from "./command.ts";
import { attributeList, attributeRange, attributeValues, supportedAttributes } from "./drive-attributes.ts";
import { writeAttribute } from "./drive-attribute-writing.ts";
import { DriveCore } from "./drive-core.ts";
import type { LoadedCartridge } from "./drive-core.ts";
import { driveLogPages } from "./drive-log.ts";
import { driveModeHeader, driveModePages } from "./drive-mode.ts";
import {
  allowOverwrite,
  erase,
  formatMedium,
  inPartition,
  locate10,
  locate16,
  onSound,
  rewind,
  setCapacity,
  space16,
  space6,
} from "./drive-motion.ts";
import type { DriveOptions, DriveState, DriveStatistics, InsertedCartridge, RemoveAnswer } from "./drive-options.ts";
import { failedWrite, isPressure } from "./drive-outcomes.ts";
import {
  extendedPosition,
  longPosition,
  mediaSerialNumber,
  readBlockLimits,
  reportDensitySupport,
  shortPosition,
} from "./drive-reports.ts";
import { read } from "./drive-read.ts";
import { verify } from "./drive-verify.ts";
import { write, writeFilemarks } from "./drive-write.ts";
import { LogPages } from "./log-pages.ts";
import { ModePages } from "./mode-pages.ts";
import { check, good, goodData } from "./outcome.ts";
import type { Check, Outcome } from "./outcome.ts";
import { securityIn, securityOut } from "./security-protocol.ts";
import { Unit } from "./unit.ts";
import type { UnitNexus, UnitTask } from "./unit-task.ts";

type Commands = typeof sscCommands;

/** A tape drive. */
export class DriveUnit extends Unit<Commands> {
  readonly #core: DriveCore;
  readonly #library: DriveOptions["library"];
  protected override readonly modes: ModePages;
  protected override readonly logs: LogPages;

  constructor(options: DriveOptions) {
    const { model, serial, luns, clock, log, tellsPowerOn } = options;
    const { vendor, product, revision } = model;
    super(sscCommands, {
      identity: {
        deviceType: "sequential-access",
        vendor,
        product,
        revision,
        serial,
        versionDescriptors: [versionDescriptors.iscsi, versionDescriptors.spc4, versionDescriptors.ssc4],
      },
      luns,
      clock,
      log,
      ...(tellsPowerOn === undefined ? {} : { tellsPowerOn }),
    });
    this.#library = options.library;
    this.#core = new DriveCore(options);
    this.modes = new ModePages(driveModePages(this.#core), driveModeHeader(this.#core));
    this.logs = new LogPages(driveLogPages(this.#core));
  }

  get state(): DriveState {
    return this.#core.state;
  }

  /** Counters for metrics. They never go back. */
  get statistics(): DriveStatistics {
    const { bytesWritten, bytesRead, blocksWritten, blocksRead } = this.#core.lifetime;
    return {
      commands: this.commandCount,
      bytesWritten,
      bytesRead,
      blocksWritten,
      blocksRead,
      loads: this.#core.loads,
    };
  }

  override get placeableBytes(): number {
    return this.#core.medium?.placeableBytes ?? limits.ringSize;
  }

  /**
   * A cartridge was in the bay when the process started and its data is being opened: state `loading`, commands that
   * need a medium answer 02/04/01 until `insert`. `undefined`: it could not be opened, the drive is empty.
   */
  expect(barcode: string | undefined): void {
    assert(this.#core.inserted === undefined, "only an empty drive expects a cartridge");
    this.#core.expectedBarcode = barcode;
  }

  /**
   * A cartridge is put in: at the beginning of the partition and ready when this returns; every nexus gets unit
   * attention 28/00 once. A Bug when the drive is not empty.
   */
  insert(cartridge: InsertedCartridge): void {
    this.#core.insert(cartridge);
    this.attention("medium-changed");
  }

  /**
   * Takes the cartridge out, after running commands, once its data is durable. Its history is counted up. `force` takes
   * it out even when a host prevents that or its data cannot be saved.
   */
  remove(options: { readonly force?: boolean } = {}): Promise<RemoveAnswer> {
    const force = options.force === true;
    return this.exclusive(async (): Promise<RemoveAnswer> => {
      if (this.#core.inserted === undefined) return { kind: "empty" };
      if (this.isRemovalPrevented && !force) return { kind: "prevented" };
      try {
        const medium = await this.#core.renewed();
        await medium?.flush();
      } catch (error) {
        this.#core.hasLostWrites = !isPressure(error);
        if (!force) return { kind: "failed", cause: asError(error) };
        this.#core.log.error("a cartridge leaves its drive with unsaved data", { barcode: this.#barcode }, error);
      }
      const cartridge = this.#core.takeOut();
      return cartridge === undefined ? { kind: "empty" } : { kind: "removed", cartridge };
    });
  }

  protected override handlers(): Handlers<Commands> {
    const core = this.#core;
    return {
      rewind: () => this.#onMedium((medium) => rewind(core, medium)),
      formatMedium: (command) => this.#onMedium((medium) => formatMedium(core, medium, command)),
      readBlockLimits: (command) => readBlockLimits(core, command),
      read6: (command) => this.#onMedium((medium) => read(core, medium, command)),
      write6: (command) => this.#onMedium((medium) => write(core, medium, command)),
      writeFilemarks6: (command) => this.#onMedium((medium) => writeFilemarks(core, medium, command)),
      space6: (command) => this.#onMedium((medium) => space6(core, medium, command)),
      verify6: (command) => this.#onMedium((medium) => verify(core, medium, command)),
      erase6: (command) => this.#onMedium((medium) => erase(core, medium, command)),
      loadUnload: (command) => this.#loadUnload(command),
      locate10: (command) => this.#onMedium((medium) => locate10(core, medium, command)),
      readPositionShort: (command) => this.#position(command, shortPosition),
      readPositionShortVendor: (command) => this.#position(command, shortPosition),
      readPositionLong: (command) => this.#position(command, longPosition),
      readPositionExtended: (command) => this.#extendedPosition(command),
      reportDensitySupport: (command) => reportDensitySupport(core, command),
      readAttributeValues: (command) => this.#onLoaded((loaded) => attributeValues(core, loaded, command)),
      readAttributeList: (command) => this.#onLoaded((loaded) => attributeList(core, loaded, command)),
      readAttributeVolumeList: (command) => this.#onLoaded(() => attributeRange(command, 1)),
      readAttributePartitionList: (command) => this.#onLoaded(() => attributeRange(command, core.partitionCount)),
      readAttributeSupported: (command) => this.#onLoaded(() => supportedAttributes(core, command)),
      writeAttribute: (command) => this.#onLoaded((loaded) => writeAttribute(core, loaded, command)),
      allowOverwrite: (command) => this.#onMedium((medium) => allowOverwrite(core, medium, command)),
      setCapacity: (command) => this.#onMedium((medium) => setCapacity(core, medium, command)),
      readMediaSerialNumber: () => this.#onLoaded(mediaSerialNumber),
      securityProtocolIn: (command) => securityIn(core, command),
      securityProtocolOut: (command) => securityOut(core, command, () => this.#encryptionChanged(command.nexus)),
      space16: (command) => this.#onMedium((medium) => space16(core, medium, command)),
      locate16: (command) => this.#onMedium((medium) => locate16(core, medium, command)),
    };
  }

  override nexusClosed(nexus: UnitNexus, how: "logout" | "lost"): Promise<void> {
    this.#core.encryption.forget(nexus);
    return super.nexusClosed(nexus, how);
  }

  protected override onReset(): void {
    this.#core.encryption.reset();
  }

  protected override readiness(): Check | undefined {
    const { state } = this.#core;
    switch (state.kind) {
      case "loaded":
        return undefined;
      case "empty":
        return check("medium-not-present");
      case "loading":
        return check("becoming-ready");
      case "unloaded":
        // HOLD is not offered, so UNLOAD ejects: the cartridge is in the mouth and not present, as LTO drives say.
        return check("medium-not-present");
      case "unusable":
        return check(state.reason === "cleaning" ? "cleaning-cartridge" : "incompatible-medium");
      default:
        return state satisfies never;
    }
  }

  /** A host that was sent away from a read asks until its data is there; meanwhile it may read elsewhere. */
  protected override testReadiness(): Check | undefined {
    return this.readiness() ?? (this.#core.medium?.isBringing === true ? check("becoming-ready") : undefined);
  }

  /** What waits behind a write that was not done must not be written before it. */
  protected override refusesWaiting(): boolean {
    return this.#core.pressure.takeNoted();
  }

  protected override vpdPages(): ReadonlyMap<number, Uint8Array> {
    const { elementAddress, changerSerial } = this.#library;
    return new Map([
      [vpdPages["sequential-access"], SequentialAccessCapabilities.encode({ writeOnce: true })],
      [vpdPages["manufacturer-serial"], bytesFromAscii(this.#core.serial)],
      [vpdPages["tape-alert-flags"], supportedTapeAlerts()],
      [vpdPages["automation-serial"], bytesFromAscii(changerSerial)],
      [vpdPages["block-protection"], protectionPage()],
      [vpdPages["element-address"], DriveElementAddress.encode({ elementAddress })],
    ]);
  }

  /** A block that will be written as it is may be received where it will be stored; fixed mode copies. */
  protected override placeFor(task: UnitTask): UnitTask["place"] {
    const { medium } = this.#core;
    if (medium === undefined) return undefined;
    if (task.cdb[0] === sscCommands.verify6.opcode) return this.#core.receiving.place(task.expectedDataOut);
    if (task.cdb[0] !== sscCommands.write6.opcode) return undefined;
    const { fixed, transferLength } = Write6.decode(task.cdb);
    const size = task.expectedDataOut;
    // What is encrypted is copied anyway.
    const { encryption, protection } = this.#core;
    if (protection.writeLength > 0 || encryption.changesWrites(task.nexus)) return this.#core.receiving.place(size);
    const isOneBlock = !fixed && size === transferLength && size <= this.#core.model.blockSizeMax;
    return isOneBlock && size > 0 ? medium.place(size) : this.#core.receiving.place(size);
  }

  get #barcode(): string | undefined {
    return this.#core.inserted?.barcode;
  }

  #onMedium(act: (medium: Medium) => Eventually<Outcome>): Eventually<Outcome> {
    return this.#onLoaded(({ medium }) => act(medium));
  }

  #onLoaded(act: (loaded: LoadedCartridge) => Eventually<Outcome>): Eventually<Outcome> {
    const { loaded } = this.#core;
    if (loaded === undefined) return check("medium-not-present");
    const outcome = act(loaded);
    if (outcome instanceof Promise) return outcome.finally(() => this.#rest());
    this.#rest();
    return outcome;
  }

  #rest(): void {
    this.#core.activity = "none";
  }

  /** LOAD UNLOAD: SSC-4 7.2. Loading what is loaded only rewinds, and raises no unit attention. */
  #loadUnload(command: Command<Commands["loadUnload"]>): Eventually<Outcome> {
    const { load, endOfTape, hold } = command.cdb;
    if (hold) return command.invalidField("hold");
    if (load && endOfTape) return command.invalidField("endOfTape");
    const core = this.#core;
    if (core.inserted === undefined) return this.readiness() ?? good();
    if (!load && this.isRemovalPrevented) return check("removal-prevented");
    const { medium } = core;
    if (medium !== undefined) {
      if (!load) return onSound(core, medium, (sound) => this.#unload(sound));
      return inPartition(core, medium, 0, (first) => rewind(core, first));
    }
    if (!load) return good();
    if (!core.load()) return this.readiness() ?? good();
    // The sender is told too: Linux takes the attention as a new tape at its beginning, and file number 0.
    this.attention("medium-changed");
    return good();
  }

  #unload(medium: Medium): Eventually<Outcome> {
    const unloaded = (): Outcome => {
      this.#core.pressure.end();
      this.#core.unload();
      return good();
    };
    const failed = (error: unknown): Outcome => failedWrite(this.#core, error);
    const flushed = medium.flush();
    return flushed instanceof Promise ? flushed.then(unloaded, failed) : unloaded();
  }

  /** 2A/11 for those whose parameters were changed by another nexus. */
  #encryptionChanged(by: UnitNexus): void {
    const { encryption } = this.#core;
    this.attentionWhere("encryption-changed", (nexus) => nexus !== by && encryption.usesShared(nexus));
  }

  #position(
    command: Command<Commands["readPositionShort" | "readPositionLong" | "readPositionShortVendor"]>,
    encode: (position: MediumPosition, partition: number) => Uint8Array,
  ): Eventually<Outcome> {
    if (command.cdb.parameterLength !== 0) return command.invalidField("parameterLength");
    return this.#onMedium((medium) =>
      after(medium.where(), (position) => goodData(encode(position, this.#core.partition))),
    );
  }

  #extendedPosition(command: Command<Commands["readPositionExtended"]>): Eventually<Outcome> {
    const { parameterLength } = command.cdb;
    return this.#onMedium((medium) =>
      after(medium.where(), (position) =>
        goodData(extendedPosition(position, this.#core.partition).subarray(0, parameterLength)),
      ),
    );
  }
}

/** VPD page B5h: both methods, on writing and reading. */
function protectionPage(): Uint8Array {
  const methods = [protectionMethods.reedSolomon, protectionMethods.crc32c].map((method) =>
    BlockProtectionMethod.encode({ method, informationLength: protectionLength, onWrite: true, onRead: true }),
  );
  return concatBytes([BlockProtectionHeader.encode({}), ...methods]);
}

/** VPD page B2h: which TapeAlert flags the drive can raise, flag 1 in the highest bit of the first byte. */
function supportedTapeAlerts(): Uint8Array {
  const bytes = new Uint8Array(tapeAlertCount / 8);
  for (const flag of Object.values(tapeAlertFlags)) {
    const index = Math.floor((flag - 1) / 8);
    bytes[index] = (bytes[index] ?? 0) | (1 << (7 - ((flag - 1) % 8)));
  }
  return bytes;
}
