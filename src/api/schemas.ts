// SPDX-License-Identifier: Apache-2.0
// The values that operations take and give. Inputs are checked here for their form only; whether a thing exists and may
// be done is the gateway's to say. Times go out as ISO 8601 text, sizes as bytes; metadata `unit` tells faces which.

import * as z from "zod";
import { instantFromIso, isoText, limits, type Instant } from "#base/index.ts";
import type { CartridgeState } from "#gateway/index.ts";
import { parseDays, parseRate, parseSize } from "./quantities.ts";

/** A size: a number of bytes, or text with a unit. */
export const size = z
  .union([z.int().nonnegative(), z.string()], { error: "a size is a number of bytes, or text such as 200MiB or 12TB" })
  .transform((value, context) => {
    const bytes = typeof value === "number" ? value : parseSize(value);
    if (bytes !== undefined) return bytes;
    context.addIssue(`${JSON.stringify(value)} is no size; write for example 200MiB, 100GiB or 12TB`);
    return z.NEVER;
  });

/** Bits per second, or null for none. */
export const rate = z
  .union([z.int().positive(), z.string()], { error: "a rate is bits per second, or text such as 50Mbit" })
  .transform((value, context): number | null => {
    if (value === "none") return null;
    const bits = typeof value === "number" ? value : parseRate(value);
    if (bits !== undefined) return bits;
    context.addIssue(`${JSON.stringify(value)} is no rate; write for example 512kbit, 50Mbit, 1Gbit or none`);
    return z.NEVER;
  });

/** Days of a week, as people write them. */
export const days = z
  .string()
  .refine((text) => parseDays(text) !== undefined, { error: "days are written as mon-fri, sat,sun or daily" })
  .describe("Days: mon-fri, or sat,sun, or daily");
export const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: "a time of day is HH:MM, 00:00 to 23:59" })
  .describe("Time of day, HH:MM");

/** A size of a cartridge. */
export const cartridgeSize = size
  .refine((bytes) => bytes >= limits.cartridgeSizeMin && bytes <= limits.cartridgeSizeMax, {
    error: "a cartridge has 16 MiB to 64 TiB",
  })
  .describe("Nominal size, for example 200MiB, 100GiB or 12TB; by default that of the drives' generation")
  .meta({ unit: "bytes" });

export const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, { error: "1 to 32 of a-z, 0-9 and -, beginning with a letter or digit" });
export const libraryName = name.meta({ suggest: "libraries" }).describe("Name of a library");
/** For operations where an installation with one library need not name it. */
export const maybeLibrary = libraryName.optional().describe("Name of the library; not needed when there is only one");
export const barcode = z
  .string()
  .regex(/^[A-Z0-9]{5,16}$/, { error: "a barcode is 5 to 16 capital letters and digits" })
  .meta({ suggest: "barcodes" })
  .describe("Barcode of a cartridge");
export const poolName = name.meta({ suggest: "pools" }).describe("Name of a shelf pool");
/** The drive of the manager that a command works with; the command line knows one by default. */
export const tapeDrive = z
  .string()
  .optional()
  .meta({ suggest: "tape-drives" })
  .describe("Name of the drive; not needed when there is only one");
export const targetName = z.string().min(1).max(223).meta({ suggest: "targets" }).describe("Target name (IQN)");
export const initiatorName = z.string().min(1).max(223).describe("Initiator name; a * at its end matches any rest");
export const taskId = z
  .string()
  .regex(/^[0-9a-f]{32}$/, { error: "a task id is 32 hexadecimal digits" })
  .meta({ suggest: "tasks" })
  .describe("Id of a task");
export const number = z.int().min(1).max(limits.elementsMax);
/** Written out, so that a face need not load the gateway to know them. */
export const states = z.enum({
  AVAILABLE: "AVAILABLE",
  IN_TRANSIT: "IN_TRANSIT",
  ARCHIVING: "ARCHIVING",
  ARCHIVED: "ARCHIVED",
  RETRIEVING: "RETRIEVING",
  RETRIEVED: "RETRIEVED",
  DELETING: "DELETING",
} satisfies Record<CartridgeState, string>);

/** An instant, given as such, shown as text. */
export const time = z
  .union([z.number(), z.string()])
  .transform((value) => isoText(typeof value === "number" ? (value as Instant) : instantFromIso(value)))
  .pipe(z.iso.datetime())
  .meta({ unit: "time" });
/** An instant that somebody gives, as ISO 8601 text. */
export const timeInput = z.iso
  .datetime({ offset: true, error: "a time looks like 2033-01-01T00:00:00Z" })
  .transform((value) => instantFromIso(value));
