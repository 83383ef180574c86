// SPDX-License-Identifier: Apache-2.0
// How a task goes on, as one line that is drawn again on a terminal, or as plain lines elsewhere.

import { sizeText } from "#api/index.ts";
import { counterText } from "./format.ts";
import type { Terminal } from "./ports.ts";

/** What is shown of a task. */
export interface ShownTask {
  readonly id: string;
  readonly operation: string;
  readonly subject: string;
  readonly state: string;
  readonly phase?: string | undefined;
  readonly waitingFor?: string | undefined;
  readonly counters: readonly {
    readonly name: string;
    readonly unit: string;
    readonly value: number;
    readonly total?: number | undefined;
  }[];
}

/** One line about a task, without a line end. */
export function progressLine(task: ShownTask): string {
  const counter = task.counters.at(-1);
  const words = [task.subject, task.state, task.waitingFor ?? task.phase];
  if (counter !== undefined) {
    words.push(
      counter.total === undefined ? counterText(counter) : barText(counter.value, counter.total, counter.unit),
    );
  }
  return words.filter((word) => word !== undefined).join("  ");
}

/** `[#####-----]  50 %  1 GiB of 2 GiB` */
export function barText(value: number, total: number, unit: string): string {
  const share = total === 0 ? 1 : Math.min(value / total, 1);
  const width = 24;
  const filled = Math.round(share * width);
  const numbers = unit === "bytes" ? `${sizeText(value)} of ${sizeText(total)}` : `${value} of ${total} ${unit}`;
  return `[${"#".repeat(filled)}${"-".repeat(width - filled)}] ${String(Math.floor(share * 100)).padStart(3)} %  ${numbers}`;
}

/** Shows lines that replace each other. */
export class ProgressRenderer {
  readonly #terminal: Terminal;
  #last = "";

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Shows the line, if it differs from the one before. */
  show(line: string): void {
    if (line === this.#last) return;
    this.#last = line;
    if (!this.#terminal.isInteractive) return this.#terminal.err(`${line}\n`);
    const room = Math.max(this.#terminal.columns - 1, 20);
    this.#terminal.err(`\r\u001B[2K${line.length > room ? `${line.slice(0, room - 1)}…` : line}`);
  }

  /** Leaves the last line where it is. */
  end(): void {
    if (this.#terminal.isInteractive && this.#last !== "") this.#terminal.err("\n");
    this.#last = "";
  }
}
