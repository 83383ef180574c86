// SPDX-License-Identifier: Apache-2.0
// What a MOVE MEDIUM or EXCHANGE MEDIUM comes to, given the elements as they are. SMC-3, MOVE MEDIUM and EXCHANGE
// MEDIUM commands. Decides only; nothing changes here, and what a drive thinks of it is asked elsewhere.

import type { ChangerView, Element, ExchangeDecision, Move, MoveDecision, MoveRefusal } from "./element.ts";

interface MoveRequest {
  readonly source: number;
  readonly destination: number;
}

/** Decides one move: addresses, then the source, then the destination. */
export function decideMove(changer: ChangerView, request: MoveRequest): MoveDecision {
  const source = place(changer, request.source);
  const destination = place(changer, request.destination);
  if (source === undefined || destination === undefined) return refused("bad-address");
  const occupant = source.occupant;
  if (occupant === undefined) return refused("source-empty");
  if (source.address === destination.address) return { kind: "nothing" };
  if (destination.occupant !== undefined) return refused("destination-full");
  if (!source.accessible || !destination.accessible) return refused("not-accessible");
  return { kind: "move", move: { occupant, source, destination } };
}

interface ExchangeRequest {
  readonly source: number;
  readonly firstDestination: number;
  readonly secondDestination: number;
}

/**
 * Decides an exchange: the cartridge of `firstDestination` goes to `secondDestination`, that of `source` takes its
 * place. The second destination may be the source (a swap).
 */
export function decideExchange(changer: ChangerView, request: ExchangeRequest): ExchangeDecision {
  const source = place(changer, request.source);
  const first = place(changer, request.firstDestination);
  const second = place(changer, request.secondDestination);
  if (source === undefined || first === undefined || second === undefined) return refused("bad-address");
  if (source.address === first.address || first.address === second.address) return refused("bad-address");
  const coming = source.occupant;
  const going = first.occupant;
  if (coming === undefined || going === undefined) return refused("source-empty");
  if (second.address !== source.address && second.occupant !== undefined) return refused("destination-full");
  if (![source, first, second].every((element) => element.accessible)) return refused("not-accessible");
  const incoming: Move = { occupant: coming, source, destination: first };
  const outgoing: Move = { occupant: going, source: first, destination: second };
  return { kind: "exchange", moves: [incoming, outgoing] };
}

/** An element that a cartridge can rest in: any but a picker. */
function place(changer: ChangerView, address: number): Element | undefined {
  const element = changer.elementAt(address);
  return element === undefined || element.kind === "picker" ? undefined : element;
}

function refused(reason: MoveRefusal): { readonly kind: "refused"; readonly reason: MoveRefusal } {
  return { kind: "refused", reason };
}