export const bytes = z.number().nonnegative().meta({ unit: "bytes" });
const count = z.int().nonnegative();
const percent = z.number().nonnegative();

export const Nothing = z.object({});

export const Endpoint = z.object({ host: z.string(), port: z.int().min(0).max(65535) });

export const Drive = z.object({
  library: z.string(),
  number: z.int(),
  name: z.string(),
  model: z.string(),
  serial: z.string(),
  element: z.int().describe("Element address"),
  target: z.string().describe("IQN"),
  lun: z.int(),
  state: z.enum(["empty", "loading", "ready", "unloaded", "failed"]),
  cartridge: z.string().optional().describe("Barcode of the cartridge in it"),
  sessions: count,
  bytesWritten: bytes.describe("Since the process started"),
  bytesRead: bytes.describe("Since the process started"),
});

export const Library = z.object({
  name: z.string(),
  changerModel: z.string(),
  changerSerial: z.string(),
  driveModel: z.string(),
  topology: z.enum(["target-per-device", "single-target"]),
  durability: z.enum(["local", "remote"]).describe("When hosts are told that data is safe"),
  firstAddresses: z.object({ picker: z.int(), drive: z.int(), storageSlot: z.int(), mailSlot: z.int() }),
  drives: z.array(Drive),
  storageSlots: count,
  mailSlots: count,
  freeStorageSlots: count,
  freeMailSlots: count,
  cartridges: count.describe("Cartridges in its elements"),
  changerTarget: z.string().describe("IQN"),
  createdAt: time,
});

export const Element = z.object({
  address: z.int(),
  kind: z.enum(["picker", "storage-slot", "mail-slot", "drive"]),
  number: z.int(),
  cartridge: z.string().optional(),
  cameFrom: z.int().optional().describe("Element address it came from"),
});

export const Place = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("element"),
    library: z.string(),
    element: z.enum(["storage-slot", "mail-slot", "drive"]),
    number: z.int(),
    address: z.int(),
  }),
  z.object({ kind: z.literal("shelf"), pool: z.string() }),
]);

export const storageClass = z.enum(["STANDARD", "STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"]);
export const shelfClass = storageClass;
export const retentionLock = z.enum(["NONE", "GOVERNANCE", "COMPLIANCE"]);

export const thawTier = z.enum(["Expedited", "Standard", "Bulk"]);
export const money = z
  .union([z.number(), z.string().regex(/^\d+(\.\d+)?$/, { error: "money looks like 12.50" })])
  .transform(Number)
  .pipe(z.number().min(0));
/** Tape files by the filemarks before them: `3`, or `3-5`. */
export const tapeFiles = z
  .string()
  .regex(/^\d{1,9}(-\d{1,9})?$/, { error: "tape files look like 3 or 3-5; the first is 0" })
  .transform((text) => {
    const [first = 0, last = first] = text.split("-").map(Number);
    return { first, last };
  })
  .describe("Only these tape files, from 0, such as 3 or 3-5");

/** An amount of the currency that stands beside it. */
const amount = z.number().meta({ unit: "money" });

export const Retrieval = z.object({
  kind: z.enum(["whole", "files", "demand"]),
  tier: thawTier,
  firstFile: count.optional(),
  lastFile: count.optional(),
  segments: count.optional().describe("Segments that were asked for so far"),
  spent: amount.describe("What thawing costs so far"),
  moneyLimit: amount.optional(),
  currency: z.string(),
});

export const Estimate = z.object({
  barcode: z.string(),
  action: z.enum(["archive", "retrieve", "move", "delete"]),
  storageClass,
  segments: count,
  bytes,
  storagePerMonth: amount.describe("What keeping it costs afterwards"),
  requests: count,
  requestCost: amount,
  thawCost: amount,
  earlyDeletionFee: amount,
  copiesCost: amount.describe("Thawed copies, as long as they are kept"),
  readCost: amount.describe("Reading all of it"),
  mirrorStoragePerMonth: amount.describe("What keeping the second copy costs that is still to be made"),
  mirrorCost: amount.describe("Making it"),
  hoursFrom: z.number().describe("How long thawing typically takes, at least"),
  hoursTo: z.number(),
  total: amount.describe("All that is paid once"),
  currency: z.string(),
  areListPrices: z.boolean().describe("Prices that Capstan comes with: check them"),
});

