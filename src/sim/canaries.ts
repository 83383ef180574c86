// SPDX-License-Identifier: Apache-2.0
// Gateways that are broken on purpose. Each breaks one promise in a way that ordinary tests do not see. The checkers of
// the simulation must find every one of them, or the alarm does not work.

import { between, type Duration, isFault, type Random } from "#base/index.ts";
import {
  expectedEnd,
  sealJobs,
  type Disk,
  type DiskFile,
  type ObjectInfo,
  objectKey,
  type ObjectStore,
  type ObjectVersion,
} from "#store/index.ts";
import type { Canary } from "./world.ts";

const saltLength = 16;

/** A disk whose files are wrapped. */
function withFiles(disk: Disk, wrap: (path: string, file: DiskFile) => DiskFile): Disk {
  return {
    directAlignment: disk.directAlignment,
    open: async (path, options) => wrap(path, await disk.open(path, options)),
    rename: (from, to) => disk.rename(from, to),
    remove: (path) => disk.remove(path),
    list: (folder) => disk.list(folder),
    makeFolder: (path) => disk.makeFolder(path),
    removeFolder: (path) => disk.removeFolder(path),
    syncFolder: (path) => disk.syncFolder(path),
    freeBytes: () => disk.freeBytes(),
  };
}

function withSync(file: DiskFile, sync: () => Promise<void>): DiskFile {
  return {
    write: (offset, parts) => file.write(offset, parts),
    read: (offset, into) => file.read(offset, into),
    sync,
    size: () => file.size(),
    truncate: (size) => file.truncate(size),
    close: () => file.close(),
  };
}

function withWrite(file: DiskFile, write: (file: DiskFile, ...args: Parameters<DiskFile["write"]>) => Promise<void>) {
  return {
    ...withSync(file, () => file.sync()),
    write: (...args: Parameters<DiskFile["write"]>) => write(file, ...args),
  };
}

async function dropWhenFull(file: DiskFile, ...args: Parameters<DiskFile["write"]>): Promise<void> {
  try {
    await file.write(...args);
  } catch (error) {
    if (!isFault(error, "store.disk-full")) throw error;
  }
}

/** A disk that loses every third segment that was written and closed. */
function evictEarly(disk: Disk): Disk {
  let closed = 0;
  return {
    ...withFiles(disk, (_path, file) => file),
    open: async (path, options) => {
      const file = await disk.open(path, options);
      if (!path.endsWith(".segment") || options.mode === "read") return file;
      const close = async (): Promise<void> => {
        await file.close();
        closed += 1;
        if (closed % 3 === 0) await disk.remove(path);
      };
      return { ...withSync(file, () => file.sync()), close };
    },
  };
}

/** Randomness whose every third salt is the one before. */
function sometimesTheSame(random: Random): Random {
  let draws = 0;
  let last: Uint8Array | undefined;
  return {
    below: (limit) => random.below(limit),
    bytes: (count) => {
      if (count !== saltLength) return random.bytes(count);
      draws += 1;
      if (last === undefined || draws % 3 !== 0) last = random.bytes(count);
      return last.slice();
    },
  };
}

/** An object store that puts an entry of the log only when the next one comes, and says that it has. */
function withLateLog(objects: ObjectStore): ObjectStore {
  type Put = Parameters<ObjectStore["put"]>;
  let late: Put | undefined;
  return withMethods(objects, {
    put: async (key, sizeBytes, content, options) => {
      if (!key.includes("/log/")) return objects.put(key, sizeBytes, content, options);
      const parts: Uint8Array[] = [];
      for await (const part of content) parts.push(part.slice());
      const again: AsyncIterable<Uint8Array> = {
        async *[Symbol.asyncIterator]() {
          yield* parts;
        },
      };
      const now: Put = [key, sizeBytes, again, options];
      // Each put is one, so that only what it leads to can tell.
      const { condition: _, ...anyhow } = options;
      const first: Put = [objectKey("late"), sizeBytes, again, anyhow];
      const version = await objects.put(...(late ?? first));
      late = now;
      return version;
    },
  });
}

/** An object store that says yes to every third upload, and to every question about it, and stores nothing. */
function forgetful(objects: ObjectStore): ObjectStore {
  let puts = 0;
  const lost = new Map<string, ObjectInfo>();
  return {
    abilities: objects.abilities,
    put: async (key, sizeBytes, content, options) => {
      puts += 1;
      if (puts % 3 !== 0) return objects.put(key, sizeBytes, content, options);
      for await (const part of content) void part;
      const { storageClass, retention, legalHold = false } = options;
      const end = expectedEnd(objects.abilities, sizeBytes, options);
      const version = `lost ${puts}` as ObjectVersion;
      lost.set(key, { key, ...end, storageClass, thaw: { kind: "warm" }, version, retention, legalHold });
      return version;
    },
    get: (key, offset, length, signal) => objects.get(key, offset, length, signal),
    head: async (key) => lost.get(key) ?? objects.head(key),
    list: (prefix, after, limit) => objects.list(prefix, after, limit),
    delete: (key, how) => objects.delete(key, how),
    setRetention: async (key, retention, how) => {
      const info = lost.get(key);
      if (info === undefined) return objects.setRetention(key, retention, how);
      lost.set(key, { ...info, retention });
    },
    setLegalHold: async (key, isHeld) => {
      const info = lost.get(key);
      if (info === undefined) return objects.setLegalHold(key, isHeld);
      lost.set(key, { ...info, legalHold: isHeld });
    },
    changeClass: async (key, storageClass) => {
      const info = lost.get(key);
      if (info === undefined) return objects.changeClass(key, storageClass);
      lost.set(key, { ...info, storageClass });
    },
    thaw: async (key, tier, keep) => (lost.has(key) ? undefined : objects.thaw(key, tier, keep)),
  };
}

