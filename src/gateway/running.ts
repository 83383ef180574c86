// SPDX-License-Identifier: Apache-2.0
// A gateway between start and stop: brings its parts up in the order they need each other, and down again in reverse.
// No file of a cartridge is touched before the portals answer but of those in drives, so that a start takes as long with
// 1,500 cartridges as with none; drives become ready in the background.

import { endpointText, isLoopback, limits, milliseconds, randomId, type Instant } from "#base/index.ts";
import { SessionRegistry, TargetPortal } from "#iscsi/index.ts";
import {
  type CartridgeId,
  type CartridgeLoss,
  CartridgeStore,
  type CopyPlace,
  CountedObjects,
  type ObjectStore,
  type RequestCounter,
  type Fenced,
  type SegmentDamage,
  cartridgeOfSegment,
  type StorageClass,
  type StoreSettings,
  type ThawCount,
} from "#store/index.ts";
import { TaskRegistry } from "#work/index.ts";
import { isOpenPortal, PortalDirectory } from "./access.ts";
import { AccessDesk } from "./access-desk.ts";
import { hasAnyRule } from "./access-rules.ts";
import { AlarmBoard } from "./alarms.ts";
import { checkBeginning, openingLedger } from "./beginning.ts";
import { Book } from "./book.ts";
import { barcodeOf, wholeIdOf } from "./cartridge-parts.ts";
import { storeFolder } from "./check-up.ts";
import { CartridgeDesk } from "./cartridge-desk.ts";
import { CostBook } from "./cost-book.ts";
import { CloneDesk } from "./clone-desk.ts";
import { CreationDesk } from "./creation-desk.ts";
import { DemandDesk } from "./demand.ts";
import type { EventFeed } from "./event-feed.ts";
import { gatewayFault } from "./faults.ts";
import { LibraryDesk } from "./library-desk.ts";
import { checkAuthority, checkName } from "./naming.ts";
import type { GatewayParts } from "./parts.ts";
import type { Move } from "#library/index.ts";
import { reconcile } from "./reconcile.ts";
import { RetrieveDesk } from "./retrieve-desk.ts";
import type { GatewayOptions, PortalSettings } from "./settings.ts";
import { ScrubDesk } from "./scrub-desk.ts";
import { Shelf } from "./shelf.ts";
import { ShelfDesk } from "./shelf-desk.ts";
import { KeyDesk } from "./key-desk.ts";
import { damageText, StoreAlarms } from "./store-alarms.ts";
import type { GatewayState } from "./state.ts";
import { taskKeeper } from "./task-keeper.ts";
import { TrustedClock } from "./trusted-clock.ts";
import { within } from "./within.ts";

const instanceDigits = 8;

/** The parts of a gateway that runs. */
export class RunningGateway {
  readonly parts: GatewayParts;
  readonly access: AccessDesk;
  readonly libraries: LibraryDesk;
  readonly cartridges: CartridgeDesk;
  readonly clones: CloneDesk;
  readonly creation: CreationDesk;
  readonly shelf: Shelf;
  readonly shelfDesk: ShelfDesk;
  readonly storeAlarms: StoreAlarms;
  readonly keys: KeyDesk;
  readonly scrubs: ScrubDesk;
  readonly retrievals: RetrieveDesk;
  readonly startedAt: Instant;
  readonly #options: GatewayOptions;
  readonly #registry = new SessionRegistry();
  readonly #portals: TargetPortal[] = [];

