// SPDX-License-Identifier: Apache-2.0
// The manager over the real world: state in the data folder, datastores and trees in local folders, libraries over iSCSI.

import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { type Clock, type Endpoint, type Log, parseEndpoint } from "#base/index.ts";
import {
  backupFault,
  type DriveConfig,
  FolderStation,
  type LibraryDriveConfig,
  LibraryStation,
  Manager,
  type OpenStation,
  type StandaloneDriveConfig,
  StandaloneStation,
} from "#backup/index.ts";
import { datastoreFault } from "#datastore/index.ts";
import { drivePlace, IscsiPort, ScsiChanger, ScsiTapeDrive, ScsiUnit, serialOf } from "#driver/index.ts";
import type { Gateway } from "#gateway/index.ts";
import { IscsiInitiator } from "#iscsi/index.ts";
import { localZone, mediaFault } from "#media/index.ts";
import { NoticeDesk } from "#notify/index.ts";
import type { Gate } from "#work/index.ts";
import {
  FolderFiles,
  FolderTree,
  mailConnector,
  sendmailRunner,
  sendWebhook,
  StateFolder,
  SystemRandom,
  TcpNetwork,
} from "#world/index.ts";

/** What the manager is made of. */
export interface ManagerParts {
  /** The data folder of the instance. */
  readonly home: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly gateway: Gateway;
}

const initiatorName = "iqn.2026-11.io.capstan:manager";

/** A manager, and what tells people of it. */
export interface OpenManager {
  readonly manager: Manager;
  readonly notices: NoticeDesk;
}

/** Opens the manager of an instance. Faults `backup.bad-config`, `keys.bad-key`, `media.damaged`, `notify.damaged`. */
export async function openManager({ home, clock, log, gateway }: ManagerParts): Promise<OpenManager> {
  const folder = join(home, "manager");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const random = new SystemRandom();
  const initiator = new IscsiInitiator({ network: new TcpNetwork(), clock, random, log, name: initiatorName });
  const state = new StateFolder(folder, mediaFault);
  const notices = await NoticeDesk.open({
    files: state,
    clock,
    random,
    log,
    host: hostname(),
    connectMail: mailConnector(),
    runSendmail: sendmailRunner(),
    sendHttp: sendWebhook,
  });
  const manager = await Manager.open({
    state,
    notify: notices.notify,
    tasks: gateway.tasks,
    log,
    clock,
    random,
    zone: localZone(),
    ports: {
      files: (path) => new FolderFiles(path, datastoreFault),
      tree: (path) => new FolderTree(path, datastoreFault),
      openStation: (drive, changer, robot) =>
        drive.kind === "folder" ? openFolder(drive) : openStation({ initiator, clock, robot }, drive, changer),
    },
  });
  return { manager, notices };
}

/** A folder in the format of Proxmox's virtual drive; nothing has to be opened for it. */
function openFolder({ name, path, sizeBytes }: DriveConfig & { readonly kind: "folder" }): Promise<OpenStation> {
  const files = new FolderFiles(path, datastoreFault);
  const station = new FolderStation({ name, files, ...(sizeBytes === undefined ? {} : { sizeBytes }) });
  return Promise.resolve({ station, close: () => Promise.resolve() });
}

interface Hands {
  readonly initiator: IscsiInitiator;
  readonly clock: Clock;
  readonly robot: Gate;
}

/** Units of a station as they are opened; all are closed together. */
class Units {
  readonly #hands: Hands;
  readonly #portal: Endpoint;
  readonly #units: ScsiUnit[] = [];

  constructor(hands: Hands, portal: Endpoint) {
    this.#hands = hands;
    this.#portal = portal;
  }

  async open(name: string, target: string, lun: number): Promise<ScsiUnit> {
    const { initiator, clock } = this.#hands;
    const unit = new ScsiUnit(name, new IscsiPort(await initiator.login(this.#portal, target), lun), clock);
    this.#units.push(unit);
    return unit;
  }

  async close(): Promise<void> {
    for (const unit of this.#units.splice(0)) await unit.close();
  }
}

async function openStation(
  hands: Hands,
  drive: LibraryDriveConfig | StandaloneDriveConfig,
  changer: string | undefined,
): Promise<OpenStation> {
  const units = new Units(hands, portalOf(drive));
  try {
    if (drive.kind === "library") return await openLibrary(hands, units, drive, changer ?? drive.name);
    const unit = await units.open(drive.name, drive.driveTarget, drive.driveLun);
    const station = new StandaloneStation({ name: drive.name, openDrive: () => ScsiTapeDrive.open(unit) });
    return { station, unit, close: () => units.close() };
  } catch (error) {
    await units.close();
    throw error;
  }
}

/** Logs in to the changer and the drive, and finds the drive's place by its serial number. */
async function openLibrary(
  { clock, robot }: Hands,
  units: Units,
  drive: LibraryDriveConfig,
  changerName: string,
): Promise<OpenStation> {
  const { name, exportSlots, ejectsBeforeUnload } = drive;
  const changerUnit = await units.open(`the changer of ${name}`, drive.changerTarget, drive.changerLun);
  const changer = await ScsiChanger.open(changerName, changerUnit, exportSlots);
  const unit = await units.open(name, drive.driveTarget, drive.driveLun);
  const serial = await serialOf(unit);
  const place = drivePlace(await changer.status(), serial);
  if (place === undefined) {
    const reason = `its changer has no drive with the serial number ${serial ?? "(none)"}`;
    throw backupFault("bad-config", { what: `the drive ${name}`, reason });
  }
  const openDrive = () => ScsiTapeDrive.open(unit);
  const driveNumber = place.number;
  const station = new LibraryStation({ name, changer, driveNumber, openDrive, robot, clock, ejectsBeforeUnload });
  return { station, unit, place: { changer, driveNumber, robot }, close: () => units.close() };
}

function portalOf({ name, portal }: LibraryDriveConfig | StandaloneDriveConfig): Endpoint {
  const endpoint = parseEndpoint(portal);
  if (endpoint !== undefined) return endpoint;
  throw backupFault("bad-config", { what: `the drive ${name}`, reason: `${portal} is no host and port` });
}
