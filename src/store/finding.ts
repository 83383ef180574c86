// SPDX-License-Identifier: Apache-2.0
// What a check-up finds: one thing that is not as it should be, where, how bad, and what to do. Findings are data; how one
// is mended is named in it, and others do it.

import { limits } from "#base/index.ts";
import type { ObjectKey } from "./object-store.ts";
import type { CartridgeId } from "./types.ts";

/** What was looked at. */
export type FindingArea = "machine" | "folder" | "ledger" | "log" | "keys" | "cartridge" | "segment" | "bucket";

/** `advice`: nothing is wrong with data; `warning`: a copy is missing, or will be; `damage`: something cannot be read. */
export type FindingSeverity = "advice" | "warning" | "damage";

/** How something is mended without losing anything. */
export type Mend =
  /** The cartridge is opened as for a drive, which makes it anew from the bucket and its local segments. */
  | { readonly kind: "rebuild"; readonly id: CartridgeId; readonly reason: string }
  /** The local copy is put aside; the object store has the segment. */
  | { readonly kind: "forget-local"; readonly id: CartridgeId; readonly segment: number }
  /** The object is put again from the local copy, once that has proved to be whole. */
  | { readonly kind: "put-again"; readonly id: CartridgeId; readonly segment: number }
  /** The next start writes a new manifest. */
  | { readonly kind: "new-manifest"; readonly id: CartridgeId }
  /** The next start writes everything that is true into the log, under a number of its own. */
  | { readonly kind: "new-log" }
  /** The ledgers of the gateway and of the store are made anew from the log, and from what is here. */
  | { readonly kind: "ledgers" }
  /** The file can be read by others; its mode is set to 0600. */
  | { readonly kind: "mode"; readonly path: string }
  /** Nothing names the file or the object, and nothing ever will. */
  | { readonly kind: "remove-file"; readonly path: string }
  | { readonly kind: "remove-object"; readonly key: ObjectKey };

/** One thing that is not as it should be. */
export interface Finding {
  readonly area: FindingArea;
  /** The file, object, cartridge or key that it is about. */
  readonly subject: string;
  readonly severity: FindingSeverity;
  readonly what: string;
  /** What an operator can do; for what can be mended, how. */
  readonly advice: string;
  readonly mend?: Mend;
}

/** What a mended finding says to do while it was only looked for. */
export const mendAdvice = "mend it with capstan doctor --repair";

/** Collects findings, up to a limit. */
export class Findings {
  readonly #found: Finding[] = [];
  /** Findings that were not kept. */
  dropped = 0;

  get all(): readonly Finding[] {
    return this.#found;
  }

  /** Notes one; what can be mended says so by itself. */
  note(finding: Omit<Finding, "advice"> & { readonly advice?: string }): void {
    if (this.#found.length >= limits.findings) this.dropped += 1;
    else this.#found.push({ advice: mendAdvice, ...finding });
  }
}