  /** Brings a gateway up. Rejects and leaves nothing open when that fails. */
  static async start(options: GatewayOptions, feed: EventFeed): Promise<RunningGateway> {
    checkAuthority(options.settings.namingAuthority);
    const { clock, random, log, disk, sealing, settings } = options;
    const book = await openingLedger("gateway.ledger", settings.home, Book.open(disk, log));
    const costs = await CostBook.open({ disk, clock, log });
    const { counter } = costs;
    const known: { store?: CartridgeStore } = {};
    const objects = new CountedObjects(options.objects, counter, { classOf: (key) => classIn(known.store, key) });
    const mirrors = countedMirrors(options.mirrors, counter, book.state);
    const thawed = (count: ThawCount): void => counter.noteThawed(count);
    let store: CartridgeStore;
    let isNew: boolean;
    let wake = (): void => {};
    let leave = (): void => {};
    try {
      await checkBeginning(book.state, { ...options, objects });
      isNew = await nameInstance(book, options);
      store = new CartridgeStore(
        { disk, objects, mirrors, clock, random, log, sealing },
        {
          ...storeSettings(book, options, { feed, active: () => wake(), fenced: () => leave() }),
          thawed,
          copiesOf: (id) => copiesOf(book.state, id),
        },
      );
      await openingLedger(`${storeFolder}/store.ledger`, settings.home, store.open());
    } catch (error) {
      await costs.close();
      await book.close();
      throw error;
    }
    known.store = store;
    book.tell = (facts, sequence) => store.tell(facts, sequence);
    book.checkChange = () => store.checkChange();
    const earlier = [...book.state.tasks.values()];
    const tasks = new TaskRegistry({ clock, random, log, keeper: taskKeeper(book), earlier });
    const trusted = new TrustedClock({ clock, log, book, feed });
    const alarms = new AlarmBoard({ clock, log, feed });
    const { abilities } = objects;
    const shared = { clock, random, log, settings, book, store, tasks, feed };
    const parts: GatewayParts = { ...shared, mirrors, trusted, costs, abilities, alarms };
    const running = new RunningGateway(options, parts);
    wake = () => running.storeAlarms.wake();
    try {
      await trusted.keep();
      await reconcile(book.state, store, log);
      if (isNew) await running.#makeFirstLibrary();
      leave = () => running.#leave();
      await running.#goToWork();
    } catch (error) {
      await running.stop();
      throw error;
    }
    return running;
  }

  private constructor(options: GatewayOptions, parts: GatewayParts) {
    this.#options = options;
    this.parts = parts;
    this.startedAt = parts.clock.now();
    this.access = new AccessDesk(parts, this.#registry, () => this.libraries);
    this.shelf = new Shelf(parts, (library) => this.libraries.withId(library)?.changer.mailSlotsAccessed());
    const instance = parts.book.state.instance?.name ?? "";
    const demand = new DemandDesk(parts);
    this.libraries = new LibraryDesk(parts, {
      naming: { authority: parts.settings.namingAuthority, instance },
      watcher: this.access,
      tellsPowerOn: (target, initiator) => this.access.tellsPowerOn(target, initiator),
      moved: (moves, ejected, who) => this.#moved(moves, ejected, who),
      policyFor: (cartridge) => demand.policyFor(cartridge),
    });
    this.cartridges = new CartridgeDesk(parts, this.libraries, this.shelf);
    this.clones = new CloneDesk(parts, this.libraries, this.shelf);
    this.creation = new CreationDesk(parts, this.libraries, this.cartridges);
    this.shelfDesk = new ShelfDesk(parts, this.libraries, this.shelf);
    this.storeAlarms = new StoreAlarms(parts, parts.alarms);
    this.keys = new KeyDesk(parts);
    this.scrubs = new ScrubDesk(parts);
    this.retrievals = new RetrieveDesk(parts, { libraries: this.libraries, shelf: this.shelf, demand });
  }

  /** Brings everything down, within `limits.stopTimeout`. What fails or takes too long is logged and left behind. */
  async stop(): Promise<void> {
    this.access.stopServing();
    this.shelf.stop();
    this.parts.trusted.stop();
    this.storeAlarms.stop();
    this.keys.stop();
    this.scrubs.stop();
    const { clock, tasks, store, book, costs } = this.parts;
    const deadline = clock.monotonic() + limits.stopTimeout;
    const steps: readonly (readonly [name: string, run: () => Promise<unknown>])[] = [
      ["closing the portals", () => Promise.all(this.#portals.map((portal) => portal.close(limits.logoutGrace)))],
      ["stopping the tasks", () => tasks.stop()],
      ["flushing the drives", () => Promise.all(this.libraries.hosts().map((host) => host.putToRest()))],
      ["closing the store", () => store.close()],
      ["closing the ledger", () => book.close()],
      ["keeping the counts", () => costs.close()],
    ];
    for (const [name, run] of steps) {
      try {
        const rest = milliseconds(Math.max(deadline - clock.monotonic(), 1));
        if (!(await within(clock, rest, run()))) this.parts.log.error(`${name} took too long and was left`);
      } catch (error) {
        this.parts.log.error(`${name} failed`, {}, error);
      }
    }
  }

  /** Another machine is the gateway now: hosts are asked to log out, and whoever comes again finds nobody here. */
  #leave(): void {
    const { log } = this.parts;
    for (const portal of this.#portals) {
      portal.close(limits.logoutGrace).catch((error: unknown) => log.error("a portal could not be closed", {}, error));
    }
  }

  async #makeFirstLibrary(): Promise<void> {
    const first = this.parts.settings.firstLibrary;
    if (first === undefined) return;
    const { record } = await this.libraries.create(first.library);
    if (first.cartridges > 0) await this.cartridges.create({ library: record.name, count: first.cartridges });
  }

  async #goToWork(): Promise<void> {
    const { settings, log } = this.parts;
    const portals = settings.portals;
    for (const portal of portals) this.#checkPortal(portal);
    for (const host of this.libraries.hosts()) {
      host
        .loadAtStart()
        .then(() =>
          this.parts.feed.publish("drive.changed", host.record.name, `the drives of ${host.record.name} are ready`),
        )
        .catch((error: unknown) => log.error("cartridges could not be loaded", {}, error));
    }
    for (const portal of portals) await this.#open(portal);
    if (this.parts.store.fenced !== undefined) this.#leave();
    this.storeAlarms.wake();
    this.keys.start();
    this.scrubs.start();
    this.shelf.resume();
    this.creation.followAll().catch((error: unknown) => log.error("creation rules could not be followed", {}, error));
  }

