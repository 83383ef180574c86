// SPDX-License-Identifier: Apache-2.0
// The gateway as the rest of the house sees it: starts and stops, and passes every request to the desk it is for.

import type { Endpoint } from "#base/index.ts";
import type { BandwidthInterval } from "#store/index.ts";
import type { KeyProbe, ScrubReport } from "#store/index.ts";
import type { TaskRecord, TaskRegistry } from "#work/index.ts";
import {
  addBandwidthInterval,
  type BandwidthChange,
  bandwidthView,
  removeBandwidthInterval,
  resetBandwidth,
  setBandwidth,
} from "./bandwidth.ts";
import { costsView, estimate } from "./estimates.ts";
import type { EventSubscription } from "./events.ts";
import { EventFeed } from "./event-feed.ts";
import type { CartridgeRecord } from "./facts.ts";
import { gatewayFault } from "./faults.ts";
import { modelViews } from "./models.ts";
import { presetViews } from "./presets.ts";
import { createPool, deletePool, poolViews } from "./pools.ts";
import type {
  Actor,
  CartridgeFilter,
  CartridgeRequest,
  ChapRequest,
  CloneRequest,
  CreationRuleRequest,
  EstimateRequest,
  LibraryChange,
  LibraryRequest,
  MoveRequest,
  PoolRequest,
  RetentionRequest,
  RetrieveMoreRequest,
  RetrieveRequest,
} from "./requests.ts";
import type { ScrubRequest } from "./scrub-desk.ts";
import { RunningGateway } from "./running.ts";
import type { GatewayOptions } from "./settings.ts";
import {
  cartridgeView,
  countByState,
  driveView,
  elementViews,
  fencedText,
  libraryView,
  storeView,
  unstoredViews,
} from "./show.ts";
import type {
  BandwidthView,
  CartridgeView,
  CostsView,
  CreationRuleView,
  DriveView,
  ElementView,
  EstimateView,
  GatewayStatus,
  LibraryView,
  ModelView,
  PresetView,
  PoolView,
  SessionView,
  TargetView,
  UnstoredView,
} from "./views.ts";

/** Index of the first of sorted texts that is behind `text`. */
function firstBehind(sorted: readonly string[], text: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((sorted[middle] ?? "") <= text) low = middle + 1;
    else high = middle;
  }
  return low;
}

const operator: Actor = { who: "operator" };

