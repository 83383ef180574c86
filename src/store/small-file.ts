// SPDX-License-Identifier: Apache-2.0
// Small files that are read and replaced as a whole: the new content is there after a crash, or the old one. One line of
// JSON with its checksum is what they hold.

import { bytesFromText, textFromBytes } from "#base/index.ts";
import { crc32 } from "./crc32.ts";
import { folderOf, unlessMissing } from "./disk-paths.ts";
import type { Disk } from "./disk.ts";
import { storeFault } from "./faults.ts";

/** The whole content, or undefined when there is no such file. */
export async function readSmallFile(disk: Disk, path: string): Promise<Uint8Array | undefined> {
  const file = await unlessMissing(disk.open(path, { mode: "read" }));
  if (file === undefined) return undefined;
  try {
    const bytes = new Uint8Array(await file.size());
    const count = bytes.byteLength === 0 ? 0 : await file.read(0, bytes);
    return bytes.subarray(0, count);
  } finally {
    await file.close();
  }
}

/** Puts the content in place of what was there, durably; `temporary` is a free name in the same folder. */
export async function replaceSmallFile(
  disk: Disk,
  path: string,
  { content, temporary }: { readonly content: Uint8Array; readonly temporary: string },
): Promise<void> {
  await disk.remove(temporary);
  const file = await disk.open(temporary, { mode: "create" });
  try {
    await file.write(0, [content]);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(temporary, path);
  await disk.syncFolder(folderOf(path));
}

/** JSON, a blank, its CRC32 as eight hexadecimal digits, a line feed. */
export function encodeLine(value: object): Uint8Array {
  const json = JSON.stringify(value);
  return bytesFromText(`${json} ${crc32(bytesFromText(json)).toString(16).padStart(8, "0")}\n`);
}

/** The object of such a line. Faults `store.file-damaged` and, for a version above `newest`, `store.format-newer`. */
export function decodeLine(path: string, bytes: Uint8Array, newest: number): Readonly<Record<string, unknown>> {
  let text: string;
  try {
    text = textFromBytes(bytes);
  } catch {
    throw damagedFile(path, "it is not text");
  }
  const match = /^(.*) ([0-9a-f]{8})\n$/s.exec(text);
  const json = match?.[1];
  if (json === undefined || crc32(bytesFromText(json)) !== Number.parseInt(match?.[2] ?? "", 16)) {
    throw damagedFile(path, "its checksum does not match");
  }
  const value: unknown = JSON.parse(json);
  if (typeof value !== "object" || value === null || !("version" in value)) {
    throw damagedFile(path, "it has no version");
  }
  if (typeof value.version === "number" && value.version > newest) {
    throw storeFault("format-newer", { path, version: value.version, supported: newest });
  }
  return value as Readonly<Record<string, unknown>>;
}

/** Fault `store.file-damaged` of a file that is judged as a whole. */
export function damagedFile(path: string, reason: string): Error {
  return storeFault("file-damaged", { path, offset: 0, reason });
}