  /** A portal that strangers can reach needs a rule that keeps them out. Targets without one are closed there. */
  #checkPortal(portal: PortalSettings): void {
    if (isOpenPortal(portal) || hasAnyRule(this.parts.book.state, this.parts.settings.access)) return;
    throw gatewayFault("portal-open", { address: endpointText(portal.listen) });
  }

  async #open(settings: PortalSettings): Promise<void> {
    const { network, clock, random, log } = this.#options;
    const directory = new PortalDirectory(this.access, settings);
    const registry = this.#registry;
    const portal = await TargetPortal.open(settings.listen, { network, clock, random, log, directory, registry });
    this.#portals.push(portal);
    this.access.addPortal({ settings, endpoint: portal.endpoint });
    const address = endpointText(portal.endpoint);
    log.info(`iSCSI portal ${address} is open`, { portal: address, loopback: isLoopback(settings.listen.host) });
  }

  /** What left a mail slot for the inside of its library may be missed there. */
  #follow(moves: readonly Move[]): void {
    const { book, log } = this.parts;
    const imported = moves.filter(({ source, destination }) => {
      return source.kind === "mail-slot" && destination.kind !== "mail-slot";
    });
    for (const library of new Set(imported.map(({ occupant }) => book.state.cartridge(occupant.barcode).library))) {
      this.creation
        .follow(library)
        .catch((error: unknown) => log.error("creation rules could not be followed", {}, error));
    }
  }

  /** After a move by the robot: tells of it and starts what an eject asks for. */
  #moved(moves: readonly Move[], ejected: readonly string[], who: string): void {
    for (const { occupant, source, destination } of moves) {
      const text = `cartridge ${occupant.barcode} went from element ${source.address} to ${destination.address}`;
      this.parts.feed.publish("cartridge.moved", occupant.barcode, text);
      for (const { kind, address } of [source, destination]) {
        if (kind !== "drive-bay") continue;
        const change = address === source.address ? "is empty" : `holds ${occupant.barcode}`;
        this.parts.feed.publish("drive.changed", String(address), `the drive at element ${address} ${change}`);
      }
    }
    this.#follow(moves);
    for (const barcode of ejected) {
      const { state } = this.parts.book.state.cartridge(barcode);
      this.parts.feed.publish("cartridge.changed", barcode, `cartridge ${barcode} is ${state}`);
      this.shelf.begin(barcode, who);
    }
  }
}

