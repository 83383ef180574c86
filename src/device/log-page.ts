// SPDX-License-Identifier: Apache-2.0
// A log page from the table of pages and values that are computed when asked: SPC-4 7.3.

import { bytesFromAscii } from "#base/index.ts";
import { putUint } from "#codec/index.ts";
import { logPages, tapeAlertCount } from "#scsi/index.ts";
import type { LogPageName, LogParameterRow } from "#scsi/index.ts";
import type { LogPage, LogParameter } from "./log-pages.ts";

type Value = number | string | Uint8Array;
/** The values of a page by parameter; numbers are cut to the length that the table gives. */
export type LogValues<Name extends LogPageName> = {
  readonly [Parameter in keyof (typeof logPages)[Name]["parameters"]]?: Value | undefined;
};

/** A page of the table whose values are computed when asked; parameters without a value are left out. */
export function logPage<Name extends LogPageName>(
  name: Name,
  values: () => LogValues<Name>,
  extra: Pick<LogPage, "delivered" | "reset"> = {},
): LogPage {
  const { code, subcode, name: title, parameters } = logPages[name];
  const rows = Object.entries<LogParameterRow>(parameters);
  return {
    code,
    subcode,
    name: title,
    ...extra,
    parameters: () => {
      const given = new Map<string, Value | undefined>(Object.entries(values()));
      return rows.flatMap(([key, row]) => {
        const value = given.get(key);
        return value === undefined ? [] : [{ code: row.code, format: row.format, value: encode(row.length, value) }];
      });
    },
  };
}

function encode(length: number, value: Value): Uint8Array {
  if (value instanceof Uint8Array) return value;
  const bytes = new Uint8Array(length);
  if (typeof value === "string") {
    bytes.fill(0x20);
    bytes.set(bytesFromAscii(value).subarray(0, length));
    return bytes;
  }
  const width = Math.min(length, 6);
  putUint(bytes, length - width, width, Math.max(0, Math.min(Math.floor(value), 2 ** (8 * width) - 1)));
  return bytes;
}

/** The 64 parameters of the TapeAlert log page. */
export function tapeAlertParameters(isRaised: (flag: number) => boolean): readonly LogParameter[] {
  return Array.from({ length: tapeAlertCount }, (_, index) => ({
    code: index + 1,
    value: Uint8Array.of(isRaised(index + 1) ? 1 : 0),
    format: "binary" as const,
  }));
}
