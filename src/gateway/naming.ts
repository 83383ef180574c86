// SPDX-License-Identifier: Apache-2.0
// Names that hosts know things by: target names (RFC 7143, iSCSI names) and serial numbers. They depend on what a thing
// is, never on where it stands in a list, and stay over restarts.

import type { ObjectId } from "./views.ts";
import { gatewayFault } from "./faults.ts";

/** Throws Fault `gateway.bad-name` unless `name` is 1 … 32 of a-z, 0-9 and `-`, not beginning with `-`. */
export function checkName(what: string, name: string): void {
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(name)) throw gatewayFault("bad-name", { what, name });
}

/** Throws Fault `gateway.bad-authority` unless the text is `iqn.yyyy-mm.` and a reversed domain name. */
export function checkAuthority(name: string): void {
  if (!/^iqn\.\d{4}-(0[1-9]|1[0-2])\.[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(name) || name.length > 128) {
    throw gatewayFault("bad-authority", { name });
  }
}

/** What the targets of a library are named after. */
export interface TargetNaming {
  readonly authority: string;
  readonly instance: string;
  readonly library: string;
}

/** Target of a library's changer. */
export const changerTargetName = (naming: TargetNaming): string => `${libraryTargetName(naming)}.changer`;
/** Target of a library's drive; numbers from 1. */
export const driveTargetName = (naming: TargetNaming, drive: number): string =>
  `${libraryTargetName(naming)}.${driveName(drive)}`;
/** The one target of a library whose devices share it. */
export const libraryTargetName = ({ authority, instance, library }: TargetNaming): string =>
  `${authority}:${instance}.${library}`;

/** `drive-01` … */
export const driveName = (number: number): string => `drive-${String(number).padStart(2, "0")}`;

/** Serial number of a device: 10 characters, as IBM's. */
export const serialOf = (id: ObjectId): string => id.slice(0, 10).toUpperCase();

/** True for an initiator name (RFC 7143 section 4.2.7.1), or one whose end is left open by `*`. */
export function isInitiatorPattern(text: string): boolean {
  return text === "*" || (text.length <= 223 && /^(iqn\.|eui\.|naa\.)[^\s*\p{Cc}]*\*?$/u.test(text));
}

/** True when the pattern matches the name. Only a trailing `*` is special; the case of letters says nothing. */
export function matchesInitiator(pattern: string, name: string): boolean {
  const [wanted, given] = [pattern.toLowerCase(), name.toLowerCase()];
  return wanted.endsWith("*") ? given.startsWith(wanted.slice(0, -1)) : wanted === given;
}