function countedMirrors(
  mirrors: ReadonlyMap<string, ObjectStore> | undefined,
  counter: RequestCounter,
  state: GatewayState,
): ReadonlyMap<string, ObjectStore> {
  const classOf = (store: string, key: string): StorageClass | undefined => {
    const id = cartridgeOfSegment(key);
    const copies = id && state.mirrored.get(wholeIdOf(id))?.copies;
    return copies?.find((copy) => copy.store === store)?.storageClass;
  };
  const counted = (store: string, objects: ObjectStore): ObjectStore =>
    new CountedObjects(objects, counter, { store, classOf: (key) => classOf(store, key) });
  return new Map([...(mirrors ?? [])].map(([store, objects]) => [store, counted(store, objects)]));
}

/** The class that an object of the first store is in, as far as is known without asking. */
function classIn(store: CartridgeStore | undefined, key: string): StorageClass | undefined {
  const id = cartridgeOfSegment(key);
  return id !== undefined && store?.has(id) === true ? store.usage(id).storageClass : undefined;
}

/** The complete copies of a stored cartridge beside the first. */
function copiesOf(state: GatewayState, id: CartridgeId): readonly CopyPlace[] {
  if (state.mirrored.size === 0) return [];
  return state.mirrored.get(wholeIdOf(id))?.copies?.filter(({ at }) => at !== undefined) ?? [];
}

interface Listeners {
  readonly feed: EventFeed;
  /** Something happens in the store. */
  readonly active: () => void;
  /** Another machine is the gateway now. */
  readonly fenced: () => void;
}

/** What the store is told, and how it asks about the gateway that it belongs to. */
function storeSettings(
  book: Book,
  { settings, log }: GatewayOptions,
  { feed, active, fenced: taken }: Listeners,
): StoreSettings {
  const { cacheBytes, uploadBufferBytes, uploadDelay, diskReserveBytes, storeSizes, host } = settings;
  const bandwidth = book.state.bandwidth ?? settings.bandwidth;
  const name = book.state.instance?.name ?? "";
  const named = (id: CartridgeId): string | undefined => barcodeOf(book.state.cartridges.values(), id);
  const owner = {
    name,
    host,
    facts: () => book.toldFacts(),
    sequence: () => book.sequence,
    lost: (id: CartridgeId, loss: CartridgeLoss) => {
      const barcode = named(id);
      if (barcode === undefined) return;
      const text = `cartridge ${barcode} lost what was behind object ${loss.firstLost}: ${loss.reason}`;
      feed.publish("cartridge.damaged", barcode, text);
    },
    damaged: (damage: SegmentDamage) => {
      const barcode = named(damage.id);
      if (barcode === undefined) return;
      const kind = damage.outcome === "healed" ? "cartridge.healed" : "cartridge.damaged";
      feed.publish(kind, barcode, damageText(barcode, damage));
      active();
    },
    fenced: (fenced: Fenced) => {
      const text = `${fenced.host} has taken over gateway ${name} (epoch ${fenced.epoch}) at ${fenced.at}`;
      log.error(`${text}; nothing can be changed here any more`);
      feed.publish("gateway.fenced", name, text);
      active();
      taken();
    },
  };
  return { owner, active, cacheBytes, uploadBufferBytes, uploadDelay, diskReserveBytes, bandwidth, ...storeSizes };
}

/** Gives a new installation its name. True when it is new. */
async function nameInstance(book: Book, { settings, random, clock }: GatewayOptions): Promise<boolean> {
  if (book.state.instance !== undefined) return false;
  const name = settings.instance ?? randomId(random).slice(0, instanceDigits);
  checkName("instance", name);
  await book.change(() => ({ facts: [{ kind: "instance", name, createdAt: clock.now() }], result: undefined }));
  return true;
}
