// SPDX-License-Identifier: Apache-2.0
// The access rules that operators set: checks what they ask for and turns it into facts. Secrets go in here and come
// out only towards the iscsi room.

import type { ChapRecord } from "./facts.ts";
import { gatewayFault } from "./faults.ts";
import { isInitiatorPattern } from "./naming.ts";
import type { ChapRequest } from "./requests.ts";
import type { DefaultAccess } from "./settings.ts";
import type { AccessRules } from "./access.ts";
import type { GatewayState } from "./state.ts";

const secretMin = 12;
const secretMax = 64;
const userMax = 255;

/** The rules of a target: its own, else the default ones. */
export function rulesOf(state: GatewayState, defaults: DefaultAccess, target: string): AccessRules {
  const own = state.chap.get(target);
  return {
    allow: state.allow.get(target) ?? defaults.allow,
    chap: own === undefined ? defaults.chap : [...own.values()],
  };
}

/** True when there is any rule for any target. */
export function hasAnyRule(state: GatewayState, defaults: DefaultAccess): boolean {
  return state.allow.size > 0 || state.chap.size > 0 || defaults.allow.length > 0 || defaults.chap.length > 0;
}

/** Throws Fault `gateway.initiator-bad` unless every entry is an initiator name or a pattern of such. */
export function checkAllowList(initiators: readonly string[]): void {
  for (const name of initiators) {
    if (!isInitiatorPattern(name)) throw gatewayFault("initiator-bad", { name });
  }
}

/** Checks credentials. Faults `gateway.initiator-bad`, `gateway.chap-secret`, `gateway.chap-user`. */
export function checkChap(request: ChapRequest): ChapRecord {
  const { target, initiator, user, secret, mutual } = request;
  if (!isInitiatorPattern(initiator)) throw gatewayFault("initiator-bad", { name: initiator });
  checkSecret(request, secret);
  if (user !== undefined) checkUser(user);
  const record = { target, initiator, secret, ...(user === undefined ? {} : { user }) };
  if (mutual === undefined) return record;
  checkSecret(request, mutual.secret);
  if (mutual.user !== undefined) checkUser(mutual.user);
  if (mutual.secret === secret) {
    throw gatewayFault("chap-secret", { target, initiator, reason: "both directions need different secrets" });
  }
  const answer = { secret: mutual.secret, ...(mutual.user === undefined ? {} : { user: mutual.user }) };
  return { ...record, mutual: answer };
}

function checkSecret({ target, initiator }: ChapRequest, secret: string): void {
  const refuse = (reason: string): Error => gatewayFault("chap-secret", { target, initiator, reason });
  if (secret.length < secretMin || secret.length > secretMax) {
    throw refuse(`it must have ${secretMin} to ${secretMax} characters (at most 16 for Windows initiators)`);
  }
  if (!/^[\x20-\x7e]+$/.test(secret)) throw refuse("it may only have printable ASCII characters");
}

function checkUser(user: string): void {
  if (user.length < 1 || user.length > userMax || !/^[\x21-\x7e]+$/.test(user))
    throw gatewayFault("chap-user", { user });
}
