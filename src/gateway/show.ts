// SPDX-License-Identifier: Apache-2.0
// What the gateway shows of its state: views made of records and of what runs. Reads only.

import { defined, type Duration, endpointText, milliseconds, type Endpoint } from "#base/index.ts";
import type { SessionDescription } from "#iscsi/index.ts";
import type { CartridgeLoss, CartridgeStore } from "#store/index.ts";
import { portalGroupTag, type AccessRules } from "./access.ts";
import { isInLibrary, type CartridgeState } from "./cartridge-life.ts";
import { isWriteProtected, type DriveHost } from "./drive-host.ts";
import { partIds, storeId, usageOf } from "./cartridge-parts.ts";
import { changerKind, elementNumber, shownKind, shownKinds } from "./elements.ts";
import type { CartridgeRecord, CopyRecord, PoolRecord } from "./facts.ts";
import { firstAddressesOf } from "./library-plan.ts";
import type { LibraryHost } from "./library-host.ts";
import { driveName } from "./naming.ts";
import { areHeld, copyRetention, retentionOf } from "./retention.ts";
import type { GatewayState } from "./state.ts";
import type {
  LostObjectsView,
  CartridgeLossView,
  CartridgeView,
  CopyView,
  DriveView,
  ElementView,
  LibraryView,
  PlaceView,
  RetrievalView,
  SessionView,
  StoreView,
  TargetView,
  UnitView,
  UnstoredView,
} from "./views.ts";

/** One library. */
export function libraryView(state: GatewayState, host: LibraryHost, sessions: readonly SessionView[]): LibraryView {
  const { record, changer } = state.library(host.id);
  const free = (kind: "storage-slot" | "mail-slot"): number =>
    changer.elements(kind).filter(({ occupant }) => occupant === undefined).length;
  return {
    id: record.id,
    name: record.name,
    changerModel: record.changerModel,
    changerSerial: host.changerSerial,
    driveModel: record.driveModel,
    topology: record.topology,
    durability: record.durability ?? "local",
    firstAddresses: firstAddressesOf(record),
    drives: host.drives.map((drive) => driveView(state, host, { drive, sessions })),
    storageSlots: record.shape["storage-slot"].count,
    mailSlots: record.shape["mail-slot"].count,
    freeStorageSlots: free("storage-slot"),
    freeMailSlots: free("mail-slot"),
    cartridges: changer.cartridgeCount,
    changerTarget: host.changerTarget,
    createdAt: record.createdAt,
  };
}

/** One drive. */
export function driveView(
  state: GatewayState,
  host: LibraryHost,
  { drive, sessions }: { readonly drive: DriveHost; readonly sessions: readonly SessionView[] },
): DriveView {
  const { record, changer } = state.library(host.id);
  const { number } = drive.record;
  const { target, lun } = host.drivePlace(number);
  const { bytesWritten, bytesRead } = drive.unit.statistics;
  return {
    id: drive.record.id,
    library: record.name,
    number,
    name: driveName(number),
    model: record.driveModel,
    serial: drive.serial,
    element: drive.address,
    target,
    lun,
    state: driveStateOf(drive),
    cartridge: changer.elementAt(drive.address)?.occupant?.barcode,
    sessions: sessions.filter((session) => session.target === target).length,
    bytesWritten,
    bytesRead,
  };
}

function driveStateOf(drive: DriveHost): DriveView["state"] {
  if (drive.failure !== undefined) return "failed";
  if (drive.isLoading) return "loading";
  const { kind } = drive.unit.state;
  if (kind === "loaded") return "ready";
  return kind === "unusable" ? "failed" : kind;
}

/** All elements of a library. */
export function elementViews(state: GatewayState, host: LibraryHost): readonly ElementView[] {
  const { changer } = state.library(host.id);
  return shownKinds.flatMap((kind) =>
    changer.elements(changerKind(kind)).map((element) => ({
      address: element.address,
      kind,
      number: elementNumber(changer, element),
      cartridge: element.occupant?.barcode,
      cameFrom: element.cameFrom,
    })),
  );
}

/** What a cartridge is shown with. */
interface CartridgeShown {
  readonly store: CartridgeStore;
  /** What works on it. */
  readonly task: string | undefined;
  /** What works on its copies. */
  readonly mirrorTask: string | undefined;
  readonly currency: string;
}

