// SPDX-License-Identifier: Apache-2.0
// Decides whether a frame is worth compressing, from what it was worth for the frames before: data that was compressed or
// encrypted by the host does not shrink, and the attempt is what costs.

import { limits } from "#base/index.ts";

/** `always` tries every frame, `adaptive` backs off where it does not pay and while the machine is busy. */
export interface CompressionSettings {
  readonly mode: "adaptive" | "always" | "off";
  /** Level of zstd, 1 … 19. */
  readonly level: number;
}

/** No compression. */
export const noCompression: CompressionSettings = { mode: "off", level: 1 };

/** The experience with one cartridge. */
export class CompressionGauge {
  readonly #settings: CompressionSettings;
  /** Of the sample under way: frames tried, bytes before and after. */
  #tried = 0;
  #before = 0;
  #after = 0;
  /** Frames to leave alone before the next sample, and how many there were the last time. */
  #skip = 0;
  #pause = 0;

  constructor(settings: CompressionSettings) {
    this.#settings = settings;
  }

  /** The level to try the next frame with; 0 leaves it as it is. */
  nextLevel(isBusy: boolean): number {
    const { mode, level } = this.#settings;
    if (mode !== "adaptive") return mode === "off" ? 0 : level;
    if (isBusy) return 0;
    if (this.#skip === 0) return level;
    this.#skip -= 1;
    return 0;
  }

  /** A frame was tried: so many bytes before, and as they are stored. */
  note(before: number, after: number): void {
    this.#tried += 1;
    this.#before += before;
    this.#after += after;
    // After a pause one frame tells enough: whether the next pause is needed.
    if (this.#tried < (this.#pause === 0 ? limits.compressionSample : 1)) return;
    const hasPaid = this.#after <= this.#before - this.#before / limits.compressionGain;
    this.#pause = hasPaid
      ? 0
      : Math.min(Math.max(this.#pause * 2, limits.compressionPause), limits.compressionPauseMax);
    this.#skip = this.#pause;
    this.#tried = 0;
    this.#before = 0;
    this.#after = 0;
  }
}
