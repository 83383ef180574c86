// SPDX-License-Identifier: Apache-2.0
// The virtual tape library assembled. This file only wires; the decisions are in the files it imports.

import { Bug, type Endpoint } from "#base/index.ts";
import type { TaskRecord, TaskRegistry } from "#work/index.ts";
import type { EventSubscription } from "./events.ts";
import type {
  Actor,
  CartridgeFilter,
  CartridgeRequest,
  ChapRequest,
  LibraryChange,
  LibraryRequest,
  MoveRequest,
  PoolRequest,
  RetrieveRequest,
} from "./requests.ts";
import type { GatewayOptions } from "./settings.ts";
import type {
  CartridgeView,
  DriveView,
  ElementView,
  GatewayStatus,
  LibraryView,
  ModelView,
  PoolView,
  SessionView,
  TargetView,
} from "./views.ts";

/**
 * The gateway. `start` once, `stop` once. Everything else is answered between the two; queries answer at once from
 * memory. Failures are Faults `gateway.…`, `store.…`, `network.…` and `work.…`.
 */
export class Gateway {
  /** The tasks of this gateway; archive, retrieve and delete run as such. */
  get tasks(): TaskRegistry {
    throw new Bug("not built yet");
  }

  constructor(_options: GatewayOptions) {}

  /** Opens store and ledger, makes the first library, listens. Rejects and leaves nothing open when that fails. */
  start(): Promise<void> {
    throw new Bug("not built yet");
  }
  /** Orderly stop within `limits.stopTimeout`: initiators are asked to leave, drives flushed, uploads stopped. Idempotent. */
  stop(): Promise<void> {
    throw new Bug("not built yet");
  }

  status(): GatewayStatus {
    throw new Bug("not built yet");
  }
  /** Where the portals really listen. */
  portals(): readonly Endpoint[] {
    throw new Bug("not built yet");
  }
  /** Events from now on. */
  subscribe(): EventSubscription {
    throw new Bug("not built yet");
  }
  /** Changer and drive models that a library can have; the first of each kind is the default. */
  models(): readonly ModelView[] {
    throw new Bug("not built yet");
  }

  listLibraries(): readonly LibraryView[] {
    throw new Bug("not built yet");
  }
  /** By name. Fault `gateway.library-unknown`. */
  getLibrary(_name: string): LibraryView {
    throw new Bug("not built yet");
  }
  listElements(_library: string): readonly ElementView[] {
    throw new Bug("not built yet");
  }
  /** All drives, or those of one library. */
  listDrives(_library?: string): readonly DriveView[] {
    throw new Bug("not built yet");
  }
  createLibrary(_request: LibraryRequest): Promise<LibraryView> {
    throw new Bug("not built yet");
  }
  changeLibrary(_name: string, _change: LibraryChange): Promise<LibraryView> {
    throw new Bug("not built yet");
  }
  /** Fault `gateway.library-occupied` while cartridges are in it or on the way to it. */
  deleteLibrary(_name: string): Promise<void> {
    throw new Bug("not built yet");
  }

  /** Sorted by barcode. */
  listCartridges(_filter?: CartridgeFilter): readonly CartridgeView[] {
    throw new Bug("not built yet");
  }
  /** Fault `gateway.cartridge-unknown`. */
  getCartridge(_barcode: string): CartridgeView {
    throw new Bug("not built yet");
  }
  createCartridges(_request: CartridgeRequest): Promise<readonly CartridgeView[]> {
    throw new Bug("not built yet");
  }
  /** From a mail slot to a storage slot (the first free one without a number). */
  importCartridge(_barcode: string, _slot?: number): Promise<CartridgeView> {
    throw new Bug("not built yet");
  }
  /** Moves as the robot would: into a drive loads, out of a drive unloads, into a mail slot ejects. */
  moveCartridge(_request: MoveRequest): Promise<CartridgeView> {
    throw new Bug("not built yet");
  }
  /** Into a drive (the first empty one without a number). */
  loadCartridge(_barcode: string, _drive?: number): Promise<CartridgeView> {
    throw new Bug("not built yet");
  }
  /** Out of its drive, to the slot it came from when that is free, else to the first free one. */
  unloadCartridge(_barcode: string): Promise<CartridgeView> {
    throw new Bug("not built yet");
  }
  /** Out of the library and onto the shelf. Resolves with the archive task once the eject is durable. */
  ejectCartridge(_barcode: string, _actor: Actor): Promise<TaskRecord> {
    throw new Bug("not built yet");
  }
  /** Only while IN_TRANSIT: back into a mail slot. */
  cancelArchive(_barcode: string): Promise<CartridgeView> {
    throw new Bug("not built yet");
  }
  /** From the shelf to a mail slot of a library, read-only. Resolves with the task once the request is durable. */
  retrieveCartridge(_request: RetrieveRequest, _actor: Actor): Promise<TaskRecord> {
    throw new Bug("not built yet");
  }
  /** Only while RETRIEVING: back to ARCHIVED. */
  cancelRetrieve(_barcode: string): Promise<CartridgeView> {
    throw new Bug("not built yet");
  }
  /** Another shelf pool: never to a warmer class, never away from a running lock. */
  assignPool(_barcode: string, _pool: string, _actor: Actor): Promise<CartridgeView> {
    throw new Bug("not built yet");
  }
  /** Deletes for ever. Resolves with the task once the deletion is durable. See tape-gateway refusals in the README. */
  deleteCartridge(_barcode: string, _options: Actor & { readonly bypassGovernance?: boolean }): Promise<TaskRecord> {
    throw new Bug("not built yet");
  }

  listPools(): readonly PoolView[] {
    throw new Bug("not built yet");
  }
  createPool(_request: PoolRequest): Promise<PoolView> {
    throw new Bug("not built yet");
  }
  deletePool(_name: string): Promise<void> {
    throw new Bug("not built yet");
  }

  /** All targets, or those of one library. */
  listTargets(_library?: string): readonly TargetView[] {
    throw new Bug("not built yet");
  }
  /** By IQN. Fault `gateway.target-unknown`. */
  getTarget(_name: string): TargetView {
    throw new Bug("not built yet");
  }
  /** Replaces the allow-list of a target; empty removes it. */
  setAllowList(_target: string, _initiators: readonly string[]): Promise<TargetView> {
    throw new Bug("not built yet");
  }
  /** Sets or replaces credentials; closes the sessions of that pair. */
  setChap(_request: ChapRequest): Promise<TargetView> {
    throw new Bug("not built yet");
  }
  removeChap(_target: string, _initiator: string): Promise<TargetView> {
    throw new Bug("not built yet");
  }
  /** All sessions, or those of one target. */
  listSessions(_target?: string): readonly SessionView[] {
    throw new Bug("not built yet");
  }
  /** Fault `gateway.session-unknown`. */
  disconnectSession(_id: number): Promise<void> {
    throw new Bug("not built yet");
  }
}