/**
 * The gateway. `start` once, `stop` once. Everything else is answered between the two (Fault `gateway.not-running`
 * otherwise); queries answer at once from memory. Failures are Faults `gateway.…`, `store.…`, `library.…`, `network.…`
 * and `work.…`.
 */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #feed: EventFeed;
  #state: GatewayStatus["state"] = "starting";
  #running: RunningGateway | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#feed = new EventFeed(options.clock, options.log);
  }

  /** The tasks of this gateway; archive, retrieve and delete run as such. */
  get tasks(): TaskRegistry {
    return this.#now.parts.tasks;
  }

  /** Opens store and ledger, makes the first library, listens. Rejects and leaves nothing open when that fails. */
  async start(): Promise<void> {
    this.#running = await RunningGateway.start(this.#options, this.#feed);
    this.#state = "ready";
    this.#feed.publish("gateway.changed", "gateway", "the gateway is ready");
  }

  /** Orderly stop within `limits.stopTimeout`: initiators are asked to leave, drives flushed, uploads stopped. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  status(): GatewayStatus {
    const { parts, libraries, access, startedAt, storeAlarms } = this.#now;
    const { state } = parts.book;
    const drives = libraries.hosts().flatMap((host) => host.drives);
    storeAlarms.look();
    return {
      instance: state.instance?.name ?? "",
      fenced: fencedText(parts.store),
      state: this.#state,
      startedAt,
      portals: this.portals(),
      libraries: state.libraries.size,
      drives: drives.length,
      loadedDrives: drives.filter((drive) => drive.unit.state.kind !== "empty").length,
      cartridges: state.cartridges.size,
      cartridgesByState: countByState(state),
      sessions: access.sessions().length,
      runningTasks: parts.tasks.list().filter((task) => task.endedAt === undefined).length,
      trustedTime: parts.trusted.now(),
      store: storeView(parts.store, storeAlarms.timeToFull()),
      alarms: parts.alarms.list(),
    };
  }

  /** What would be lost if this machine were lost now, a cartridge per entry, the most first. */
  listUnstored(): readonly UnstoredView[] {
    return unstoredViews(this.#now.parts.book.state, this.#now.parts.store);
  }

  /** The bandwidth limits, and which hold now. */
  bandwidth(): BandwidthView {
    return bandwidthView(this.#now.parts);
  }

  /** Fixed limits; they count at once. Fault `store.bandwidth-bad`. */
  setBandwidth(change: BandwidthChange): Promise<BandwidthView> {
    return setBandwidth(this.#now.parts, change);
  }

  /** Fault `store.bandwidth-bad`. */
  addBandwidthInterval(interval: BandwidthInterval): Promise<BandwidthView> {
    return addBandwidthInterval(this.#now.parts, interval);
  }

  /** By number, from 1. Fault `gateway.bad-number`. */
  removeBandwidthInterval(number: number): Promise<BandwidthView> {
    return removeBandwidthInterval(this.#now.parts, number);
  }

  /** Back to the configured limits. */
  resetBandwidth(): Promise<BandwidthView> {
    return resetBandwidth(this.#now.parts);
  }

  /** Where the portals really listen. */
  portals(): readonly Endpoint[] {
    return this.#now.access.portals().map(({ endpoint }) => endpoint);
  }

  /** Events from now on. Fault `gateway.too-many-listeners`. */
  subscribe(): EventSubscription {
    return this.#feed.subscribe();
  }

  /** Changer and drive models that a library can have; the first of each kind is the default. */
  models(): readonly ModelView[] {
    return modelViews();
  }

  /** Backup products, and the libraries that they are known to take. */
  presets(): readonly PresetView[] {
    return presetViews();
  }

  listLibraries(): readonly LibraryView[] {
    const { parts, libraries, access } = this.#now;
    const sessions = access.sessions();
    return libraries.hosts().map((host) => libraryView(parts.book.state, host, sessions));
  }

  /** By name. Fault `gateway.library-unknown`. */
  getLibrary(name: string): LibraryView {
    const { parts, libraries, access } = this.#now;
    return libraryView(parts.book.state, libraries.named(name), access.sessions());
  }

  /** Fault `gateway.library-unknown`. */
  listElements(library: string): readonly ElementView[] {
    return elementViews(this.#now.parts.book.state, this.#now.libraries.named(library));
  }

  /** The keys that wrap data keys, each tried with a canary. */
  listKeys(): Promise<readonly KeyProbe[]> {
    return this.#now.keys.list();
  }

  /** Opens the data key of every cartridge. */
  checkKeys(actor: Actor = operator): TaskRecord {
    return this.#now.keys.check(actor);
  }

  /** Wraps every data key anew. Fault `gateway.key-provider-none`. */
  rotateKeys(renew: boolean, actor: Actor = operator): TaskRecord {
    return this.#now.keys.rotate(renew, actor);
  }

  /** Reads everything back. Faults `gateway.scrub-running`, `store.fenced`. */
  scrub(request: ScrubRequest, actor: Actor = operator): TaskRecord {
    return this.#now.scrubs.begin(request, actor);
  }

  /** What the last scrub came to, or has come to so far; undefined when there was none. */
  scrubReport(): Promise<ScrubReport | undefined> {
    return this.#now.scrubs.report();
  }

  /** All drives, or those of one library. */
  listDrives(library?: string): readonly DriveView[] {
    const { parts, libraries, access } = this.#now;
    const sessions = access.sessions();
    const hosts = library === undefined ? libraries.hosts() : [libraries.named(library)];
    return hosts.flatMap((host) => host.drives.map((drive) => driveView(parts.book.state, host, { drive, sessions })));
  }

  /** Faults `gateway.bad-name`, `…bad-number`, `…model-unknown`, `…library-exists`, `library.bad-shape`. */
  async createLibrary(request: LibraryRequest): Promise<LibraryView> {
    await this.#now.libraries.create(request);
    return this.getLibrary(request.name);
  }

  /** Faults `gateway.library-unknown`, `…library-shrink`, `…library-in-use`, `…topology-fixed`, `library.bad-shape`. */
  async changeLibrary(name: string, change: LibraryChange): Promise<LibraryView> {
    await this.#now.libraries.change(name, change);
    return this.getLibrary(name);
  }

  /** Fault `gateway.library-occupied` while cartridges are in it or on the way to it, `…library-busy` with sessions. */
  deleteLibrary(name: string): Promise<void> {
    return this.#now.libraries.delete(name);
  }

  /** Sorted by barcode. */
  listCartridges(filter: CartridgeFilter = {}): readonly CartridgeView[] {
    const { state } = this.#now.parts.book;
    const library = filter.library === undefined ? undefined : this.#now.libraries.named(filter.library).id;
    const { after, limit = Infinity, barcodePrefix = "" } = filter;
    const found: CartridgeView[] = [];
    const { sortedBarcodes: barcodes } = state;
    for (let index = after === undefined ? 0 : firstBehind(barcodes, after); index < barcodes.length; index++) {
      if (found.length >= limit) break;
      const cartridge = state.cartridge(barcodes[index] ?? "");
      const isWanted =
        (library === undefined || cartridge.library === library) &&
        (filter.state === undefined || cartridge.state === filter.state) &&
        (filter.pool === undefined || cartridge.pool === filter.pool) &&
        cartridge.barcode.startsWith(barcodePrefix);
      if (isWanted) found.push(this.#view(cartridge));
    }
    return found;
  }

  /** Fault `gateway.cartridge-unknown`. */
  getCartridge(barcode: string): CartridgeView {
    return this.#view(this.#now.cartridges.named(barcode));
  }

  /** Faults of what is asked for: `gateway.bad-number`, `…too-many`, `…size-bad`, `…barcode-…`, `…no-free-element`. */
  async createCartridges(request: CartridgeRequest): Promise<readonly CartridgeView[]> {
    const created = await this.#now.cartridges.create(request);
    return created.map((cartridge) => this.#view(cartridge));
  }

  /** From a mail slot to a storage slot (the first free one without a number). */
  async importCartridge(barcode: string, slot?: number): Promise<CartridgeView> {
    await this.#now.cartridges.import(barcode, slot, operator);
    return this.getCartridge(barcode);
  }

  /** Moves as the robot would: into a drive loads, out of a drive unloads, into a mail slot ejects. */
  async moveCartridge({ barcode, to }: MoveRequest): Promise<CartridgeView> {
    await this.#now.cartridges.move(barcode, to, operator);
    return this.getCartridge(barcode);
  }

  /** Into a drive (the first empty one without a number). */
  async loadCartridge(barcode: string, drive?: number): Promise<CartridgeView> {
    const to = { kind: "drive", ...(drive === undefined ? {} : { number: drive }) } as const;
    await this.#now.cartridges.move(barcode, to, operator);
    return this.getCartridge(barcode);
  }

  /** Out of its drive, to the slot it came from when that is free, else to the first free one. */
  async unloadCartridge(barcode: string): Promise<CartridgeView> {
    await this.#now.cartridges.unload(barcode, operator);
    return this.getCartridge(barcode);
  }

  /** Out of the library and onto the shelf. Resolves with the archive task once the eject is durable. */
  ejectCartridge(barcode: string, actor: Actor): Promise<TaskRecord> {
    return this.#now.cartridges.eject(barcode, actor);
  }

  /** Somebody has taken note of what a cartridge lost: it can be written again. Fault `gateway.cartridge-in-drive`. */
  async acceptLoss(barcode: string): Promise<CartridgeView> {
    await this.#now.cartridges.acceptLoss(barcode);
    return this.getCartridge(barcode);
  }

  /** Only while IN_TRANSIT: back into a slot of its library. */
  async cancelArchive(barcode: string): Promise<CartridgeView> {
    await this.#now.cartridges.cancelArchive(barcode, operator);
    return this.getCartridge(barcode);
  }

  /** From the shelf to a mail slot of a library, read-only. Resolves with the task once the request is durable. */
  retrieveCartridge(request: RetrieveRequest, actor: Actor): Promise<TaskRecord> {
    return this.#now.retrievals.retrieve(request, actor);
  }

  /** A writable cartridge that shares the data of an archived one until it is written over. */
  async cloneCartridge(request: CloneRequest, actor: Actor): Promise<CartridgeView> {
    return this.getCartridge(await this.#now.clones.clone(request, actor));
  }

  /** What an archive, retrieve, move or delete would cost. Changes nothing. */
  estimate(request: EstimateRequest): Promise<EstimateView> {
    return estimate(this.#now.parts, request);
  }

  /** What was asked of the object store since the start, and what it costs. */
  costs(): CostsView {
    return costsView(this.#now.parts);
  }

  /** More money, tape files or speed for what is RETRIEVED in part. */
  async retrieveMore(request: RetrieveMoreRequest, actor: Actor): Promise<CartridgeView> {
    await this.#now.retrievals.more(request, actor);
    return this.getCartridge(request.barcode);
  }

  /** Only while RETRIEVING: back to ARCHIVED. */
  async cancelRetrieve(barcode: string): Promise<CartridgeView> {
    await this.#now.retrievals.cancel(barcode, operator);
    return this.getCartridge(barcode);
  }

  /** Another shelf pool: never to a warmer class, never away from a running lock. */
  async assignPool(barcode: string, pool: string, actor: Actor): Promise<CartridgeView> {
    await this.#now.shelfDesk.assignPool(barcode, pool, actor);
    return this.getCartridge(barcode);
  }

  /** Deletes for ever. Resolves with the task once the deletion is durable. The README has the refusals. */
  deleteCartridge(barcode: string, options: Actor & { readonly bypassGovernance?: boolean }): Promise<TaskRecord> {
    return this.#now.shelfDesk.delete(barcode, options);
  }

  /** Takes a deletion back, until the bytes begin to go. */
  async undeleteCartridge(barcode: string, actor: Actor): Promise<CartridgeView> {
    await this.#now.shelfDesk.undelete(barcode, actor);
    return this.getCartridge(barcode);
  }

  /** Sets or clears a legal hold: nobody deletes the cartridge or writes on it. Not in a drive. */
  async setLegalHold(barcode: string, held: boolean, actor: Actor): Promise<CartridgeView> {
    await this.#now.shelfDesk.setLegalHold(barcode, held, actor);
    return this.getCartridge(barcode);
  }

  /** Sets or extends the retention lock of an archived cartridge; never shortens one of kind COMPLIANCE. */
  async retainCartridge(request: RetentionRequest, actor: Actor): Promise<CartridgeView> {
    await this.#now.shelfDesk.retain(request, actor);
    return this.getCartridge(request.barcode);
  }

  /** Rules of automatic creation, of one library or of all. */
  listCreationRules(library?: string): readonly CreationRuleView[] {
    return this.#now.creation.views(library);
  }

  /** Sets or replaces the rule of a prefix, and makes what it asks for. */
  async setCreationRule(request: CreationRuleRequest, actor: Actor): Promise<readonly CreationRuleView[]> {
    await this.#now.creation.set(request, actor);
    return this.listCreationRules(request.library);
  }

  /** Fault `gateway.rule-unknown`. */
  deleteCreationRule(library: string, prefix: string, actor: Actor): Promise<void> {
    return this.#now.creation.remove(library, prefix, actor);
  }

  listPools(): readonly PoolView[] {
    return poolViews(this.#now.parts.book.state);
  }

  /** Faults `gateway.bad-name`, `gateway.pool-exists`, `gateway.pool-retention`. */
  createPool(request: PoolRequest): Promise<PoolView> {
    return createPool(this.#now.parts, request);
  }

  /** Faults `gateway.pool-unknown`, `gateway.pool-built-in`, `gateway.pool-in-use`. */
  deletePool(name: string): Promise<void> {
    return deletePool(this.#now.parts, name);
  }

  /** All targets, or those of one library. */
  listTargets(library?: string): readonly TargetView[] {
    return this.#now.access.views(library);
  }

  /** By IQN. Fault `gateway.target-unknown`. */
  getTarget(name: string): TargetView {
    return this.#now.access.view(name);
  }

  /** Replaces the allow-list of a target; empty removes it. Closes sessions that it does not let in. */
  async setAllowList(target: string, initiators: readonly string[]): Promise<TargetView> {
    await this.#now.access.setAllowList(target, initiators);
    return this.getTarget(target);
  }

  /** Sets or replaces credentials; closes the sessions of that pair. */
  async setChap(request: ChapRequest): Promise<TargetView> {
    await this.#now.access.setChap(request);
    return this.getTarget(request.target);
  }

  /** Closes the sessions of that pair. Fault `gateway.chap-unknown`. */
  async removeChap(target: string, initiator: string): Promise<TargetView> {
    await this.#now.access.removeChap(target, initiator);
    return this.getTarget(target);
  }

  /** All sessions, or those of one target. */
  listSessions(target?: string): readonly SessionView[] {
    return this.#now.access.sessions(target);
  }

  /** Fault `gateway.session-unknown`. */
  disconnectSession(id: number): Promise<void> {
    return this.#now.access.disconnect(id);
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    this.#state = "stopping";
    await running?.stop();
    this.#state = "stopped";
    this.#feed.close();
  }

  #view(cartridge: CartridgeRecord): CartridgeView {
    const { parts, shelf } = this.#now;
    return cartridgeView(parts.book.state, cartridge, {
      store: parts.store,
      task: shelf.taskOf(cartridge.barcode),
      mirrorTask: shelf.mirrors.taskOf(cartridge.barcode),
      currency: parts.settings.prices.currency,
    });
  }

  get #now(): RunningGateway {
    if (this.#running === undefined || this.#state === "stopped") {
      throw gatewayFault("not-running", { state: this.#state });
    }
    return this.#running;
  }
}
