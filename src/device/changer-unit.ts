// SPDX-License-Identifier: Apache-2.0
// A media changer as a logical unit: SMC-3 commands on the elements of a library. What may move where is decided by the
// library room, and carried out through the robot port: GOOD is answered when the move is durable and a drive that takes
// part sees its cartridge.

import { concatBytes } from "#base/index.ts";
import { decideExchange, decideMove } from "#library/index.ts";
import type { ChangerView, Element, Move, MoveRefusal } from "#library/index.ts";
import {
  ElementStatusHeader,
  importExportActions,
  smcCommands,
  versionDescriptors,
  VolumeElementAddressHeader,
  VolumeTagTemplate,
} from "#scsi/index.ts";
import type { SenseName } from "#scsi/index.ts";
import { elementPages, elementSummary, selectElements } from "./changer-elements.ts";
import { changerLogPages, changerModeHeader, changerModePages } from "./changer-mode.ts";
import type { ChangerOptions, Robot } from "./changer-options.ts";
import { tagSearch } from "./changer-tags.ts";
import type { Command, Handlers } from "./command.ts";
import { LogPages } from "./log-pages.ts";
import { ModePages } from "./mode-pages.ts";
import { bareStatus, check, good, goodData } from "./outcome.ts";
import type { Check, Outcome } from "./outcome.ts";
import { Unit } from "./unit.ts";
import type { UnitNexus } from "./unit-task.ts";

type Commands = typeof smcCommands;

/** What a refused move answers: the table of MOVE MEDIUM outcomes. */
const refusals = {
  "bad-address": "element-address",
  "source-empty": "source-empty",
  "destination-full": "destination-full",
  "removal-prevented": "removal-prevented",
  "not-accessible": "magazine-not-accessible",
  failed: "positioning-error",
} as const satisfies Record<MoveRefusal, SenseName>;

/** What a SEND VOLUME TAG found, until REQUEST VOLUME ELEMENT ADDRESS asks for it. */
interface FoundTags {
  readonly actionCode: number;
  readonly addresses: readonly number[];
}

/** A media changer. */
export class ChangerUnit extends Unit<Commands> {
  readonly #changer: ChangerView;
  readonly #robot: Robot;
  /** By nexus. */
  readonly #found = new Map<number, FoundTags>();
  protected override readonly modes: ModePages;
  protected override readonly logs: LogPages;

  constructor(options: ChangerOptions) {
    const { model, serial, changer, robot, luns, clock, log, tellsPowerOn } = options;
    const { vendor, product, revision } = model;
    super(smcCommands, {
      identity: {
        deviceType: "medium-changer",
        vendor,
        product,
        revision,
        serial,
        versionDescriptors: [versionDescriptors.iscsi, versionDescriptors.spc4, versionDescriptors.smc3],
      },
      luns,
      clock,
      log,
      ...(tellsPowerOn === undefined ? {} : { tellsPowerOn }),
    });
    this.#changer = changer;
    this.#robot = robot;
    this.modes = new ModePages(changerModePages(changer), changerModeHeader);
    this.logs = new LogPages(changerLogPages());
  }

  /** An operator changed what is in the mail slots (import, export by API): unit attention 28/01 for every nexus. */
  mailSlotsAccessed(): void {
    this.attention("mail-slot-accessed");
  }

  override nexusClosed(nexus: UnitNexus, how: "logout" | "lost"): Promise<void> {
    this.#found.delete(nexus.id);
    return super.nexusClosed(nexus, how);
  }

  protected override handlers(): Handlers<Commands> {
    return {
      initializeElementStatus: () => good(),
      initializeElementStatusWithRange: () => good(),
      initializeElementStatusWithRangeVendor: () => good(),
      openCloseImportExport: (command) => this.#openClose(command),
      positionToElement: (command) => this.#position(command),
      moveMedium: (command) => this.#move(command),
      exchangeMedium: (command) => this.#exchange(command),
      readElementStatus: (command) => this.#readElementStatus(command),
      sendVolumeTag: (command) => this.#sendVolumeTag(command),
      requestVolumeElementAddress: (command) => this.#requestVolumes(command),
    };
  }

  /** A changer needs no medium. */
  protected override readiness(): undefined {
    return undefined;
  }

  protected override onReset(): void {
    this.#found.clear();
  }

  #openClose(command: Command<Commands["openCloseImportExport"]>): Outcome {
    const { elementAddress, actionCode } = command.cdb;
    if (actionCode > importExportActions.close) return command.invalidField("actionCode");
    if (this.#changer.elementAt(elementAddress)?.kind !== "mail-slot") return check("element-address");
    const isOpen = actionCode === importExportActions.open;
    return isOpen && this.isRemovalPrevented ? check("removal-prevented") : good();
  }

