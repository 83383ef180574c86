// SPDX-License-Identifier: Apache-2.0
// Looks at the data folder itself and at the machine: who can read its secrets, room on the disk, the runtime.

import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { sizeText } from "#api/index.ts";
import type { Disk, Findings } from "#store/index.ts";
import type { EncryptionSettings } from "./encryption-settings.ts";

/** Files in the data folder that nobody else may read. */
const secretNames = [
  "admin-token",
  "tokens.json",
  "certificate-key.pem",
  "capstan.keys",
  "passphrase-key",
  "capstan.toml",
];

/** Node before this lacks fixes that servers on a network want. */
const goodNode = [26, 12, 1] as const;

/** Looks at modes of the folder and of the secrets in it. */
export function lookAtFolder(home: string, encryption: EncryptionSettings, findings: Findings): void {
  const { keyFile, passphraseFile } = encryption;
  const secrets = [
    ...secretNames.map((name) => join(home, name)),
    keyFile,
    ...(passphraseFile ? [passphraseFile] : []),
  ];
  for (const path of new Set(secrets)) {
    if (!existsSync(path)) continue;
    const mode = statSync(path).mode & 0o777;
    // A settings file has secrets only when somebody wrote some into it.
    if ((mode & 0o077) === 0 || path.endsWith("capstan.toml")) continue;
    const what = `others can read or change this secret (mode ${mode.toString(8)})`;
    findings.note({ area: "folder", subject: path, severity: "warning", what, mend: { kind: "mode", path } });
  }
  const mode = statSync(home).mode & 0o777;
  if ((mode & 0o022) === 0) return;
  const what = `others can change the data folder (mode ${mode.toString(8)})`;
  const advice = `chmod 700 ${home}`;
  findings.note({ area: "folder", subject: home, severity: "warning", what, advice });
}

/** Looks at the disk's room and at the runtime. */
export async function lookAtMachine(
  { disk, reserveBytes, findings }: { readonly disk: Disk; readonly reserveBytes: number; readonly findings: Findings },
  version: string = process.versions.node,
): Promise<void> {
  const free = await disk.freeBytes();
  if (free <= reserveBytes) {
    const what = `${sizeText(free)} are free, ${sizeText(reserveBytes)} are kept free: drives wait`;
    const advice = "free space, or move the data folder to a larger disk";
    findings.note({ area: "machine", subject: "the disk", severity: "warning", what, advice });
  }
  if (!isBefore(version.split(".").map(Number), goodNode)) return;
  const what = `this is Node ${version}; security fixes came up to ${goodNode.join(".")}`;
  const advice = "run it with the current Node 26 of the system where strangers can reach it (docs/decisions/0001)";
  findings.note({ area: "machine", subject: "Node", severity: "advice", what, advice });
}

function isBefore(version: readonly number[], other: readonly number[]): boolean {
  const at = other.findIndex((part, index) => version[index] !== part);
  return at >= 0 && (version[at] ?? 0) < (other[at] ?? 0);
}