/** One cartridge. */
export function cartridgeView(
  state: GatewayState,
  cartridge: CartridgeRecord,
  { store, task, mirrorTask, currency }: CartridgeShown,
): CartridgeView {
  const pool = defined(state.pools.get(cartridge.pool), `pool ${cartridge.pool} exists`);
  const retention = retentionOf(cartridge, pool);
  const id = storeId(cartridge);
  const usage = usageOf(store, cartridge);
  const unstored = (usage?.dirtyBytes ?? 0) === 0 ? undefined : store.unstored().find((data) => data.id === id);
  const point = usage?.recoveryPoint;
  const loss = usage && store.lossOf(id);
  const lostObjects = lostViews(store, cartridge);
  return {
    id: cartridge.id,
    barcode: cartridge.barcode,
    state: cartridge.state,
    place: placeOf(state, cartridge),
    library: state.libraries.get(cartridge.library)?.record.name,
    writeOnce: cartridge.writeOnce,
    pool: cartridge.pool,
    storageClass: usage?.storageClass ?? "STANDARD",
    sizeBytes: cartridge.sizeBytes,
    usedBytes: usage?.sizeBytes ?? 0,
    uploadedBytes: usage?.storedBytes ?? 0,
    dirtyBytes: usage?.dirtyBytes ?? 0,
    unstoredObjects: unstored?.objects ?? 0,
    unstoredAge: unstored?.age,
    recoveryPointAt: usage?.recoveryPoint?.at,
    writeProtected: isWriteProtected(cartridge) || loss !== undefined || store.fenced !== undefined,
    condition: conditionOf(loss, lostObjects),
    loss: loss && lossView(loss),
    lostObjects,
    recoveryPoint: point && { at: point.at, objects: point.objects, files: point.files, bytes: point.sizeBytes },
    createdAt: cartridge.createdAt,
    archivedAt: cartridge.archivedAt,
    lockedUntil: retention?.until,
    lock: retention?.mode ?? "NONE",
    legalHold: cartridge.legalHold === true,
    isLockedInStore: areHeld(cartridge.objectLocks),
    copies: copyViews(cartridge, pool, mirrorTask),
    clonedFrom: cartridge.clonedFrom,
    retrieval: retrievalView(cartridge, currency),
    deleteAt: cartridge.deletion?.at,
    changedAt: cartridge.changedAt,
    task,
  };
}

/** The copies that there are, and the one that the pool asks for. */
function copyViews(cartridge: CartridgeRecord, pool: PoolRecord, task: string | undefined): readonly CopyView[] {
  const { copies = [], archivedAt } = cartridge;
  const { mirror } = pool;
  const isWanted = mirror !== undefined && archivedAt !== undefined;
  const wanted = isWanted && copies.every(({ store }) => store !== mirror.store) ? [mirror] : [];
  return [...copies, ...wanted].map((copy: CopyRecord) => {
    const { store, storageClass, at, objectLocks } = copy;
    const retention = copyRetention(copy, cartridge, pool);
    return {
      store,
      storageClass,
      state: at === undefined ? "waiting" : "complete",
      completeAt: at,
      lock: retention?.mode ?? "NONE",
      lockedUntil: retention?.until,
      isLockedInStore: areHeld(objectLocks),
      task,
    };
  });
}

function retrievalView({ retrieval, tier }: CartridgeRecord, currency: string): RetrievalView | undefined {
  if (retrieval === undefined || retrieval === null) return undefined;
  const { kind, files, ranges, spent, moneyLimit } = retrieval;
  const segments = kind === "whole" ? undefined : ranges.reduce((sum, [first, end]) => sum + end - first, 0);
  const range = { firstFile: files?.first, lastFile: files?.last };
  return { kind, tier: tier ?? "Standard", ...range, segments, spent, moneyLimit, currency };
}

function conditionOf(
  loss: CartridgeLoss | undefined,
  lostObjects: readonly LostObjectsView[],
): CartridgeView["condition"] {
  if (loss !== undefined) return loss.firstLost === 0 ? "IRRECOVERABLE" : "RECOVERED";
  return lostObjects.length > 0 ? "DAMAGED" : "GOOD";
}

function lostViews(store: CartridgeStore, cartridge: CartridgeRecord): readonly LostObjectsView[] {
  return partIds(cartridge).flatMap((id, partition) => {
    const lost = store.has(id) ? (store.usage(id).lost ?? []) : [];
    return lost.map(({ first, end, at }) => ({ partition, first, last: end - 1, at }));
  });
}

const lossView = ({ sizeBytes, ...loss }: CartridgeLoss): CartridgeLossView => ({ ...loss, bytes: sizeBytes });

/** Where a cartridge is. What is in no element is on the shelf or on its way there. */
export function placeOf(state: GatewayState, cartridge: CartridgeRecord): PlaceView {
  const library = state.libraries.get(cartridge.library);
  const element = isInLibrary(cartridge.state) ? library?.changer.find(cartridge.barcode) : undefined;
  if (library === undefined || element === undefined) return { kind: "shelf", pool: cartridge.pool };
  const kind = shownKind(element.kind);
  if (kind === "picker") return { kind: "shelf", pool: cartridge.pool };
  return {
    kind: "element",
    library: library.record.name,
    element: kind,
    number: elementNumber(library.changer, element),
    address: element.address,
  };
}

