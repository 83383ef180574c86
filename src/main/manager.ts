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
} from "#backup/index.ts";
import { datastoreFault } from "#datastore/index.ts";
import { IscsiPort, ScsiChanger, ScsiTapeDrive, ScsiUnit, serialOf } from "#driver/index.ts";
import type { Gateway } from "#gateway/index.ts";
import { IscsiInitiator } from "#iscsi/index.ts";
import { mediaFault, namedZone } from "#media/index.ts";
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
    zone: namedZone(new Intl.DateTimeFormat().resolvedOptions().timeZone),
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

/** Logs in to the changer and the drive, and finds the drive's place by its serial number. */
async function openStation(
  parts: { readonly initiator: IscsiInitiator; readonly clock: Clock; readonly robot: Gate },
  drive: LibraryDriveConfig,
  changerName: string,
): Promise<OpenStation> {
  const { initiator, clock, robot } = parts;
  const portal = portalOf(drive);
  const logIn = async (target: string, lun: number, name: string): Promise<ScsiUnit> =>
    new ScsiUnit(name, new IscsiPort(await initiator.login(portal, target), lun), clock);
  const changerUnit = await logIn(drive.changerTarget, drive.changerLun, `the changer of ${drive.name}`);
  const units = [changerUnit];
  const close = async (): Promise<void> => {
    for (const unit of units.splice(0)) await unit.close();
  };
  try {
    const changer = await ScsiChanger.open(changerName, changerUnit);
    const driveUnit = await logIn(drive.driveTarget, drive.driveLun, drive.name);
    units.push(driveUnit);
    const serial = await serialOf(driveUnit);
    const { drives } = await changer.status();
    const place = drives.find((candidate) => candidate.serial === serial && serial !== undefined);
    if (place === undefined) {
      const reason = `its changer has no drive with the serial number ${serial ?? "(none)"}`;
      throw backupFault("bad-config", { what: `the drive ${drive.name}`, reason });
    }
    const openDrive = () => ScsiTapeDrive.open(driveUnit);
    const station = new LibraryStation({ name: drive.name, changer, driveNumber: place.number, openDrive, robot });
    return { station, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function portalOf({ name, portal }: LibraryDriveConfig): Endpoint {
  const endpoint = parseEndpoint(portal);
  if (endpoint !== undefined) return endpoint;
  throw backupFault("bad-config", { what: `the drive ${name}`, reason: `${portal} is no host and port` });
}