export const CreationRule = z.object({
  library: z.string(),
  prefix: z.string(),
  minimum: count,
  available: count.describe("Cartridges with this prefix in mail slots"),
  sizeBytes: bytes,
  pool: z.string(),
  writeOnce: z.boolean(),
});

export const Costs = z.object({
  since: time.describe("When counting began"),
  currency: z.string(),
  areListPrices: z.boolean().describe("Prices that Capstan comes with: check them"),
  requests: z.array(
    z.object({
      kind: z.enum(["put", "copy", "get", "head", "list", "delete", "thaw", "lock"]),
      store: z.string().optional().describe("Where second copies are; absent: the first store"),
      storageClass: storageClass.optional(),
      tier: thawTier.optional(),
      requests: count,
      bytes,
      cost: amount,
    }),
  ),
  thawed: z.array(z.object({ storageClass, tier: thawTier, segments: count, bytes, cost: amount })),
  total: amount,
});

export const Cartridge = z.object({
  barcode: z.string(),
  state: states,
  place: Place,
  library: z.string().optional().describe("Library it is in, goes to, or left last"),
  writeOnce: z.boolean().describe("Hosts can append to it and nothing else"),
  pool: z.string(),
  storageClass,
  sizeBytes: bytes,
  usedBytes: bytes.describe("Up to end of data"),
  uploadedBytes: bytes,
  dirtyBytes: bytes.describe("Only on the local disk"),
  unstoredObjects: count.describe("Blocks and filemarks that only this machine has"),
  unstoredAge: z.number().optional().meta({ unit: "milliseconds" }).describe("How long the oldest of them has waited"),
  recoveryPointAt: time.optional().describe("When the last state that is complete in the object store was reached"),
  writeProtected: z.boolean(),
  condition: z
    .enum(["GOOD", "RECOVERED", "IRRECOVERABLE", "DAMAGED"])
    .describe(
      "RECOVERED: it lost its end; IRRECOVERABLE: nothing is left; until that is accepted; DAMAGED: objects in its middle cannot be read",
    ),
  loss: z
    .object({
      at: time,
      reason: z.string(),
      firstLost: z.int().describe("Where it ends now: the first object that is gone"),
      objects: z.int(),
      files: z.int(),
      bytes,
    })
    .optional(),
  lostObjects: z
    .array(z.object({ partition: z.int(), first: z.int(), last: z.int(), at: time }))
    .describe("Blocks and filemarks that were damaged before they were uploaded, and cannot be read"),
  recoveryPoint: z
    .object({ at: time, objects: z.int(), files: z.int(), bytes })
    .optional()
    .describe("What comes back from the bucket alone if this machine is lost"),
  createdAt: time,
  archivedAt: time.optional().describe("First time it reached ARCHIVED"),
  lockedUntil: time.optional().describe("When its retention lock ends"),
  lock: retentionLock,
  isLockedInStore: z.boolean().describe("Its objects are locked in the object store too"),
  legalHold: z.boolean().describe("Nobody deletes it or writes on it"),
  copies: z
    .array(
      z.object({
        store: z.string(),
        storageClass,
        state: z.enum(["complete", "waiting"]).describe("waiting: it is, or will be, on its way"),
        completeAt: time.optional(),
        lock: retentionLock,
        lockedUntil: time.optional(),
        isLockedInStore: z.boolean(),
        task: z.string().optional(),
      }),
    )
    .describe("Its copies in other stores"),
  clonedFrom: z.string().optional().describe("Barcode of the cartridge that it is a clone of"),
  retrieval: Retrieval.optional().describe("How it is retrieved, when not simply as a whole"),
  deleteAt: time.optional().describe("When its bytes go; until then the deletion can be taken back"),
  changedAt: time,
  task: z.string().optional().describe("Task that works on it"),
});

/** What a table of cartridges shows. */
export const cartridgeColumns = [
  "barcode",
  "state",
  "place",
  "sizeBytes",
  "usedBytes",
  "dirtyBytes",
  "pool",
  "writeProtected",
];

export const Pool = z.object({
  name: z.string(),
  builtIn: z.boolean(),
  storageClass: shelfClass,
  lock: retentionLock,
  retentionDays: count,
  lockedBy: z.enum(["store", "gateway"]).describe("Who holds its locks"),
  mirror: z
    .object({ store: z.string(), storageClass: shelfClass, lock: retentionLock, retentionDays: count })
    .optional()
    .describe("The second copy of what is archived"),
  deleteDelayDays: count.optional().describe("How long a deletion can be taken back, if not as configured"),
  cartridges: count,
  archivedCartridges: count,
});

