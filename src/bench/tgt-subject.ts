// SPDX-License-Identifier: Apache-2.0
// Debian's tgt beside us, as installed or with the burst and segment sizes that Linux initiators offer. When tgtd cannot
// bind its portal it listens on 0.0.0.0:3260 instead: that is checked, and such a process is killed at once.

import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, readlink, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { Endpoint } from "#base/index.ts";
import { freePort, type Subject } from "./subject.ts";
import { TapeClient } from "./tape-client.ts";

const run = promisify(execFile);
const target = "iqn.2026-11.io.capstan:bench-peer";
const tuning = {
  MaxRecvDataSegmentLength: "262144",
  FirstBurstLength: "262144",
  MaxBurstLength: "16776192",
  InitialR2T: "No",
  ImmediateData: "Yes",
  MaxOutstandingR2T: "1",
};

/** Starts tgt with loaded drives; undefined when it is not installed or may not run. */
export async function startTgt(
  folder: string,
  { drives, sizeGiB, tuned }: { readonly drives: number; readonly sizeGiB: number; readonly tuned: boolean },
): Promise<Subject | undefined> {
  if (process.getuid?.() !== 0 || !(await isInstalled())) return undefined;
  const home = await mkdtemp(join(folder, "tgt-bench-"));
  const portal = { host: "127.0.0.1", port: await freePort() };
  const control = String(20_000 + (portal.port % 10_000));
  const listen = `portal=${portal.host}:${portal.port}`;
  const child = spawn("tgtd", ["-f", "-C", control, "--iscsi", listen], { stdio: "ignore" });
  const stop = async (): Promise<void> => {
    await end(child);
    await rm(home, { recursive: true, force: true });
  };
  try {
    if (child.pid === undefined) throw new Error("tgtd did not start");
    await waitForPortal(child, portal);
    const admin = (...args: readonly string[]): Promise<unknown> =>
      run("tgtadm", ["-C", control, "--lld", "iscsi", ...args]);
    await configure(admin, { home, drives, sizeGiB, tuned });
    await loadAll(portal, drives);
    const units = Array.from({ length: drives }, (_, index) => ({ target, lun: index + 1 }));
    return { label: tuned ? "tgt tuned" : "tgt", pid: child.pid, portal, drives: units, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function isInstalled(): Promise<boolean> {
  try {
    await run("tgtadm", ["--version"]);
    return true;
  } catch {
    return false;
  }
}

/** Resolves when the process listens where it should, and nowhere else. */
async function waitForPortal(child: ChildProcess, portal: Endpoint): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    await sleep(50);
    const ports = await listeningPortsOf(child.pid ?? 0);
    if (ports.length === 0) continue;
    if (ports.every((port) => port === portal.port)) return;
    break;
  }
  throw new Error(`tgtd does not listen on port ${portal.port}`);
}

async function listeningPortsOf(pid: number): Promise<readonly number[]> {
  const inodes = new Set<string>();
  for (const name of await readdir(`/proc/${pid}/fd`)) {
    const link = await readlink(`/proc/${pid}/fd/${name}`).catch(() => "");
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  const ports: number[] = [];
  for (const table of ["tcp", "tcp6"]) {
    const lines = (await readFile(`/proc/net/${table}`, "utf8").catch(() => "")).trim().split("\n").slice(1);
    for (const line of lines) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      const isListening = state === "0A" && inode !== undefined && inodes.has(inode);
      if (isListening) ports.push(Number.parseInt(local?.split(":")[1] ?? "", 16));
    }
  }
  return ports;
}

/** One target: drives at LUN 1 and on, then the changer; element addresses as the LUNs, then the slots. */
async function configure(
  admin: (...args: readonly string[]) => Promise<unknown>,
  shape: { readonly home: string; readonly drives: number; readonly sizeGiB: number; readonly tuned: boolean },
): Promise<void> {
  const { home, drives, sizeGiB, tuned } = shape;
  const unit = (op: string, lun: number, ...rest: readonly string[]): Promise<unknown> =>
    admin("--mode", "logicalunit", "--op", op, "--tid", "1", "--lun", String(lun), ...rest);
  await admin("--op", "new", "--mode", "target", "--tid", "1", "-T", target);
  for (const [name, value] of Object.entries(tuned ? tuning : {})) {
    await admin("--op", "update", "--mode", "target", "--tid", "1", "-n", name, "-v", value);
  }
  for (let drive = 1; drive <= drives; drive++) {
    const file = join(home, barcode(drive));
    const size = String(sizeGiB * 1024);
    const image = ["--op", "new", "--device-type", "tape", "--barcode", barcode(drive), "--size", size];
    await run("tgtimg", [...image, "--type", "data", "--file", file]);
    await unit("new", drive, "-b", file, "--device-type=tape");
    await unit("update", drive, "--params", "online=0");
  }
  const changer = drives + 1;
  await writeFile(join(home, "changer"), Buffer.alloc(1024));
  await unit("new", changer, "-b", join(home, "changer"), "--device-type=changer");
  const settings = [`media_home=${home}`, `element_type=4,start_address=1,quantity=${drives}`];
  for (let drive = 1; drive <= drives; drive++) settings.push(`element_type=4,address=${drive},tid=1,lun=${drive}`);
  settings.push(`element_type=1,start_address=${changer},quantity=1`);
  settings.push(`element_type=2,start_address=${changer + 1},quantity=${drives}`);
  for (let drive = 1; drive <= drives; drive++) {
    settings.push(`element_type=2,address=${changer + drive},barcode=${barcode(drive)},sides=1`);
  }
  for (const setting of settings) await unit("update", changer, "--params", setting);
  await admin("--op", "bind", "--mode", "target", "--tid", "1", "-I", "ALL");
}

const barcode = (drive: number): string => String(drive).padStart(8, "0");

async function loadAll(portal: Endpoint, drives: number): Promise<void> {
  const changer = await TapeClient.open(portal, target, drives + 1);
  for (let drive = 1; drive <= drives; drive++) await changer.move(drives + 1 + drive, drive);
  await changer.close();
}

/** tgtd ignores SIGTERM while it has targets. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}