  #position(command: Command<Commands["positionToElement"]>): Outcome {
    const { picker, destination, invert } = command.cdb;
    if (invert) return command.invalidField("invert");
    const kind = this.#changer.elementAt(destination)?.kind;
    if (!this.#isPicker(picker) || kind === undefined || kind === "picker") return check("element-address");
    return good();
  }

  #move(command: Command<Commands["moveMedium"]>): Outcome | Promise<Outcome> {
    const { picker, source, destination, invert } = command.cdb;
    if (invert) return command.invalidField("invert");
    if (!this.#isPicker(picker)) return check("element-address");
    const decision = decideMove(this.#changer, { source, destination });
    switch (decision.kind) {
      case "nothing":
        return good();
      case "refused":
        return refused(decision.reason);
      case "move":
        return this.#carryOut([decision.move]);
      default:
        return decision satisfies never;
    }
  }

  #exchange(command: Command<Commands["exchangeMedium"]>): Outcome | Promise<Outcome> {
    const { picker, source, firstDestination, secondDestination, invertFirst, invertSecond } = command.cdb;
    if (invertFirst) return command.invalidField("invertFirst");
    if (invertSecond) return command.invalidField("invertSecond");
    if (!this.#isPicker(picker)) return check("element-address");
    const decision = decideExchange(this.#changer, { source, firstDestination, secondDestination });
    return decision.kind === "refused" ? refused(decision.reason) : this.#carryOut(decision.moves);
  }

  async #carryOut(moves: readonly Move[]): Promise<Outcome> {
    const answer = await this.#robot.move(moves);
    if (answer.kind === "busy") return bareStatus("busy");
    return answer.kind === "moved" ? good() : refused(answer.reason);
  }

  /** 0 asks for the default picker. */
  #isPicker(address: number): boolean {
    return address === 0 || this.#changer.elementAt(address)?.kind === "picker";
  }

  #readElementStatus(command: Command<Commands["readElementStatus"]>): Outcome {
    const { volumeTags, deviceIdentifiers } = command.cdb;
    const elements = selectElements(this.#changer, command.cdb);
    if (elements === undefined) return command.invalidField("elementType");
    const pages = elementPages(elements, { volumeTags, deviceIdentifiers }, this.#robot);
    const header = ElementStatusHeader.encode({ ...elementSummary(elements), byteCount: pages.byteLength });
    return goodData(concatBytes([header, pages]));
  }

  #sendVolumeTag(command: Command<Commands["sendVolumeTag"]>): Outcome {
    const { elementType, startingElement, actionCode, parameterListLength } = command.cdb;
    if (parameterListLength === 0) return good();
    if (parameterListLength !== VolumeTagTemplate.size) return check("parameter-list-length");
    const search = tagSearch(actionCode, command.dataOut);
    if (search === undefined) return command.invalidField("actionCode");
    const elements = selectElements(this.#changer, { elementType, startingElement, elementCount: Infinity });
    if (elements === undefined) return command.invalidField("elementType");
    const addresses = elements.filter((element) => isFound(element, search.matches)).map(({ address }) => address);
    this.#found.set(command.nexus.id, { actionCode, addresses });
    return good();
  }

  /** What was found, as it is now; nothing when nothing was looked for. */
  #requestVolumes(command: Command<Commands["requestVolumeElementAddress"]>): Outcome {
    const { volumeTags } = command.cdb;
    const selected = selectElements(this.#changer, { ...command.cdb, elementCount: Infinity });
    if (selected === undefined) return command.invalidField("elementType");
    const found = this.#found.get(command.nexus.id);
    const addresses = new Set<number>(found?.addresses);
    const elements = selected.filter(({ address }) => addresses.has(address)).slice(0, command.cdb.elementCount);
    const pages = elementPages(elements, { volumeTags, deviceIdentifiers: false }, this.#robot);
    const header = VolumeElementAddressHeader.encode({
      ...elementSummary(elements),
      actionCode: found?.actionCode ?? 0,
      byteCount: pages.byteLength,
    });
    return goodData(concatBytes([header, pages]));
  }
}

function refused(reason: MoveRefusal): Check {
  return check(refusals[reason]);
}

function isFound({ occupant }: Element, matches: (barcode: string) => boolean): boolean {
  return occupant !== undefined && matches(occupant.barcode);
}
