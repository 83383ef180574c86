// SPDX-License-Identifier: Apache-2.0
// The certificate of the API: made once by the openssl program, self-signed, or read from the operator's own files.

import { execFile } from "node:child_process";
import { chmodSync, existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { isIP } from "node:net";
import { promisify } from "node:util";
import { asError } from "#base/index.ts";
import { worldFault } from "./faults.ts";
import { isCode } from "./private-file.ts";

/** Where a certificate and its private key lie. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate as PEM text. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** How long a certificate of ours is good for: ten years; an operator who wants less brings their own. */
const validDays = 3650;

/** Reads both files. Fault `world.file-unreadable`. */
export function readCertificate(files: CertificateFiles): Certificate {
  return { certificate: readText(files.certificate), key: readText(files.key) };
}

/**
 * Makes a self-signed certificate for `host`, the machine's name and loopback, unless both files are there. True when
 * it was made. Faults `world.openssl-missing`, `world.openssl-failed`.
 */
export async function makeCertificate(files: CertificateFiles, host: string): Promise<boolean> {
  if (existsSync(files.certificate) && existsSync(files.key)) return false;
  const names = [...new Set([host, hostname(), "localhost", "127.0.0.1", "::1"])].filter((name) => !isAnyAddress(name));
  const alternatives = names.map((name) => `${isIP(name) === 0 ? "DNS" : "IP"}:${name}`).join(",");
  const fresh = { certificate: `${files.certificate}.new`, key: `${files.key}.new` };
  try {
    await promisify(execFile)("openssl", opensslArguments(fresh, alternatives));
    chmodSync(fresh.key, 0o600);
    renameSync(fresh.key, files.key);
    renameSync(fresh.certificate, files.certificate);
    return true;
  } catch (error) {
    rmSync(fresh.key, { force: true });
    rmSync(fresh.certificate, { force: true });
    if (isCode(error, "ENOENT")) throw worldFault("openssl-missing", {}, error);
    throw worldFault("openssl-failed", { reason: asError(error).message.trim() }, error);
  }
}

function opensslArguments(files: CertificateFiles, alternatives: string): readonly string[] {
  const kind = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -subj /CN=Capstan".split(" ");
  const names = ["-days", String(validDays), "-addext", `subjectAltName=${alternatives}`];
  return [...kind, ...names, "-keyout", files.key, "-out", files.certificate];
}

function isAnyAddress(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw worldFault("file-unreadable", { file, reason: asError(error).message }, error);
  }
}
