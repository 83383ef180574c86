// SPDX-License-Identifier: Apache-2.0
// Seals a segment that no writer has open: after a cut, for the shelf. Writers seal on their way without this.

import { roundUp } from "#base/index.ts";
import type { Entry } from "./directory-entry.ts";
import type { Disk } from "./disk.ts";
import { entryOf, type OpenSegment } from "./open-segment.ts";
import { memoryOf, putRecordHeader, recordUnit } from "./record.ts";
import { encodeFooter, pageSize } from "./segment-format.ts";

/** Writes the footer behind the last record, durably, and gives the entry for the directory. */
export async function sealSegment(disk: Disk, path: string, open: OpenSegment): Promise<Entry> {
  const offset = open.end;
  const parts: Uint8Array[] = [];
  const size = roundUp(offset, pageSize) - offset;
  if (size > 0) {
    const skip = memoryOf(new Uint8Array(size));
    const record = { kind: "skip", length: size, size, dataCrc: 0 } as const;
    putRecordHeader(skip, 0, open.identity, {
      ...record,
      objectNumber: open.nextObject,
      fileNumber: open.nextFile,
      syncedBytes: open.syncedBytes,
    });
    open.add(record, skip.bytes.subarray(0, recordUnit));
    parts.push(skip.bytes);
  }
  const footer = encodeFooter(open.identity, open.start, open.content);
  parts.push(footer);
  const file = await disk.open(path, { mode: "write" });
  try {
    await file.write(offset, parts);
    await file.truncate(open.end + pageSize);
    await file.sync();
  } finally {
    await file.close();
  }
  return entryOf(open, footer);
}
