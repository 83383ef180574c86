// SPDX-License-Identifier: Apache-2.0
// What people ask for tapes that are written already: verifying them, copying them into another library, and what a restore of
// them would need.

import { parseUuid, type Uuid } from "#base/index.ts";
import { type CartridgeRecord, isCleaningLabel, isMember, mediaFault } from "#media/index.ts";
import type { JsonValue, TaskContext, TaskRecord } from "#work/index.ts";
import { backupFault } from "./faults.ts";
import { type LabelOptions, readLoadedLabels } from "./label-job.ts";
import type { Manager } from "./manager.ts";
import { changerNameOf, type DriveConfig } from "./manager-config.ts";
import { waitForSet } from "./request.ts";
import { parseWanted } from "./restore-job.ts";
import { planRestore, type RestorePlan } from "./restore-plan.ts";
import { copyCartridge, type CopyResult } from "./tape-copy.ts";
import { verifyTapes } from "./tape-verify.ts";

/** A tape or a set, as it is asked for: one of both. */
export interface TapeChoice {
  readonly labelText: string | undefined;
  readonly mediaSet: string | undefined;
}

/** What is copied whereto. */
export interface CopyRequest extends TapeChoice {
  readonly drive: string;
  readonly targetDrive: string;
  /** Cartridges to copy to, separated by blanks, in the order of the set; empty: the first ones of the target that are empty. */
  readonly targets: string;
}

const words = (text: string): readonly string[] => text.split(/ +/).filter((word) => word !== "");

/** Answers. */
export class CareDesk {
  readonly #manager: Manager;

  constructor(manager: Manager) {
    this.#manager = manager;
  }

  /** Reads tapes and tells what is wrong. The task fails when something is. */
  verify(choice: TapeChoice & { readonly drive: string | undefined }, who: string): TaskRecord {
    const { set, members, records, subject } = this.#chosen(choice);
    const drive = this.#manager.drive(choice.drive);
    return this.#manager.start({ operation: "tape.verify", subject, who }, (context) =>
      this.#manager.withStation(drive, context, (job) =>
        this.#held(job, set, async () => {
          const { problems, cartridges, ...counts } = await verifyTapes(job, members, records);
          if (problems.length > 0) throw backupFault("tape-damaged", { count: problems.length, what: subject });
          return { ...counts, cartridges: [...cartridges] };
        }),
      ),
    );
  }

  /** Copies tapes with everything that is on them, labels too. */
  copy(request: CopyRequest, who: string): TaskRecord {
    const { set, records, subject } = this.#chosen(request);
    const [source, target] = [this.#manager.drive(request.drive), this.#manager.drive(request.targetDrive)];
    if (source.name === target.name) {
      const reason = "the source of a copy is its target; take a drive of another library, or a second one of the same";
      throw backupFault("bad-config", { what: `the drive ${source.name}`, reason });
    }
    const named = words(request.targets);
    if (named.length > 0 && named.length !== records.length) {
      const reason = `${records.length} cartridges are copied, and ${named.length} to copy to are named`;
      throw backupFault("bad-config", { what: "the copy", reason });
    }
    return this.#manager.start({ operation: "tape.copy", subject, who }, (context) =>
      this.#withBoth({ source, target }, context, (from, to) =>
        this.#held(from, set, async () => {
          const copies: CopyResult[] = [];
          for (const [index, record] of records.entries()) {
            const targetLabel = named[index] ?? (await this.#emptyCartridge(to, copies));
            const stations = { source: from.station, target: to.station };
            copies.push(await copyCartridge({ ...from, ...stations }, record.label.labelText, targetLabel));
          }
          return { copies: copies.map((copy) => ({ ...copy })) };
        }),
      ),
    );
  }

  /** What a restore needs. */
  plan(request: {
    readonly mediaSet: string;
    readonly snapshots: string;
    readonly drive: string | undefined;
    readonly bytesPerSecond: number;
  }): Promise<RestorePlan> {
    const { drives } = this.#manager.config;
    const drive = request.drive === undefined && drives.length !== 1 ? undefined : this.#manager.drive(request.drive);
    return planRestore(this.#manager.librarian, {
      set: setUuid(request.mediaSet),
      snapshots: words(request.snapshots).map(parseWanted),
      changer: drive && changerNameOf(this.#manager.config, drive),
      bytesPerSecond: request.bytesPerSecond,
    });
  }

  #chosen({ labelText, mediaSet }: TapeChoice): {
    readonly set: Uuid | undefined;
    readonly members: readonly CartridgeRecord[];
    readonly records: readonly CartridgeRecord[];
    readonly subject: string;
  } {
    const { librarian } = this.#manager;
    if ((labelText === undefined) === (mediaSet === undefined)) {
      throw backupFault("bad-config", { what: "the job", reason: "name a cartridge or a media set, and not both" });
    }
    if (labelText !== undefined) {
      const record = librarian.inventory.findLabel(labelText);
      if (record === undefined) throw mediaFault("unknown-cartridge", { text: labelText });
      const set = isMember(record) ? record.set.uuid : undefined;
      // Other cartridges of the set may be missing in the inventory; then nothing is known of their chunks.
      const known = set === undefined ? [record] : librarian.set(set).members.filter((member) => member !== undefined);
      return { set, members: known, records: [record], subject: labelText };
    }
    const set = setUuid(mediaSet ?? "");
    const members = librarian.members(set);
    return { set, members, records: members, subject: set };
  }

  /** Works on a set that nobody else may change meanwhile. */
  async #held(job: LabelOptions, set: Uuid | undefined, work: () => Promise<JsonValue>): Promise<JsonValue> {
    if (set === undefined) return work();
    const { librarian } = job;
    while (!librarian.lockSet(set)) await waitForSet(job, set);
    try {
      return await work();
    } finally {
      librarian.unlockSet(set);
    }
  }

  /** Two drives at once, always entered in the order of their names. */
  #withBoth<T>(
    { source, target }: { readonly source: DriveConfig; readonly target: DriveConfig },
    context: TaskContext,
    work: (from: LabelOptions, to: LabelOptions) => Promise<T>,
  ): Promise<T> {
    const isSourceFirst = source.name < target.name;
    const [first, second] = isSourceFirst ? [source, target] : [target, source];
    return this.#manager.withStation(first, context, (outer) =>
      this.#manager.withStation(second, context, (inner) => (isSourceFirst ? work(outer, inner) : work(inner, outer))),
    );
  }

  /** The first cartridge of a library that the inventory does not know and that has no label on tape. */
  async #emptyCartridge(to: LabelOptions, copies: readonly CopyResult[]): Promise<string> {
    const { librarian, station } = to;
    const used = new Set(copies.map(({ targetLabel }) => targetLabel));
    for (const label of ((await station.labels()) ?? []).toSorted()) {
      if (isCleaningLabel(label) || used.has(label) || librarian.inventory.findLabel(label) !== undefined) continue;
      if ((await readLoadedLabels(await station.load(label))) === undefined) return label;
    }
    throw backupFault("no-empty-cartridge", { drive: station.name });
  }
}

function setUuid(text: string): Uuid {
  const uuid = parseUuid(text);
  if (uuid === undefined) throw mediaFault("unknown-set", { text });
  return uuid;
}