export const Model = z.object({
  name: z.string(),
  kind: z.enum(["changer", "drive"]),
  vendor: z.string(),
  product: z.string(),
  revision: z.string(),
  medium: z.object({ suffix: z.string(), sizeBytes: bytes }).optional(),
});

export const Preset = z.object({
  name: z.string(),
  title: z.string(),
  changerModel: z.string(),
  driveModel: z.string(),
  drives: z.int(),
  storageSlots: z.int(),
  mailSlots: z.int(),
  hint: z.string(),
});

export const Session = z.object({
  id: z.int(),
  target: z.string(),
  initiator: z.string(),
  isid: z.string(),
  remoteAddress: z.string(),
  since: time,
});

export const Chap = z.object({
  target: z.string(),
  initiator: z.string(),
  user: z.string(),
  mutual: z.boolean(),
});

export const Target = z.object({
  name: z.string().describe("IQN"),
  library: z.string(),
  units: z.array(
    z.object({ lun: z.int(), kind: z.enum(["changer", "drive"]), device: z.string(), serial: z.string() }),
  ),
  portals: z.array(Endpoint),
  portalGroupTag: z.int(),
  allow: z.array(z.string()),
  chap: z.array(Chap),
  sessions: z.array(Session),
});

export const Task = z.object({
  id: z.string(),
  operation: z.string(),
  subject: z.string(),
  who: z.string(),
  state: z.enum(["queued", "running", "waiting", "done", "failed", "canceled", "interrupted"]),
  phase: z.string().optional(),
  waitingFor: z.string().optional(),
  counters: z.array(z.object({ name: z.string(), unit: z.string(), value: z.number(), total: z.number().optional() })),
  warnings: z.array(z.string()),
  lines: z.array(z.object({ at: time, level: z.enum(["info", "warning"]), text: z.string() })),
  result: z.json().optional(),
  error: z.object({ code: z.string(), text: z.string() }).optional(),
  createdAt: time,
  startedAt: time.optional(),
  endedAt: time.optional(),
});

/** What would be lost of a cartridge with this machine. */
export const UnstoredCartridge = z.object({
  barcode: z.string(),
  bytes: bytes.describe("Bytes that only this machine has"),
  objects: count.describe("Blocks and filemarks behind the recovery point"),
  age: z.number().meta({ unit: "milliseconds" }).describe("How long the oldest of it has been waiting"),
  recoveryPointObjects: count.describe("So many are complete in the object store"),
  recoveryPointAt: time.optional(),
});

const bits = z.number().positive().optional().describe("Bits per second; without a limit when missing");

/** Bandwidth limits. */
export const Bandwidth = z.object({
  up: bits,
  down: bits,
  upNow: bits,
  downNow: bits,
  timeZone: z.string(),
  source: z.enum(["configuration", "api"]).describe("Where they were set"),
  schedule: z.array(z.object({ number: z.int(), days, from: timeOfDay, to: timeOfDay, up: bits, down: bits })),
});

/** Something that needs an operator. */
export const Alarm = z.object({
  name: z.string(),
  severity: z.enum(["notice", "warning", "critical"]),
  since: time,
  text: z.string(),
  advice: z.string(),
});

export const Store = z.object({
  uploadBufferUsed: bytes,
  uploadBufferSize: bytes,
  uploadBufferPercent: percent,
  timeToFull: z
    .number()
    .optional()
    .meta({ unit: "milliseconds" })
    .describe("Until the upload buffer is full at this pace"),
  cacheUsed: bytes,
  cacheSize: bytes,
  uploadedBytes: bytes.describe("Since start"),
  fetchedBytes: bytes.describe("Since start"),
  evictedBytes: bytes.describe("Since start"),
  cacheHitPercent: percent.describe("Reads since start that did not need the object store"),
  cacheDirtyPercent: percent.describe("Share of the local data that is nowhere else"),
  diskFree: bytes.optional().describe("On the disk of the data folder"),
  diskReserve: bytes.describe("Drives wait when less is free"),
  uploadLag: z.number().meta({ unit: "milliseconds" }),
  unstoredBytes: bytes.describe("What would be lost if this machine were lost now; see store lag"),
  unstoredCartridges: count,
  trouble: z.string().optional().describe("Last failure of the object store while data waits"),
  damage: z
    .object({
      found: count.describe("Damaged copies of segments, since start"),
      healed: count.describe("Those that were made anew from the other copy"),
      lost: count.describe("Segments that were damaged before their upload"),
      waiting: count.describe("Damaged copies that are not mended yet"),
    })
    .describe("Copies of segments that were not what was written"),
});
