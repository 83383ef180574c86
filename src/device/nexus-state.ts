// SPDX-License-Identifier: Apache-2.0
// What a unit keeps per nexus and about initiators between two sessions: unit attentions, PREVENT, and who must be told
// about power on or a lost session.
//
//   first nexus of an initiator since the process started → 29/01, if the unit tells that initiator
//   clean login after a clean logout                      → nothing
//   login of a port whose last session was lost with commands under way → 29/07

import { assert, defined, limits } from "#base/index.ts";
import type { AttentionName } from "#scsi/index.ts";
import { Attentions } from "./attentions.ts";
import type { UnitNexus } from "./unit-task.ts";

/** What a unit keeps about one nexus. */
export interface NexusState {
  readonly attentions: Attentions;
  prevents: boolean;
  /** Its last command was aborted and none came after it. */
  wasInterrupted: boolean;
}

/** A set that forgets the oldest member when it is full. */
class BoundedSet {
  readonly #members = new Set<string>();

  has(member: string): boolean {
    return this.#members.has(member);
  }

  add(member: string): void {
    this.#members.delete(member);
    this.#members.add(member);
    const [oldest] = this.#members;
    if (this.#members.size > limits.initiatorsRemembered && oldest !== undefined) this.#members.delete(oldest);
  }

  delete(member: string): boolean {
    return this.#members.delete(member);
  }
}

/** The nexuses of one unit. */
export class Nexuses {
  readonly #tellsPowerOn: (nexus: UnitNexus) => boolean;
  readonly #states = new Map<UnitNexus, NexusState>();
  /** Initiators that know that the process was started. */
  readonly #toldPowerOn = new BoundedSet();
  /** Ports whose last session was lost with commands under way. */
  readonly #lost = new BoundedSet();

  constructor(tellsPowerOn: (nexus: UnitNexus) => boolean) {
    this.#tellsPowerOn = tellsPowerOn;
  }

  open(nexus: UnitNexus): void {
    assert(!this.#states.has(nexus), "a nexus is opened once");
    const attentions = new Attentions();
    this.#states.set(nexus, { attentions, prevents: false, wasInterrupted: false });
    const wasLost = this.#lost.delete(portName(nexus));
    if (!this.#toldPowerOn.has(nexus.initiatorName)) {
      this.#toldPowerOn.add(nexus.initiatorName);
      if (this.#tellsPowerOn(nexus)) attentions.add("power-on");
    }
    if (wasLost) attentions.add("nexus-loss");
  }

  close(nexus: UnitNexus, how: "logout" | "lost"): void {
    if (how === "lost" && this.stateOf(nexus).wasInterrupted) this.#lost.add(portName(nexus));
    this.#states.delete(nexus);
  }

  has(nexus: UnitNexus): boolean {
    return this.#states.has(nexus);
  }

  stateOf(nexus: UnitNexus): NexusState {
    return defined(this.#states.get(nexus), "an open nexus");
  }

  get all(): Iterable<[UnitNexus, NexusState]> {
    return this.#states;
  }

  get isRemovalPrevented(): boolean {
    for (const state of this.#states.values()) if (state.prevents) return true;
    return false;
  }

  allowRemoval(): void {
    for (const state of this.#states.values()) state.prevents = false;
  }

  /** Queues a unit attention for the nexuses that it concerns. */
  tellWhere(name: AttentionName, concerns: (nexus: UnitNexus) => boolean): void {
    for (const [nexus, { attentions }] of this.#states) if (concerns(nexus)) attentions.add(name);
  }

  /** Queues a unit attention for every nexus but `except`. */
  tell(name: AttentionName, except: UnitNexus | undefined): void {
    for (const [nexus, { attentions }] of this.#states) if (nexus !== except) attentions.add(name);
  }
}

const portName = ({ initiatorName, isid }: UnitNexus): string => `${initiatorName},i,0x${isid.toLowerCase()}`;
