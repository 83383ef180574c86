// SPDX-License-Identifier: Apache-2.0
// PERSISTENT RESERVE IN and OUT: SPC-4. State and decisions about conflicts are in reservations.ts.

import { concatBytes } from "#base/index.ts";
import {
  decodeTransportId,
  encodeTransportId,
  FullStatusDescriptor,
  MoveParameters,
  ReservationCapabilities,
  ReservationDescriptor,
  ReservationHeader,
  ReservationKey,
  ReservationParameters,
  reservationTypes,
  type AttentionName,
  type ReservationType,
} from "#scsi/index.ts";
import { invalidCdbBit } from "./command.ts";
import { bareStatus, check, good, goodData, invalidParameter, type Check, type Outcome } from "./outcome.ts";
import {
  isForRegistrants,
  isHeldByAll,
  isPort,
  type Port,
  type Registration,
  type Reservations,
} from "./reservations.ts";
import type { UnitNexus } from "./unit-task.ts";

/** What PERSISTENT RESERVE needs of its unit. */
export interface ReservationOwner {
  readonly reservations: Reservations;
  /** Queues a unit attention for the nexuses of a port, but not for `except`. */
  tell(port: Port, name: AttentionName, except: UnitNexus): void;
  /** Ends the waiting tasks of a port, for PREEMPT AND ABORT. */
  endTasks(port: Port, except: UnitNexus): void;
}

/** What PERSISTENT RESERVE OUT was asked. */
export interface ReserveRequest {
  readonly nexus: UnitNexus;
  readonly scope: number;
  readonly type: number;
  /** The parameter list, as long as the CDB says. */
  readonly parameters: Uint8Array;
}

interface Parameters {
  readonly key: bigint;
  readonly serviceActionKey: bigint;
}

const conflict = bareStatus("reservation-conflict");
const typeNames = new Map(
  (Object.keys(reservationTypes) as ReservationType[]).map((name) => [reservationTypes[name] as number, name]),
);

/** READ KEYS: SPC-4. */
export function readKeys({ reservations }: ReservationOwner): Outcome {
  const keys = reservations.registrations.map(({ key }) => ReservationKey.encode({ key }));
  return withHeader(reservations, keys);
}

/** READ RESERVATION: SPC-4. */
export function readReservation({ reservations }: ReservationOwner): Outcome {
  const { reservation } = reservations;
  if (reservation === undefined) return withHeader(reservations, []);
  const type = reservationTypes[reservation.type];
  const key = reservation.holder?.key ?? 0n;
  return withHeader(reservations, [ReservationDescriptor.encode({ key, scope: 0, type })]);
}

/** REPORT CAPABILITIES: SPC-4. */
export function reportCapabilities(): Outcome {
  return goodData(
    ReservationCapabilities.encode({
      compatibleReservations: true,
      typeMaskValid: true,
      writeExclusive: true,
      exclusiveAccess: true,
      writeExclusiveRegistrants: true,
      exclusiveAccessRegistrants: true,
      writeExclusiveAll: true,
      exclusiveAccessAll: true,
    }),
  );
}

/** READ FULL STATUS: SPC-4. */
export function readFullStatus({ reservations }: ReservationOwner): Outcome {
  const { reservation } = reservations;
  const descriptors = reservations.registrations.map((registration) => {
    const transportId = encodeTransportId(registration.port);
    const isHolder = reservations.isHolder(registration);
    const type = isHolder && reservation !== undefined ? reservationTypes[reservation.type] : 0;
    const descriptor = { key: registration.key, isHolder, scope: 0, type, relativePort: 1 };
    return concatBytes([
      FullStatusDescriptor.encode({ ...descriptor, additionalLength: transportId.byteLength }),
      transportId,
    ]);
  });
  return withHeader(reservations, descriptors);
}

function withHeader(reservations: Reservations, parts: readonly Uint8Array[]): Outcome {
  const body = concatBytes(parts);
  const header = ReservationHeader.encode({
    generation: reservations.generation % 2 ** 32,
    additionalLength: body.byteLength,
  });
  return goodData(concatBytes([header, body]));
}

