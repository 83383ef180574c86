// SPDX-License-Identifier: Apache-2.0
// Taking over what a Proxmox Backup Server has set up for tapes: `tape.cfg`, `media-pool.cfg`, `tape-job.cfg`. What becomes of
// each section is decided here, with remarks about everything that is not taken; who acts on it is the manager.

import { isFault, limits } from "#base/index.ts";
import { backupFault } from "./faults.ts";
import { checkDrive, checkName, type DriveConfig, mediaPoolOf, type PoolConfig } from "./manager-config.ts";
import { type ConfigSection, parseSections } from "./section-config.ts";
import { checkJob, type TapeJob } from "./tape-job.ts";

/** The texts of the files; undefined: it is not there. */
export interface ProxmoxFiles {
  readonly tape: string | undefined;
  readonly pools: string | undefined;
  readonly jobs: string | undefined;
}

/** What becomes of a section. */
export type ImportItem = {
  readonly kind: "drive" | "changer" | "pool" | "backup-job";
  readonly name: string;
  /** What is not taken of it, and why. */
  readonly remarks: readonly string[];
} & (
  | { readonly taken: "drive"; readonly config: DriveConfig }
  | { readonly taken: "pool"; readonly config: PoolConfig }
  | { readonly taken: "backup-job"; readonly config: TapeJob }
  | { readonly taken: undefined }
);

/** Decides about all sections, in an order in which they can be set up. Fault `backup.bad-config` for a file that is none. */
export function planImport({ tape, pools, jobs }: ProxmoxFiles): readonly ImportItem[] {
  const devices = tape === undefined ? [] : parseSections("tape.cfg", tape);
  return [
    ...devices.map(deviceItem),
    ...(pools === undefined ? [] : parseSections("media-pool.cfg", pools).map(poolItem)),
    ...(jobs === undefined ? [] : parseSections("tape-job.cfg", jobs).map(jobItem)),
  ];
}

/** Values of a section; what nobody asked for is told. */
class SectionReader {
  readonly remarks: string[] = [];
  readonly #section: ConfigSection;
  readonly #seen = new Set<string>();

  constructor(section: ConfigSection) {
    this.#section = section;
  }

  all(key: string): readonly string[] {
    this.#seen.add(key);
    return this.#section.values.get(key) ?? [];
  }

  text(key: string): string | undefined {
    const values = this.all(key);
    if (values.length > 1) this.remarks.push(`${key} is there ${values.length} times; the last one counts`);
    return values.at(-1);
  }

  needed(key: string): string {
    const value = this.text(key);
    if (value !== undefined && value !== "") return value;
    throw backupFault("bad-config", { what: `${this.#section.type} ${this.#section.id}`, reason: `it has no ${key}` });
  }

  isTrue(key: string): boolean {
    return ["1", "true", "yes", "on"].includes((this.text(key) ?? "").toLowerCase());
  }

  /** A property that is known and has no counterpart here. */
  leaveOut(key: string, reason: string): void {
    const value = this.text(key);
    if (value !== undefined) this.remarks.push(`${key} ${value} is not taken: ${reason}`);
  }

