// SPDX-License-Identifier: Apache-2.0
// Which unit a low-level command means: a drive or a changer that the manager of a data folder knows, or one that is written down,
// `iscsi://HOST:PORT/TARGET/LUN`. Opens it with an iSCSI session of its own; no running instance is needed.

import { join, resolve } from "node:path";
import { parseEndpoint, silentLog } from "#base/index.ts";
import { type DriveConfig, parseConfig } from "#backup/index.ts";
import { IscsiPort, ScsiUnit } from "#driver/index.ts";
import { IscsiInitiator } from "#iscsi/index.ts";
import { PrivateFile, SystemClock, SystemRandom, TcpNetwork } from "#world/index.ts";
import { mainFault } from "./faults.ts";

/** What names a unit, from options and environment. */
export interface UnitChoice {
  readonly home: string | undefined;
  /** Name of a drive of the manager. */
  readonly drive: string | undefined;
  /** A unit that is written down. */
  readonly device: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Where a unit is. */
export interface UnitPlace {
  readonly name: string;
  readonly portal: string;
  readonly target: string;
  readonly lun: number;
}

/**
 * The unit that is meant. The first of: `--drive`, `--device`, the drive of the environment (CAPSTAN_TAPE_DRIVE,
 * PROXMOX_TAPE_DRIVE), the device of the environment (TAPE, CHANGER), the only drive that is set up. Fault `main.usage`.
 */
export function chooseUnit(kind: "drive" | "changer", choice: UnitChoice): UnitPlace {
  const { drive, device, environment } = choice;
  if (drive !== undefined) return placeOfDrive(kind, choice, drive);
  if (device !== undefined) return parseDevice(device);
  const named = environment["CAPSTAN_TAPE_DRIVE"] ?? environment["PROXMOX_TAPE_DRIVE"];
  if (named !== undefined) return placeOfDrive(kind, choice, named);
  const written = environment[kind === "drive" ? "TAPE" : "CHANGER"];
  if (written !== undefined) return parseDevice(written);
  const [only, other] = drivesOf(choice);
  if (only !== undefined && other === undefined) return placeOfDrive(kind, choice, only.name);
  throw mainFault("usage", { reason: `name a ${kind} with --${kind} or --device iscsi://HOST:PORT/TARGET/LUN` });
}

/** Reads `iscsi://HOST:PORT/TARGET[/LUN]`. Fault `main.usage`. */
export function parseDevice(text: string): UnitPlace {
  const [, portal = "", target = "", lun = "0"] = /^iscsi:\/\/([^/]+)\/([^/]+)(?:\/(\d{1,5}))?$/.exec(text) ?? [];
  if (parseEndpoint(portal) !== undefined) return { name: text, portal, target, lun: Number(lun) };
  throw mainFault("usage", { reason: `${text} is no device; it looks like iscsi://127.0.0.1:3260/TARGET/0` });
}

function drivesOf({ home, environment }: UnitChoice): readonly DriveConfig[] {
  const folder = resolve(home ?? environment["CAPSTAN_HOME"] ?? "capstan-data");
  return parseConfig(new PrivateFile(join(folder, "manager", "manager.json")).read()).drives;
}

function placeOfDrive(kind: "drive" | "changer", choice: UnitChoice, name: string): UnitPlace {
  const drives = drivesOf(choice);
  const drive = drives.find((candidate) => candidate.name === name);
  if (drive === undefined) {
    const known = drives.map((candidate) => candidate.name).join(", ");
    throw mainFault("usage", { reason: `there is no drive ${name} (known: ${known || "none"})` });
  }
  if (drive.kind === "folder") throw mainFault("usage", { reason: `${name} is a folder, which is no ${kind}` });
  if (kind === "drive") return { name, portal: drive.portal, target: drive.driveTarget, lun: drive.driveLun };
  if (drive.kind === "standalone") throw mainFault("usage", { reason: `${name} has no changer` });
  const { portal, changerTarget: target, changerLun: lun } = drive;
  return { name: `the changer of ${name}`, portal, target, lun };
}

/** Uses a unit over a session of its own, which is closed however that ends. */
export async function withUnit<T>(place: UnitPlace, use: (unit: ScsiUnit) => Promise<T>): Promise<T> {
  const [clock, random] = [new SystemClock(), new SystemRandom()];
  const name = "iqn.2026-11.io.capstan:tool";
  const initiator = new IscsiInitiator({ network: new TcpNetwork(), clock, random, log: silentLog, name });
  const portal = parseEndpoint(place.portal);
  if (portal === undefined) throw mainFault("usage", { reason: `${place.portal} is no host and port` });
  const unit = new ScsiUnit(place.name, new IscsiPort(await initiator.login(portal, place.target), place.lun), clock);
  try {
    // A new session begins with a unit attention; it must not meet a command that moves the tape.
    await unit.waitReady();
    return await use(unit);
  } finally {
    await unit.close();
  }
}