/** The parameter list of all actions but REGISTER AND MOVE; a check when it is wrong. */
function parse({ parameters }: ReserveRequest): Parameters | Check {
  if (parameters.byteLength !== ReservationParameters.size) return check("parameter-list-length");
  const value = ReservationParameters.decode(parameters);
  // Not offered, as REPORT CAPABILITIES says: SPEC_I_PT, ALL_TG_PT, APTPL.
  if (value.specifyInitiatorPorts) return invalidParameter(ReservationParameters.positionOf("specifyInitiatorPorts"));
  if (value.allTargetPorts) return invalidParameter(ReservationParameters.positionOf("allTargetPorts"));
  if (value.persistThroughPowerLoss) {
    return invalidParameter(ReservationParameters.positionOf("persistThroughPowerLoss"));
  }
  return value;
}

const isCheckValue = (value: Parameters | Check): value is Check => "kind" in value;

/** The type in the CDB, or the answer that it is none. SCOPE must be LU_SCOPE. */
function typeOf(request: ReserveRequest): ReservationType | Check {
  if (request.scope !== 0) return invalidCdbBit({ byte: 2, bit: 7 });
  return typeNames.get(request.type) ?? invalidCdbBit({ byte: 2, bit: 3 });
}

/** Everyone registered but one nexus is told. */
function tellOthers(owner: ReservationOwner, name: AttentionName, except: UnitNexus): void {
  for (const { port } of owner.reservations.registrations) owner.tell(port, name, except);
}

/** REGISTER, and REGISTER AND IGNORE EXISTING KEY: SPC-4. */
export function register(owner: ReservationOwner, request: ReserveRequest, ignoresKey: boolean): Outcome {
  const parameters = parse(request);
  if (isCheckValue(parameters)) return parameters;
  const { reservations } = owner;
  const { nexus } = request;
  const own = reservations.registrationOf(nexus);
  if (!ignoresKey && parameters.key !== (own?.key ?? 0n)) return conflict;
  if (parameters.serviceActionKey !== 0n) {
    if (!reservations.register(nexus, parameters.serviceActionKey)) return check("registrations-exhausted");
    reservations.generation += 1;
    return good();
  }
  if (own === undefined) return good();
  const ended = reservations.unregister(own);
  reservations.generation += 1;
  if (ended !== undefined && isForRegistrants(ended)) tellOthers(owner, "reservations-released", nexus);
  return good();
}

/** The registration of the nexus, when the key in the parameter list is its own. */
function authorize(owner: ReservationOwner, request: ReserveRequest, key: bigint): Registration | undefined {
  const own = owner.reservations.registrationOf(request.nexus);
  return own !== undefined && own.key === key ? own : undefined;
}

/** RESERVE: SPC-4. */
export function reserve(owner: ReservationOwner, request: ReserveRequest): Outcome {
  const parameters = parse(request);
  if (isCheckValue(parameters)) return parameters;
  const own = authorize(owner, request, parameters.key);
  if (own === undefined) return conflict;
  const type = typeOf(request);
  if (typeof type !== "string") return type;
  const { reservations } = owner;
  const current = reservations.reservation;
  if (current !== undefined) return reservations.isHolder(own) && current.type === type ? good() : conflict;
  reservations.reservation = { type, holder: isHeldByAll(type) ? undefined : own };
  return good();
}

/** RELEASE: SPC-4. */
export function release(owner: ReservationOwner, request: ReserveRequest): Outcome {
  const parameters = parse(request);
  if (isCheckValue(parameters)) return parameters;
  const own = authorize(owner, request, parameters.key);
  if (own === undefined) return conflict;
  const { reservations } = owner;
  const current = reservations.reservation;
  if (current === undefined || !reservations.isHolder(own)) return good();
  if (request.scope !== 0 || request.type !== reservationTypes[current.type]) return check("invalid-release");
  reservations.reservation = undefined;
  if (isForRegistrants(current.type)) tellOthers(owner, "reservations-released", request.nexus);
  return good();
}

