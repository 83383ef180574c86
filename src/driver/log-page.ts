// SPDX-License-Identifier: Apache-2.0
// Reading a log page: LOG SENSE, and its parameters by their codes.

import { Cursor } from "#codec/index.ts";
import { LogPageHeader, LogParameterHeader, LogSense } from "#scsi/index.ts";
import type { ScsiUnit } from "./scsi-unit.ts";

const logLength = 4096;

/**
 * Parameters of a log page by their codes, cumulative values; empty when the unit does not have the page. Some drives tell the
 * allocation length for the length of the page: what is not there is not read.
 */
export async function readLogPage(unit: ScsiUnit, pageCode: number): Promise<ReadonlyMap<number, Uint8Array>> {
  const cdb = LogSense.encode({ pageControl: 1, pageCode, allocationLength: logLength });
  const answer = await unit.ask({ cdb, dataInLength: logLength });
  if (answer.word !== "good") return new Map();
  const cursor = new Cursor("a log page", answer.dataIn);
  const { pageLength } = cursor.structure(LogPageHeader);
  const body = new Cursor("a log page", cursor.take(Math.min(pageLength, cursor.remaining)));
  const parameters = new Map<number, Uint8Array>();
  while (body.remaining >= LogParameterHeader.size) {
    const { parameterCode, parameterLength } = body.structure(LogParameterHeader);
    parameters.set(parameterCode, body.take(Math.min(parameterLength, body.remaining)));
  }
  return parameters;
}

/** A counter of a page; undefined when the unit does not tell it. */
export function counterOf(
  parameters: ReadonlyMap<number, Uint8Array>,
  { code }: { readonly code: number },
): number | undefined {
  const value = parameters.get(code);
  if (value === undefined || value.byteLength === 0 || value.byteLength > 8) return undefined;
  const number = BigInt(`0x${Buffer.from(value).toString("hex")}`);
  // All ones means that the drive does not know.
  return number === (1n << BigInt(value.byteLength * 8)) - 1n && value.byteLength >= 4 ? undefined : Number(number);
}

/** A text of a page, without what fills it up. */
export function textOf(
  parameters: ReadonlyMap<number, Uint8Array>,
  { code }: { readonly code: number },
): string | undefined {
  const value = parameters.get(code);
  const text = value === undefined ? "" : Buffer.from(value).toString("latin1").replaceAll("\0", " ").trim();
  return text === "" ? undefined : text;
}
