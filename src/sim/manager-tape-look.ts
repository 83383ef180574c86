// SPDX-License-Identifier: Apache-2.0
// Looks at simulated cartridges as somebody would who needs no drive and no key: which set they are of, which tape files are
// on them and what is in these.

import { hexFromBytes } from "#base/index.ts";
import { ChunkFileReader, openTapeFile, SnapshotFileReader, type TapeReader } from "#format/index.ts";
import type { SimCartridge, TapeObject } from "./tape-cartridge.ts";

/** A tape file. */
export interface CartridgeLook {
  readonly kind: "chunks" | "snapshot" | "other";
  /** The store of chunks; store and path of a snapshot. */
  readonly name: string;
  /** It has its end, and is not marked as incomplete. */
  readonly isComplete: boolean;
  readonly digests: ReadonlySet<string>;
}

/** Offsets in the first block of a label: stream block header, then content header, then JSON. */
const sizeAt = 16 + 40;
const jsonAt = 16 + 48;

function labelIn(object: TapeObject | undefined): Readonly<Record<string, unknown>> | undefined {
  if (object === undefined || object === "filemark") return undefined;
  const { block } = object;
  const size = new DataView(block.buffer, block.byteOffset).getUint32(sizeAt, true);
  return JSON.parse(Buffer.from(block.subarray(jsonAt, jsonAt + size)).toString("utf8"));
}

/** The set of a cartridge, and the cartridge's UUID; undefined when it has no set label. */
export function setOnTape(cartridge: SimCartridge): { readonly uuid: string; readonly cartridge: string } | undefined {
  const { objects } = cartridge;
  const end = objects.indexOf("filemark");
  const label = labelIn(objects[0]);
  const set = end === -1 ? undefined : labelIn(objects[end + 1]);
  return label === undefined || set === undefined
    ? undefined
    : { uuid: String(set["uuid"]), cartridge: String(label["uuid"]) };
}

/** All tape files. */
export async function lookAt(cartridge: SimCartridge): Promise<readonly CartridgeLook[]> {
  const files: TapeObject[][] = [[]];
  for (const object of cartridge.objects) {
    if (object === "filemark") files.push([]);
    else files.at(-1)?.push(object);
  }
  const looks: CartridgeLook[] = [];
  for (const [number, objects] of files.entries()) looks.push(number < 2 ? other : await lookAtFile(objects));
  return looks;
}

const other: CartridgeLook = { kind: "other", name: "", isComplete: false, digests: new Set() };

function readerOf(objects: readonly TapeObject[]): TapeReader {
  let next = 0;
  return {
    readBlock: (into) => {
      const object = objects[next++];
      if (object === undefined || object === "filemark") return Promise.resolve("filemark");
      into.set(object.block);
      return Promise.resolve("block");
    },
  };
}

async function lookAtFile(objects: readonly TapeObject[]): Promise<CartridgeLook> {
  const digests = new Set<string>();
  let [kind, name]: [CartridgeLook["kind"], string] = ["other", ""];
  try {
    const file = await openTapeFile(readerOf(objects), "a tape file");
    if (typeof file === "string") return other;
    if (file.kind === "chunk-file") {
      const reader = new ChunkFileReader(file, "chunks");
      [kind, name] = ["chunks", reader.store];
      for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) {
        digests.add(hexFromBytes(chunk.digest));
      }
      return { kind, name, digests, isComplete: reader.ended === "complete" };
    }
    if (file.kind !== "snapshot-file") return other;
    const { store, snapshot } = new SnapshotFileReader(file, "a snapshot").name;
    return {
      kind: "snapshot",
      name: `${store}:${snapshot}`,
      digests,
      isComplete: (await file.body.skipRest()) === "complete",
    };
  } catch {
    // It was cut: what was whole counts.
    return { kind, name, digests, isComplete: false };
  }
}
