// SPDX-License-Identifier: Apache-2.0
// A changer over SCSI commands (SMC-3): READ ELEMENT STATUS with volume tags, and a second time with identifiers of the
// drives, since many changers do not give both at once. MOVE MEDIUM.

import { limits, minutes } from "#base/index.ts";
import { Cursor } from "#codec/index.ts";
import {
  ElementDescriptor,
  ElementIdentifierHeader,
  ElementPageHeader,
  ElementStatusHeader,
  elementTypes,
  MoveMedium,
  ReadElementStatus,
  VolumeTag,
} from "#scsi/index.ts";
import type { ChangerStatus, ElementContent, TapeChanger } from "./changer.ts";
import { driverFault } from "./faults.ts";
import { identify } from "./unit-identity.ts";
import type { ScsiUnit } from "./scsi-unit.ts";

const changerDeviceType = 8;
/** Elements asked for in one command, as Proxmox does, and the room for them: 88 bytes are the longest descriptors. */
const elementsPerQuery = 1000;
const allocation = 128 * 1024;
const moveTimeout = minutes(5);

interface FoundElement {
  readonly type: number;
  readonly address: number;
  readonly content: ElementContent;
  readonly cameFrom: number | undefined;
  readonly identifier: string | undefined;
}

/** A changer. */
export class ScsiChanger implements TapeChanger {
  readonly name: string;
  readonly #unit: ScsiUnit;
  /** Slots that count as mail slots though the changer does not say so. */
  readonly #exportSlots: ReadonlySet<number>;

  private constructor(name: string, unit: ScsiUnit, exportSlots: readonly number[]) {
    this.name = name;
    this.#unit = unit;
    this.#exportSlots = new Set(exportSlots);
  }

  /** Opens a changer. Faults `driver.wrong-device`, `driver.not-ready`. */
  static async open(name: string, unit: ScsiUnit, exportSlots: readonly number[] = []): Promise<ScsiChanger> {
    const { deviceType, product } = await identify(unit);
    if (deviceType !== changerDeviceType) {
      throw driverFault("wrong-device", { device: unit.name, actual: product, expected: "a changer" });
    }
    if (!(await unit.waitReady())) throw driverFault("not-ready", { device: unit.name, answer: "it does not start" });
    return new ScsiChanger(name, unit, exportSlots);
  }

  async status(): Promise<ChangerStatus> {
    const drives = await this.#elements(elementTypes["drive-bay"], { volumeTags: true });
    const identified = await this.#elements(elementTypes["drive-bay"], { deviceIdentifiers: true });
    const storage = await this.#elements(elementTypes["storage-slot"], { volumeTags: true });
    const mail = await this.#elements(elementTypes["mail-slot"], { volumeTags: true });
    if (drives.length === 0 || storage.length === 0) {
      throw driverFault("wrong-device", {
        device: this.name,
        actual: "a changer without drives or slots",
        expected: "a library",
      });
    }
    const serials = new Map(identified.map(({ address, identifier }) => [address, identifier] as const));
    return {
      drives: drives.map(({ address, content, cameFrom }, number) => {
        return { number, address, content, cameFrom, serial: serials.get(address) };
      }),
      slots: [...storage, ...mail].map(({ type, address, content }, index) => ({
        number: index + 1,
        address,
        content,
        isMailSlot: type === elementTypes["mail-slot"] || this.#exportSlots.has(index + 1),
      })),
    };
  }

  async move(from: number, to: number): Promise<void> {
    const answer = await this.#unit.once({
      cdb: MoveMedium.encode({ source: from, destination: to }),
      timeout: moveTimeout,
    });
    if (answer.word !== "good") throw this.#unit.failed("MOVE MEDIUM", answer);
  }

  close(): Promise<void> {
    return this.#unit.close();
  }

  async #elements(
    elementType: number,
    wanted: { readonly volumeTags?: boolean; readonly deviceIdentifiers?: boolean },
  ): Promise<readonly FoundElement[]> {
    const found: FoundElement[] = [];
    for (let startingElement = 0; found.length < limits.elementsMax;) {
      const cdb = ReadElementStatus.encode({
        ...wanted,
        elementType,
        startingElement,
        elementCount: elementsPerQuery,
        allocationLength: allocation,
      });
      const answer = await this.#unit.ask({ cdb, dataInLength: allocation });
      // A changer without elements of this type, or without identifiers, may refuse to be asked for them.
      if (answer.sense?.key === "illegal-request") return found;
      if (answer.word !== "good") throw this.#unit.failed("READ ELEMENT STATUS", answer);
      const part = readElements(answer.dataIn);
      found.push(...part);
      const last = part.at(-1);
      if (last === undefined || part.length < elementsPerQuery) return found;
      startingElement = last.address + 1;
    }
    return found;
  }
}

function readElements(bytes: Uint8Array): FoundElement[] {
  const cursor = new Cursor("element status data", bytes);
  const { byteCount } = cursor.structure(ElementStatusHeader);
  const data = new Cursor("element status data", cursor.take(Math.min(byteCount, cursor.remaining)));
  const found: FoundElement[] = [];
  while (data.remaining >= ElementPageHeader.size) {
    const page = data.structure(ElementPageHeader);
    const body = new Cursor("element status page", data.take(Math.min(page.byteCount, data.remaining)));
    const isSized = page.descriptorLength >= ElementDescriptor.size;
    while (isSized && body.remaining >= ElementDescriptor.size) {
      // Some targets (tgt) cut the last descriptor off by as many bytes as their header has; what is there is read.
      const descriptor = new Uint8Array(page.descriptorLength);
      descriptor.set(body.take(Math.min(page.descriptorLength, body.remaining)));
      found.push(readElement(page.elementType, descriptor, page));
    }
  }
  return found;
}

function readElement(
  type: number,
  bytes: Uint8Array,
  page: { readonly primaryVolumeTag: boolean; readonly alternateVolumeTag: boolean },
): FoundElement {
  const cursor = new Cursor("element descriptor", bytes);
  const element = cursor.structure(ElementDescriptor);
  const tag = page.primaryVolumeTag && cursor.remaining >= VolumeTag.size ? cursor.structure(VolumeTag) : undefined;
  if (page.alternateVolumeTag && cursor.remaining >= VolumeTag.size) cursor.take(VolumeTag.size);
  const label = tag?.identifier.trim();
  const content: ElementContent = element.full
    ? { kind: "cartridge", label: label === undefined || label === "" ? undefined : label }
    : { kind: "empty" };
  return {
    type,
    address: element.elementAddress,
    content,
    cameFrom: element.sourceValid ? element.source : undefined,
    identifier: tag === undefined ? readIdentifier(cursor) : undefined,
  };
}

/** The serial number at the end of what identifies a drive: vendor, product and serial, or the serial alone. */
function readIdentifier(cursor: Cursor): string | undefined {
  if (cursor.remaining < ElementIdentifierHeader.size) return undefined;
  const { identifierLength } = cursor.structure(ElementIdentifierHeader);
  const text = Buffer.from(cursor.take(Math.min(identifierLength, cursor.remaining))).toString("latin1");
  const serial = text.replaceAll("\0", " ").trim().split(/ +/).at(-1);
  return serial === "" ? undefined : serial;
}
