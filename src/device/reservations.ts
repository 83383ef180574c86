// SPDX-License-Identifier: Apache-2.0
// Who may use a unit: RESERVE and RELEASE of SPC-2 (per nexus, gone with it) and persistent reservations of SPC-4
// (per initiator port, kept when it logs out, gone when the process ends: APTPL is not offered). This file keeps the state
// and decides; the commands are in persistent-reserve.ts.
//
//   persistent reservation of another   read class   write class
//   write exclusive                     runs         conflict
//   exclusive access                    conflict     conflict
//   … registrants only, all registrants as above for ports that are not registered; registered ones may do everything

import { limits } from "#base/index.ts";
import type { CommandRow, ReservationType } from "#scsi/index.ts";
import type { UnitNexus } from "./unit-task.ts";

/** An initiator port: what a registration belongs to. */
export interface Port {
  readonly initiatorName: string;
  readonly isid: string;
}

/** One registered initiator port. */
export interface Registration {
  readonly port: Port;
  key: bigint;
}

/** The persistent reservation. For all-registrants types every registration holds it and `holder` is undefined. */
export interface PersistentReservation {
  readonly type: ReservationType;
  readonly holder: Registration | undefined;
}

const portKey = (port: Port): string => `${port.initiatorName},i,0x${port.isid.toLowerCase()}`;

/** True for a nexus of that initiator port. */
export const isPort = (port: Port, nexus: UnitNexus): boolean => portKey(port) === portKey(nexus);

/** True for types that every registered port holds. */
export const isHeldByAll = (type: ReservationType): boolean =>
  type === "write-exclusive-all" || type === "exclusive-access-all";

/** True for types under which registered ports may do everything. */
export const isForRegistrants = (type: ReservationType): boolean =>
  type !== "write-exclusive" && type !== "exclusive-access";

const isWriteExclusive = (type: ReservationType): boolean => type.startsWith("write-exclusive");

/** The reservations of one logical unit. */
export class Reservations {
  /** PRGENERATION: SPC-4. Counts changes of registrations. */
  generation = 0;
  reservation: PersistentReservation | undefined;
  /** The nexus that holds the unit by RESERVE. */
  reservedBy: UnitNexus | undefined;
  readonly #registrations = new Map<string, Registration>();

  get registrations(): readonly Registration[] {
    return [...this.#registrations.values()];
  }

  get count(): number {
    return this.#registrations.size;
  }

  registrationOf(port: Port): Registration | undefined {
    return this.#registrations.get(portKey(port));
  }

  /** Registers a port or changes its key. False when there is no room for another. */
  register(port: Port, key: bigint): boolean {
    const known = this.registrationOf(port);
    if (known !== undefined) known.key = key;
    else if (this.count >= limits.registrationsPerUnit) return false;
    else {
      const { initiatorName, isid } = port;
      this.#registrations.set(portKey(port), { port: { initiatorName, isid: isid.toLowerCase() }, key });
    }
    return true;
  }

  /**
   * Takes a registration away, with the reservation that it alone holds: SPC-4. Returns the type of the
   * reservation that ended by it.
   */
  unregister(registration: Registration): ReservationType | undefined {
    this.#registrations.delete(portKey(registration.port));
    const { reservation } = this;
    if (reservation === undefined) return undefined;
    const ends = isHeldByAll(reservation.type) ? this.count === 0 : reservation.holder === registration;
    if (!ends) return undefined;
    this.reservation = undefined;
    return reservation.type;
  }

  /** Forgets all registrations and the persistent reservation. */
  clear(): void {
    this.#registrations.clear();
    this.reservation = undefined;
  }

  /** True when this registration holds the persistent reservation. */
  isHolder(registration: Registration | undefined): boolean {
    const { reservation } = this;
    if (reservation === undefined || registration === undefined) return false;
    return isHeldByAll(reservation.type) || reservation.holder === registration;
  }

  /** Whether a command of this nexus conflicts: SPC-2, SPC-4. `rules` are the flags of its row. */
  conflicts(nexus: UnitNexus, rules: Pick<CommandRow, "underReserve" | "underPersistent">): boolean {
    if (this.reservedBy !== undefined && this.reservedBy !== nexus) return rules.underReserve === "conflict";
    const { reservation } = this;
    if (reservation === undefined || rules.underPersistent === "exempt") return false;
    const registration = this.registrationOf(nexus);
    if (this.isHolder(registration)) return false;
    if (registration !== undefined && isForRegistrants(reservation.type)) return false;
    return rules.underPersistent === "write" || !isWriteExclusive(reservation.type);
  }

  /** RESERVE: true when this nexus holds the unit now. SPC-2; with registrations SPC-3 (CRH). */
  reserve(nexus: UnitNexus): boolean {
    if (this.count > 0) {
      // A registered port that may use the unit anyway gets GOOD, and nothing is reserved.
      const registration = this.registrationOf(nexus);
      const { reservation } = this;
      if (registration === undefined) return false;
      return reservation === undefined || this.isHolder(registration) || isForRegistrants(reservation.type);
    }
    if (this.reservedBy !== undefined && this.reservedBy !== nexus) return false;
    this.reservedBy = nexus;
    return true;
  }

  /** RELEASE: by anyone but the holder it does nothing. */
  release(nexus: UnitNexus): void {
    if (this.reservedBy === nexus) this.reservedBy = undefined;
  }
}
