// SPDX-License-Identifier: Apache-2.0
// Copies a cartridge onto another one, block by block, labels and all: from a physical library into a virtual one, or the other
// way round. What is encrypted is encrypted again with the same key. The copy is read back and compared.

import { createHash, type Hash } from "node:crypto";
import { isFault } from "#base/index.ts";
import { readLabels, type SetLabel, streamBlockSize, type TapeDrive } from "#format/index.ts";
import { type KeyRing, setKeyOf } from "#keys/index.ts";
import type { TaskContext } from "#work/index.ts";
import { backupFault } from "./faults.ts";
import type { TapeStation } from "./station.ts";

/** What a copy needs. */
export interface CopyOptions {
  readonly source: TapeStation;
  readonly target: TapeStation;
  readonly keys: KeyRing;
  readonly context: TaskContext;
}

/** What was copied. */
export interface CopyResult {
  readonly labelText: string;
  readonly targetLabel: string;
  readonly blocks: number;
  readonly files: number;
  /** SHA-256 over all blocks and filemarks, in hexadecimal: the same for a cartridge and its copies. */
  readonly checksum: string;
}

/**
 * Copies the cartridge `labelText` of the source onto the empty one that the target calls `targetLabel`. Faults `backup.not-empty`,
 * `backup.does-not-fit`, `backup.copy-differs`, `keys.unknown`.
 */
export async function copyCartridge(options: CopyOptions, labelText: string, targetLabel: string): Promise<CopyResult> {
  const { source, target, keys, context } = options;
  const from = await source.load(labelText);
  const set = await setOf(from);
  if (set?.key !== undefined) keys.key(set.key.fingerprint);
  const to = await target.load(targetLabel);
  await expectEmpty(target, to);
  context.phase(`copies ${labelText} to ${targetLabel}`);
  await to.erase({ isFast: true });
  await to.rewind();
  const written = await walk(from, { set, keys, context, name: "copied" }, async (item) => {
    if (item === "filemark") return to.writeFilemark();
    if (item === "encrypted") return to.setEncryptionKey(keyOf(set, keys));
    if ((await to.writeBlock(item)) === "no-space") {
      throw backupFault("does-not-fit", { what: `${labelText}, copied to ${targetLabel},` });
    }
  });
  await to.flush();
  await to.setEncryptionKey(undefined);
  context.phase(`reads ${targetLabel} back`);
  const back = await walk(to, { set, keys, context, name: "compared" }, () => Promise.resolve());
  if (back.checksum !== written.checksum) throw backupFault("copy-differs", { from: labelText, to: targetLabel });
  context.log(`copied ${labelText} to ${targetLabel}: ${written.files} tape files, ${written.blocks} blocks`);
  await source.unload();
  await target.unload();
  return { labelText, targetLabel, ...written };
}

async function setOf(drive: TapeDrive): Promise<SetLabel | undefined> {
  await drive.setEncryptionKey(undefined);
  await drive.rewind();
  return (await readLabels(drive))?.set;
}

function keyOf(set: SetLabel | undefined, keys: KeyRing): Uint8Array | undefined {
  return set?.key === undefined ? undefined : setKeyOf(keys.key(set.key.fingerprint), set.uuid);
}

async function expectEmpty(target: TapeStation, drive: TapeDrive): Promise<void> {
  await drive.setEncryptionKey(undefined);
  await drive.rewind();
  let content = "it has labels";
  try {
    if ((await readLabels(drive)) === undefined) return;
  } catch (error) {
    if (!isFault(error)) throw error;
    content = error.message;
  }
  throw backupFault("not-empty", { drive: target.name, content });
}

/** Reads a cartridge from its beginning to its end. `encrypted` comes between the labels and what is behind them. */
async function walk(
  drive: TapeDrive,
  how: {
    readonly set: SetLabel | undefined;
    readonly keys: KeyRing;
    readonly context: TaskContext;
    readonly name: string;
  },
  each: (item: Uint8Array | "filemark" | "encrypted") => Promise<void>,
): Promise<{ readonly blocks: number; readonly files: number; readonly checksum: string }> {
  const { set, keys, context, name } = how;
  const counter = context.counter(name, "bytes");
  const hash: Hash = createHash("sha256");
  const block = new Uint8Array(streamBlockSize);
  let [blocks, files] = [0, 0];
  await drive.setEncryptionKey(undefined);
  await drive.rewind();
  for (;;) {
    const read = await drive.readBlock(block);
    if (read === "end-of-data") return { blocks, files, checksum: hash.digest("hex") };
    if (read === "filemark") {
      files += 1;
      context.checkpoint();
      hash.update("filemark");
      await each("filemark");
      if (files === 2 && set?.key !== undefined) {
        await drive.setEncryptionKey(keyOf(set, keys));
        await each("encrypted");
      }
      continue;
    }
    blocks += 1;
    hash.update(block);
    counter.add(block.byteLength);
    await each(block);
  }
}