/** CLEAR: SPC-4. */
export function clear(owner: ReservationOwner, request: ReserveRequest): Outcome {
  const parameters = parse(request);
  if (isCheckValue(parameters)) return parameters;
  if (authorize(owner, request, parameters.key) === undefined) return conflict;
  tellOthers(owner, "reservations-preempted", request.nexus);
  owner.reservations.clear();
  owner.reservations.generation += 1;
  return good();
}

/** PREEMPT, and PREEMPT AND ABORT: SPC-4. */
export function preempt(owner: ReservationOwner, request: ReserveRequest, aborts: boolean): Outcome {
  const parameters = parse(request);
  if (isCheckValue(parameters)) return parameters;
  const own = authorize(owner, request, parameters.key);
  if (own === undefined) return conflict;
  const { reservations } = owner;
  const current = reservations.reservation;
  const victim = parameters.serviceActionKey;
  const isAll = current !== undefined && isHeldByAll(current.type);
  const takesOver = current !== undefined && (isAll ? victim === 0n : current.holder?.key === victim);
  const type = takesOver ? typeOf(request) : undefined;
  if (type !== undefined && typeof type !== "string") return type;
  // Only the all-registrants types can be taken over without naming a key.
  if (victim === 0n && !takesOver) return invalidParameter(ReservationParameters.positionOf("serviceActionKey"));
  const matches = (one: Registration): boolean => (takesOver && isAll && victim === 0n ? true : one.key === victim);
  const removed = reservations.registrations.filter((one) => one !== own && matches(one));
  if (removed.length === 0 && !takesOver) return conflict;

  if (takesOver) reservations.reservation = undefined;
  for (const registration of removed) {
    reservations.unregister(registration);
    owner.tell(registration.port, "registrations-preempted", request.nexus);
  }
  if (type !== undefined) {
    reservations.reservation = { type, holder: isHeldByAll(type) ? undefined : own };
    // Registered ports that stay learn when what they may do has changed.
    if (current !== undefined && current.type !== type && isForRegistrants(current.type)) {
      tellOthers(owner, "reservations-released", request.nexus);
    }
  }
  reservations.generation += 1;
  if (aborts) for (const { port } of removed) owner.endTasks(port, request.nexus);
  return good();
}

/** REGISTER AND MOVE: SPC-4. */
export function registerAndMove(owner: ReservationOwner, request: ReserveRequest): Outcome {
  const { parameters: bytes, nexus } = request;
  if (bytes.byteLength < MoveParameters.size) return check("parameter-list-length");
  const parameters = MoveParameters.decode(bytes);
  if (bytes.byteLength !== MoveParameters.size + parameters.transportIdLength) return check("parameter-list-length");
  const { reservations } = owner;
  const own = authorize(owner, request, parameters.key);
  if (own === undefined) return conflict;
  const current = reservations.reservation;
  if (current === undefined || !reservations.isHolder(own)) return conflict;
  const type = typeOf(request);
  if (typeof type !== "string") return type;
  if (isHeldByAll(current.type) || type !== current.type) return conflict;
  if (parameters.persistThroughPowerLoss) return invalidParameter(MoveParameters.positionOf("persistThroughPowerLoss"));
  if (parameters.serviceActionKey === 0n) return invalidParameter(MoveParameters.positionOf("serviceActionKey"));
  const port = decodeTransportId(bytes.subarray(MoveParameters.size));
  if (port === undefined || isPort(port, nexus)) return invalidParameter({ byte: MoveParameters.size });
  if (!reservations.register(port, parameters.serviceActionKey)) return check("registrations-exhausted");
  reservations.reservation = { type, holder: reservations.registrationOf(port) };
  if (parameters.unregister) reservations.unregister(own);
  reservations.generation += 1;
  return good();
}
