// SPDX-License-Identifier: Apache-2.0
// The log pages of a unit, and LOG SENSE and LOG SELECT over them: SPC-4.

import { Bug, bytesFromAscii, concatBytes } from "#base/index.ts";
import { putUint } from "#codec/index.ts";
import {
  logFormats,
  LogPageHeader,
  LogParameterHeader,
  type LogFormat,
  type LogPageRow,
  type spcCommands,
} from "#scsi/index.ts";
import type { Command } from "./command.ts";
import { check, good, goodData, invalidParameter, type Outcome } from "./outcome.ts";
import type { UnitNexus } from "./unit-task.ts";

/** One parameter of a log page with its value at this moment. */
export interface LogParameter {
  /** Parameter code. */
  readonly code: number;
  readonly value: Uint8Array;
  readonly format: LogFormat;
}

/** One log page of a unit. */
export interface LogPage {
  readonly code: number;
  readonly subcode: number;
  readonly name: string;
  /** The parameters in ascending order, computed when asked. */
  parameters(nexus: UnitNexus): readonly LogParameter[];
  /** LOG SENSE has delivered the page to this nexus (TapeAlert clears its flags). */
  delivered?(nexus: UnitNexus): void;
  /** LOG SELECT resets the page's counters; absent when it has none that can be reset. */
  reset?(): void;
}

/** Values of a page's parameters by their names in the table; numbers that do not fit are reported as the largest. */
export type LogValues<Row extends LogPageRow> = {
  readonly [Name in keyof Row["parameters"]]?: number | string | Uint8Array;
};

/** The parameters of a row of the log page table, for those names that have a value. */
export function logParameters<Row extends LogPageRow>(row: Row, values: LogValues<Row>): readonly LogParameter[] {
  const given = values as Readonly<Record<string, number | string | Uint8Array | undefined>>;
  const parameters: LogParameter[] = [];
  for (const name of Object.keys(values)) {
    const parameter = row.parameters[name];
    const content = given[name];
    if (parameter === undefined) throw new Bug(`${row.name} has a parameter ${name}`);
    if (content === undefined) continue;
    const { code, format, length } = parameter;
    parameters.push({ code, format, value: valueBytes(content, length) });
  }
  return parameters.toSorted((left, right) => left.code - right.code);
}

function valueBytes(content: number | string | Uint8Array, length: number): Uint8Array {
  if (content instanceof Uint8Array) return content;
  const bytes = new Uint8Array(length);
  if (typeof content === "string") {
    bytes.fill(0x20);
    bytes.set(bytesFromAscii(content.slice(0, length)));
    return bytes;
  }
  const size = Math.min(length, 6);
  const value = Math.min(Math.max(Math.trunc(content), 0), 2 ** (8 * size) - 1);
  putUint(bytes, length - size, size, value);
  return bytes;
}

/** The log pages of one unit; pages 00h and 00h/FFh, which list them, are added here. */
export class LogPages {
  /** Ascending by code and subcode. */
  readonly pages: readonly LogPage[];

  constructor(pages: readonly LogPage[]) {
    this.pages = pages.toSorted((left, right) => left.code - right.code || left.subcode - right.subcode);
  }

  find(code: number, subcode: number): LogPage | undefined {
    return this.pages.find((page) => page.code === code && page.subcode === subcode);
  }

  has(code: number): boolean {
    return code === 0 || this.pages.some((page) => page.code === code);
  }
}

/**
 * PC: 0 asks for threshold values of counters and for the current values of everything else, 1 for cumulative values. We
 * keep no thresholds, so both get what is. `tapeinfo` reads TapeAlert and the capacities with 0, as old drives took it.
 */
const currentValues = [0, 1];
const allSubpages = 0xff;

