// SPDX-License-Identifier: Apache-2.0
// WRITE ATTRIBUTE: SPC-4 6.52. The whole list is looked at first; nothing is changed when any of it is wrong. What was
// changed is durable when GOOD is answered, whatever WTC says.

import { AttributeHeader, attributes, hostAttributeRange, type AttributeRow, type sscCommands } from "#scsi/index.ts";
import { after } from "#tape/index.ts";
import type { Eventually } from "#tape/index.ts";
import { withAttributes, type AttributeChange } from "./cartridge-memory.ts";
import type { Command } from "./command.ts";
import type { DriveCore, LoadedCartridge } from "./drive-core.ts";
import { guard, refusedWrite } from "./drive-outcomes.ts";
import { check, good, invalidParameter, isCheck, type Check, type Outcome } from "./outcome.ts";

type WriteCommand = Command<(typeof sscCommands)["writeAttribute"]>;

const rows = new Map<number, AttributeRow>(Object.values(attributes).map((row) => [row.id, row]));
/** Bytes of the list's own length. */
const listHeader = 4;
/** FORMAT 3 is reserved. */
const formatMax = 2;

/** WRITE ATTRIBUTE. */
export function writeAttribute(core: DriveCore, loaded: LoadedCartridge, command: WriteCommand): Eventually<Outcome> {
  const { volumeNumber, partition, parameterListLength } = command.cdb;
  if (volumeNumber !== 0) return command.invalidField("volumeNumber");
  if (partition >= core.partitionCount) return command.invalidField("partition");
  if (parameterListLength === 0) return good();
  const changes = changesOf(command.dataOut.subarray(0, parameterListLength));
  if (isCheck(changes)) return changes;
  if (loaded.medium.writeProtected) return refusedWrite(core, "write-protected");
  const memory = withAttributes(core.memory, partition, changes);
  if (memory === undefined) return check("memory-full");
  return guard(core, () => after(core.keep(memory), good));
}

function changesOf(list: Uint8Array): readonly AttributeChange[] | Check {
  if (list.byteLength < listHeader) return check("parameter-list-length");
  const view = new DataView(list.buffer, list.byteOffset, list.byteLength);
  if (view.getUint32(0) !== list.byteLength - listHeader) return invalidParameter({ byte: 0 });
  const changes: AttributeChange[] = [];
  for (let offset = listHeader; offset < list.byteLength;) {
    if (list.byteLength - offset < AttributeHeader.size) return check("parameter-list-length");
    const { id, format, length } = AttributeHeader.decode(list, offset);
    const start = offset + AttributeHeader.size;
    if (start + length > list.byteLength) return check("parameter-list-length");
    const row = rows.get(id);
    // Known to be somebody else's, or in no range that hosts write.
    if (!isForHosts(id, row)) return invalidParameter({ byte: offset });
    if (format > formatMax) return invalidParameter({ byte: offset + 2, bit: 1 });
    if (length > (row?.length ?? hostAttributeRange.lengthMax)) return invalidParameter({ byte: offset + 3 });
    const previous = changes.at(-1);
    if (previous !== undefined && previous.id >= id) return invalidParameter({ byte: offset });
    changes.push({ id, format, value: list.slice(start, start + length) });
    offset = start + length;
  }
  return changes;
}

function isForHosts(id: number, row: AttributeRow | undefined): boolean {
  if (row !== undefined) return row.source === "host";
  return id >= hostAttributeRange.vendorFirst && id <= hostAttributeRange.vendorLast;
}