/** How many cartridges there are in each state. */
export function countByState(state: GatewayState): Readonly<Record<CartridgeState, number>> {
  const counts: Record<CartridgeState, number> = {
    AVAILABLE: 0,
    IN_TRANSIT: 0,
    ARCHIVING: 0,
    ARCHIVED: 0,
    RETRIEVING: 0,
    RETRIEVED: 0,
    DELETING: 0,
  };
  for (const cartridge of state.cartridges.values()) counts[cartridge.state] += 1;
  return counts;
}

/** A session of an initiator at a target; discovery sessions are not shown. */
export function sessionView(session: SessionDescription): readonly SessionView[] {
  const { id, targetName, initiatorName, isid, remote, since } = session;
  if (session.type !== "normal" || targetName === undefined) return [];
  const remoteAddress = endpointText(remote);
  return [{ id, target: targetName, initiator: initiatorName, isid, remoteAddress, since }];
}

/** What a target view is made of. */
export interface TargetParts {
  readonly host: LibraryHost;
  readonly name: string;
  readonly rules: AccessRules;
  readonly portals: readonly Endpoint[];
  readonly sessions: readonly SessionView[];
}

/** One target. */
export function targetView({ host, name, rules, portals, sessions }: TargetParts): TargetView {
  const changer: UnitView = { lun: 0, kind: "changer", device: "changer", serial: host.changerSerial };
  const drives = host.drives.flatMap((drive): readonly UnitView[] => {
    const place = host.drivePlace(drive.record.number);
    if (place.target !== name) return [];
    return [{ lun: place.lun, kind: "drive", device: driveName(drive.record.number), serial: drive.serial }];
  });
  return {
    name,
    library: host.record.name,
    units: [...(name === host.changerTarget ? [changer] : []), ...drives],
    portals,
    portalGroupTag,
    allow: rules.allow,
    chap: rules.chap.map(({ initiator, user, mutual }) => {
      return { target: name, initiator, user: user ?? initiator, mutual: mutual !== undefined };
    }),
    sessions: sessions.filter((session) => session.target === name),
  };
}

/** What would be lost with this machine, the most first. */
export function unstoredViews(state: GatewayState, store: CartridgeStore): readonly UnstoredView[] {
  const barcodes = new Map(
    [...state.cartridges.values()].flatMap((each) => partIds(each).map((part) => [part, each.barcode] as const)),
  );
  return store.unstored().map(({ id, bytes, objects, age, recoveryPoint }) => ({
    barcode: barcodes.get(id) ?? id,
    bytes,
    objects,
    age,
    recoveryPointObjects: recoveryPoint?.objects ?? 0,
    recoveryPointAt: recoveryPoint?.at,
  }));
}

/** To a tenth of a percent. */
const percentOf = (part: number, whole: number): number => (whole > 0 ? Math.round((part / whole) * 1000) / 10 : 0);

/** Who has taken over, if anybody has. */
export const fencedText = ({ fenced }: CartridgeStore): string | undefined =>
  fenced && `${fenced.host} has taken over at ${fenced.at} (epoch ${fenced.epoch})`;

/** The store at one glance. */
export function storeView(store: CartridgeStore, timeToFull: Duration | undefined): StoreView {
  const totals = store.totals();
  const unstored = store.unstored();
  const { damage } = store;
  const reads = totals.cacheHits + totals.cacheMisses;
  return {
    uploadBufferPercent: percentOf(totals.uploadBufferUsed, totals.uploadBufferSize),
    timeToFull,
    cacheHitPercent: reads === 0 ? 100 : percentOf(totals.cacheHits, reads),
    cacheDirtyPercent: percentOf(totals.uploadBufferUsed, totals.cacheUsed),
    diskFree: totals.diskFree,
    diskReserve: totals.diskReserve,
    unstoredBytes: unstored.reduce((sum, { bytes }) => sum + bytes, 0),
    unstoredCartridges: unstored.length,
    uploadBufferUsed: totals.uploadBufferUsed,
    uploadBufferSize: totals.uploadBufferSize,
    cacheUsed: totals.cacheUsed,
    cacheSize: totals.cacheSize,
    uploadedBytes: totals.uploadedBytes,
    fetchedBytes: totals.fetchedBytes,
    evictedBytes: totals.evictedBytes,
    uploadLag: milliseconds(totals.uploadLag),
    trouble: totals.uploadFailure?.message,
    damage: { ...damage, waiting: damage.waiting.length },
  };
}
