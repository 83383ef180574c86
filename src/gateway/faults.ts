// SPDX-License-Identifier: Apache-2.0
// Faults of the gateway: what an operator asked for cannot be, and why, and what can be done about it.

import { faultsOf, type FaultRow } from "#base/index.ts";

const invalid = (text: string): FaultRow => ({ text, retry: "never", http: 422, exit: 2 });
const unknown = (text: string): FaultRow => ({ text, retry: "never", http: 404, exit: 3 });
const conflict = (text: string): FaultRow => ({ text, retry: "operator", http: 409, exit: 4 });
const denied = (text: string): FaultRow => ({ text, retry: "never", http: 403, exit: 5 });
const full = (text: string): FaultRow => ({ text, retry: "operator", http: 409, exit: 7 });

/** Faults of gateway. */
export const gatewayFault = faultsOf("gateway", {
  "key-provider-none": {
    text: "nothing is encrypted: no key provider is configured under [store.encryption]",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  "not-running": { text: "the gateway is {state}; try again when it is ready", retry: "backoff", http: 503, exit: 6 },
  "ledger-lost": {
    text: "{path} is lost or damaged: {reason}; nothing begins anew beside what is there. Mend it: {command}",
    retry: "operator",
    http: 500,
    exit: 8,
  },
  "bucket-used": {
    text: "the bucket holds gateway {names} already, and nothing of it is here: capstan recover brings it back; to begin another one beside it, name it with instance in capstan.toml",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  "mend-impossible": { text: "{path} cannot be made anew: {reason}", retry: "operator", http: 500, exit: 8 },
  "recover-which": {
    text: "the bucket holds several gateways ({names}); name one with --gateway",
    retry: "never",
    http: 409,
    exit: 2,
  },
  "recover-nothing": {
    text: "the bucket holds neither a gateway nor archived cartridges; is it the right one, with its prefix?",
    retry: "never",
    http: 404,
    exit: 3,
  },
  "recover-alive": {
    text: "gateway {gateway} on {host} was alive {seconds} s ago; stop it, wait, or recover with --take-over: it can write nothing any more then",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  "ledger-unreadable": {
    text: "the gateway's ledger has a fact that this version does not know ({fact}); was it written by a newer version?",
    retry: "operator",
    http: 500,
    exit: 8,
  },

  "bad-name": invalid(
    "{name} cannot be the name of a {what}: 1 to 32 of a-z, 0-9 and -, beginning with a letter or digit",
  ),
  "bad-number": invalid("{what} must be a whole number from {min} to {max}, not {value}"),
  "bad-authority": invalid("{name} is no naming authority: it looks like iqn.2026-11.com.example"),

  "library-unknown": unknown("there is no library {name}; there are: {known}"),
  "scrub-running": conflict("a scrub is running already; see it with capstan task list"),
  "library-exists": conflict("there is a library {name} already; choose another name"),
  "library-occupied": conflict(
    "library {name} cannot be deleted: {count} cartridges are in it or on their way; eject or delete them first, {barcode} for one",
  ),
  "library-shrink": conflict("{what} {number} of library {name} holds {barcode}; move it away before there are fewer"),
  "library-in-use": conflict("drive {drive} of library {name} has sessions; disconnect its initiators before it goes"),
  "library-busy": conflict("library {name} has sessions at {target}; disconnect its initiators first"),
  "topology-fixed": conflict(
    "library {name} shows all devices at one target; that target has sessions; disconnect them first",
  ),
  "preset-unknown": invalid("there is no preset {name}; there are: {known}"),
  "model-unknown": invalid("there is no {kind} model {name}; there are: {known}"),

  "cartridge-unknown": unknown("there is no cartridge {barcode}"),
  "cartridge-state": conflict("cartridge {barcode} is {state}; {action} needs one that is {needed}"),
  "cartridge-busy": conflict(
    "cartridge {barcode} is {state}: the data is on its way; wait for task {task} or cancel it",
  ),
  "cartridge-in-drive": conflict("cartridge {barcode} is in drive {drive} of library {library}; unload it first"),
  "cartridge-not-in-drive": conflict("cartridge {barcode} is not in a drive"),
  "cartridge-not-in-mail-slot": conflict(
    "cartridge {barcode} is not in a mail slot; only from there it can be imported",
  ),
  "cartridge-retrieved": conflict(
    "cartridge {barcode} is RETRIEVED; eject it, so that it is ARCHIVED again, before it is deleted",
  ),
  "cartridge-locked": denied("cartridge {barcode} is under {lock} lock of pool {pool} until {until}"),
  "cartridge-held": denied("cartridge {barcode} is under a legal hold; clear the hold first"),
  "cartridge-shared": conflict(
    "cartridge {barcode} has a clone, {clone}, that shares its data; delete the clone before it",
  ),
  "cartridge-erasing": conflict("cartridge {barcode} is being erased; it is too late to take the deletion back"),
  "cartridge-not-archived": conflict(
    "cartridge {barcode} is {state} and was never archived; a retention lock is for what is on the shelf",
  ),
  "retention-shorter": denied(
    "cartridge {barcode} is under {lock} lock until {until}; it can be made longer, and not end at {asked}",
  ),
  "retention-weaker": denied("cartridge {barcode} is under COMPLIANCE lock until {until}; it stays of that kind"),
  "retention-bad": invalid("the lock of cartridge {barcode} needs an end: a time, or a number of days from 1 to {max}"),
  "tier-unsupported": invalid("cartridge {barcode} is in class {class}, which thaws by {tiers} and not by {tier}"),
  "tier-slower": conflict("cartridge {barcode} thaws by {from} already; only a faster tier than that changes anything"),
  "retrieval-bad": invalid("cartridge {barcode} cannot be retrieved that way: {reason}"),
  "retrieval-too-dear": denied(
    "retrieving cartridge {barcode} costs about {cost} {currency}, and {limit} are allowed; allow more or retrieve less",
  ),
  "retrieval-whole": conflict(
    "cartridge {barcode} is {state} and not retrieved in part; there is no more of it to ask for",
  ),
  "no-write-once": invalid("drive model {model} has no write-once cartridges"),
  "barcode-bad": invalid("{barcode} cannot be a barcode: 5 to 16 capital letters and digits"),
  "barcode-prefix-bad": invalid("{prefix} cannot begin barcodes: 1 to 5 capital letters and digits"),
  "barcode-cleaning": invalid("barcode {barcode} begins like that of a cleaning cartridge; choose another"),
  "barcode-suffix": invalid("barcode {barcode} ends like that of {meaning}, but {wanted} was asked for"),
  "barcode-count": invalid("barcode {barcode} names one cartridge, but {count} were asked for; give a prefix instead"),
  "barcode-taken": conflict("barcode {barcode} is in use; a barcode is never given twice"),
  "barcode-spent": conflict("barcode {barcode} belonged to a deleted cartridge; a barcode is never given twice"),
  "barcodes-exhausted": conflict(
    "prefix {prefix} has {free} barcodes left, {count} are needed; choose a shorter or another prefix",
  ),
  "size-bad": invalid("a cartridge has {min} to {max} bytes, not {size}"),
  "too-many": invalid("{count} cartridges at once are too many; ask for at most {max} at a time"),
  "no-free-element": full("library {library} has {free} free {kind}, {count} are needed; add some or make room"),

  "element-unknown": unknown("library {library} has no {kind} {number}; they are numbered 1 to {count}"),
  "element-full": conflict("{kind} {number} of library {library} holds {barcode}"),
  "removal-prevented": conflict(
    "a host prevents the removal of {barcode} (PREVENT ALLOW MEDIUM REMOVAL); let it release the drive first",
  ),
  "move-failed": {
    text: "cartridge {barcode} could not be moved: {reason}",
    retry: "operator",
    http: 500,
    exit: 1,
  },

  "rule-unknown": unknown("library {library} has no creation rule {prefix}; `capstan rule list` shows them"),
  "too-many-rules": conflict("library {library} has {max} creation rules, and that is the most; delete one first"),
  "pool-in-rule": conflict(
    "creation rule {prefix} of library {library} names shelf pool {name}; change the rule first",
  ),
  "pool-unknown": unknown("there is no shelf pool {name}; there are: {known}"),
  "pool-exists": conflict("there is a shelf pool {name} already; choose another name"),
  "pool-built-in": conflict("shelf pool {name} is built in and stays"),
  "pool-in-use": conflict("{count} cartridges are in shelf pool {name}; assign another pool to them first"),
  "pool-retention": invalid("lock {lock} cannot have {days} days: NONE has 0, GOVERNANCE and COMPLIANCE 1 to {max}"),
  "pool-store-lacks": conflict(
    "shelf pool {name} cannot be: the object store has no {what}{advice}; `capstan store probe` shows what it has",
  ),
  "mirror-unknown": conflict(
    "there is no store {store} to mirror to: capstan.toml names {known} under [store.mirrors]",
  ),
  "mirror-lacks": conflict(
    "shelf pool {name} cannot be mirrored to {store}: that store has no {what}, {advice}; `capstan store probe` shows what it has",
  ),
  "pool-delete-delay": invalid("a deletion can be taken back for 0 to {max} whole days, not {days}"),
  "pool-warmer": conflict(
    "cartridge {barcode} is in class {from}; it cannot go to pool {pool} of the warmer class {to}",
  ),

  "target-unknown": unknown("there is no target {name}; `capstan target list` shows them"),
  "initiator-bad": invalid(
    "{name} is no initiator name: iqn., eui. or naa., at most 223 characters, `*` only at the end",
  ),
  "chap-secret": invalid("the CHAP secret for {initiator} at {target} cannot be used: {reason}"),
  "chap-user": invalid("{user} cannot be a CHAP name: 1 to 255 printable ASCII characters"),
  "chap-unknown": unknown("there are no CHAP credentials for {initiator} at {target}"),
  "session-unknown": unknown("there is no session {id}; it may be over already"),
  "portal-open": {
    text: "portal {address} could be used by anyone who reaches it: give a CHAP secret or an initiator allow-list, listen on a loopback address, or allow anyone explicitly",
    retry: "operator",
    http: 409,
    exit: 5,
  },
  "too-many-listeners": {
    text: "there are {max} event streams already; close one first",
    retry: "backoff",
    http: 429,
    exit: 1,
  },
});
