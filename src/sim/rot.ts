// SPDX-License-Identifier: Apache-2.0
// What rots while nothing runs: a bit flips, a file or an object is cut short or gone, on the disk or in the bucket.
// What may be lost by it follows from what is left, by name alone.

import type { LibraryBook } from "./library-book.ts";
import type { SeededRandom } from "./random.ts";
import type { World } from "./world.ts";

/** What a file or an object is for. */
export type RotPart =
  | "segment"
  | "journal"
  | "directory"
  | "frames"
  | "store-ledger"
  | "gateway-ledger"
  | "object"
  | "manifest"
  | "log"
  | "snapshot"
  | "status";

/** One thing that was damaged. */
export interface Hurt {
  readonly part: RotPart;
  /** Path or key. */
  readonly name: string;
  readonly how: "bit" | "cut" | "gone";
  /** The cartridge that it belongs to, as the store names it. */
  readonly id: string | undefined;
  /** Number of the segment that it holds. */
  readonly segment: number | undefined;
  /** It lies in a cold class: what is in it cannot be looked at. */
  readonly isCold: boolean;
}

const onDisk: Readonly<Record<string, RegExp>> = {
  segment: /^cartridges\/([^/]+)\/(\d{12})\.segment$/,
  journal: /^cartridges\/([^/]+)\/journal$/,
  directory: /^cartridges\/([^/]+)\/directory$/,
  frames: /^cartridges\/([^/]+)\/frames$/,
  "store-ledger": /^cartridges\/store\.ledger$/,
  "gateway-ledger": /^gateway\.ledger$/,
};
const inBucket: Readonly<Record<string, RegExp>> = {
  object: /^cartridges\/([^/]+)\/segments\/(\d{12})(?:-e\d+)?$/,
  manifest: /^cartridges\/([^/]+)\/manifests\/[^/]+$/,
  log: /^gateways\/[^/]+\/log\/\d+$/,
  snapshot: /^gateways\/[^/]+\/snapshots\/.+$/,
  status: /^gateways\/[^/]+\/status$/,
};

/** What may rot in one run: the hosts' data, and either what describes it here or what describes it in the bucket. */
const themes: Readonly<Record<string, readonly RotPart[]>> = {
  data: ["segment", "object"],
  here: ["journal", "directory", "frames", "store-ledger", "gateway-ledger"],
  there: ["segment", "object", "manifest", "log", "snapshot", "status"],
};

/** Damages things. The gateway is down. */
export function rot(world: World, book: LibraryBook, random: SeededRandom): readonly Hurt[] {
  const theme = random.pick(Object.keys(themes));
  const parts = themes[theme] ?? [];
  const ids = new Set([...book.cartridges.values()].map(({ id }) => id));
  const hurts: Hurt[] = [];
  for (let count = random.between(1, 3); count > 0; count--) {
    const part = random.pick(parts);
    const found = all(world, part).filter(({ id, name }) => {
      // What is left of a deleted cartridge is nobody's, and nothing is damaged twice.
      return (id === undefined || ids.has(id)) && !hurts.some((hurt) => hurt.name === name);
    });
    if (found.length === 0) continue;
    const victim = random.pick(found);
    const how = random.pick(["bit", "bit", "cut", "gone"] as const);
    const hurt = { ...victim, how, isCold: world.objects.isCold(victim.name) };
    hurts.push(hurt);
    damage(world, hurt, random);
    world.trace.event("rot", `${how === "bit" ? "a bit flips in" : how === "cut" ? "cuts" : "takes"} ${victim.name}`);
  }
  world.isHurt ||= hurts.length > 0;
  return hurts;
}

/** Everything there is of a kind. */
function all(world: World, part: RotPart): Omit<Hurt, "how" | "isCold">[] {
  const pattern = onDisk[part] ?? inBucket[part];
  const names = onDisk[part] === undefined ? world.objects.keys : world.disk.paths();
  return names.flatMap((name) => {
    const match = pattern?.exec(name);
    if (match === null || match === undefined) return [];
    const [, id, segment] = match;
    return [{ part, name, id, segment: segment === undefined ? undefined : Number(segment) }];
  });
}

/** A segment whose only whole copy was damaged, as far as names tell: its content may be lost. */
export function isOnlyCopy(
  world: World,
  hurts: readonly Hurt[],
  { id, segment }: Pick<Hurt, "id" | "segment">,
): boolean {
  if (segment === undefined) return false;
  const copies = [...all(world, "segment"), ...all(world, "object")].filter(
    (copy) => copy.id === id && copy.segment === segment,
  );
  return copies.every(({ name }) => hurts.some((hurt) => hurt.name === name));
}

function damage(world: World, { part, name, how }: Hurt, random: SeededRandom): void {
  const change = (content: Uint8Array): Uint8Array | undefined => {
    if (how === "gone") return undefined;
    if (content.byteLength === 0) return content;
    const at = random.below(content.byteLength);
    if (how === "cut") return content.slice(0, at);
    content[at] = (content[at] ?? 0) ^ (1 << random.below(8));
    return content;
  };
  if (onDisk[part] === undefined) return world.objects.rotObject(name, change);
  const content = change(world.disk.contentOf(name));
  if (content === undefined) world.disk.lose((path) => path === name);
  else world.disk.replaceContent(name, content);
}