/** LOG SENSE. */
export function logSense(logs: LogPages, command: Command<(typeof spcCommands)["logSense"]>): Outcome {
  const { pageControl, pageCode, subpageCode, parameterPointer, saveParameters, parameterPointerControl } = command.cdb;
  if (saveParameters) return command.invalidField("saveParameters");
  if (parameterPointerControl) return command.invalidField("parameterPointerControl");
  if (!currentValues.includes(pageControl)) return command.invalidField("pageControl");
  if (pageCode === 0) return supportedPages(logs, command);
  const page = logs.find(pageCode, subpageCode);
  if (page === undefined) return command.invalidField(logs.has(pageCode) ? "subpageCode" : "pageCode");
  const parameters = page.parameters(command.nexus);
  const reported = parameters.filter(({ code }) => code >= parameterPointer);
  if (parameterPointer > 0 && reported.length === 0) return command.invalidField("parameterPointer");
  const body = reported.map(encodeParameter);
  page.delivered?.(command.nexus);
  return goodData(withHeader({ pageCode, subpageCode }, body));
}

function supportedPages(logs: LogPages, command: Command<(typeof spcCommands)["logSense"]>): Outcome {
  const { subpageCode, parameterPointer } = command.cdb;
  if (subpageCode !== 0 && subpageCode !== allSubpages) return command.invalidField("subpageCode");
  if (parameterPointer !== 0) return command.invalidField("parameterPointer");
  if (subpageCode === 0) {
    const codes = new Set([0, ...logs.pages.filter(({ subcode }) => subcode === 0).map(({ code }) => code)]);
    return goodData(withHeader({ pageCode: 0, subpageCode: 0 }, [Uint8Array.from(codes)]));
  }
  const pairs = [[0, 0], [0, allSubpages], ...logs.pages.map(({ code, subcode }) => [code, subcode])];
  return goodData(withHeader({ pageCode: 0, subpageCode }, [Uint8Array.from(pairs.flat())]));
}

function encodeParameter({ code, value, format }: LogParameter): Uint8Array {
  const header = { parameterCode: code, format: logFormats[format], parameterLength: value.byteLength };
  return concatBytes([LogParameterHeader.encode(header), value]);
}

function withHeader(
  page: { readonly pageCode: number; readonly subpageCode: number },
  parts: readonly Uint8Array[],
): Uint8Array {
  const body = concatBytes(parts);
  const subpageFormat = page.subpageCode !== 0;
  return concatBytes([LogPageHeader.encode({ ...page, subpageFormat, pageLength: body.byteLength }), body]);
}

/**
 * LOG SELECT: resets counters (PCR=1, no parameters); no value can be set from outside. `changed` is called when
 * something was reset.
 */
export function logSelect(
  logs: LogPages,
  command: Command<(typeof spcCommands)["logSelect"]>,
  changed: () => void,
): Outcome {
  const { parameterCodeReset, saveParameters, pageCode, subpageCode, parameterListLength } = command.cdb;
  if (saveParameters) return command.invalidField("saveParameters");
  if (parameterListLength === 0) {
    const isOne = pageCode !== 0 || subpageCode !== 0;
    const pages = isOne
      ? logs.pages.filter((page) => page.code === pageCode && page.subcode === subpageCode)
      : logs.pages;
    if (isOne && pages.length === 0) return command.invalidField(logs.has(pageCode) ? "subpageCode" : "pageCode");
    if (!parameterCodeReset) return good();
    for (const page of pages) page.reset?.();
    changed();
    return good();
  }
  if (parameterCodeReset) return command.invalidField("parameterListLength");
  return refuseParameters(logs, command.dataOut.subarray(0, parameterListLength));
}

/** Says what is wrong with a list of values: at least that they cannot be set. */
function refuseParameters(logs: LogPages, list: Uint8Array): Outcome {
  if (list.byteLength < LogPageHeader.size) return check("parameter-list-length");
  const { pageCode, subpageCode, pageLength } = LogPageHeader.decode(list);
  if (logs.find(pageCode, subpageCode) === undefined) return invalidParameter({ byte: 0, bit: 5 });
  if (list.byteLength < LogPageHeader.size + pageLength) return check("parameter-list-length");
  return pageLength === 0 ? good() : invalidParameter({ byte: LogPageHeader.size });
}
