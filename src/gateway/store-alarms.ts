// SPDX-License-Identifier: Apache-2.0
// The alarms of the store: upload buffer, local disk, object store. It looks every few seconds while anything happens there,
// and keeps the rate at which the upload buffer fills.

import { type Duration, limits, type Timer } from "#base/index.ts";
import { FillGauge, type SegmentDamage, type StoreTotals } from "#store/index.ts";
import { type AlarmBoard, type AlarmSeverity, type AlarmState, severityOf } from "./alarms.ts";
import { barcodeOf } from "./cartridge-parts.ts";
import type { GatewayParts } from "./parts.ts";
import { fencedText } from "./show.ts";

const giB = 1024 ** 3;
const gib = (bytes: number): string => `${(bytes / giB).toFixed(1)} GiB`;
const percentOf = (part: number, whole: number): number => (whole > 0 ? (part / whole) * 100 : part > 0 ? 100 : 0);

/** How the upload buffer stands. */
export function uploadBufferAlarm(totals: StoreTotals, before: AlarmSeverity | undefined): AlarmState {
  const percent = percentOf(totals.uploadBufferUsed, totals.uploadBufferSize);
  return {
    severity: severityOf(percent, before),
    text: `the upload buffer is ${percent.toFixed(0)} % full (${gib(totals.uploadBufferUsed)} of ${gib(totals.uploadBufferSize)})`,
    advice:
      "see whether the object store answers and the bandwidth limit lets through what hosts write; drives wait at 100 %",
  };
}

/** At so many times the reserve the disk counts as empty. */
const roomyReserves = 11;

/** How the local disk stands: full when no more than the reserve is left. */
export function diskAlarm(totals: StoreTotals, before: AlarmSeverity | undefined): AlarmState {
  const { diskFree, diskReserve, isDiskFull } = totals;
  const span = (roomyReserves - 1) * diskReserve;
  const percent = diskFree === undefined ? 0 : 100 - percentOf(Math.max(diskFree - diskReserve, 0), Math.max(span, 1));
  return {
    severity: isDiskFull ? "critical" : severityOf(percent, before),
    text: `the disk of the data folder has ${diskFree === undefined ? "unknown" : gib(diskFree)} free`,
    advice: `free space or move the data folder to a larger disk; drives wait below ${gib(diskReserve)}`,
  };
}

/** Whether the object store takes what waits for it. */
export function uploadsAlarm({ uploadFailure, uploadLag }: StoreTotals): AlarmState {
  const isFailing = uploadFailure !== undefined;
  return {
    severity: !isFailing ? undefined : uploadLag >= limits.uploadLagAlarm ? "warning" : "notice",
    text: isFailing ? `uploads fail: ${uploadFailure.message}` : "uploads succeed",
    advice: "see whether the object store answers and the credentials are valid; what waits is only on this machine",
  };
}

/** Whether this is still the gateway, as far as the bucket says. */
export function bucketAlarm({ bucketSilence }: StoreTotals, fenced: string | undefined): AlarmState {
  if (fenced !== undefined) {
    return {
      severity: "critical",
      text: `this gateway has been taken over: ${fenced}`,
      advice: "stop it; hosts find their cartridges at the other one",
    };
  }
  const isSilent = bucketSilence >= limits.fenceSilence;
  return {
    severity: isSilent ? "warning" : undefined,
    text: isSilent
      ? `the bucket has not answered for ${Math.floor(bucketSilence / 60_000)} minutes`
      : "the bucket answers",
    advice:
      "see whether the object store answers; hosts go on until the upload buffer is full, and what they write is lost if another gateway has taken over meanwhile",
  };
}

const rangesText = (ranges: readonly (readonly [number, number])[]): string =>
  ranges.map(([first, end]) => (end === first + 1 ? `${first}` : `${first} to ${end - 1}`)).join(", ");

/** What happened to a copy of a segment, for people. */
export function damageText(barcode: string, { subject, what, outcome, lost }: SegmentDamage): string {
  switch (outcome) {
    case "found":
      return `cartridge ${barcode}: ${subject} is damaged: ${what}`;
    case "healed":
      return `cartridge ${barcode}: ${subject} was damaged and was made anew: ${what}`;
    case "lost":
      return `cartridge ${barcode}: objects ${rangesText(lost)} are lost: ${subject} was damaged before it was uploaded`;
    default:
      return outcome satisfies never;
  }
}

/** Cartridges of which something was lost, and copies of segments that are damaged and not mended. */
export function damageAlarm(barcodes: readonly string[], waiting: readonly SegmentDamage[]): AlarmState {
  const names = barcodes.slice(0, namesShown).join(", ") + (barcodes.length > namesShown ? " and others" : "");
  const files = waiting.slice(0, namesShown).map(({ subject }) => subject);
  const parts = [
    ...(barcodes.length === 0 ? [] : [`objects of ${barcodes.length} cartridges cannot be read any more: ${names}`]),
    ...(waiting.length === 0 ? [] : [`${waiting.length} segments are damaged and not mended yet: ${files.join(", ")}`]),
  ];
  return {
    severity: parts.length === 0 ? undefined : "critical",
    text: parts.length === 0 ? "nothing is known to be damaged" : parts.join("; "),
    advice:
      "see what the cartridges lost, back that up again, then accept the loss; check the disk and its cables, and bring back what was removed",
  };
}

const namesShown = 5;

/** Looks at the store now and then. */
export class StoreAlarms {
  readonly #parts: Pick<GatewayParts, "clock" | "store" | "book">;
  readonly #board: AlarmBoard;
  readonly #gauge = new FillGauge();
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(parts: Pick<GatewayParts, "clock" | "store" | "book">, board: AlarmBoard) {
    this.#parts = parts;
    this.#board = board;
  }

  /** When the upload buffer will be full, if it goes on as in the last minutes. */
  timeToFull(): Duration | undefined {
    return this.#gauge.timeToFull(this.#parts.store.totals().uploadBufferSize);
  }

  /** Something happens in the store: looks soon, and again and again until it is quiet and all is well. */
  wake(): void {
    if (this.#isStopped || this.#timer !== undefined) return;
    this.#timer = this.#parts.clock.setTimer(limits.alarmEvery, () => {
      this.#timer = undefined;
      this.look();
      const { uploadBufferUsed, isDiskFull } = this.#parts.store.totals();
      if (uploadBufferUsed > 0 || isDiskFull || this.#board.list().length > 0) this.wake();
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  look(): void {
    const { clock, store, book } = this.#parts;
    const board = this.#board;
    const totals = store.totals();
    this.#gauge.note(clock.monotonic(), totals.uploadBufferUsed);
    board.set("upload-buffer", uploadBufferAlarm(totals, board.severity("upload-buffer")));
    board.set("disk", diskAlarm(totals, board.severity("disk")));
    board.set("uploads", uploadsAlarm(totals));
    board.set("bucket", bucketAlarm(totals, fencedText(store)));
    const barcodes = store.damagedIds().map((id) => barcodeOf(book.state.cartridges.values(), id) ?? id);
    board.set("damage", damageAlarm([...new Set(barcodes)], store.damage.waiting));
  }
}
