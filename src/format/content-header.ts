// SPDX-License-Identifier: Apache-2.0
// Every tape file begins with a content header of 48 bytes that says what it is, and a JSON object that says more.

import {
  bytesFromHex,
  bytesFromText,
  bytesOfUuid,
  concatBytes,
  type EpochSeconds,
  equalBytes,
  isJsonObject,
  type JsonObject,
  limits,
  parseJson,
  prettyJson,
  readFully,
  type Uuid,
  uuidFromBytes,
} from "#base/index.ts";
import { bytes, int64Le, layout, uintLe } from "#codec/index.ts";
import { formatFault } from "./faults.ts";
import {
  type ContentMagic,
  contentMagicBytes,
  contentMagicOf,
  structureMagics,
  type TapeFileKind,
  tapeFileKindOf,
} from "./magics.ts";
import { StreamReader } from "./stream-reader.ts";
import type { TapeReader } from "./tape-drive.ts";

/** The first 48 bytes of a tape file's stream. */
export const ContentHeader = layout("tape content header", 48, {
  magic: bytes(0, 8),
  /** What the file is. */
  content: bytes(8, 8),
  /** A fresh one for each file; catalogs name it. */
  uuid: bytes(16, 16),
  /** When the file was begun, in seconds since 1970. */
  ctime: int64Le(32),
  /** Bytes of JSON that follow. */
  size: uintLe(40, 4),
  /** Always 0: no file continues on another cartridge. */
  partNumber: uintLe(44, 1),
});

const headerMagic = bytesFromHex(structureMagics.contentHeader.hex);

/** Which file it is: fresh for every file that is written. */
export interface TapeFileIdentity {
  readonly uuid: Uuid;
  readonly ctime: EpochSeconds;
}

/** What a tape file says of itself before its body begins. */
export interface TapeFileHead extends TapeFileIdentity {
  readonly kind: TapeFileKind;
  readonly magic: ContentMagic;
  readonly json: JsonObject;
}

/** A tape file whose head was read; the body is what the stream still holds. */
export interface OpenTapeFile extends TapeFileHead {
  readonly body: StreamReader;
}

/** Header and JSON of a tape file. The keys stay in the order of `json`. */
export function encodeHead(magic: ContentMagic, identity: TapeFileIdentity, json: JsonObject): Uint8Array {
  const text = bytesFromText(prettyJson(json));
  const header = ContentHeader.encode({
    magic: headerMagic,
    content: contentMagicBytes(magic),
    uuid: bytesOfUuid(identity.uuid),
    ctime: BigInt(identity.ctime),
    size: text.byteLength,
    partNumber: 0,
  });
  return concatBytes([header, text]);
}

/**
 * Opens the tape file at the position of the tape and reads its head. `what` names it in messages. Faults:
 * `format.damaged`, `format.no-end-marker`, `format.unexpected-content` for a file that is none of ours.
 */
export async function openTapeFile(tape: TapeReader, what: string): Promise<OpenTapeFile | "filemark" | "end-of-data"> {
  const body = await StreamReader.open(tape, what);
  if (typeof body === "string") return body;
  const head = new Uint8Array(ContentHeader.size);
  if ((await readFully(body, head)) < head.byteLength)
    throw formatFault("damaged", { what, reason: "it has no header" });
  const header = ContentHeader.decode(head);
  if (!equalBytes(header.magic, headerMagic)) {
    throw formatFault("unexpected-content", { actual: "a file of another program", expected: what });
  }
  const { magic, kind } = known(header.content, what);
  const max = kind === "cartridge-label" || kind === "set-label" ? limits.labelHeader : limits.archiveHeader;
  if (header.size < 1 || header.size > max) {
    throw formatFault("damaged", { what, reason: `its description has ${header.size} bytes` });
  }
  const text = new Uint8Array(header.size);
  if ((await readFully(body, text)) < text.byteLength) {
    throw formatFault("damaged", { what, reason: "its description is cut" });
  }
  const uuid = uuidFromBytes(header.uuid);
  return { kind, magic, uuid, ctime: Number(header.ctime) as EpochSeconds, json: description(text, what), body };
}

function known(content: Uint8Array, what: string): { magic: ContentMagic; kind: TapeFileKind } {
  const magic = contentMagicOf(content);
  const kind = magic === undefined ? undefined : tapeFileKindOf(magic);
  if (magic !== undefined && kind !== undefined) return { magic, kind };
  const actual = magic === undefined ? "a tape file of unknown kind" : `a tape file of the kind ${magic}`;
  throw formatFault("unexpected-content", { actual, expected: what });
}

function description(text: Uint8Array, what: string): JsonObject {
  const json = parseJson(Buffer.from(text).toString("utf8"));
  if (!isJsonObject(json)) throw formatFault("damaged", { what, reason: "its description is not a JSON object" });
  return json;
}