  /** Remarks, with those about keys that nobody knows. */
  end(): readonly string[] {
    const unknown = Array.from(this.#section.values.keys()).filter((key) => !this.#seen.has(key));
    return [...this.remarks, ...unknown.map((key) => `${key} is not known and not taken`)];
  }
}

/** What `decide` makes of a section; what it refuses is not taken, and says why. */
function item(
  kind: ImportItem["kind"],
  section: ConfigSection,
  decide: (read: SectionReader) => ImportTaken,
): ImportItem {
  const read = new SectionReader(section);
  const { id: name } = section;
  try {
    const taken = decide(read);
    return { kind, name, ...taken, remarks: read.end() };
  } catch (error) {
    if (!isFault(error)) throw error;
    return { kind, name, taken: undefined, remarks: [error.message] };
  }
}

type ImportTaken =
  | { readonly taken: "drive"; readonly config: DriveConfig }
  | { readonly taken: "pool"; readonly config: PoolConfig }
  | { readonly taken: "backup-job"; readonly config: TapeJob }
  | { readonly taken: undefined };

function deviceItem(section: ConfigSection): ImportItem {
  const { type, id: name } = section;
  const byHand = (what: string): ((read: SectionReader) => ImportTaken) => {
    return (read) => {
      const path = read.needed("path");
      read.remarks.push(`${what} at ${path} is a device of that machine; set it up by hand with tape drive create`);
      for (const key of ["changer", "changer-drivenum", "export-slots", "eject-before-unload"]) read.text(key);
      return { taken: undefined };
    };
  };
  if (type === "virtual") {
    return item("drive", section, (read) => {
      const size = read.text("max-size");
      const sizeBytes = size === undefined ? undefined : Number(size);
      if (sizeBytes !== undefined && !Number.isSafeInteger(sizeBytes)) {
        throw backupFault("bad-config", { what: `virtual ${name}`, reason: `max-size ${size} is no number` });
      }
      const config = { kind: "folder", name, path: read.needed("path"), sizeBytes } as const;
      checkDrive(config);
      return { taken: "drive", config };
    });
  }
  if (type === "lto" || type === "linux") return item("drive", section, byHand("the drive"));
  if (type === "changer") return item("changer", section, byHand("the changer"));
  return item("drive", section, (read) => {
    read.remarks.push(`sections of type ${type} are not known`);
    return { taken: undefined };
  });
}

function poolItem(section: ConfigSection): ImportItem {
  return item("pool", section, (read) => {
    const { type, id: name } = section;
    if (type !== "pool") throw backupFault("bad-config", { what: `${type} ${name}`, reason: "it is no pool" });
    read.leaveOut("comment", "pools have no comment here");
    read.leaveOut("drive", "the drive belongs to the job");
    const config: PoolConfig = {
      name,
      allocation: read.text("allocation") ?? "continue",
      retention: read.text("retention") ?? "keep",
      encryption: read.text("encrypt"),
      template: read.text("template") ?? "%c",
    };
    mediaPoolOf(config);
    return { taken: "pool", config };
  });
}

function jobItem(section: ConfigSection): ImportItem {
  return item("backup-job", section, (read) => {
    const { type, id: name } = section;
    if (type !== "backup") throw backupFault("bad-config", { what: `${type} ${name}`, reason: "it is no backup job" });
    checkName("the job", name);
    const depth = read.text("max-depth");
    if (depth !== undefined && !(/^\d$/.test(depth) && Number(depth) <= limits.namespaceDepth)) {
      throw backupFault("bad-config", { what: `the job ${name}`, reason: `max-depth ${depth} is none` });
    }
    read.leaveOut("notify-user", "who is told is said by notification targets");
    read.leaveOut("notification-mode", "who is told is said by notification targets");
    read.leaveOut("worker-threads", "readers are not counted here");
    const [isExported, isTakenOut] = [read.isTrue("export-media-set"), read.isTrue("eject-media")];
    const config: TapeJob = {
      name,
      store: read.needed("store"),
      pool: read.needed("pool"),
      drive: read.needed("drive"),
      schedule: read.text("schedule"),
      comment: read.text("comment"),
      namespace: read.text("ns") ?? "",
      depth: depth === undefined ? undefined : Number(depth),
      isLatestOnly: read.isTrue("latest-only"),
      filters: read.all("group-filter").map(filterOf).join(" "),
      atEnd: isExported ? "export" : isTakenOut ? "unload" : "stay",
      ifNoMedia: "wait",
    };
    checkJob(config);
    return { taken: "backup-job", config };
  });
}

/** Filters are separated by blanks here; one that has any cannot be taken over. */
function filterOf(text: string): string {
  if (!text.includes(" ")) return text;
  throw backupFault("bad-filter", { text, reason: "it has a blank; write it with \\s" });
}
