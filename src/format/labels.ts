// SPDX-License-Identifier: Apache-2.0
// The two labels of a cartridge: tape file 0 says which cartridge it is, tape file 1 to which media set it belongs.

import {
  type EpochSeconds,
  isJsonObject,
  type Json,
  type JsonObject,
  nilUuid,
  sortedJson,
  type Uuid,
} from "#base/index.ts";
import { encodeHead, type OpenTapeFile, openTapeFile, type TapeFileIdentity } from "./content-header.ts";
import { formatFault } from "./faults.ts";
import { countField, optionalTextField, textField, timeField, uuidField } from "./json-fields.ts";
import type { ContentMagic } from "./magics.ts";
import { StreamWriter } from "./stream-writer.ts";
import type { TapeReader, TapeWriter } from "./tape-drive.ts";

/** Tape file 0. */
export interface CartridgeLabel {
  /** Identity of the cartridge everywhere. */
  readonly uuid: Uuid;
  /** The text for people, mostly the barcode. */
  readonly labelText: string;
  /** When it was labelled. */
  readonly ctime: EpochSeconds;
  /** The pool it was labelled for; undefined: any. */
  readonly pool: string | undefined;
}

/** Tape file 1. */
export interface SetLabel {
  readonly pool: string;
  /** The media set; `nilUuid`: none yet, the cartridge is only reserved for the pool. */
  readonly uuid: Uuid;
  /** Place in the set, from 0. */
  readonly setIndex: number;
  /** When the cartridge joined the set. */
  readonly ctime: EpochSeconds;
  /** Given when everything behind this file is encrypted by the drive. */
  readonly key: SetLabelKey | undefined;
}

/** The key of a set, as the set label names it. */
export interface SetLabelKey {
  /** 32 pairs of hexadecimal digits with colons. */
  readonly fingerprint: string;
  /** The key, protected by a passphrase. Records that come from an inventory do not have it. */
  readonly config: JsonObject | undefined;
}

/** The JSON of a cartridge label. */
export function cartridgeLabelJson(label: CartridgeLabel): JsonObject {
  const { uuid, labelText, ctime, pool } = label;
  return { ctime, label_text: labelText, ...(pool === undefined ? {} : { pool }), uuid };
}

/** Reads the JSON of a cartridge label. Fault `format.damaged`. */
export function cartridgeLabelOf(json: JsonObject, what: string): CartridgeLabel {
  return {
    uuid: uuidField(json, "uuid", what),
    labelText: textField(json, "label_text", what),
    ctime: timeField(json, "ctime", what),
    pool: optionalTextField(json, "pool", what),
  };
}

/** The JSON of a set label. */
export function setLabelJson(label: SetLabel): JsonObject {
  const { pool, uuid, setIndex, ctime, key } = label;
  const config: Record<string, Json> = key?.config === undefined ? {} : { "key-config": key.config };
  return {
    pool,
    uuid,
    seq_nr: setIndex,
    ctime,
    ...(key === undefined ? {} : { encryption_key_fingerprint: key.fingerprint, ...config }),
  };
}

/** Reads the JSON of a set label. Fault `format.damaged`. */
export function setLabelOf(json: JsonObject, what: string): SetLabel {
  const fingerprint = optionalTextField(json, "encryption_key_fingerprint", what);
  const config = json["key-config"];
  return {
    pool: textField(json, "pool", what),
    uuid: uuidField(json, "uuid", what),
    setIndex: countField(json, "seq_nr", what),
    ctime: timeField(json, "ctime", what),
    key: fingerprint === undefined ? undefined : { fingerprint, config: isJsonObject(config) ? config : undefined },
  };
}

async function writeLabel(
  tape: TapeWriter,
  magic: ContentMagic & ("cartridge-label" | "set-label"),
  identity: TapeFileIdentity,
  json: JsonObject,
): Promise<void> {
  const what = magic === "set-label" ? "the set label" : "the cartridge label";
  const stream = new StreamWriter(tape, what);
  const sorted = sortedJson(json);
  await stream.write(encodeHead(magic, identity, isJsonObject(sorted) ? sorted : {}));
  await stream.finish();
  if (stream.isNearEnd) throw formatFault("cartridge-full", { what });
}

/** Writes tape file 0 at the position, which must be the beginning. Fault `format.cartridge-full`. */
export function writeCartridgeLabel(
  tape: TapeWriter,
  identity: TapeFileIdentity,
  label: CartridgeLabel,
): Promise<void> {
  return writeLabel(tape, "cartridge-label", identity, cartridgeLabelJson(label));
}

/** Writes tape file 1 at the position. Fault `format.cartridge-full`. */
export function writeSetLabel(tape: TapeWriter, identity: TapeFileIdentity, label: SetLabel): Promise<void> {
  return writeLabel(tape, "set-label", identity, setLabelJson(label));
}

/** The labels of a cartridge. */
export interface CartridgeLabels {
  readonly label: CartridgeLabel;
  /** Undefined when the cartridge was only labelled. */
  readonly set: SetLabel | undefined;
}

/**
 * Reads both labels from a tape that is at its beginning. Undefined for an empty cartridge. Afterwards the tape is behind
 * the labels. Faults: `format.damaged`, `format.no-end-marker`, `format.unexpected-content`.
 */
export async function readLabels(tape: TapeReader): Promise<CartridgeLabels | undefined> {
  const first = await openTapeFile(tape, "the cartridge label");
  if (typeof first === "string") return undefined;
  const label = cartridgeLabelOf(
    await wholeLabel(first, "cartridge-label", "the cartridge label"),
    "the cartridge label",
  );
  const second = await openTapeFile(tape, "the set label");
  if (typeof second === "string") return { label, set: undefined };
  const set = setLabelOf(await wholeLabel(second, "set-label", "the set label"), "the set label");
  return { label, set };
}

async function wholeLabel(
  file: OpenTapeFile,
  kind: "cartridge-label" | "set-label",
  what: string,
): Promise<JsonObject> {
  if (file.kind !== kind) throw formatFault("unexpected-content", { actual: `a ${file.kind}`, expected: what });
  const rest = await file.body.read(new Uint8Array(1));
  if (rest !== 0) throw formatFault("damaged", { what, reason: "something follows behind its description" });
  if (file.body.ended !== "complete") throw formatFault("damaged", { what, reason: "it is marked as incomplete" });
  return file.json;
}

/** True for a set label that only reserves the cartridge for a pool: nothing was written behind it. */
export const isReservation = (set: SetLabel): boolean => set.uuid === nilUuid;