/** An object store whose answers are its own; `change` replaces some methods. */
const withMethods = (objects: ObjectStore, change: Partial<ObjectStore>): ObjectStore => ({
  abilities: objects.abilities,
  put: (...request) => objects.put(...request),
  get: (...request) => objects.get(...request),
  head: (...request) => objects.head(...request),
  list: (...request) => objects.list(...request),
  delete: (...request) => objects.delete(...request),
  setRetention: (...request) => objects.setRetention(...request),
  setLegalHold: (...request) => objects.setLegalHold(...request),
  changeClass: (...request) => objects.changeClass(...request),
  thaw: (...request) => objects.thaw(...request),
  ...change,
});

/** The canaries by name, for `--canary NAME`. */
export const canaries: Readonly<Record<string, Canary>> = {
  "no-sync": {
    title: "acknowledges without waiting for the disk",
    disk: (disk) => withFiles(disk, (_path, file) => withSync(file, () => Promise.resolve())),
  },
  "no-data-sync": {
    title: "syncs its journals, and not the segments with the hosts' data",
    disk: (disk) =>
      withFiles(disk, (path, file) => (path.endsWith(".segment") ? withSync(file, () => Promise.resolve()) : file)),
  },
  "no-folder-sync": {
    title: "does not sync folders, so that new files may vanish",
    disk: (disk) => ({ ...withFiles(disk, (_path, file) => file), syncFolder: () => Promise.resolve() }),
  },
  "no-authentication": {
    title: "hands out what an object store has changed",
    sealJobs: {
      ...sealJobs,
      openFrame: (input) => {
        const opened = sealJobs.openFrame(input);
        return typeof opened === "string" ? input.frame.slice(0, input.sourceLength) : opened;
      },
    },
  },
  "same-salt": {
    title: "seals each third object with the salt of the one before",
    salts: sometimesTheSame,
  },
  "trusts-clock": {
    title: "reckons the time of locks by its machine's time of day",
    clock: (clock) => {
      const [since, start] = [clock.now(), clock.monotonic()];
      const elapsed = (): Duration => (start + between(since, clock.now())) as Duration;
      return {
        now: () => clock.now(),
        monotonic: elapsed,
        setTimer: (after, callback) => clock.setTimer(after, callback),
      };
    },
  },
  "no-holds": {
    title: "says that it holds and locks its objects, and does not",
    objects: (objects) =>
      withMethods(objects, { setLegalHold: () => Promise.resolve(), setRetention: () => Promise.resolve() }),
  },
  "held-deletes": {
    title: "deletes an object that is held, because something else took its place",
    objects: (objects) =>
      withMethods(objects, {
        setLegalHold: async (key, isHeld) => {
          await objects.setLegalHold(key, isHeld);
          if (!isHeld || !key.includes("/segments/")) return;
          await objects.setLegalHold(key, false);
          await objects.delete(key, { bypassGovernance: true }).catch(() => objects.setLegalHold(key, true));
        },
      }),
  },
  "uncounted-requests": {
    title: "asks the object store for more than it counts",
    objects: (objects) =>
      withMethods(objects, {
        head: async (key) => ((await objects.head(key)) === undefined ? undefined : objects.head(key)),
      }),
  },
  "drops-when-full": {
    title: "says that a full disk has taken what it has not",
    disk: (disk) => withFiles(disk, (_path, file) => withWrite(file, dropWhenFull)),
  },
  "early-eviction": {
    title: "gives up a local segment that is not in the object store yet",
    disk: evictEarly,
  },
  "no-fence": {
    title: "puts what it had under way over what its successor has put",
    ending: "two-gateways",
    objects: (objects) =>
      withMethods(objects, {
        put: (key, sizeBytes, content, options) => {
          const { condition: _, ...anyhow } = options;
          return objects.put(key, sizeBytes, content, anyhow);
        },
      }),
  },
  "late-log": {
    title: "deletes before the bucket's log names what takes its place",
    ending: "lost-machine",
    objects: withLateLog,
  },
  "lost-copy": {
    title: "takes a second copy for complete of which objects are missing",
    mirror: forgetful,
  },
  "lost-upload": {
    title: "takes an upload for stored that the object store does not have",
    objects: forgetful,
  },
};
